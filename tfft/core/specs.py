"""The frozen vocabulary that rooms speak to each other in: LabelSpace, Text, FeatureSpec, Block."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tfft.core.errors import TaskError, shortlist

LabelKind = Literal["single", "multi", "real"]
IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What Pillow may take a file for, whatever its name ends in; left to itself it would start Ghostscript on some."""

FeatureKind = Literal["vector", "sequence", "map"]


def rangeless(mode: str, stored_as: str | None) -> str:
    """Why the pixels of an image cannot be read: nobody knows which of their values is white.

    Args:
        mode: Pillow's name for their type.
        stored_as: Pillow's name for the file format; None for an image that came from no file.

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
    """What the targets of a data set mean; the order of ``names`` is the class id everywhere.

    Attributes:
        names: Class names (``single``, ``multi``) or names of the predicted quantities (``real``).
        kind: ``"single"`` one class an example, targets of shape (n,); ``"multi"`` any number of classes, shape (n, classes);
            ``"real"`` one float for each name, shape (n, quantities).
        mean: For ``real``: mean of each quantity over the training split, in its own unit; otherwise empty.
        scale: For ``real``: standard deviation of each quantity over the training split; otherwise empty.

    Raises:
        TaskError: When names are missing, repeated, or do not match ``mean`` and ``scale``, or a scale is not positive.

    Example:
        >>> LabelSpace(("ants", "bees")).index("bees")
        1
    """

    names: tuple[str, ...]
    kind: LabelKind = "single"
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("single", "multi", "real"):
            raise TaskError(f"There is no kind of labels {self.kind!r}.", fix="Use 'single', 'multi' or 'real'.")
        if not self.names:
            raise TaskError(
                f"A label space of kind {self.kind!r} needs at least one name.", fix="Pass the class names."
            )
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise TaskError(f"Label names must be unique; {shortlist(twice)} stand twice.", fix="Rename or merge them.")
        if self.kind == "real" and not len(self.names) == len(self.mean) == len(self.scale):
            raise TaskError(
                f"Every one of the {len(self.names)} quantities needs a mean and a scale.",
                f"{len(self.mean)} means and {len(self.scale)} scales",
                "Let tfft.data compute them, or pass both.",
            )
        if not all(map(math.isfinite, (*self.mean, *self.scale))) or not all(scale > 0 for scale in self.scale):
            raise TaskError(
                "Means must be finite and scales positive.",
                f"means {self.mean!r} and scales {self.scale!r}",
                "Use scale 1 for a quantity that never varies.",
            )

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Class id of a name.

        Args:
            name: One of ``names``.

        Returns:
            Its position, 0-based.

        Raises:
            TaskError: When there is no such name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise TaskError(f"There is no label {name!r}.", fix=f"The labels are {shortlist(self.names)}.") from None

    def to_dict(self) -> dict[str, Any]:
        """The space as plain JSON values.

        Example:
            >>> LabelSpace(("ants", "bees")).to_dict()
            {'names': ['ants', 'bees'], 'kind': 'single', 'mean': [], 'scale': []}
        """
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LabelSpace":
        """Undo ``to_dict``.

        Args:
            values: What ``to_dict`` returned, possibly after a JSON round trip.

        Returns:
            An equal LabelSpace.

        Raises:
            KeyError: When names or kind are missing.
            TaskError: When the values do not make a label space.
        """
        return cls(
            tuple(values["names"]), values["kind"], tuple(values.get("mean", ())), tuple(values.get("scale", ()))
        )

    @classmethod
    def of(cls, names: "LabelSpace | Sequence[str]") -> "LabelSpace":
        """A LabelSpace from one, or from a plain sequence of class names.

        Args:
            names: A LabelSpace (returned as it is) or class names in id order.

        Returns:
            A LabelSpace.

        Raises:
            TaskError: When given no sequence of names, one string instead of it, or names that are not unique.

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
    """One text, or a pair of texts, as an example; a plain string among inputs is the path of a picture.

    Attributes:
        first: Any Unicode, perhaps empty.
        second: Of a pair, such as the answer to a question; None where there is one text alone.

    Example:
        >>> Text("How far is it from Denver to Aspen ?").excerpt(20)
        'How far is it fro...'
    """

    first: str
    second: str | None = None

    def excerpt(self, longest: int = 60) -> str:
        """Its beginning on one line.

        Args:
            longest: In characters.

        Returns:
            At most so many characters.
        """
        several = " | ".join(part[: 4 * longest] for part in (self.first, self.second) if part)
        line = " ".join(several.split())
        return line if len(line) <= longest else f"{line[: longest - 3]}..."


@dataclass(frozen=True)
class FeatureSpec:
    """The only thing a head learns about a backbone: what kind of features it emits.

    Attributes:
        kind: ``"map"`` is (batch, height, width, channels), ``"sequence"`` (batch, steps, width), ``"vector"`` (batch, width).
        dtype: Of the features; heads cast to float32 for logits.
        masked: Whether a mask comes with them, int32 of shape (batch, steps), 1 for what counts and 0 for padding.
        pooling: How they become one vector where nobody says otherwise.
    """

    kind: FeatureKind
    dtype: str = "float32"
    masked: bool = False
    pooling: str = "average"


@dataclass(frozen=True)
class Block:
    """A named group of layers, the unit of unfreezing.

    A net's layers, in topological order from input to output, are cut into consecutive blocks; a block ends at the *last*
    layer whose name matches ``pattern``. So every layer belongs to exactly one block, whatever its depth variant, and layers
    that Keras named by itself need no pattern of their own.

    Attributes:
        name: What ``last_blocks`` and the overview print, such as ``"block5"``.
        pattern: Regular expression, matched from the start of a layer name; empty for the last block, which ends at the output.
    """

    name: str
    pattern: str = ""
