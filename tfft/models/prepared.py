"""Prepare the examples of one part once for all epochs and phases: texts become tokens, and lost tokens are counted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfft.backbones.base import Backbone
from tfft.core.errors import DataError, kind_of
from tfft.core.ragged import Ragged
from tfft.core.specs import Text
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples
from tfft.inputs.base import Preprocessor

Align = Callable[[Any, Sequence[np.ndarray], np.ndarray], Any]
Place = Callable[[Any, Any], Any]
_ADVICE = {
    "text": "Pass texts, such as a folder of .txt files or a table with text_column=. Images need a model trained on images.",
    "image": "Pass images, such as a folder of images or a table with image_column=. Texts need a model trained on texts.",
}


@dataclass(frozen=True, eq=False)
class Prepared:
    """Examples whose inputs are ready to be batched.

    Attributes:
        examples: The examples. Texts are int32 tokens of shape (tokens, 2); images are as they were given.
        raw: The examples as they were given.
        owner: The raw example of each of ``examples``, int64, shape (rows,); a long text may have several rows.
        statistics: Lengths, truncated and unknown tokens of texts, as in ``Packed.statistics``; None for images.
        whole: The rows of all examples from which ``take`` has chosen these; None when they are not a choice.
        rows: The positions of these rows among those of ``whole``, int64, shape (rows,).
    """

    examples: Examples
    raw: Examples
    owner: np.ndarray
    statistics: Mapping[str, float] | None = None
    whole: Examples | None = None
    rows: np.ndarray | None = None

    def take(self, positions: np.ndarray) -> "Prepared":
        """Choose examples that were prepared together. What is computed from ``whole`` once then serves several such choices.

        Args:
            positions: Positions of raw examples, int64, shape (m,), each at most once.

        Returns:
            The same rows as from preparing these examples alone, without statistics.
        """
        first = np.searchsorted(self.owner, positions)
        counts = np.searchsorted(self.owner, positions, side="right") - first
        owner = np.repeat(np.arange(len(positions)), counts)
        rows = np.arange(len(owner)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        inputs = self.examples.inputs
        taken = self.examples.take(rows)
        if isinstance(inputs, Ragged):
            taken = replace(taken, inputs=inputs[rows])
        return Prepared(taken, self.raw.take(positions), owner, None, self.examples, rows)


def prepared(
    preprocessor: Preprocessor, examples: Examples, align: Align | None = None, place: Place | None = None
) -> Prepared:
    """Convert all inputs at once where the preprocessor can do this faster than one by one.

    Args:
        preprocessor: The preprocessor of the model.
        examples: Texts; or images of any shape, which are read when a batch needs them.
        align: ``Task.align``, where rows have other targets than examples.
        place: ``Task.place``, where targets are resized with their images.

    Returns:
        A Prepared.

    Raises:
        DataError: When an input has the wrong type, or its file has changed since the data was read.

    Example:
        >>> import tfft
        >>> data = tfft.data.from_arrays([f"text {number}" for number in range(10, 30)], [1, 0] * 10)
        >>> found = prepared(tfft.load_backbone("toy_text").preprocessor, data.train)
        >>> found.raw.inputs[0].first[:5], found.examples.inputs[0].shape, found.statistics["longest"]
        ('text ', (8, 2), 8)
    """
    own = np.arange(len(examples))
    if isinstance(examples.inputs, Ragged) or preprocessor.length is None:
        placed = (
            examples if place is None else replace(examples, targets=place(examples.targets, preprocessor.alignment))
        )
        return Prepared(placed, examples, own)
    packed = preprocessor.many([read(examples, index) for index in range(len(examples))])
    owner = own if packed.owner is None else packed.owner
    targets = examples.targets if align is None else align(examples.targets, packed.rows, owner)
    rows = Examples(packed.rows, targets, examples.labels, _digests(examples, owner))
    return Prepared(rows, examples, owner, packed.statistics(preprocessor.length))


def _digests(examples: Examples, owner: np.ndarray) -> tuple[str, ...]:
    """The content hash of each row: that of its example, and the number of the row where an example has several."""
    if len(owner) == len(examples):
        return examples.digests
    seen: Counter[int] = Counter()
    found = []
    for example in owner.tolist():
        found.append(f"{examples.digests[example]}:{seen[example]}")
        seen[example] += 1
    return tuple(found)


def noun_of(item: Any) -> str:
    """Return what a raw input is called, as in ``Preprocessor.noun``.

    Args:
        item: A Text, or anything that may be an image of any shape; or a dict of several such inputs.

    Example:
        >>> noun_of(Text("good")), noun_of("1.jpg"), noun_of({"caption": Text("good"), "photo": "1.jpg"})
        ('text', 'image', 'image and text')
    """
    if isinstance(item, Mapping):
        return " and ".join(sorted(map(noun_of, item.values())))
    return "text" if isinstance(item, Text) else "image"


def check_kind(preprocessor: Preprocessor, inputs: Sequence[Any]) -> None:
    """Refuse texts for a model of images, and images for a model of texts; it would read their paths as texts.

    Args:
        preprocessor: The preprocessor of the model.
        inputs: Images of any shape, or texts; only the first one is looked at. Token ids pass.

    Raises:
        DataError: When the model was trained on the other kind.
    """
    if isinstance(inputs, Ragged) or not len(inputs):
        return
    try:
        first = inputs[0]
    except (OSError, ValueError):  # the inspection of all inputs tells which ones cannot be read
        return
    if noun_of(first) != preprocessor.noun:
        takes, holds = f"{preprocessor.noun}s", f"{noun_of(first)}s"
        raise DataError(
            f"The model was trained on {takes}, but the data holds {holds}.",
            f"{(first.excerpt() if isinstance(first, Text) else first)!r} first"
            if isinstance(first, (Text, str))
            else f"{kind_of(first)} first",
            _ADVICE.get(preprocessor.noun, "Pass the inputs that the model reads, by their names."),
        )


def read(examples: Examples, index: int) -> Any:
    """Read one input. A text whose file has changed is refused, because cached features belong to the old content.

    Args:
        examples: Images of any shape, or texts.
        index: The index of the example.

    Returns:
        A Text; for images the path, the array or the bytes.

    Raises:
        DataError: When the file of a text is missing or has changed.
    """
    try:
        item = examples.inputs[index]
    except OSError as error:
        raise DataError(f"Text {index} cannot be read again: {error}.", fix="Load the data again.") from error
    return unchanged(examples, index) if isinstance(item, Text) else item


def advice_on_length(backbone: Backbone, limit: int, longest: int) -> str:
    """Say what to do about texts that lose their end.

    Args:
        backbone: The backbone of the model.
        limit: The number of tokens that are read now.
        longest: The number of tokens of the longest text, more than ``limit``.

    Returns:
        A sentence; it advises a larger ``length=`` only when the backbone can read more tokens than ``limit``.

    Example:
        >>> import tfft
        >>> advice_on_length(tfft.load_backbone("toy_text", length=32), 32, 40)
        'If the end matters, split these texts, or pass length=40 with the name of the backbone.'
        >>> advice_on_length(tfft.load_backbone("toy_text"), 512, 900)
        'The backbone reads no more than 512 tokens. If the end matters, split these texts.'
    """
    most = backbone.most_tokens
    if most is not None and limit >= most:
        return f"The backbone reads no more than {most:,} tokens. If the end matters, split these texts."
    if most is not None and longest > most:
        return f"If the end matters, split these texts, or pass length={most}, the most that the backbone reads."
    return f"If the end matters, split these texts, or pass length={longest} with the name of the backbone."
