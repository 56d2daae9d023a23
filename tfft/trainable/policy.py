"""Policies choose which variables of a backbone train; ``apply`` is the only code that assigns ``.trainable``.

The head always trains. By default, the normalisation layers of the backbone are frozen, which also puts them into inference mode.
When they train, their statistics can drift, and the validation accuracy can collapse.

Synopsis::

    everything()   nothing()   last_blocks(2)   all_but_first_blocks(1)   match("block5_conv3/.*")   bias_only()
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tfft.core.errors import PlanError, nearest
from tfft.core.specs import Block
from tfft.trainable.choosers import CHECKS, CHOOSERS, check_none
from tfft.trainable.overview import HEAD, Intent, Overview, Row, flattened, survey

# the statistics of norms without scale and offset
_MOVING_STATISTICS = ("/moving_mean", "/moving_variance")


@dataclass(frozen=True)
class Policy:
    """A choice of the variables of a backbone that train.

    Attributes:
        name: The name of the function that made it.
        arguments: The arguments of this function.

    Raises:
        PlanError: When there is no such function, or the arguments are invalid.
    """

    name: str
    arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in CHOOSERS:
            raise PlanError(f"The policy {self.name!r} does not exist.", fix=nearest(str(self.name), CHOOSERS))
        # checked here and not in the functions, so that policies from JSON are checked too
        CHECKS.get(self.name, check_none)(*self.arguments)

    def describe(self) -> str:
        """Return a text such as ``"last_blocks(2)"``."""
        return f"{self.name}({', '.join(map(repr, self.arguments))})"

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as plain JSON values."""
        return {"name": self.name, "arguments": list(self.arguments)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Policy":
        """Make a policy from JSON values.

        Args:
            values: The result of ``to_dict``.

        Returns:
            An equal Policy.

        Raises:
            PlanError: When there is no such policy, or the arguments are invalid.
        """
        return cls(values["name"], tuple(values["arguments"]))


def everything() -> Policy:
    """Train the whole backbone and the head."""
    return Policy("everything")


def nothing() -> Policy:
    """Train the head only."""
    return Policy("nothing")


def last_blocks(count: int) -> Policy:
    """Train the blocks nearest to the head.

    Args:
        count: The number of blocks, at least 1. ``tfft backbones NAME`` lists the blocks.

    Returns:
        A Policy.

    Raises:
        PlanError: When ``count`` is not a positive integer. ``fit`` raises it when the backbone has fewer blocks.
    """
    return Policy("last_blocks", (count,))


def all_but_first_blocks(count: int = 1) -> Policy:
    """Train all blocks except those nearest to the input, such as the embeddings of a text encoder.

    Args:
        count: The number of frozen blocks, at least 1. The first block of a text encoder holds the embeddings, of shape
            (vocabulary, width).

    Returns:
        A Policy.

    Raises:
        PlanError: When ``count`` is not a positive integer. ``fit`` raises it when no other block is left.
    """
    return Policy("all_but_first_blocks", (count,))


def match(*patterns: str) -> Policy:
    """Train the variables whose whole path matches one of the given regular expressions.

    Args:
        *patterns: Regular expressions, such as ``"block5_conv3/.*"``. The overview of a run lists the paths.

    Returns:
        A Policy.

    Raises:
        PlanError: When there is no pattern, or one is not a regular expression. ``fit`` raises it when a pattern matches nothing.

    Example:
        >>> match("block5_.*", "block4_conv3/kernel").describe()
        "match('block5_.*', 'block4_conv3/kernel')"
    """
    return Policy("match", patterns)


def bias_only() -> Policy:
    """Train all biases of the backbone, of shape (channels,), and no kernels.

    Source: Ben-Zaken et al. 2022, "BitFit". Here, offsets of normalisation layers do not count as biases.
    """
    return Policy("bias_only")


def plan_rows(policy: Policy, overview: Overview, train_norms: bool = False) -> Overview:
    """Fill in the intent of each variable, without changing any variable.

    Args:
        policy: The policy.
        overview: From ``survey``.
        train_norms: Whether normalisation layers may train; they then also update their moving statistics.

    Returns:
        A new Overview with the same paths, blocks and shapes, and with the intent of each row.

    Raises:
        PlanError: When the policy does not fit the net.
    """
    chosen = CHOOSERS[policy.name](overview, *policy.arguments)
    rows = [row for row in overview.rows if row.block != HEAD and chosen(row) and (train_norms or not row.norm)]
    chosen_paths = {row.path for row in rows}
    # a norm layer that trains one of its weights runs in training mode, and then updates all of its statistics; the statistics of
    # layers without weights, such as the mean of a Normalization layer, are constants
    trained_norms = {_layer_of(row) for row in rows if row.norm and row.kind == "weight"}
    active_norms = {_layer_of(row) for row in rows if row.norm and row.path.endswith(_MOVING_STATISTICS)}

    def intent(row: Row) -> Intent:
        if row.block == HEAD:
            return "train" if row.kind == "weight" else "update"
        if row.kind == "weight":
            return "train" if row.path in chosen_paths else "frozen"
        moves = row.norm and _layer_of(row) in trained_norms | active_norms
        return "update" if moves else "frozen"

    return Overview(tuple(replace(row, intent=intent(row)) for row in overview.rows), overview.variables)


def _layer_of(row: Row) -> str:
    return row.path.rpartition("/")[0]


def apply(policy: Policy, backbone: Any, blocks: Sequence[Block], head: Any, train_norms: bool = False) -> Overview:
    """Set ``.trainable`` on all layers and variables of a net.

    Args:
        policy: The policy.
        backbone: A functional ``keras.Model``.
        blocks: The blocks of the backbone.
        head: A ``keras.Model``; all of it trains.
        train_norms: Whether normalisation layers of the backbone may train.

    Returns:
        An Overview with path, block, shape, dtype and intent of each variable.

    Raises:
        PlanError: When the policy does not fit the net.
        BackboneError: When the blocks do not fit the net.

    Example:
        >>> import tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> overview = apply(last_blocks(1), model.backbone_net, model.backbone.blocks, model.head_net)
        >>> sorted({row.block for row in overview.trained()})
        ['block3', 'head']
    """
    overview = plan_rows(policy, survey(backbone, blocks, head), train_norms)
    moving = {id(v) for v, row in zip(overview.variables, overview.rows, strict=True) if row.intent != "frozen"}
    # The setter of a layer overwrites the flags of its variables and of the layers inside it, so parents come first, then
    # children, then variables. Batch normalisation runs in inference mode when the flag of the layer itself is False.
    for layer in [*flattened(backbone), *flattened(head)]:
        own = [*layer._trainable_variables, *layer._non_trainable_variables]
        layer.trainable = not own or any(id(v) in moving for v in own)
    for variable, row in zip(overview.variables, overview.rows, strict=True):
        if row.kind == "weight":
            variable.trainable = row.intent == "train"
    return overview


@contextmanager
def same_flags(backbone: Any, head: Any) -> Iterator[None]:
    """Put back which layers and variables of a net are trainable, whatever happens in between.

    Args:
        backbone: A functional ``keras.Model``.
        head: A ``keras.Model``.

    Yields:
        None.
    """
    layers = [*flattened(backbone), *flattened(head)]
    own = [variable for layer in layers for variable in (*layer._trainable_variables, *layer._non_trainable_variables)]
    before = [layer.trainable for layer in layers], [variable.trainable for variable in own]
    try:
        yield
    finally:
        for each, flag in zip((*layers, *own), (*before[0], *before[1]), strict=True):  # parents first, variables last
            each.trainable = flag
