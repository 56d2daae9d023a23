"""Semantic segmentation: a class for each pixel of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from tfft.core.errors import TaskError
from tfft.core.label_values import IGNORED, MOST_CLASSES
from tfft.core.specs import LabelSpace
from tfft.core.values import Arrays, RowLogits
from tfft.data.masks import Masks, PlacedMasks
from tfft.heads.maps import MapHead
from tfft.inputs.alignment import Alignment
from tfft.measures import masks
from tfft.tasks import served
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task, require_kind
from tfft.tasks.class_weights import ClassWeights, check_weights, weights_of, written_weights
from tfft.tasks.mask_images import beside
from tfft.tasks.pixel_losses import LOSSES, mean_iou

LossName = Literal["cross_entropy", "dice"]
STRIDES = (2, 4, 8, 16, 32)

_FINEST = 4


def segmentation(
    labels: LabelSpace | Sequence[str],
    loss: LossName = "cross_entropy",
    class_weights: ClassWeights = None,
    dropout: float = 0.1,
    width: int = 96,
    finest: int = _FINEST,
) -> Task:
    """Make a task with a class for each pixel: a light decoder over the maps of a convolutional backbone.

    The image is stretched to the input size of the backbone, and the answer has the size of the image. Backbones with ``fit="pad"``
    keep it; ``fit="crop"`` becomes ``"squash"``, also when you pass it, because each pixel needs an answer. Ignored pixels have
    no loss.

    Args:
        labels: ``data.labels`` of kind ``"masks"``, or the names of classes.
        loss: ``"cross_entropy"``, or ``"dice"``: one minus the mean overlap of the classes of an image, which counts small classes
            as much as large ones.
        class_weights: With ``"balanced"``, the weight of a class is n / (classes * its pixels), where n is the number of pixels in
            the training part. A mapping gives a positive weight for each class name. For cross-entropy only.
        dropout: The dropout rate before the logits, in [0, 1).
        width: The number of channels of the decoder, a multiple of 8.
        finest: The stride of the finest map that the decoder reads, 2, 4 or 8. With 2 it finds thinner things, and training takes
            about twice as long.

    Returns:
        A Task whose logits have shape (batch, height, width, classes).

    Raises:
        TaskError: When the labels are of another kind, their number is not from 2 to 254, or an option is out of range.

    Example:
        >>> task = segmentation(["sky", "road"])
        >>> task.decode(np.uint8([[[1, 255], [1, 204]]])).scores
        {'sky': 0.0, 'road': 1.0}

    Source:
        Ronneberger et al. 2015, "U-Net"; Milletari et al. 2016, "V-Net", section 3, for the Dice loss, here of those classes
        that are in the mask of an image.
    """
    space = labels if isinstance(labels, LabelSpace) else LabelSpace(LabelSpace.of(labels).names, "masks")
    require_kind(space, "masks", "segmentation")
    _check(space, loss, class_weights, finest)

    def metrics() -> list[Any]:
        import keras

        return [keras.metrics.SparseCategoricalAccuracy(name="pixel_accuracy"), mean_iou(len(space))]

    return Task(
        name="segmentation",
        labels=space,
        head=MapHead(width, dropout, None if finest == _FINEST else finest),
        outputs=len(space),
        loss=LOSSES[loss],
        metrics=metrics,
        encode=_encoded,
        probabilities=list,
        decode=partial(_answer, space),
        measures=masks.MEASURES,
        score=lambda examples, found: masks.MaskScores(space, examples.targets, found),
        options={
            "loss": loss,
            "class_weights": written_weights(class_weights),
            "dropout": dropout,
            "width": width,
            "finest": finest,
        },
        class_weight=lambda counts: weights_of(class_weights, space, counts),
        axes=2,
        ranked=False,
        mixable=False,
        prepare=lambda preprocessor: preprocessor.answering("pixels"),
        merge=_merged,
        levels=tuple(stride for stride in STRIDES if stride >= finest),
        place=_placed,
        restore=_Restored,
        reduce=_reduced,
        usable=lambda row: bool((row[..., 0] != IGNORED).all()),
        drawn=_drawn,
        served=served.pixel_classes,
    )


def _check(space: LabelSpace, loss: Any, class_weights: ClassWeights, finest: Any) -> None:
    """Refuse options out of range."""
    if not 2 <= len(space) <= MOST_CLASSES:
        raise TaskError(
            f"Segmentation needs from 2 to {MOST_CLASSES} classes.", repr(space.names)[:100], "Add or join classes."
        )
    if not isinstance(loss, str) or loss not in LOSSES:
        raise TaskError(f"loss={loss!r} is unknown.", fix=f"Use one of {', '.join(map(repr, LOSSES))}.")
    if isinstance(finest, bool) or finest not in (2, 4, 8):
        raise TaskError(
            f"finest={finest!r} must be 2, 4 or 8.", fix="4 is common; 2 is for thin things, such as membranes."
        )
    check_weights(class_weights, space)
    if class_weights is not None and loss == "dice":
        raise TaskError(
            "class_weights has no effect on the Dice loss, which counts all classes alike.",
            repr(class_weights)[:100],
            'Leave one of them out; class weights are for loss="cross_entropy".',
        )


def _encoded(targets: np.ndarray, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Class ids, int32 of shape (batch, height, width) with 255 for ignored pixels, and which pixels count, float32."""
    return targets.astype(np.int32), (targets != IGNORED).astype(np.float32)


def _placed(targets: Masks, alignment: Alignment) -> PlacedMasks:
    return PlacedMasks(targets, alignment.place)


def _merged(found: RowLogits) -> list[np.ndarray]:
    return list(found.logits)


def _reduced(logits: Any) -> Any:
    """The class of each pixel, and 255 times its probability, uint8 of shape (batch, height, width, 2); class 255 for NaN."""
    from keras import ops

    logits = ops.convert_to_tensor(logits)
    finite = ops.all(ops.isfinite(logits), axis=-1)
    top = ops.exp(ops.max(logits, axis=-1) - ops.logsumexp(logits, axis=-1))
    classes = ops.where(finite, ops.argmax(logits, axis=-1), IGNORED)
    share = ops.where(finite, ops.round(255 * top), 0)
    return ops.stack([ops.cast(classes, "uint8"), ops.cast(share, "uint8")], axis=-1)


@dataclass(frozen=True, eq=False)
class _Restored(Sequence[np.ndarray]):
    """Answers of the size of their images, each made when it is read: many large ones would not fit into memory."""

    found: Sequence[np.ndarray]
    items: Sequence[Any]
    alignment: Alignment

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"position {index} of {len(self)}")
        return self.alignment.restore(self.found[index], self.items[index])


def _drawn(scores: masks.MaskScores, index: int, image: Any) -> Any:
    """An image, its mask and its answer."""
    return beside(image, [scores.targets[index], scores.answers[index][..., 0]], len(scores.labels))


def _answer(labels: LabelSpace, found: np.ndarray, item: Any = None) -> Answer:
    ids, pixels = found[..., 0], found.shape[0] * found.shape[1]
    shares = np.bincount(ids.ravel(), minlength=len(labels)) / pixels
    scores: Mapping[str, float] = dict(zip(labels.names, map(float, shares), strict=True))
    source = item if isinstance(item, str) else None  # an answer keeps no image in memory
    return Answer(None, float(found[..., 1].mean() / 255), scores, mask=np.ascontiguousarray(ids), source=source)
