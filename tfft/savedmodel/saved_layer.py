"""A SavedModel as a Keras layer: its variables are Keras weights, and its graph travels inside the ``.keras`` file.

``hub.KerasLayer`` is a layer of tf_keras, which Keras 3 refuses; ``keras.layers.TFSMLayer`` cannot be saved with its model and
calls one endpoint whatever trains.
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
    """Variables of one block of a SavedModel, in two kinds of layers, so that policies find its norms.

    Args:
        rows: Path, shape, dtype and kind of each.
        **options: As every Keras layer takes.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], **options: Any) -> None:
        super().__init__(**options)
        self.rows = [dict(row) for row in rows]
        # Keras' own ``weights`` are in another order: those that train come first
        self.held = [_variable(row) for row in self.rows]
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Path, shape, dtype and kind of each variable."""
        return {**super().get_config(), "rows": self.rows}


@keras.saving.register_keras_serializable("tfft")
class NormalizationWeights(Weights):
    """Scales, offsets and moving statistics of the norms of one block."""


def _variable(row: Mapping[str, Any]) -> keras.Variable:
    """Zeros under the SavedModel's own path; the SavedModel's variable takes their place."""
    *scopes, name = row["path"].split("/")
    with ExitStack() as opened:
        for scope in scopes:
            opened.enter_context(keras.name_scope(scope))
        return keras.Variable("zeros", tuple(row["shape"]), row["dtype"], trainable=row["kind"] == "weight", name=name)


@keras.saving.register_keras_serializable("tfft")
class SavedModelLayer(keras.Layer):
    """Calls a SavedModel.

    Args:
        blocks: Name and rows of each: path, shape, dtype, ``"weight"`` or ``"statistic"``, whether of a norm, and the number
            that the variable has in the SavedModel.
        call: How it is called, as of ``Contents.to_dict``, and which ``output`` is taken.
        digest: Of the graph, so that what is made from another one is never taken for this one's.
        **options: As every Keras layer takes.

    Attributes:
        multiplications: 1: its graph computes something, and in a precision of its own, so that none needs to be tried.
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
        """Load a SavedModel; its variables become the weights of this layer.

        Args:
            folder: With ``saved_model.pb`` and its variables.

        Raises:
            BackboneError: When it does more than compute.
        """
        with harmless(folder) as place:
            self._connect(place, keep=True)
        self.graph = packed(folder, [row for _, rows in self.blocks for row in rows])
        self.digest = fingerprint.digest(self.graph)

    def _connect(self, folder: str | Path, keep: bool) -> None:
        """Put the variables that the SavedModel's functions read behind the Keras weights of the same path."""
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
        """Shapes as the SavedModel says; nothing is called.

        Args:
            inputs: Symbolic tensors of shape (batch, ...).
            training: Changes nothing.

        Returns:
            A symbolic tensor of shape (batch, ...).
        """
        batch = keras.tree.flatten(inputs)[0].shape[0]
        gives = {row["name"]: row["shape"] for row in self.how["gives"]}
        return keras.KerasTensor((batch, *gives[self.how["output"]]), self.compute_dtype)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """What the SavedModel answers, in the precision of the layers around it; it computes in its own.

        Args:
            inputs: Tensors of shape (batch, ...), in the order of ``call["takes"]``.
            training: Of ``fit``; the SavedModel is told so where it asks, and where all of its norms may move.

        Returns:
            A tensor of shape (batch, ...).
        """
        if self._loaded is None:
            raise BackboneError(
                "This copy of a SavedModel's layer has no graph.",
                "a clone",
                "Save the model and load it again instead.",
            )
        takes = self.how["takes"]
        given = [tf.cast(each, row["dtype"]) for each, row in zip(keras.tree.flatten(inputs), takes, strict=True)]
        named = {row["name"]: each for row, each in zip(takes, given, strict=True)}
        loaded, entry = self._loaded, self.how["entry"]
        if training and any(layer.trainable for layer in self.block_layers):
            for loss in getattr(loaded, "regularization_losses", ()):
                self.add_loss(loss())
        if entry in ("__call__", "serve"):
            # its norms run in training mode all together, and frozen ones must not drift
            norms = [layer for layer in self.block_layers if isinstance(layer, NormalizationWeights)]
            moves = bool(training) and all(layer.trainable for layer in norms)
            options = {"training": moves} if self.how["training"] else {}
            found = getattr(loaded, entry)(named if self.how["named"] else given[0], **options)
        else:
            found = loaded.signatures[entry](**named)
        return tf.cast(found[self.how["output"]] if isinstance(found, dict) else found, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Blocks and how it is called; the graph is an asset."""
        return {**super().get_config(), "blocks": self.blocks, "call": self.how, "digest": self.digest}

    def save_assets(self, folder: str) -> None:
        """Write the graph into the ``.keras`` file; the weights, of any shape, are in it already.

        Args:
            folder: Inside the file.

        Raises:
            OSError: When it cannot be written.
        """
        if self.graph is not None:
            (Path(folder) / _GRAPH).write_bytes(self.graph)

    def load_assets(self, folder: str) -> None:
        """Read the graph again; the weights, of any shape, are already there, or come after it.

        Args:
            folder: Where ``save_assets`` wrote.

        Raises:
            BackboneError: When the graph does more than compute.
            OSError: When it cannot be read.
        """
        self.graph = (Path(folder) / _GRAPH).read_bytes()
        if fingerprint.digest(self.graph) != self.digest:
            raise BackboneError("The graph of the SavedModel inside is another one.", fix="Copy or export it again.")
        # zeros replace the weights, of at most 8 bytes each, which the file already holds
        weights = 8 * sum(math.prod(row["shape"]) for _, rows in self.blocks for row in rows)
        try:
            with tempfile.TemporaryDirectory(prefix="tfft-") as place:
                self._connect(extracted(self.graph, place, weights), keep=False)
        except BackboneError:
            raise
        except (
            Exception
        ) as error:  # a damaged graph makes TensorFlow raise its own errors, KeyError, IndexError or others
            raise BackboneError(
                f"The SavedModel inside cannot be loaded: {str(error).splitlines()[0][:200] if str(error) else 'no reason'}.",
                type(error).__name__,
                "Copy or export it again.",
            ) from error
