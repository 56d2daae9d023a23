"""The preprocessing SavedModel of a text encoder as a tokenizer: strings in, token ids out.

Modules of TensorFlow Hub tokenise, pack and pad in one call, to a length of their own. What is wanted of it here are the tokens:
packing, cutting and padding are those of all other encoders.
"""

import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.core.saved_graph import extracted, packed

FILE = "tokenizer.tar.gz"
_IDS, _MASK = "input_word_ids", "input_mask"


class SavedTokenizer:
    """Looks like a KerasHub tokenizer to what packs texts.

    Args:
        folder: Of the SavedModel, which maps strings of shape (batch,) to a dict of int32 arrays of shape (batch, tokens), among
            them ``input_word_ids`` and ``input_mask``.
        **config: Read again: nothing.

    Attributes:
        start_token_id, end_token_id, pad_token_id: As it packs an empty text.

    Raises:
        BackboneError: When it does something else.
    """

    oov_token = unk_token = unk_token_id = None

    def __init__(self, folder: str | Path | None = None, **config: Any) -> None:
        self.archive = b"" if folder is None else packed(folder)

    @cached_property
    def module(self) -> Any:
        """The SavedModel, from the archive, so that it may be gone by now."""
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  its operations

        with tempfile.TemporaryDirectory(prefix="tfft-") as place:
            return tf.saved_model.load(str(extracted(self.archive, place)))

    def _rows(self, texts: Any) -> tuple[Any, Any]:
        try:
            found = self.module(texts)
        except (TypeError, ValueError) as error:
            raise BackboneError(
                "The preprocessing SavedModel takes no strings.", str(error).splitlines()[0][:100], "Pass another one."
            ) from error
        if not isinstance(found, Mapping) or not {_IDS, _MASK} <= set(found):
            raise BackboneError(
                "The preprocessing SavedModel does not pack texts as those of TensorFlow Hub do.",
                shortlist(sorted(found)) if isinstance(found, Mapping) else type(found).__name__,
                f"It has to map strings to a dict with {_IDS!r} and {_MASK!r}.",
            )
        return found[_IDS], found[_MASK]

    @cached_property
    def _empty(self) -> list[int]:
        import tensorflow as tf

        ids, mask = (part.numpy()[0].tolist() for part in self._rows(tf.constant([""])))
        if sum(mask) != 2 or mask[:2] != [1, 1] or len(ids) < 3:
            raise BackboneError(
                "The preprocessing SavedModel does not put one token before a text and one behind it.",
                f"of an empty text {ids[:4]}",
                "Only encoders that take texts as BERT does can be used.",
            )
        return [int(number) for number in ids[:3]]

    @property
    def start_token_id(self) -> int:
        """Of the token in front of a text."""
        return self._empty[0]

    @property
    def end_token_id(self) -> int:
        """Of the token behind a text."""
        return self._empty[1]

    @property
    def pad_token_id(self) -> int:
        """Of padding."""
        return self._empty[2]

    @property
    def mask_token_id(self) -> int | None:
        """Of the token that stands for a hidden one, where the SavedModel says so."""
        special = getattr(getattr(self.module, "tokenize", None), "get_special_tokens_dict", None)
        return None if special is None else int(special()["mask_id"])

    def get_vocabulary(self) -> tuple[str, ...]:
        """Unknown: it stands inside the graph."""
        return ()

    def __call__(self, texts: Any) -> Any:
        """Tokens of texts, without those around them.

        Args:
            texts: Strings, shape (batch,).

        Returns:
            A ``tf.RaggedTensor`` of int32, shape (batch, tokens); of texts longer than the SavedModel packs the end is cut.
        """
        import tensorflow as tf

        ids, mask = self._rows(texts)
        rows = tf.RaggedTensor.from_tensor(ids, lengths=tf.reduce_sum(mask, axis=1))
        return rows[:, 1:-1]

    def get_config(self) -> dict[str, Any]:
        """Nothing: everything stands in its files."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "SavedTokenizer":
        """One without files yet; ``load_assets`` brings them."""
        return cls(**config)

    def save_assets(self, folder: str) -> None:
        """Write the SavedModel as an archive.

        Args:
            folder: Must exist.

        Raises:
            OSError: When it cannot be written.
        """
        (Path(folder) / FILE).write_bytes(self.archive)

    def load_assets(self, folder: str) -> None:
        """Read it again.

        Args:
            folder: Where ``save_assets`` wrote.

        Raises:
            OSError: When it cannot be read.
        """
        self.archive = (Path(folder) / FILE).read_bytes()
