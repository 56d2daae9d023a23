"""Predictions as the JSON values of a response."""

import base64
import io
from typing import Any

from tfft.bundles.prediction import Prediction


def values_of(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as JSON values; a mask is a PNG with a palette, as a data URI.

    Args:
        prediction: The prediction for one input of a request.

    Returns:
        The values of ``Prediction.to_dict`` without the name, which the client knows.

    Example:
        >>> from tfft.tasks import Answer
        >>> values_of(Prediction("input 0", Answer("ants", 0.75, {"ants": 0.75, "bees": 0.25})))
        {'label': 'ants', 'probability': 0.75, 'scores': {'ants': 0.75, 'bees': 0.25}}
    """
    values = prediction.to_dict()
    del values["name"]
    if prediction.problem:
        values["problem"] = prediction.problem.removeprefix(
            f"{prediction.name}: "
        )  # a position in the batch, not in the request
    if prediction.mask is not None:
        from tfft.images.mask_colors import indexed

        file = io.BytesIO()
        indexed(prediction.mask, len(prediction.scores)).save(file, "PNG")
        values["mask"] = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return values
