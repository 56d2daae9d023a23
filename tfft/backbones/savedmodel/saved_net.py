"""A SavedModel with the output and the blocks that were chosen: what pictures and texts have in common."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tfft.backbones.savedmodel.variables import Groups, grouped, rows_of
from tfft.core.errors import BackboneError, WeightsError, nearest
from tfft.core.specs import Block
from tfft.savedmodel.proto import Tensor
from tfft.savedmodel.signatures import Contents

if TYPE_CHECKING:
    import keras

KINDS = {1: "vector", 2: "sequence", 3: "map"}
LAYER = "saved_model"


class SavedNet(NamedTuple):
    """A SavedModel, described.

    Attributes:
        folder: Where it lies.
        held: What it says of itself.
        picked: The output that becomes the features.
        parts: Block name to the positions of its variables.
    """

    folder: Path
    held: Contents
    picked: Tensor
    parts: Groups

    @property
    def kind(self) -> Any:
        """Of its features: ``"vector"``, ``"sequence"`` or ``"map"``, by their axes."""
        return KINDS[len(self.picked.shape)]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks; one where it does not list its variables."""
        names = list(self.parts) or ["all"]
        ends = [rf"{re.escape(name)}(_norms)?$" for name in names[:-1]]
        return tuple(Block(name, end) for name, end in zip(names, [*ends, ""], strict=True))

    def layer(self) -> "keras.Layer":
        """The Keras layer, with the SavedModel's weights."""
        from tfft.savedmodel.saved_layer import SavedModelLayer

        known = self.held.variables
        blocks = [(part, rows_of(known, numbers, self.picked.name)) for part, numbers in self.parts.items()]
        made = SavedModelLayer(blocks, self.held.to_dict() | {"output": self.picked.name}, name=LAYER)
        try:
            made.read(self.folder)
        except BackboneError:
            raise
        except (
            Exception
        ) as error:  # FileNotFoundError, IndexError, DataLossError and others, for each way to be damaged
            raise WeightsError(
                f"The SavedModel {str(self.folder)!r} cannot be loaded: {str(error).splitlines()[0][:200]}.",
                type(error).__name__,
                "Get it again, with its folder of variables.",
            ) from error
        return made


def saved_net(name: str, folder: Path, held: Contents, output: str | None, blocks: Sequence[str]) -> SavedNet:
    """Choose output and blocks.

    Args:
        name: Of the backbone, for messages.
        folder: Of the SavedModel.
        held: What it says of itself.
        output: Which of its outputs, of shape (batch, ...); None where there is only one, and for a text encoder's sequence.
        blocks: As ``grouped`` takes patterns.

    Returns:
        A SavedNet.

    Raises:
        BackboneError: When there is no such output, or several, or the patterns do not cover its variables.
    """
    found = {tensor.name: tensor for tensor in held.gives if "float" in tensor.dtype and len(tensor.shape) in KINDS}
    if output is not None and output not in found:
        raise BackboneError(f"{name!r} has no output {output!r} that could be features.", fix=nearest(output, found))
    chosen = output or next((key for key in found if len(found) == 1 or key == "sequence_output"), None)
    if chosen is None:
        raise BackboneError(
            f"{name!r} has {len(found)} outputs that could be features.",
            ", ".join(f"{tensor.name}: {tensor.dtype} {tensor.shape}" for tensor in held.gives),
            f"Pass output={next(iter(found))!r}, or another one."
            if found
            else "Features are floats of one to three axes besides the batch.",
        )
    return SavedNet(folder, held, found[chosen], _reaching(held, chosen, grouped(held.variables, blocks)))


def _reaching(held: Contents, output: str, parts: Groups) -> Groups:
    """Without blocks that have no say in the output, such as the pooler of a BERT; their variables go to the block before."""
    kept: Groups = {}
    for name, numbers in parts.items():
        reaches = any(output in held.variables[number].outputs for number in numbers)
        if reaches or not kept:
            kept[name] = list(numbers)
        else:
            kept[list(kept)[-1]] += numbers
    return kept
