"""Answer raw inputs with the net of a bundle. This module imports no training code and reads no pickles."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.bundles.inputs import images, texts
from tfft.core import forks, pickling
from tfft.core.errors import DataError, DataWarning
from tfft.data.leakage import Seen
from tfft.data.pipeline import check_batch_size
from tfft.images.decoding import range_warning
from tfft.preprocess.image import ImagePreprocessor
from tfft.preprocess.text import TextPreprocessor
from tfft.tasks.base import Answer, Task

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Prediction:
    """The answer to one input.

    Attributes:
        name: The path of the input, the beginning of a text, or the position of the input in the call.
        answer: The label, its probability and all scores.

    Example:
        >>> Prediction("1.jpg", Answer("ants", 0.75, {"ants": 0.75, "bees": 0.25})).to_dict()
        {'name': '1.jpg', 'label': 'ants', 'probability': 0.75, 'scores': {'ants': 0.75, 'bees': 0.25}}
    """

    name: str
    answer: Answer

    @property
    def label(self) -> str | tuple[str, ...] | None:
        """The class name; a tuple of names for several labels; None for quantities."""
        return self.answer.label

    @property
    def probability(self) -> float | None:
        """The probability of the label, in [0, 1]; None for several labels and for quantities."""
        return self.answer.probability

    @property
    def scores(self) -> Mapping[str, float]:
        """The probability of each class, or the value of each quantity."""
        return self.answer.scores

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain JSON values."""
        label = list(self.label) if isinstance(self.label, tuple) else self.label
        return {"name": self.name, "label": label, "probability": self.probability, "scores": dict(self.scores)}


@dataclass(frozen=True, eq=False)
class Predictor:
    """A loaded bundle.

    Attributes:
        net: A net from pixels in 0..255, float32, shape (batch, height, width, 3), or from token ids, to logits, float32, shape
            (batch, outputs).
        task: The task: its labels, and how logits become answers.
        preprocessor: The preprocessor: raw input -> pixels or token ids.
        manifest: The manifest of the bundle: versions, backbone, fingerprints.
        report: The report in the bundle as plain values; None when there is none.
        seen: Content hashes of its training and validation examples; None when they are unknown.
    """

    net: "keras.Model"
    task: Task
    preprocessor: ImagePreprocessor | TextPreprocessor
    manifest: Mapping[str, Any]
    report: Mapping[str, Any] | None = None
    seen: Seen | None = None

    def __reduce__(self) -> Any:
        raise pickling.refusal(self, "Pass the bundle's path instead, and call tfft.load(path) once in each process.")

    def __copy__(self) -> "Predictor":
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Predictor":
        return pickling.deep_copy(self, memo)

    def predict(
        self, inputs: Any, batch_size: int = 32, value_range: tuple[float, float] | None = None
    ) -> list[Prediction]:
        """Answer each input, in order.

        Args:
            inputs: For images: a path, encoded bytes, an array of shape (height, width[, channels]), a Pillow image, or a sequence
                of these; a folder, which stands for all images below it, sorted by name; or an array of images, shape (n, height,
                width[, channels]). For texts: a text, a pair of texts as a tuple, or a sequence or pandas Series of these.
            batch_size: The number of inputs in a batch.
            value_range: The (lowest, highest) possible pixel value of arrays that are not uint8.

        Returns:
            One Prediction for each input.

        Raises:
            TfftError: In a process that was forked after TensorFlow had started.
            DataError: When an input cannot be read, or the net answers NaN or infinity; the message has the path or position of the
                input, and no answers are returned. Also when the model was trained on pairs of texts and gets single ones, or the
                other way round; when an array may be one image or several; and for data with its labels.

        Warns:
            DataWarning: When texts are names of files that exist.

        Example:
            >>> import tempfile, tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     predictor = tfft.load(tfft.export(model, f"{folder}/toy.tfft"))
            >>> [prediction.name for prediction in predictor.predict(np.zeros((2, 24, 32, 3), np.uint8))]
            ['input 0', 'input 1']
        """
        forks.check()
        check_batch_size(batch_size)
        of_text = isinstance(self.preprocessor, TextPreprocessor)
        items = list(texts(inputs) if of_text else images(inputs, value_range))
        if self.seen is not None:
            for _, item in items:
                self.seen.check_pairs(item)
        answers: list[Prediction] = []
        for start in range(0, len(items), batch_size):
            chosen = items[start : start + batch_size]
            batch = self.preprocessor.collate(self._rows(chosen, start))
            logits = np.asarray(self.net.predict_on_batch(self.preprocessor.named(batch)))
            _check_finite([name for name, _ in chosen], logits)
            rows = self.task.probabilities(logits)
            answers += [Prediction(name, self.task.decode(row)) for (name, _), row in zip(chosen, rows, strict=True)]
        return answers

    def _rows(self, chosen: Sequence[tuple[str, Any]], start: int) -> list[np.ndarray]:
        if isinstance(self.preprocessor, TextPreprocessor):
            # one after the other would take a hundred times as long
            return list(self.preprocessor.many([item for _, item in chosen], start).rows)
        return list(starmap(self._row, chosen))

    def _row(self, name: str, item: Any) -> np.ndarray:
        if reason := range_warning(item):
            warnings.warn(
                f"{name} has 16 bits a pixel and is almost black: {reason}. If white is a smaller value in it, pass it as an array "
                "with value_range=(0, 4095), or whatever white is.",
                DataWarning,
                stacklevel=4,  # the user's line above predict and _rows
            )
        try:
            return self.preprocessor(item)
        except DataError as error:
            if name in error.what:
                raise
            raise DataError(f"{name}: {error.what}", error.got, error.fix) from None


def _check_finite(names: Sequence[str], logits: np.ndarray) -> None:
    strange = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(strange):
        raise DataError(
            f"The net answers with NaN or infinity for {names[int(strange[0])]!r}.",
            f"{len(strange)} such inputs of {len(names)} in this batch",
            "Leave it out; if it is an ordinary input, the weights are not usable: train again with a lower learning rate.",
        )
