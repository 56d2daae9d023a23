"""Use the preprocessing SavedModel of a text encoder as a tokenizer: strings in, token ids out.

Modules of TensorFlow Hub tokenize, pack and pad texts in one call, to a length of their own. tfft uses only their token ids, and
packs, cuts and pads them as for all other encoders.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.core import regular_files
from tfft.core.errors import BackboneError, shortlist
from tfft.savedmodel.graph_bytes import extracted, packed

FILE = "tokenizer.tar.gz"
_IDS, _MASK = "input_word_ids", "input_mask"


class SavedTokenizer:
    """A tokenizer with the interface of KerasHub's tokenizers.

    Args:
        folder: The folder of the SavedModel. It maps strings of shape (batch,) to a dict of int32 arrays of shape (batch, tokens),
            among them ``input_word_ids`` and ``input_mask``. None until ``load_assets``.

    Attributes:
        start_token_id, end_token_id, pad_token_id: The first three ids of an empty text.
        mask_token_id: Id of the mask token; None when the SavedModel does not state it.
        unk_token_id: -1, because only the graph of the SavedModel knows its token for unknown words.

    Raises:
        BackboneError: When the SavedModel cannot be loaded, or does not map strings to such arrays.
    """

    oov_token = unk_token = mask_token_id = None
    unk_token_id = -1

    def __init__(self, folder: str | Path | None = None) -> None:
        if folder is not None:
            self._open(packed(folder))

    def _open(self, archive: bytes) -> None:
        """Load the SavedModel from its archive, so that its folder is not needed any more."""
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers its operations

        with tempfile.TemporaryDirectory(prefix="tfft-") as place:
            folder = extracted(archive, place)
            try:
                self.archive, self.module = archive, tf.saved_model.load(str(folder))
            except (
                Exception
            ) as error:  # for a damaged graph, TensorFlow raises errors of its own, or KeyError and others
                raise BackboneError(
                    f"The preprocessing SavedModel cannot be loaded: {str(error)[:200]}.",
                    type(error).__name__,
                    "Download or copy it again.",
                ) from error
        ids, mask = (part.numpy()[0].tolist() for part in self._rows(tf.constant([""])))
        if sum(mask) != 2 or mask[:2] != [1, 1] or len(ids) < 3:
            raise BackboneError(
                "The preprocessing SavedModel does not put one token before a text and one after it.",
                f"for an empty text {ids[:4]}",
                "Use an encoder that marks texts as BERT does.",
            )
        self.start_token_id, self.end_token_id, self.pad_token_id = ids[:3]
        special = getattr(getattr(self.module, "tokenize", None), "get_special_tokens_dict", None)
        if special is not None:
            self.mask_token_id = int(special()["mask_id"])

    def _rows(self, texts: Any) -> tuple[Any, Any]:
        try:
            found = self.module(texts)
        except (TypeError, ValueError) as error:
            raise BackboneError(
                "The preprocessing SavedModel does not take strings.",
                str(error).splitlines()[0][:100],
                "Pass another one.",
            ) from error
        if not isinstance(found, Mapping) or not {_IDS, _MASK} <= set(found):
            raise BackboneError(
                "The preprocessing SavedModel does not pack texts as those of TensorFlow Hub do.",
                shortlist(sorted(found)) if isinstance(found, Mapping) else type(found).__name__,
                f"It must map strings to a dict with {_IDS!r} and {_MASK!r}.",
            )
        return found[_IDS], found[_MASK]

    def __call__(self, texts: Any) -> Any:
        """Tokenize texts, without the special tokens around them.

        Args:
            texts: Strings, shape (batch,).

        Returns:
            A ``tf.RaggedTensor`` of int32, shape (batch, tokens); the end of a text is cut when it is
            longer than the SavedModel's own length.
        """
        import tensorflow as tf

        ids, mask = self._rows(texts)
        return tf.RaggedTensor.from_tensor(ids, lengths=tf.reduce_sum(mask, axis=1))[:, 1:-1]

    def get_config(self) -> dict[str, Any]:
        """An empty dict, because all values are in the files."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "SavedTokenizer":
        """Make a tokenizer without files; ``load_assets`` reads them."""
        return cls(**config)

    def save_assets(self, folder: str) -> None:
        """Write the SavedModel as an archive.

        Args:
            folder: A folder that exists.

        Raises:
            OSError: When the file cannot be written.
        """
        (Path(folder) / FILE).write_bytes(self.archive)

    def load_assets(self, folder: str) -> None:
        """Read the SavedModel from its archive.

        Args:
            folder: The folder that ``save_assets`` wrote to.

        Raises:
            OSError: When the file cannot be read.
            BackboneError: When the graph has operations that are not allowed, or does not return tokens.
        """
        self._open(regular_files.read(Path(folder) / FILE, "packed_bytes", error=BackboneError))
