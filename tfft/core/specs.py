"""Define the frozen value classes that all rooms share: LabelSpace, Text, FeatureSpec and Block."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tfft.core import label_values
from tfft.core.errors import TaskError, shortlist
from tfft.core.label_values import ValuePairs

IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""The formats that Pillow may use to open a file, whatever its name; by default it would run Ghostscript on some files."""

FeatureKind = Literal["vector", "sequence", "map"]


def rangeless(mode: str, stored_as: str | None) -> str:
    """Return the reason why the pixel values of an image of any shape cannot be used: it is unknown which value is white.

    Args:
        mode: Pillow's name for the type of the pixels.
        stored_as: Pillow's name for the file format; None for an image that does not come from a file.

    Returns:
        The reason, or an empty string for an image that can be read.

    Example:
        >>> rangeless("F", "TIFF"), rangeless("I", "PPM"), rangeless("RGB", "JPEG")
        ('floating-point pixels have no known range', '', '')
    """
    if mode == "F":
        return "floating-point pixels have no known range"
    # Pillow puts 16-bit PGM files, whose range is known, into its 32-bit mode
    return "32-bit integer pixels have no known range" if mode == "I" and stored_as != "PPM" else ""


@dataclass(frozen=True)
class LabelSpace:
    """The meaning of the targets of a dataset. The position of a name in ``names`` is its class id everywhere.

    Attributes:
        names: Class names (``single``, ``multi``) or names of the predicted quantities (``real``).
        kind: ``"single"``: one class for each example, targets of shape (n,). ``"multi"``: any number of classes, shape
            (n, classes). ``"real"``: one float for each name, shape (n, quantities). ``"tags"``: entities, a tag for each word.
            ``"span"``: answers to questions, places in the context. ``"masks"``: a class for each pixel.
        mean: The mean of each quantity over the training split, in its own unit; empty except for ``real``.
        scale: The standard deviation of each quantity over the training split; empty except for ``real``.
        values: The meaning of the values of masks, as pairs of a value and a class id, or 255 for ignored pixels. A value is a
            number, or a colour (red, green, blue). Empty when it is unknown, and for other kinds than ``masks``.

    Raises:
        TaskError: When names are missing or repeated, a mean is not finite, a scale is not positive, or values are invalid.

    Example:
        >>> LabelSpace(("ants", "bees")).index("bees")
        1
    """

    names: tuple[str, ...]
    kind: str = "single"
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    values: ValuePairs = ()

    def __post_init__(self) -> None:
        if not self.names:
            raise TaskError(
                f"A label space of kind {self.kind!r} needs at least one name.", fix="Pass the class names."
            )
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise TaskError(f"Label names must be unique; repeated: {shortlist(twice)}.", fix="Rename or merge them.")
        if not all(map(math.isfinite, (*self.mean, *self.scale))) or not all(scale > 0 for scale in self.scale):
            raise TaskError(
                "Means must be finite and scales positive.",
                f"means {self.mean!r} and scales {self.scale!r}",
                "Use scale 1 for a constant quantity.",
            )
        label_values.check(self.values, len(self.names))

    def __len__(self) -> int:
        return len(self.names)

    def moved_values(self, other: "LabelSpace") -> tuple[str, ...]:
        """Find the values of masks that stand for another class in another label space.

        Args:
            other: A label space; its values may be unknown.

        Returns:
            A phrase for each such value.
        """
        return label_values.moved(self.values, self.names, other.values, other.names)

    def matches(self, other: "LabelSpace") -> bool:
        """Return whether another label space has the same kind and names. Mean, scale and values may differ.

        Args:
            other: Another label space.

        Example:
            >>> LabelSpace(("a", "b")).matches(LabelSpace(("a", "b"), "multi"))
            False
        """
        return (self.kind, self.names) == (other.kind, other.names)

    def index(self, name: str) -> int:
        """Return the class id of a name.

        Args:
            name: One of ``names``.

        Returns:
            The position of the name, counted from 0.

        Raises:
            TaskError: When there is no such name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise TaskError(f"Label {name!r} does not exist.", fix=f"The labels are {shortlist(self.names)}.") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the label space as JSON values.

        Example:
            >>> LabelSpace(("ants", "bees")).to_dict()
            {'names': ['ants', 'bees'], 'kind': 'single', 'mean': [], 'scale': []}
        """
        values = [[list(value) if isinstance(value, tuple) else value, own] for value, own in self.values]
        found = {"names": list(self.names), "kind": self.kind, "mean": list(self.mean), "scale": list(self.scale)}
        return found | ({"values": values} if values else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LabelSpace":
        """Undo ``to_dict``.

        Args:
            values: The result of ``to_dict``, possibly after a JSON round trip.

        Returns:
            An equal LabelSpace.

        Raises:
            KeyError: When names or kind are missing.
            TaskError: When the values are invalid for a label space.
        """
        mean, scale = tuple(values.get("mean", ())), tuple(values.get("scale", ()))
        masks = [(tuple(value) if isinstance(value, list) else value, own) for value, own in values.get("values", ())]
        return cls(tuple(values["names"]), values["kind"], mean, scale, tuple(masks))

    @classmethod
    def of(cls, names: "LabelSpace | Sequence[str]") -> "LabelSpace":
        """Convert a sequence of class names to a LabelSpace; a LabelSpace is returned unchanged.

        Args:
            names: A LabelSpace, or class names in the order of their ids.

        Returns:
            A LabelSpace.

        Raises:
            TaskError: When ``names`` is not a sequence, is a single string, or contains a name twice.

        Example:
            >>> LabelSpace.of(["ants", "bees"]) == LabelSpace(("ants", "bees"), "single")
            True
        """
        if isinstance(names, LabelSpace):
            return names
        if isinstance(names, str):
            raise TaskError(
                "Labels must be a sequence of names, not one string.", repr(names), f"Write [{names!r}, ...]."
            )
        if not isinstance(names, Iterable):
            raise TaskError(
                "Labels must be a sequence of names.", f"{names!r}", "Pass data.labels, or the class names."
            )
        return cls(tuple(str(name) for name in names))


@dataclass(frozen=True)
class Text:
    """One text, or a pair of texts, as an example. A plain string in inputs is the path of an image instead.

    Attributes:
        first: The text, or the first text of a pair. It may be empty.
        second: The second text of a pair, such as the context of a question; None for a single text.
        words: Begin and end of each word of ``first`` in characters, for answers word by word; None when it is not split.
        name: What it is called in messages and answers, such as the id of a question; None to use its beginning.

    Example:
        >>> Text("How far is it from Denver to Aspen ?").excerpt(20)
        'How far is it fro...'
    """

    first: str
    second: str | None = None
    words: tuple[tuple[int, int], ...] | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False, compare=False)

    def called(self) -> str:
        """Return the name, or the beginning of the text.

        Example:
            >>> Text("Who?", name="q1").called(), Text("Who?").called()
            ('q1', 'Who?')
        """
        return self.excerpt() if self.name is None else self.name

    def excerpt(self, longest: int = 60) -> str:
        """Return the beginning of the text on one line.

        Args:
            longest: The largest number of characters.

        Returns:
            At most ``longest`` characters.
        """
        several = " | ".join(part[: 4 * longest] for part in (self.first, self.second) if part)
        line = " ".join(several.split())
        return line if len(line) <= longest else f"{line[: longest - 3]}..."


@dataclass(frozen=True)
class FeatureSpec:
    """The kind of features that a backbone outputs. A head knows nothing else about its backbone.

    Attributes:
        kind: ``"map"`` is (batch, height, width, channels), ``"sequence"`` (batch, steps, width), ``"vector"`` (batch, width).
        dtype: The dtype of the features. Heads convert them to float32 for logits.
        masked: Whether the features have a mask, int32 of shape (batch, steps): 1 for values that count and 0 for padding.
        pooling: The default method of reducing features to one vector.
        pyramid: The shapes of several maps, (height, width, channels), from the finest to the coarsest. The first one is that of
            the pixels, which are not a feature. Empty for a single tensor of features.
    """

    kind: FeatureKind
    dtype: str = "float32"
    masked: bool = False
    pooling: str = "average"
    pyramid: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Block:
    """A named group of layers, the unit of unfreezing.

    The layers of a net, in topological order from input to output, are divided into consecutive blocks. A block ends at the *last*
    layer whose name matches ``pattern``. Every layer therefore belongs to exactly one block, also in deeper variants of the net,
    and layers that Keras named itself need no pattern.

    Attributes:
        name: The name in ``last_blocks`` and in overviews, such as ``"block5"``.
        pattern: A regular expression, matched from the start of a layer name; empty for the last block, which ends at the output.
    """

    name: str
    pattern: str = ""
