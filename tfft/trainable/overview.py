"""A table of all variables of a net: path, block, shape, whether each should train, and whether it changed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from tfft.core.blocks import assign_blocks, units
from tfft.core.fingerprint import weight_digests
from tfft.core.html_tables import table
from tfft.core.specs import Block

Intent = Literal["train", "update", "frozen"]
HEAD = "head"
_NORM_ENDINGS = ("BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm")


@dataclass(frozen=True)
class Row:
    """One variable.

    Attributes:
        path: The path, such as ``"block5_conv3/kernel"``. Paths of head variables start with ``"head/"``.
        block: The name of its block, or ``"head"``.
        shape: The shape of the variable.
        dtype: The dtype of the variable.
        kind: ``"weight"`` for variables that an optimizer updates, ``"statistic"`` for those that the layer itself updates, such as
            moving means and variances.
        norm: Whether it belongs to a normalisation layer.
        intent: ``"train"`` when the optimizer should update it, ``"update"`` when its layer should, ``"frozen"`` when neither
            should.
        moved: Whether its bytes changed during the phase; None before the phase.

    Example:
        >>> Row("block1_conv/kernel", "block1", (3, 3, 3, 4), "float32", "weight", norm=False).size
        108
    """

    path: str
    block: str
    shape: tuple[int, ...]
    dtype: str
    kind: Literal["weight", "statistic"]
    norm: bool
    intent: Intent = "frozen"
    moved: bool | None = None

    @property
    def size(self) -> int:
        """The number of values: the product of ``shape``; 1 for a scalar of shape ()."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, eq=False)
class Overview:
    """Every variable of a net exactly once: backbone blocks from input to output, then the head.

    Attributes:
        rows: A row for each variable.
        variables: The Keras variables, in the order of ``rows`` and with the shapes that they state.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> overview = model.apply(tfft.trainable.nothing())
        >>> overview.totals(), overview.describe()
        ((18, 1090), '18 of 1,090 parameters')
    """

    rows: tuple[Row, ...]
    variables: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"<Overview: trains {self.describe()}>\n{self.to_table()}"

    def trained(self) -> tuple[Row, ...]:
        """Return the rows of variables that the optimizer should update.

        Example:
            >>> import tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> [(row.path, row.shape) for row in model.apply(tfft.trainable.nothing()).trained()]
            [('head/logits/kernel', (8, 2)), ('head/logits/bias', (2,))]
        """
        return tuple(row for row in self.rows if row.intent == "train")

    def totals(self) -> tuple[int, int]:
        """Return the number of trained values and of all values; a variable of shape (3, 3, 3, 4) has 108."""
        return sum(row.size for row in self.trained()), sum(row.size for row in self.rows)

    def describe(self) -> str:
        """Return a text such as ``"2,565 of 412,773 parameters"``."""
        trains, everything = self.totals()
        return f"{trains:,} of {everything:,} parameters"

    def to_table(self) -> str:
        """Return a text table with a line for each block: its trained values, and the number of changed variables.

        Example:
            >>> import tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> print(model.apply(tfft.trainable.last_blocks(1)).to_table())
            block        variables   parameters       trains     moved
            block1               6          128            0
            block2               6          328            0
            block3               6          616          584
            head                 2           18           18
        """
        lines = [f"{'block':<12} {'variables':>9} {'parameters':>12} {'trains':>12} {'moved':>9}"]
        for row in self._by_block():
            moved = "" if row["moved"] is None else row["moved"]
            lines.append(
                f"{row['block']:<12} {row['variables']:>9,} {row['parameters']:>12,} {row['trains']:>12,} {moved:>9}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the table of the blocks, which notebooks show."""
        return table(self._by_block(), f"{self.describe()} train")

    def _by_block(self) -> list[dict[str, Any]]:
        found = []
        for block in dict.fromkeys(row.block for row in self.rows):
            rows = [row for row in self.rows if row.block == block]
            trains = sum(row.size for row in rows if row.intent == "train")
            moved = None if rows[0].moved is None else sum(bool(row.moved) for row in rows)
            parameters = sum(row.size for row in rows)
            found.append(
                {"block": block, "variables": len(rows), "parameters": parameters, "trains": trains, "moved": moved}
            )
        return found

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows as plain JSON values; ``shape`` becomes a list."""
        return [asdict(row) | {"shape": list(row.shape)} for row in self.rows]

    def digests(self) -> list[str]:
        """Return a hash of dtype, shape and current bytes of each variable, in the order of ``rows``."""
        return weight_digests(self.variables)

    def compared(self, before: Sequence[str]) -> "Overview":
        """Return the same table with ``moved`` filled in.

        Args:
            before: The result of ``digests`` before the phase: a hash of dtype, shape and bytes for each row.

        Returns:
            A new Overview.

        Raises:
            ValueError: When the number of digests differs from the number of rows.

        Example:
            >>> import tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> overview = model.apply(tfft.trainable.nothing())
            >>> after = overview.compared(overview.digests())
            >>> [row.path for row in after.discrepancies()]  # meant to train, and nothing was trained
            ['head/logits/kernel', 'head/logits/bias']
        """
        after = self.digests()
        rows = [replace(r, moved=b != a) for r, b, a in zip(self.rows, before, after, strict=True)]
        return Overview(tuple(rows), self.variables)

    def discrepancies(self) -> tuple[Row, ...]:
        """Return the rows of frozen variables that changed, and of others that did not. Call ``compared`` first."""
        return tuple(row for row in self.rows if row.moved != (row.intent != "frozen"))


def survey(backbone: Any, blocks: Sequence[Block], head: Any) -> Overview:
    """List all variables of a backbone and its head.

    Args:
        backbone: A functional ``keras.Model``.
        blocks: The blocks of the backbone, from input to output.
        head: A ``keras.Model``.

    Returns:
        An Overview with path, shape and kind of each variable. The intent of all rows is ``"frozen"``.

    Raises:
        BackboneError: When the blocks do not fit the net.
    """
    block_of = assign_blocks(backbone, blocks)
    found: list[tuple[Row, Any]] = []
    for layer in units(backbone):
        found += _rows_of(layer, block_of[layer.name], "")
    for layer in head.layers:
        found += _rows_of(layer, HEAD, f"{HEAD}/")
    return Overview(tuple(row for row, _ in found), tuple(variable for _, variable in found))


def _rows_of(layer: Any, block: str, prefix: str) -> Iterator[tuple[Row, Any]]:
    norms = {id(v) for sub in flattened(layer) if is_norm(sub) for v in sub.weights}
    # a variable is a statistic if its layer declared it as non-trainable, whether it is frozen now or not
    declared = {id(v) for sub in flattened(layer) for v in sub._trainable_variables}
    for variable in layer.weights:
        kind: Literal["weight", "statistic"] = "weight" if id(variable) in declared else "statistic"
        path = prefix + variable.path
        yield Row(path, block, tuple(variable.shape), variable.dtype, kind, id(variable) in norms), variable


def flattened(layer: Any) -> list[Any]:
    """Return a layer and all layers inside it, parents before children.

    Args:
        layer: A Keras layer.

    Returns:
        A list of layers. (Keras 3.15 has no public function for the layers inside a composite layer; a test checks this one.)

    Example:
        >>> import keras
        >>> [layer.name for layer in flattened(keras.Sequential([keras.layers.Dense(1, name="inner")], name="outer"))]
        ['outer', 'inner']
    """
    return layer._flatten_layers(include_self=True, recursive=True)


def is_norm(layer: Any) -> bool:
    """Return whether a layer normalises with learned scales or moving statistics.

    Args:
        layer: A Keras layer.

    Returns:
        True for batch, layer, group, RMS and unit normalisation, and for other classes with such a name.

    Example:
        >>> import keras
        >>> is_norm(keras.layers.BatchNormalization()), is_norm(keras.layers.Dense(1))
        (True, False)
    """
    name = type(layer).__name__
    # SpectralNormalization wraps a layer and holds its kernel, so it is not a norm in this sense
    return name != "SpectralNormalization" and ("Normalization" in name or name.endswith(_NORM_ENDINGS))
