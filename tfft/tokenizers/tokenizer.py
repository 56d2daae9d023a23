"""Describe a tokenizer (texts -> token ids), and save it in a bundle.

Encoders use a ``JsonTokenizer``. Preprocessing SavedModels, users' own KerasHub tokenizers, and bundles exported before
``JsonTokenizer`` existed run as one TensorFlow graph over many texts, and give the same tokens as before.
"""

import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core.errors import BundleError, TaskError
from tfft.core.fingerprint import digest, fingerprint
from tfft.core.ragged import Ragged
from tfft.tokenizers import hub_tokenizers
from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.packing import Packed, packed
from tfft.tokenizers.pair_windows import Contexts, packed_pairs
from tfft.tokenizers.saved_tokenizer import SavedTokenizer
from tfft.tokenizers.word_windows import packed_words

_AT_ONCE = 1024
# of words that are tokenized by a graph, which pads its results; longer ones are cut
_LONGEST_WORD = 64
_SPACE = "\u2581"
# names of the piece for unknown words, because KerasHub's SentencePiece tokenizers do not say which piece it is
_UNKNOWN_PIECES = ("<unk>", "[UNK]")


@dataclass(frozen=True)
class Tokenizer:
    """The description of a tokenizer, which is loaded when it is first used.

    Attributes:
        handle: The backbone's handle, or another name of its origin.
        separators: The number of end tokens between two texts: 1 for BERT, 2 for RoBERTa. A ``JsonTokenizer`` stores its own
            number.
        make: () -> a ``JsonTokenizer``, a ``SavedTokenizer`` or a ``keras_hub.tokenizers.Tokenizer``.
    """

    handle: str
    separators: int = 1
    make: Callable[[], Any] = field(compare=False, repr=False, default=lambda: None)
    _graphs: dict[tuple[int, int], Any] = field(compare=False, repr=False, default_factory=dict)

    @cached_property
    def made(self) -> Any:
        """The loaded tokenizer."""
        return self.make()

    @property
    def special(self) -> tuple[int, ...]:
        """Ids of the tokens around and between texts, and of padding."""
        return tuple({self.made.start_token_id, self.made.end_token_id, self.made.pad_token_id})

    @property
    def mask(self) -> int:
        """The id that replaces hidden tokens: the mask token, or else the token for unknown words, or else the end token."""
        found = getattr(self.made, "mask_token_id", None)
        if found is not None:
            return int(found)
        unknown = _unknown_id(self.made)
        return int(self.made.end_token_id) if unknown < 0 else unknown

    @property
    def between(self) -> int:
        """The number of end tokens between two texts."""
        return self.made.separators if isinstance(self.made, JsonTokenizer) else self.separators

    def pack(self, texts: Sequence[tuple[str, ...]], length: int) -> Packed:
        """Convert texts to token ids with special tokens.

        Args:
            texts: Tuples of one string each, or of two strings each for pairs.
            length: The maximum number of tokens in a row. The end of a longer text is cut; in a pair, the longer text is cut
                first.

        Returns:
            A Packed with one int32 row of shape (tokens, 2) for each text or pair: token ids and segment ids.

        Source:
            Devlin et al. 2019, section 3, https://arxiv.org/abs/1810.04805: ``[CLS] first [SEP] second [SEP]``.
        """
        columns = list(zip(*texts, strict=True))
        if not texts:
            none = np.zeros(0, np.int64)
            return Packed(Ragged(np.zeros((0, 2), np.int32), none), none, none)
        if isinstance(self.made, JsonTokenizer):
            return packed([self.made.encode(column) for column in columns], length, self.made, self.between)
        rows, whole, unknown = [], [], []
        for start in range(0, len(texts), _AT_ONCE):
            some = [
                np.array([text.encode() for text in column[start : start + _AT_ONCE]], object) for column in columns
            ]
            ids, segments, lengths, unknown_counts = (
                found.numpy() for found in self._graph(len(columns), length)(*some)
            )
            whole.append(lengths)
            unknown.append(unknown_counts)
            both = np.stack([ids, segments], axis=-1).astype(np.int32)
            # remove the padding at once, so that the padded blocks need not stay in memory
            rows.append(both[np.arange(length) < np.minimum(lengths, length)[:, None]])
        found = np.concatenate(whole)
        return Packed(Ragged(np.concatenate(rows), np.minimum(found, length)), found, np.concatenate(unknown))

    def pack_words(self, texts: Sequence[Sequence[str]], length: int, stride: int) -> Packed:
        """Convert texts that are split into words to token ids; each word is tokenized alone.

        Args:
            texts: The words of each text, with a space before those that have one in ordinary text. Words without it get no token
                that stands for a space alone, as SentencePiece adds it.
            length: The maximum number of tokens in a row; longer texts have several rows.
            stride: The number of tokens that two rows of a text should share.

        Returns:
            A Packed with int32 rows of shape (tokens, 3), as ``packed_words`` makes them.
        """
        different = dict.fromkeys(word for words in texts for word in words)
        place = {word: number for number, word in enumerate(different)}
        ids, counts, cut = self._alone(list(different))
        begins = np.cumsum(counts) - counts
        bare = np.array([not word.startswith(" ") for word in different], bool) & (counts > 1)
        bare[bare] = ids[begins[bare]] == self._space
        begins, counts = begins + bare, counts - bare
        chosen = np.array([place[word] for words in texts for word in words], np.int64)
        begins, own = begins[chosen], counts[chosen]
        flat = ids[np.repeat(begins - (np.cumsum(own) - own), own) + np.arange(int(own.sum()))]
        found = packed_words((flat, own), [len(words) for words in texts], length, self, stride)
        return found._replace(cut_words=found.cut_words + int(cut[chosen].sum()))

    def pack_places(self, pairs: Sequence[tuple[str, str]], length: int, stride: int) -> Packed:
        """Convert questions and contexts to token ids with the place of each token of a context.

        Args:
            pairs: A question and a context for each example. A context that several examples share is tokenized once.
            length: The maximum number of tokens in a row; a longer context has several rows.
            stride: The number of tokens that two rows of a context should share.

        Returns:
            A Packed with int32 rows of shape (tokens, 4), as ``packed_pairs`` makes them.

        Raises:
            TaskError: When the tokenizer does not tell the places of its tokens.
        """
        if not isinstance(self.made, JsonTokenizer):
            raise TaskError(
                f"The tokenizer of {self.handle!r} does not tell the places of its tokens in a text, which this task needs.",
                type(self.made).__name__,
                'Choose an encoder of tfft or KerasHub by its name, such as "minilm_l6", or a folder with tokenizer.json.',
            )
        place = {context: number for number, context in enumerate(dict.fromkeys(context for _, context in pairs))}
        questions = self.made.encode([question for question, _ in pairs])
        contexts = Contexts(*self.made.encode_with_places(list(place)))
        chosen = [place[context] for _, context in pairs]
        return packed_pairs(questions, contexts, chosen, length, self.made, stride)

    @property
    def _space(self) -> int:
        """The id of the token that stands for a space alone; -1 if the vocabulary has no such token."""
        found = self.made.token_to_id(_SPACE) if isinstance(self.made, JsonTokenizer) else None
        return -1 if found is None else int(found)

    @property
    def start_token_id(self) -> int:
        """The id of the token before a text."""
        return int(self.made.start_token_id)

    @property
    def end_token_id(self) -> int:
        """The id of the token after a text."""
        return int(self.made.end_token_id)

    @property
    def unk_token_id(self) -> int:
        """The id of the token for unknown words; -1 when every text has tokens."""
        return int(self.made.unk_token_id) if isinstance(self.made, JsonTokenizer) else _unknown_id(self.made)

    def _alone(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The ids of words end to end, without special tokens; for each the number of ids, and whether its end was cut."""
        whole = np.zeros(len(words), bool)
        if isinstance(self.made, JsonTokenizer) or not words:
            return *(self.made.encode(words) if words else (np.zeros(0, np.int32), np.zeros(0, np.int64))), whole
        found = self.pack([(word,) for word in words], _LONGEST_WORD)
        ids = Ragged.of([row[1:-1, 0] for row in found.rows])
        return ids.flat, ids.lengths, found.whole > _LONGEST_WORD

    def _graph(self, columns: int, length: int) -> Any:
        if (columns, length) not in self._graphs:
            self._graphs[columns, length] = _traced(self.made, columns, length, self.separators)
        return self._graphs[columns, length]

    def to_dict(self) -> dict[str, Any]:
        """Class, configuration and a hash of the files, as JSON values."""
        made = self.made
        return {
            "class": type(made).__name__,
            "config": {key: value for key, value in made.get_config().items() if key != "name"},
            "separators": self.between,
            "files": _digest(made),
        }

    def save(self, folder: Path) -> None:
        """Write the files of the tokenizer.

        Args:
            folder: A folder that exists.

        Raises:
            OSError: When the files cannot be written.
        """
        self.made.save_assets(str(folder))

    @classmethod
    def read(cls, folder: Path, values: Mapping[str, Any]) -> "Tokenizer":
        """Undo ``to_dict`` and ``save``.

        Args:
            folder: The folder with the files.
            values: The result of ``to_dict``.

        Returns:
            A Tokenizer that gives the same ids, rows of shape (tokens, 2).

        Raises:
            BundleError: When the files are missing, or have another content than when they were saved.
        """
        name = str(values["class"])
        kind: Any = {kind.__name__: kind for kind in (JsonTokenizer, SavedTokenizer)}.get(name)
        if kind is None:
            import keras_hub

            kind = getattr(keras_hub.tokenizers, name, None)
        if kind is None:
            raise BundleError(f"There is no tokenizer {values['class']!r} in KerasHub.", fix="Upgrade keras-hub.")
        made = kind.from_config(dict(values["config"]))
        try:
            if name in hub_tokenizers.CLASSES:
                hub_tokenizers.check_files(folder / asset for asset in made.file_assets)
            made.load_assets(str(folder))
        except (OSError, ValueError, RuntimeError, tarfile.TarError) as error:
            raise BundleError(
                f"The tokenizer's files cannot be read: {error}.",
                f"{str(folder)!r}",
                "Copy or export the bundle again.",
            ) from error
        if _digest(made) != values["files"]:
            raise BundleError(
                "The tokenizer is not the one that was exported.",
                f"{str(folder)!r}",
                "Copy or export the bundle again.",
            )
        return cls(digest(str(values).encode()), int(values["separators"]), lambda: made)


def _digest(made: Any) -> str:
    """Hash all files that a tokenizer writes: vocabulary, and merges or pieces with their scores."""
    with tempfile.TemporaryDirectory() as folder:
        made.save_assets(folder)
        written = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return fingerprint({path.name: digest(path.read_bytes()) for path in written})


def _traced(made: Any, columns: int, length: int, separators: int) -> Any:
    """Make a graph: strings -> ids and segments padded to ``length``, lengths before cutting, and counts of unknown tokens."""
    import keras_hub
    import tensorflow as tf

    end = made.end_token_id
    packer = keras_hub.layers.MultiSegmentPacker(
        length, made.start_token_id, end, sep_value=[end] * separators, pad_value=made.pad_token_id
    )
    special = 2 + separators * (columns - 1)
    unknown = _unknown_id(made)

    def pack(*texts: Any) -> tuple[Any, Any, Any, Any]:
        parts = tuple(made(text) for text in texts)
        ids, segments = packer(parts)
        lengths = tf.add_n([part.row_lengths() for part in parts]) + special
        found = [tf.reduce_sum(tf.cast(part == unknown, tf.int64), axis=1) for part in parts]
        return ids, segments, lengths, tf.add_n(found)

    traced = tf.function(pack, input_signature=[tf.TensorSpec([None], tf.string)] * columns)
    # trace now; otherwise TensorFlow warns of retracing when there is a second tokenizer
    return traced.get_concrete_function()


def _unknown_id(made: Any) -> int:
    """The id of the token for unknown words; -1 for byte-level tokenizers, which know every text."""
    for name in ("oov_token", "unk_token"):
        token = getattr(made, name, None)
        if token is not None:
            return int(made.token_to_id(token))
    found = getattr(made, "unk_token_id", None)
    pieces = [] if found is not None else [piece for piece in _UNKNOWN_PIECES if piece in made.get_vocabulary()]
    return int(found) if found is not None else int(made.token_to_id(pieces[0])) if pieces else -1
