"""Build Hugging Face Transformers nets with KerasHub's classes, so that their features equal those of Transformers.

KerasHub's converters copy the weights. This module adds the rest:

* sets activations and the epsilon of layer norms;
* adds RoBERTa's row for token type 0 to its positions, which begin after the padding token;
* moves an extra scale of GPT-2's attention into the kernel of its queries;
* sets missing biases of a ViT to zero;
* uses a single token-type row for both texts of a pair.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfft.backbones.keras_hub.tensor_files import Tensors
from tfft.backbones.keras_hub.tensor_names import Found, find
from tfft.backbones.keras_hub.transformers_config import Stated
from tfft.core.errors import WeightsError

_POSITIONS, _TYPES = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
# KerasHub's converters skip this many rows of RoBERTa's positions, whatever the id of the padding token
_SKIPPED = 2
_ROBERTA = ("roberta", "xlm_roberta")


def load(preset: str, net: Stated, class_name: str, weights: bool, unused: list[str]) -> Any:
    """Build a net and read its weights. Names and shapes are checked before memory is allocated.

    Args:
        preset: ``hf://owner/model``, or a folder.
        net: The net as described by its configuration.
        class_name: A class name in ``keras_hub.models``.
        weights: Whether to read the weights; otherwise they are random.
        unused: A list that receives the names of weights in the files that the features do not use.

    Returns:
        A ``keras_hub.models.Backbone``. Its pooler is random; tfft's features do not use it.

    Raises:
        WeightsError: When weights are missing, do not fit, or cannot be read.
    """
    if not weights:
        return _built(net, class_name)
    with Tensors(preset) as tensors:
        found = find(preset, net, tensors.shapes)
        made = _built(net, class_name)
        ported = _Ported(preset, net, found, tensors.read)
        _converter(net.family).convert_weights(made, ported, _converted(net))
    lacking = [
        variable.path for variable in made.weights if id(variable) not in ported.filled and not _pools(variable.path)
    ]
    if lacking:
        raise WeightsError(
            f"Some variables received no weights from {preset!r}.", ", ".join(lacking), "Please report this."
        )
    unused[:] = found.unused
    return made


def _built(net: Stated, class_name: str) -> Any:
    import keras
    import keras_hub

    rows = {"num_segments": max(2, net.segments)} if "num_segments" in net.arguments else {}
    made = getattr(keras_hub.models, class_name)(**{**net.arguments, **rows})
    activation = keras.saving.get_registered_object(net.activation) or keras.activations.get(net.activation)
    for layer in made._flatten_layers():
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.epsilon = net.epsilon
        # KerasHub's TransformerEncoder and TransformerDecoder save both values in their configuration, so set them there as well
        if hasattr(layer, "layer_norm_epsilon"):
            layer.layer_norm_epsilon = net.epsilon
        if hasattr(layer, "_feedforward_intermediate_dense"):
            layer.activation = layer._feedforward_intermediate_dense.activation = activation
    return made


def _converter(family: str) -> Any:
    from keras_hub.src.utils.transformers import (
        convert_albert,
        convert_bert,
        convert_distilbert,
        convert_gpt2,
        convert_roberta,
        convert_vit,
        convert_xlm_roberta,
    )

    return {
        "bert": convert_bert,
        "distil_bert": convert_distilbert,
        "roberta": convert_roberta,
        "xlm_roberta": convert_xlm_roberta,
        "albert": convert_albert,
        "gpt2": convert_gpt2,
        "vit": convert_vit,
    }[family]


def _converted(net: Stated) -> Mapping[str, Any]:
    """The configuration values that KerasHub's weight converters read."""
    return {"n_embd": net.arguments["hidden_dim"]}


def _pools(path: str) -> bool:
    return "pooled_dense" in path


class _Ported:
    """Replace the file loader that KerasHub's converters expect, and return each tensor by its exact name.

    KerasHub 0.32's own loader accepts any tensor whose name ends like the requested name.
    """

    def __init__(self, preset: str, net: Stated, found: Found, read: Callable[[str], np.ndarray]) -> None:
        self.filled: set[int] = set()
        self._preset, self._net, self._found, self._read = preset, net, found, read

    def get_tensor(self, key: str) -> np.ndarray:
        """Return a weight of any shape as float32; converters may also ask for names that are not in the file."""
        name = key.removeprefix(f"{self._net.family.replace('_', '')}.")
        if not self._net.biased and name.endswith((".query.bias", ".key.bias", ".value.bias")):
            return np.zeros(self._net.arguments["hidden_dim"], "float32")
        tensor = self._read(self._found.names[name])
        if name == _TYPES and self._net.segments == 1 and self._net.family not in _ROBERTA:
            return np.repeat(tensor, 2, axis=0)
        if name == _POSITIONS and self._net.family in _ROBERTA:
            rows = tensor[self._net.padding + 1 :]
            if self._net.family == "roberta":  # KerasHub 0.32 adds this row only for XLM-RoBERTa
                rows = rows + self._read(self._found.names[_TYPES])[0]
            return np.concatenate([np.zeros_like(tensor, shape=(_SKIPPED, tensor.shape[1])), rows])
        return self._scaled(name, tensor)

    def _scaled(self, name: str, tensor: np.ndarray) -> np.ndarray:
        _, _, rest = name.partition("h.")
        number, _, part = rest.partition(".")
        if not self._net.scales or part not in ("attn.c_attn.weight", "attn.c_attn.bias"):
            return tensor
        scaled, queries = np.array(tensor), self._net.arguments["hidden_dim"]
        scaled[..., :queries] *= np.float32(self._net.scales[int(number)])
        return scaled

    def port_weight(self, keras_variable: Any, hf_weight_key: str, hook_fn: Any = None) -> None:
        """Assign a weight, with the arguments that converters use.

        Args:
            keras_variable: The variable of the net.
            hf_weight_key: The name of the weight, as for ``get_tensor``.
            hook_fn: (array, shape of the variable) -> an array of this shape; None when the weight has it already.

        Raises:
            WeightsError: When the shapes differ.
        """
        if _pools(keras_variable.path):
            return
        tensor = self.get_tensor(hf_weight_key)
        values = tensor if hook_fn is None else hook_fn(tensor, list(keras_variable.shape))
        if tuple(values.shape) != tuple(keras_variable.shape):
            raise WeightsError(
                f"The weight {hf_weight_key!r} of {self._preset!r} does not fit {keras_variable.path!r}.",
                f"shape {tuple(values.shape)} for {tuple(keras_variable.shape)}",
                "Copy the model again; config.json and weights must come from the same model.",
            )
        keras_variable.assign(values)
        self.filled.add(id(keras_variable))
