"""Scores and measures of masks: intersection over union of each class, from the counts of pixels in each image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfft.core.errors import shortlist
from tfft.core.label_values import IGNORED
from tfft.core.specs import LabelSpace
from tfft.measures import counts
from tfft.measures.base import Measure, Measures

_MOST_IN_TABLE = 1000


@dataclass(frozen=True, eq=False)
class MaskScores:
    """The masks of n images, and the answers to them. Both are read one after the other, once.

    Attributes:
        labels: The label space.
        targets: n masks, uint8 class ids of shape (height, width), 255 for ignored pixels.
        answers: n answers, each uint8 of shape (height, width, 2): class id, and 255 times its probability.

    Example:
        >>> truth, answer = np.uint8([[0, 1, 255]]), np.uint8([[[0, 255], [0, 200], [1, 99]]])
        >>> scores = MaskScores(LabelSpace(("sky", "road"), "masks"), [truth], [answer])
        >>> scores.confusion.tolist(), scores.losses.tolist()
        ([[1, 0], [1, 0]], [0.5])
    """

    labels: LabelSpace
    targets: Sequence[np.ndarray]
    answers: Sequence[np.ndarray]

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        """Right, answered and true pixels of each class in each image, shape (n, 3 * classes); and the confusion matrix."""
        classes = len(self.labels)
        rows, total = np.zeros((len(self), 3, classes)), np.zeros((classes, classes), np.int64)
        for row, own, said in zip(rows, self.targets, self.answers, strict=True):
            there = own != IGNORED
            cells = own[there].astype(np.int64) * classes + said[..., 0][there]
            found = np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
            row[:] = found.diagonal(), found.sum(axis=0), found.sum(axis=1)
            total += found
        return rows.reshape(len(self), -1), total

    @property
    def counts(self) -> np.ndarray:
        """Right, answered and true pixels of each class in each image, float64, shape (n, 3 * classes)."""
        return self._counted[0]

    @property
    def confusion(self) -> np.ndarray:
        """The number of pixels, int64, shape (classes, classes), rows true, columns answered."""
        return self._counted[1]

    @property
    def losses(self) -> np.ndarray:
        """The share of wrong pixels in each image, float64, shape (n,)."""
        hits, _, true = self.counts.reshape(len(self), 3, -1).sum(axis=2).T
        return np.asarray(1 - hits / np.maximum(true, 1))

    def explain(self, index: int) -> dict[str, Any]:
        """Return the classes with pixels in the truth and in the answer, the largest first, and the mean IoU of one image.

        Args:
            index: The position of the image.
        """
        _, answered, true = counts.split(self.counts[index])
        named = {"true": true, "predicted": answered}
        found: dict[str, Any] = {
            key: [self.labels.names[i] for i in np.argsort(-pixels, kind="stable") if pixels[i]]
            for key, pixels in named.items()
        }
        return found | {"mean_iou": mean_iou(self.counts[index])}

    def sections(self) -> dict[str, Any]:
        """Return IoU, precision, recall and F1 of each class, the confusion matrix of up to 1,000 classes, and absent classes."""
        sums = self.counts.sum(axis=0)
        hits, answered, true = counts.split(sums)
        each = iou(sums)
        rows = [
            {
                "name": name,
                "iou": float(each[i]) if np.isfinite(each[i]) else None,
                "precision": float(hits[i] / max(answered[i], 1)),
                "recall": float(hits[i] / max(true[i], 1)),
                "f1": float(2 * hits[i] / (answered[i] + true[i])) if answered[i] + true[i] else None,
                "support": int(true[i]),
            }
            for i, name in enumerate(self.labels.names)
        ]
        absent = [row["name"] for row in rows if row["iou"] is None]
        remarks = [f"In no mask and no answer, so left out of the mean IoU: {shortlist(absent)}."] if absent else []
        tabled = len(self.labels) <= _MOST_IN_TABLE
        return {
            "per_class": rows,
            "confusion": self.confusion.tolist() if tabled else None,
            "details": {"remarks": remarks} if remarks else {},
        }


def iou(sums: np.ndarray) -> np.ndarray:
    """Divide the pixels of each class that are right by those that are the class in the truth or in the answer.

    Args:
        sums: Sums of right, answered and true pixels, float64, shape (3 * classes,).

    Returns:
        float64, shape (classes,); NaN for a class that is in no truth and no answer.

    Example:
        >>> iou(np.array([1.0, 4.0, 2.0, 6.0, 2.0, 4.0])).round(3).tolist()
        [0.333, 0.667]
    """
    hits, answered, true = counts.split(sums)
    either = answered + true - hits
    return np.divide(hits, either, out=np.full(len(hits), np.nan), where=either > 0)


def mean_iou(sums: np.ndarray) -> float:
    """Return the mean IoU of the classes in the truth or in the answer; NaN without any.

    Args:
        sums: As for ``iou``, shape (3 * classes,).
    """
    found = iou(sums)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def pixel_accuracy(sums: np.ndarray) -> float:
    """Return the share of right pixels.

    Args:
        sums: As for ``iou``, shape (3 * classes,).

    Example:
        >>> pixel_accuracy(np.array([1.0, 4.0, 2.0, 6.0, 2.0, 6.0]))
        0.625
    """
    hits, _, true = counts.split(sums)
    return float(hits.sum() / true.sum()) if true.any() else float("nan")


MEASURES: Measures = {
    "mean_iou": Measure(lambda scores: scores.counts, mean_iou),
    "pixel_accuracy": Measure(lambda scores: scores.counts, pixel_accuracy),
    "mean_accuracy": Measure(lambda scores: scores.counts, counts.balanced_accuracy),
    "macro_f1": counts.MACRO_F1,
}
"""Name -> measure of ``MaskScores``. Sums run over the pixels of all images; ignored pixels do not count."""
