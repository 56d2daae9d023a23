"""Identify nets that compute the same: by their layers, the users' own code in them, and the environment."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.core import computation, environment, fingerprint
from tfft.core.errors import TfftError
from tfft.data.feature_tables import MEMORY_ONLY

if TYPE_CHECKING:
    import keras

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def net_identity(nets: Sequence["keras.Model"]) -> dict[str, Any]:
    """Describe everything except weights and inputs that the results of nets depend on, as JSON values.

    Args:
        nets: Functional models in the order in which they are called; their tensors have shape (batch, ...).

    Returns:
        A dict that is equal in every process that computes the same. When that cannot be known, it gives the reason under
        ``MEMORY_ONLY``, and the results must not outlive the process.

    Example:
        >>> import tfft
        >>> net = tfft.load_backbone("toy").load()
        >>> sorted(net_identity([net]))
        ['code', 'environment', 'layers']
    """
    text = json.dumps([net.get_config() for net in nets], sort_keys=True, default=_written)
    # the text of such a value contains a memory address; its effect is part of the code
    found: dict[str, Any] = {"layers": fingerprint.digest(_ADDRESS.sub("", text).encode())}
    try:
        return found | {"code": computation.digest(nets), "environment": environment.computing()}
    except (computation.UnknownError, TfftError) as error:
        return found | {MEMORY_ONLY: str(error)}


def _written(value: Any) -> str:
    """Encode a value that JSON does not know; the text of a long array would omit its middle."""
    return fingerprint.digest(value) if isinstance(value, np.ndarray) and value.dtype != object else repr(value)
