"""Policies: values that say which variables of a backbone train; ``apply`` is the only code that assigns ``.trainable``.

The head always trains. Normalisation layers of the backbone stay frozen, and with that in inference mode, unless the phase
says otherwise: unfrozen, their statistics drift and can collapse validation accuracy.

Synopsis::

    everything()   nothing()   last_blocks(2)   all_but_first_blocks(1)   match("block5_conv3/.*")   bias_only()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfft.core.errors import PlanError, nearest
from tfft.core.specs import Block
from tfft.trainable.choosers import CHECKS, CHOOSERS, check_none
from tfft.trainable.overview import HEAD, Intent, Overview, Row, flattened, survey

# of norms without scale and offset, which have nothing else to be known by
_MOVING_STATISTICS = ("/moving_mean", "/moving_variance")


@dataclass(frozen=True)
class Policy:
    """Which variables of a backbone train.

    Attributes:
        name: Of the function that made it.
        arguments: What that function was given.

    Raises:
        PlanError: When the name is unknown, or its function would refuse the arguments.
    """

    name: str
    arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in CHOOSERS:
            raise PlanError(f"There is no policy {self.name!r}.", fix=nearest(str(self.name), CHOOSERS))
        # here and not in the functions, so that a policy read from JSON is checked as well
        CHECKS.get(self.name, check_none)(*self.arguments)

    def describe(self) -> str:
        """Such as ``"last_blocks(2)"``."""
        return f"{self.name}({', '.join(map(repr, self.arguments))})"

    def to_dict(self) -> dict[str, Any]:
        """The policy as plain JSON values."""
        return {"name": self.name, "arguments": list(self.arguments)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Policy":
        """Undo ``to_dict``.

        Args:
            values: What ``to_dict`` returned.

        Returns:
            An equal Policy.

        Raises:
            PlanError: When the name is unknown, or its function would refuse the arguments.
        """
        return cls(values["name"], tuple(values["arguments"]))


def everything() -> Policy:
    """Train the whole backbone and the head."""
    return Policy("everything")


def nothing() -> Policy:
    """Train nothing of the backbone: the head alone."""
    return Policy("nothing")


def last_blocks(count: int) -> Policy:
    """Train the blocks nearest to the head.

    Args:
        count: How many, at least 1; ``tfft backbones NAME`` lists them.

    Returns:
        A Policy.

    Raises:
        PlanError: When ``count`` is not a positive integer. More blocks than there are is refused in ``fit``.
    """
    return Policy("last_blocks", (count,))


def all_but_first_blocks(count: int = 1) -> Policy:
    """Train everything but the blocks nearest to the input, such as the embeddings of a text encoder.

    Args:
        count: How many stay as they are, at least 1; of a text encoder the first holds the tables of shape (vocabulary, width).

    Returns:
        A Policy.

    Raises:
        PlanError: When ``count`` is not a positive integer. As many blocks as there are is refused in ``fit``.
    """
    return Policy("all_but_first_blocks", (count,))


def match(*patterns: str) -> Policy:
    """Train the variables whose whole path matches one of these regular expressions.

    Args:
        *patterns: Such as ``"block5_conv3/.*"``; paths are those in the run's overview.

    Returns:
        A Policy.

    Raises:
        PlanError: When there is no pattern, or one is not a regular expression. One that matches nothing is refused in ``fit``.

    Example:
        >>> match("block5_.*", "block4_conv3/kernel").describe()
        "match('block5_.*', 'block4_conv3/kernel')"
    """
    return Policy("match", patterns)


def bias_only() -> Policy:
    """Train every bias of the backbone, shape (channels,), and no kernel.

    Source: Ben-Zaken et al. 2022, "BitFit". Normalisation offsets count as norms here, not as biases.
    """
    return Policy("bias_only")


def plan_rows(policy: Policy, overview: Overview, train_norms: bool = False) -> Overview:
    """Fill in what is meant to happen to every variable, without touching any.

    Args:
        policy: Which variables of the backbone train.
        overview: From ``survey``.
        train_norms: Whether normalisation layers may train; they then also update their moving statistics.

    Returns:
        A new Overview: the same rows in path, block and shape, with the intent of each filled in.

    Raises:
        PlanError: When the policy does not fit the net.
    """
    chosen = CHOOSERS[policy.name](overview, *policy.arguments)
    rows = [row for row in overview.rows if row.block != HEAD and chosen(row) and (train_norms or not row.norm)]
    chosen_paths = {row.path for row in rows}
    # a norm layer that trains one of its weights runs in training mode, and then moves all of its statistics; those of a layer that
    # has nothing to train, such as the mean of a Normalization, are constants
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
    """Set ``.trainable`` on every layer and variable of a net.

    Args:
        policy: Which variables of the backbone train.
        backbone: A functional ``keras.Model``.
        blocks: Its blocks.
        head: A ``keras.Model``; all of it trains.
        train_norms: Whether normalisation layers of the backbone may train.

    Returns:
        The total table: path, block, shape and dtype of every variable, and what is meant to happen to it.

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
    # A layer's setter overwrites the flags of its variables and of the layers inside it, so parents come first, then
    # children, then variables. The layer's own flag is what puts batch normalisation into inference mode.
    for layer in [*flattened(backbone), *flattened(head)]:
        own = [*layer._trainable_variables, *layer._non_trainable_variables]
        layer.trainable = not own or any(id(v) in moving for v in own)
    for variable, row in zip(overview.variables, overview.rows, strict=True):
        if row.kind == "weight":
            variable.trainable = row.intent == "train"
    return overview
