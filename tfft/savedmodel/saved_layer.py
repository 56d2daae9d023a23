"""Use a SavedModel as a Keras layer: its variables are Keras weights, and its graph is stored inside the ``.keras`` file.

``hub.KerasLayer`` is a layer of tf_keras, which Keras 3 does not accept. ``keras.layers.TFSMLayer`` cannot be saved with its model,
and calls the same endpoint in training and inference.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfft.core import fingerprint
from tfft.core.errors import BackboneError
from tfft.savedmodel.graph_bytes import extracted, harmless, packed

_GRAPH = "graph.tar.gz"


@keras.saving.register_keras_serializable("tfft")
class Weights(keras.Layer):
    """The variables of one block of a SavedModel, except those of its norms.

    Norms are in a layer of the subclass, so that policies can find them.

    Args:
        rows: The path, shape, dtype and kind of each variable.
        **options: Options of every Keras layer, such as ``name``.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], **options: Any) -> None:
        super().__init__(**options)
        self.rows = [dict(row) for row in rows]
        # the property ``weights`` of Keras has another order: trainable variables come first
        self.held = [_variable(row) for row in self.rows]
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, with path, shape, dtype and kind of each variable."""
        return {**super().get_config(), "rows": self.rows}


@keras.saving.register_keras_serializable("tfft")
class NormalizationWeights(Weights):
    """The scales, offsets and moving statistics of the norms of one block."""


def _variable(row: Mapping[str, Any]) -> keras.Variable:
    """Create a variable of zeros with the path of the SavedModel's variable, which replaces it later."""
    *scopes, name = row["path"].split("/")
    with ExitStack() as opened:
        for scope in scopes:
            opened.enter_context(keras.name_scope(scope))
        return keras.Variable("zeros", tuple(row["shape"]), row["dtype"], trainable=row["kind"] == "weight", name=name)


@keras.saving.register_keras_serializable("tfft")
class SavedModelLayer(keras.Layer):
    """Call a SavedModel as a layer.

    Args:
        blocks: The name and the rows of each block. A row has the path, shape, dtype and kind (``"weight"`` or ``"statistic"``) of
            a variable, whether it belongs to a norm, and its number in the SavedModel.
        call: The result of ``Contents.to_dict``, which says how to call the SavedModel, with the name of the ``output`` to use.
        digest: The hash of the graph. With it, neither the graph of another model nor its cached features are used by mistake.
        **options: Options of every Keras layer, such as ``name``.

    Attributes:
        multiplications: Always 1. ``core.graph.multiplications`` cannot look into the SavedModel. A number above 0 tells it that
            the features are worth caching; a small one, that no other precision needs to be tried.
    """

    multiplications = 1

    def __init__(
        self,
        blocks: Sequence[tuple[str, Sequence[Mapping[str, Any]]]],
        call: Mapping[str, Any],
        digest: str = "",
        **options: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **options})
        self.digest = digest
        self.blocks, self.how = [(name, list(rows)) for name, rows in blocks], dict(call)
        self.block_layers = []
        for name, rows in self.blocks:
            for kind, norm in ((Weights, False), (NormalizationWeights, True)):
                some = [row for row in rows if row["norm"] is norm]
                if some:
                    self.block_layers.append(kind(some, name=f"{name}_norms" if norm else name))
        self.graph: bytes | None = None
        self._loaded: Any = None
        self.built = True

    def read(self, folder: str | Path) -> None:
        """Load a SavedModel. Its variables become the weights of this layer, with the same shapes and dtypes.

        Args:
            folder: The folder with ``saved_model.pb`` and the variables.

        Raises:
            BackboneError: When the SavedModel contains operations that are not allowed.
        """
        with harmless(folder) as place:
            self._connect(place, keep=True)
        self.graph = packed(folder, [row for _, rows in self.blocks for row in rows])
        self.digest = fingerprint.digest(self.graph)

    def _connect(self, folder: str | Path, keep: bool) -> None:
        """Let each Keras weight use the variable that the functions of the SavedModel read."""
        loaded = tf.saved_model.load(str(folder))
        found = getattr(loaded, "variables", ())
        for layer in self.block_layers:
            for row, weight in zip(layer.rows, layer.held, strict=True):
                inner = found[row["number"]]
                if not keep:
                    inner.assign(weight.value)
                weight._value = inner
        self._loaded = loaded

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the output shape that the SavedModel declares, without calling it.

        Args:
            inputs: Symbolic tensors of shape (batch, ...).
            training: It is ignored.

        Returns:
            A symbolic tensor of shape (batch, ...).
        """
        batch = keras.tree.flatten(inputs)[0].shape[0]
        gives = {row["name"]: row["shape"] for row in self.how["gives"]}
        return keras.KerasTensor((batch, *gives[self.how["output"]]), self.compute_dtype)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Call the SavedModel. It computes in its own precision; the result has the precision of the layers around it.

        Args:
            inputs: Tensors of shape (batch, ...), in the order of ``call["takes"]``.
            training: Whether this is a training step. The SavedModel only gets this flag if it has such an argument, and if all of
                its norms are trainable.

        Returns:
            A tensor of shape (batch, ...).
        """
        if self._loaded is None:
            raise BackboneError(
                "This layer is a copy without the graph of its SavedModel.",
                "a clone",
                "To copy a model, save it and load it again.",
            )
        takes = self.how["takes"]
        given = [tf.cast(each, row["dtype"]) for each, row in zip(keras.tree.flatten(inputs), takes, strict=True)]
        named = {row["name"]: each for row, each in zip(takes, given, strict=True)}
        loaded, entry = self._loaded, self.how["entry"]
        if training and any(layer.trainable for layer in self.block_layers):
            for loss in getattr(loaded, "regularization_losses", ()):
                self.add_loss(loss())
        if entry in ("__call__", "serve"):
            # all norms share one training mode, and the statistics of frozen norms must not change
            norms = [layer for layer in self.block_layers if isinstance(layer, NormalizationWeights)]
            moves = bool(training) and all(layer.trainable for layer in norms)
            options = {"training": moves} if self.how["training"] else {}
            found = getattr(loaded, entry)(named if self.how["named"] else given[0], **options)
        else:
            found = loaded.signatures[entry](**named)
        return tf.cast(found[self.how["output"]] if isinstance(found, dict) else found, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, with the blocks and the way to call the SavedModel. The graph is stored as an asset."""
        return {**super().get_config(), "blocks": self.blocks, "call": self.how, "digest": self.digest}

    def save_assets(self, folder: str) -> None:
        """Write the graph into the ``.keras`` file. Keras writes the weights, which may have any shape.

        Args:
            folder: The folder inside the file.

        Raises:
            OSError: When the graph cannot be written.
        """
        if self.graph is not None:
            (Path(folder) / _GRAPH).write_bytes(self.graph)

    def load_assets(self, folder: str) -> None:
        """Read the graph. Keras reads the weights, which may have any shape, before or after this.

        Args:
            folder: The folder that ``save_assets`` wrote.

        Raises:
            BackboneError: When the graph contains operations that are not allowed, is damaged, or is not the saved one.
            OSError: When the graph cannot be read.
        """
        self.graph = (Path(folder) / _GRAPH).read_bytes()
        if fingerprint.digest(self.graph) != self.digest:
            raise BackboneError(
                "The SavedModel inside the file is not the one that was saved.", fix="Copy or export it again."
            )
        # the archive may hold up to 8 bytes of zeros for each value of a weight; the real values are outside of the archive
        weights = 8 * sum(math.prod(row["shape"]) for _, rows in self.blocks for row in rows)
        try:
            with tempfile.TemporaryDirectory(prefix="tfft-") as place:
                self._connect(extracted(self.graph, place, weights), keep=False)
        except BackboneError:
            raise
        except (
            Exception
        ) as error:  # for a damaged graph, TensorFlow raises its own errors, KeyError, IndexError or others
            raise BackboneError(
                f"The SavedModel in the file cannot be loaded: {str(error).splitlines()[0][:200] if str(error) else 'no reason'}.",
                type(error).__name__,
                "Copy or export it again.",
            ) from error
