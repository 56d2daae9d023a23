"""A SavedModel with a chosen output and blocks, for images and for texts."""

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
    """A SavedModel with a chosen output and blocks. Its weights are not loaded.

    Attributes:
        folder: The folder of the SavedModel.
        held: Its inputs, outputs and variables.
        picked: The output that becomes the features, with its name, shape and dtype.
        parts: Block name -> the positions of its variables.
    """

    folder: Path
    held: Contents
    picked: Tensor
    parts: Groups

    @property
    def kind(self) -> Any:
        """The kind of its features, by the number of axes of their shape: ``"vector"``, ``"sequence"`` or ``"map"``."""
        return KINDS[len(self.picked.shape)]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks; a single block when it does not list its variables."""
        names = list(self.parts) or ["all"]
        ends = [rf"{re.escape(name)}(_norms)?$" for name in names[:-1]]
        return tuple(Block(name, end) for name, end in zip(names, [*ends, ""], strict=True))

    def layer(self) -> "keras.Layer":
        """Make a Keras layer with the weights of the SavedModel."""
        from tfft.savedmodel.saved_layer import SavedModelLayer

        known = self.held.variables
        blocks = [(part, rows_of(known, numbers, self.picked.name)) for part, numbers in self.parts.items()]
        made = SavedModelLayer(blocks, self.held.to_dict() | {"output": self.picked.name}, name=LAYER)
        try:
            made.read(self.folder)
        except BackboneError:
            raise
        except Exception as error:  # FileNotFoundError, IndexError, DataLossError and others, depending on the damage
            raise WeightsError(
                f"The SavedModel {str(self.folder)!r} cannot be loaded: {str(error).splitlines()[0][:200]}.",
                type(error).__name__,
                "Copy it again, with its folder 'variables'.",
            ) from error
        return made


def saved_net(name: str, folder: Path, held: Contents, output: str | None, blocks: Sequence[str]) -> SavedNet:
    """Choose the output and the blocks of a SavedModel.

    Args:
        name: The name of the backbone, for messages.
        folder: The folder of the SavedModel.
        held: Its inputs, outputs and variables.
        output: The name of an output of shape (batch, ...); None for the only output, or for the sequence of a text encoder.
        blocks: Regular expressions, as the ``patterns`` of ``grouped``.

    Returns:
        A SavedNet.

    Raises:
        BackboneError: When the output does not exist or is ambiguous, or the patterns do not cover the variables.
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
            else "Features must be floats with one to three axes besides the batch axis.",
        )
    return SavedNet(folder, held, found[chosen], _reaching(held, chosen, grouped(held.variables, blocks)))


def _reaching(held: Contents, output: str, parts: Groups) -> Groups:
    """Merge each block that does not affect the output, such as the pooler of a BERT, into the block before it."""
    kept: Groups = {}
    for name, numbers in parts.items():
        reaches = any(output in held.variables[number].outputs for number in numbers)
        if reaches or not kept:
            kept[name] = list(numbers)
        else:
            kept[list(kept)[-1]] += numbers
    return kept
