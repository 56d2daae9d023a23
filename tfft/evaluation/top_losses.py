"""Find the examples with the highest losses, with names for the report and small images for its page."""

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError
from tfft.core.specs import Text
from tfft.data.examples import Examples
from tfft.images.decoding import decode
from tfft.measures.base import Scores

COUNT = 12
_SIDE = 160
_LONGEST = 400


def worst(scores: Scores, examples: Examples, count: int = COUNT) -> list[dict[str, Any]]:
    """Find the examples with the highest loss.

    Args:
        scores: The scores of n examples, with losses of shape (n,).
        examples: The same n examples.
        count: The largest number of examples to return.

    Returns:
        A dict for each example, in descending order of loss: position, name, loss, the beginning of a text, and what
        ``Scores.explain`` says, such as the true and the predicted label.

    Example:
        >>> from tfft.core.specs import LabelSpace
        >>> from tfft.measures.classes import ClassScores
        >>> space, targets = LabelSpace(("ants", "bees")), np.array([0, 1])
        >>> scores = ClassScores(space, targets, np.array([[0.9, 0.1], [0.8, 0.2]]))
        >>> rows = worst(scores, Examples(["1.jpg", "2.jpg"], targets, space, ("a1", "b2")), count=1)
        >>> [(row["name"], row["true"], row["predicted"]) for row in rows]
        [('2.jpg', 'bees', 'ants')]
    """
    losses = scores.losses
    return [
        {"index": index, "name": examples.name(index), "loss": float(losses[index])}
        | scores.explain(index)
        | _text(examples.inputs[index])
        for index in np.argsort(-losses, kind="stable")[:count].tolist()
    ]


def thumbnails(
    rows: Sequence[dict[str, Any]], examples: Examples, drawn: Callable[[int, Any], Any] | None = None
) -> dict[int, str]:
    """Make small JPEG images of some examples as data URIs, so that a page needs no other file.

    Args:
        rows: From ``worst``.
        examples: The same examples.
        drawn: A function: position, and small image -> an image with target and answer beside it; None for the image alone.

    Returns:
        Position -> data URI of an image of at most shape (160, 160, 3), or of one of that height. Examples that are not images are
        left out.
    """
    made = {}
    for row in rows:
        try:
            image = decode(examples.inputs[row["index"]], (_SIDE, _SIDE))
        except DataError:
            continue
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        image = image if drawn is None else drawn(row["index"], image)
        content = io.BytesIO()
        image.save(content, "JPEG", quality=80)
        made[row["index"]] = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
    return made


def _text(item: Any) -> dict[str, str]:
    """The beginning of a text, long enough to see why it is difficult."""
    return {"text": item.excerpt(_LONGEST)} if isinstance(item, Text) else {}
