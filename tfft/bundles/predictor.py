"""Answer raw inputs with the net of a bundle. This module imports no training code and reads no pickles."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.bundles import image_reading, text_reading
from tfft.bundles.prediction import Prediction, Predictions
from tfft.bundles.reading import Read
from tfft.core import forks, pickling
from tfft.core.errors import DataError, DataWarning, shortlist
from tfft.core.specs import Text
from tfft.core.values import RowLogits, argument_of
from tfft.data.leakage import Seen
from tfft.data.pipeline import check_batch_size
from tfft.data.raw_examples import OnCorrupt
from tfft.inputs.base import Preprocessor
from tfft.tasks.answers import Answer
from tfft.tasks.base import Task

if TYPE_CHECKING:
    import keras

# by the noun of the preprocessor: the module that splits and reads the argument of ``predict``
_READING: Mapping[str, Any] = {"image": image_reading, "text": text_reading}
_USER = 3  # stacklevel of the line that calls predict or stream, which call _answers


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
        origin: The path that was loaded; of a bundle at Hugging Face, address and commit, ``"hf://owner/name@..."``. Empty for a
            model in memory.
    """

    net: "keras.Model"
    task: Task
    preprocessor: Preprocessor
    manifest: Mapping[str, Any]
    report: Mapping[str, Any] | None = None
    seen: Seen | None = None
    origin: str = ""

    def __reduce__(self) -> Any:
        raise pickling.refusal(self, "Pass the bundle's path instead, and call tfft.load(path) once in each process.")

    def __copy__(self) -> "Predictor":
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Predictor":
        return pickling.deep_copy(self, memo)

    def predict(
        self,
        inputs: Any,
        batch_size: int = 32,
        value_range: tuple[float, float] | None = None,
        on_corrupt: OnCorrupt = "error",
    ) -> Predictions:
        """Answer each input, in order. The images of the next batch are decoded in parallel while the net computes.

        Args:
            inputs: For images: a path, encoded bytes, an array of shape (height, width[, channels]), a Pillow image, or a sequence
                of these; a folder, which stands for all images below it, sorted by name; or an array of images, shape (n, height,
                width[, channels]). For texts: a text, a pair of texts as a tuple, or a sequence or pandas Series of these.
            batch_size: The number of inputs in a batch.
            value_range: The (lowest, highest) possible pixel value of arrays that are not uint8.
            on_corrupt: ``"error"``, or ``"skip"`` to return a Prediction without an answer for each image or text that cannot be
                read. Its ``problem`` says why, so answers stay aligned with inputs.

        Returns:
            One Prediction for each input, in a list that a notebook shows as a table.

        Raises:
            TfftError: In a process that was forked after TensorFlow had started.
            DataError: When an input cannot be read, or the net answers NaN or infinity; the message has the path or position of the
                input, and no answers are returned. Also for texts when the model reads images, or images when it reads
                texts; for single texts when it reads pairs, or pairs when it reads single texts; when an array may be one image or
                several; and for a dataset that includes labels.

        Warns:
            DataWarning: When texts are names of files that exist; when inputs are skipped; and when an image with 16 bits per pixel
                is almost black.

        Example:
            >>> import tempfile, tfft
            >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     predictor = tfft.load(tfft.export(model, f"{folder}/toy.tfft"))
            >>> [prediction.name for prediction in predictor.predict(np.zeros((2, 24, 32, 3), np.uint8))]
            ['input 0', 'input 1']
        """
        _check_call(batch_size, on_corrupt)
        items = list(_READING[self.preprocessor.noun].split(inputs, value_range))
        answers = Predictions(self._answers(items, batch_size, on_corrupt))
        if skipped := [answer.name for answer in answers if answer.answer is None]:
            warnings.warn(
                f"{len(skipped)} of {len(answers)} {self.preprocessor.noun}s cannot be read and have no answer: "
                f"{shortlist(skipped)}. The attribute 'problem' of each says why.",
                DataWarning,
                stacklevel=2,
            )
        return answers

    def stream(
        self,
        inputs: Any,
        batch_size: int = 32,
        value_range: tuple[float, float] | None = None,
        on_corrupt: OnCorrupt = "error",
    ) -> Iterator[Prediction]:
        """Answer each input, in order, batch by batch, so that answers can be written while others are computed.

        Args:
            inputs: As for ``predict``.
            batch_size: As for ``predict``.
            value_range: As for ``predict``.
            on_corrupt: As for ``predict``.

        Yields:
            One Prediction for each input.

        Raises:
            TfftError: As ``predict``.
            DataError: As ``predict``, but after the answers of earlier batches.

        Warns:
            DataWarning: As ``predict``, except for skipped inputs.
        """
        _check_call(batch_size, on_corrupt)
        items = list(_READING[self.preprocessor.noun].split(inputs, value_range))
        yield from self._answers(items, batch_size, on_corrupt)

    def _answers(
        self, items: Sequence[tuple[str, Any]], batch_size: int, on_corrupt: OnCorrupt
    ) -> Iterator[Prediction]:
        reading = _READING[self.preprocessor.noun]
        if on_corrupt == "error":
            reading.check(items)
        if self.seen is not None:
            for _, item in items:
                self.seen.check_pairs(item)
        for chosen, found in reading.read_batches(self.preprocessor, items, batch_size):
            for each in found:
                if each.warning:
                    warnings.warn(each.warning, DataWarning, stacklevel=_USER)
                if each.error is not None and on_corrupt == "error":
                    raise _advised(each.error, len(items))
            yield from self._answered([name for name, _ in chosen], found, batch_size)

    def items(self, inputs: Any) -> list[tuple[str, Any]]:
        """Split what was passed into single inputs.

        Args:
            inputs: As for ``predict``.

        Returns:
            The name and the value of each input: the path of an image, encoded bytes, an array of shape (height, width[,
            channels]), or a ``Text``.

        Raises:
            DataError: When an input is of another kind than the model reads, or a file does not exist.
        """
        reading = _READING[self.preprocessor.noun]
        items = list(reading.split(inputs, None))
        reading.check(items)
        return items

    def _answered(self, names: Sequence[str], found: Sequence[Read], batch_size: int) -> list[Prediction]:
        """Answer one batch; inputs that could not be read get a Prediction without an answer."""
        there = [(name, each) for name, each in zip(names, found, strict=True) if each.rows is not None]
        answers: Iterator[Answer] = iter(())
        if there:
            rows = [row for _, each in there for row in each.rows or ()]
            owner = np.repeat(np.arange(len(there)), [len(each.rows or ()) for _, each in there])
            # a long text has many rows
            parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
            logits = [row for part in parts for row in self._logits(part)]
            self._check_usable([there[index][0] for index in owner], logits)
            values = self.task.probabilities(self.task.merge(RowLogits(logits, rows, owner, len(there))))
            values = self.task.restore(values, [each.item for _, each in there], self.preprocessor.alignment)
            answers = (self.task.decode(value, each.item) for value, (_, each) in zip(values, there, strict=True))
        return [
            Prediction(name, None, str(each.error))
            if each.rows is None
            else Prediction(name, next(answers), item=_kept(each))
            for name, each in zip(names, found, strict=True)
        ]

    def _logits(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The logits of some rows, without padding; or what the task makes of them."""
        outputs = self.net.predict_on_batch(argument_of(self.preprocessor.collate(rows)))
        if self.task.reduce is not None:
            return list(np.asarray(self.task.reduce(outputs)))
        outputs = np.asarray(outputs)
        return [output[: len(row)] if output.ndim > 1 else output for output, row in zip(outputs, rows, strict=True)]

    def _check_usable(self, names: Sequence[str], logits: Sequence[np.ndarray]) -> None:
        strange = [index for index, row in enumerate(logits) if not self.task.usable(row)]
        if len(strange):
            raise DataError(
                f"The net answers with NaN or infinity for {names[strange[0]]!r}.",
                f"{len(strange)} such inputs of {len(names)} in this batch",
                "Leave it out; if it is an ordinary input, the weights are not usable: train again with a lower learning rate.",
            )


def _check_call(batch_size: int, on_corrupt: Any) -> None:
    forks.check()
    check_batch_size(batch_size)
    if on_corrupt not in ("error", "skip"):
        raise DataError(f"on_corrupt={on_corrupt!r} is unknown.", fix="Use 'error' or 'skip'.")


def _advised(error: DataError, count: int) -> DataError:
    """The error of an unreadable input; when there are several inputs, its advice names ``on_corrupt`` as well."""
    if count == 1:
        return error
    return DataError(error.what, error.got, f'{error.fix} Or pass on_corrupt="skip" to answer the other inputs.')


def _kept(each: Read) -> Any:
    return each.item if isinstance(each.item, (Text, str)) else None
