"""Find the examples with the highest losses, with names for the report and small images for its page."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tfft.core.errors import DataError
from tfft.core.specs import LabelSpace, Text
from tfft.data.examples import Examples
from tfft.evaluation.predictions import Predictions
from tfft.images.decoding import decode

COUNT = 12
_SIDE = 160
_LONGEST = 400


def worst(predictions: Predictions, examples: Examples, count: int = COUNT) -> list[dict[str, Any]]:
    """Find the examples with the highest loss; for quantities, the squared error in units of the standard deviation in training.

    Args:
        predictions: The predictions for n examples, with probabilities of shape (n, outputs).
        examples: The same n examples.
        count: The largest number of examples to return.

    Returns:
        A dict for each example, in descending order of loss: position, name, true and predicted label, loss, and the beginning of
        a text. With one class an example, also the probabilities of both labels. A label is a class name, a list of class names,
        or a dict of quantities.

    Example:
        >>> found = Predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
        >>> examples = Examples(["1.jpg", "2.jpg"], np.array([0, 1]), LabelSpace(("ants", "bees")), ("a1", "b2"))
        >>> [(row["name"], row["true"], row["predicted"]) for row in worst(found, examples, count=1)]
        [('2.jpg', 'bees', 'ants')]
    """
    labels = examples.labels
    if labels.kind == "real":
        losses = (((predictions.probabilities - predictions.targets) / np.array(labels.scale)) ** 2).mean(axis=1)
    else:
        losses = predictions.losses
    rows = []
    for index in np.argsort(-losses, kind="stable")[:count]:
        true, predicted = _words(predictions, labels, int(index))
        shares = predictions.probabilities[index]
        rows.append(
            {
                "index": int(index),
                "name": examples.name(int(index)),
                "true": true,
                "predicted": predicted,
                "loss": float(losses[index]),
            }
            | (
                {
                    "true_probability": float(shares[predictions.targets[index]]),
                    "predicted_probability": float(shares[predictions.chosen[index]]),
                }
                if labels.kind == "single"
                else {}
            )
            | _text(examples.inputs[int(index)])
        )
    return rows


def thumbnails(rows: Sequence[dict[str, Any]], examples: Examples) -> dict[int, str]:
    """Make small JPEG images of some examples as data URIs, so that a page needs no other file.

    Args:
        rows: From ``worst``.
        examples: The same examples.

    Returns:
        Position -> data URI of an image of at most shape (160, 160, 3). Examples that are not images are left out.
    """
    made = {}
    for row in rows:
        try:
            image = decode(examples.inputs[row["index"]], (_SIDE, _SIDE))
        except DataError:
            continue
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        content = io.BytesIO()
        image.save(content, "JPEG", quality=80)
        made[row["index"]] = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
    return made


def _text(item: Any) -> dict[str, str]:
    """The beginning of a text, long enough to see why it is difficult."""
    return {"text": item.excerpt(_LONGEST)} if isinstance(item, Text) else {}


def _words(predictions: Predictions, labels: LabelSpace, index: int) -> tuple[Any, Any]:
    target, row = predictions.targets[index], predictions.probabilities[index]
    if labels.kind == "single":
        return labels.names[int(target)], labels.names[int(predictions.chosen[index])]
    if labels.kind == "multi":
        names = np.array(labels.names)
        return names[target > 0].tolist(), names[predictions.named[index]].tolist()
    return tuple(dict(zip(labels.names, map(float, values), strict=True)) for values in (target, row))  # type: ignore[return-value]
