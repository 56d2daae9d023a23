"""Split texts into the pieces of a Unigram model in a TensorFlow graph, with the choices of the ``tokenizers`` library.

The operation of SentencePiece in TensorFlow Text adds scores in float32, and the library in float64. Where two ways to split a text
have the same score, as for repeated signs, rounding decides: 14 of 8,000 Chinese texts had other tokens.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfft.core.errors import BackboneError, shortlist
from tfft.tokenizers.character_graph import lookup_table, replaced
from tfft.tokenizers.characters import cleaning, ranges, replacements
from tfft.tokenizers.token_units import Kind, Placed, owners, regrouped

_BY_CHARACTER = ("Precompiled", "Lowercase", "NFD", "NFKD", "StripAccents")
_SPACES = {"Regex": " {2,}"}
_MARK = "▁"
_PENALTY = 10.0
# a noncharacter, which no text should contain; it fills the place of characters that a replacement removes
_FILLER = "\U0001fffe"


def pieces(values: Mapping[str, Any], tables: list[Any]) -> Kind:
    """Make the functions from texts without added tokens to ids.

    Normalizers apply to each character alone. A letter whose accents are characters of their own may therefore have other tokens
    than in training.

    Args:
        values: The checked values of a ``tokenizer.json`` with a Unigram model.
        tables: The list to which lookup tables and tokenizers are added.

    Returns:
        The functions. Units are characters, with a mark before each word.

    Raises:
        BackboneError: When a normalizer or pre-tokenizer has no graph.
    """
    import tensorflow as tf

    clean = _cleaner(_parts(values["normalizer"], "normalizers"))
    words = {part["type"]: part for part in _parts(values["pre_tokenizer"], "pretokenizers")}
    if set(words) - {"Metaspace", "WhitespaceSplit"} or words["Metaspace"]["prepend_scheme"] != "always":
        raise _refused(words)
    table = replacements(clean.by_character)
    change = replaced(table, tables)
    space = f"[{ranges(cleaning().spaces)}]+"
    split = _splitter(values, tables)

    whole = "WhitespaceSplit" not in words

    def cut(texts: Any) -> tuple[Any, Any]:
        for wanted, instead in clean.texts:
            texts = tf.strings.regex_replace(texts, re.escape(wanted), instead)
        texts = change.texts(texts)
        if clean.strip:
            texts = tf.strings.regex_replace(texts, f"^{space}|{space}$", "")
        if not whole:
            texts = tf.strings.strip(tf.strings.regex_replace(texts, space, " "))
            texts = tf.strings.regex_replace(
                texts, f" {_MARK}", " "
            )  # a word that begins with the mark gets no second one
        if clean.collapse:
            texts = tf.strings.regex_replace(texts, " {2,}", " ")
        texts = tf.strings.regex_replace(texts, " ", _MARK)
        begun = (texts == "") | tf.strings.regex_full_match(texts, f"(?s){_MARK}.*")
        texts = tf.where(begun, texts, tf.strings.join([_MARK, texts]))
        # each word begins with the mark, and is split alone
        words_of = tf.strings.split(texts, _MARK)[:, 1:]
        words_of = words_of.with_flat_values(tf.strings.join([_MARK, words_of.flat_values]))
        different, back = tf.unique(words_of.flat_values, tf.int64)
        inner, sizes = split(different)
        return regrouped(words_of, tf.gather(inner, back)), tf.gather(inner.with_flat_values(sizes), back).flat_values

    def placed(texts: Any) -> Placed:
        ids, sizes = cut(texts)
        for wanted, instead in clean.texts:  # with as many characters as the text has
            filled = _FILLER * (len(wanted) - len(instead)) + instead
            texts = tf.strings.regex_replace(texts, re.escape(wanted), filled)
        codes = tf.strings.unicode_decode(change.texts(texts), "UTF-8")
        kept, marked = _marks(codes, cleaning().spaces, clean, whole)
        own = tf.boolean_mask(owners(change.counts(texts)), kept)
        return Placed(ids, sizes, tf.repeat(own, 1 + tf.cast(marked, tf.int64)))

    def tokens(texts: Any) -> Any:
        return cut(texts)[0]

    return Kind(tokens, placed)


def _marks(codes: Any, spaces: str, clean: "_Cleaning", whole: bool) -> tuple[Any, Any]:
    """The characters that stay, spaces included that become marks, and those of them that get a mark before them.

    The mark before a text comes from no character; the library says that it comes from the first one.

    Args:
        codes: A ``tf.RaggedTensor`` of code points, shape (n, characters).
        spaces: All spaces.
        clean: The normalizers.
        whole: Whether spaces become marks; otherwise words are split at spaces, and each gets a mark.

    Returns:
        Booleans of shape (characters,), and of shape (characters that stay,).
    """
    import tensorflow as tf

    flat, row = codes.flat_values, codes.value_rowids()
    space = tf.reduce_any(flat[:, None] == tf.constant([*map(ord, spaces)], tf.int32), axis=1)
    kept = flat != ord(_FILLER)
    index, rows = tf.range(tf.size(flat)), tf.cast(codes.nrows(), tf.int64)
    if clean.strip:
        inside = kept & ~space
        first = tf.math.unsorted_segment_min(tf.where(inside, index, tf.size(flat)), row, rows)
        last = tf.math.unsorted_segment_max(tf.where(inside, index, -1), row, rows)
        kept &= (index >= tf.gather(first, row)) & (index <= tf.gather(last, row))
    # the last of several spaces stays
    blank = flat == ord(" ")
    if whole and clean.collapse:
        same = tf.concat([row[1:] == row[:-1], [False]], 0)[: tf.size(flat)]
        kept &= ~(blank & same & tf.concat([blank[1:], [False]], 0)[: tf.size(flat)])
    begun = tf.boolean_mask(row, kept)
    begun = tf.concat([[True], begun[1:] != begun[:-1]], 0)[: tf.size(begun)]
    if not whole:
        gone = tf.boolean_mask(space, kept)
        begun = tf.boolean_mask(begun | tf.concat([[False], gone[:-1]], 0)[: tf.size(gone)], ~gone)
        kept &= ~space
    bare = ~tf.boolean_mask(blank | (flat == ord(_MARK)), kept)
    return kept, begun & bare


def _splitter(values: Mapping[str, Any], tables: list[Any]) -> Callable[[Any], tuple[Any, Any]]:
    """Return a function from words to the ids of the pieces with the highest sum of scores, and the characters of each piece.

    Source:
        Viterbi 1967, as ``Unigram::encode_optimized`` of the ``tokenizers`` library: of two splits with the same score, the piece
        that begins earlier wins, and a character without a piece has the lowest score minus 10.
    """
    import tensorflow as tf

    vocabulary, unknown = values["model"]["vocab"], values["model"]["unk_id"]
    known = {piece: id for id, (piece, _) in enumerate(vocabulary) if piece and _MARK not in piece[1:]}
    longest = max(map(len, known))
    ids_of = lookup_table(tables, known)
    scores_of = tf.constant([score for _, score in vocabulary], tf.float64)
    lowest = tf.constant(min(score for _, score in vocabulary) - _PENALTY, tf.float64)
    never = tf.constant(-float("inf"), tf.float64)

    def run(words: Any) -> tuple[Any, Any]:
        signs = tf.strings.unicode_split(words, "UTF-8")
        lengths = signs.row_lengths()
        signs = tf.concat([signs.to_tensor(""), tf.fill([tf.size(words), 1], "")], 1)
        places = tf.range(tf.shape(signs, tf.int64)[1])[None]
        ids, scores, made = [], [], tf.fill(tf.shape(signs), "")
        for size in range(1, longest + 1):
            # the piece of this size that ends at each place
            made = tf.strings.join([tf.roll(made, 1, 1), signs]) if size > 1 else signs
            inside = (places >= size - 1) & (places < lengths[:, None])
            found = tf.where(inside, ids_of.lookup(made), -1)
            score = tf.where(found < 0, never, tf.gather(scores_of, tf.maximum(found, 0)))
            if size == 1:
                score = tf.where(inside & (found < 0), lowest, score)
                found = tf.where(inside & (found < 0), tf.constant(unknown, tf.int64), found)
            ids.append(found)
            scores.append(score)
        # by place, then word, then size from the largest to the smallest
        ids, scores = (tf.transpose(tf.stack(each[::-1]), [2, 1, 0]) for each in (ids, scores))
        return _unfused(*_best(ids, scores, lengths, longest), lengths, unknown)

    return run


def _best(ids: Any, scores: Any, lengths: Any, longest: int) -> tuple[Any, Any]:
    """The ids of the best pieces at the places where they end, int64 of shape (words, places), and whether a piece ends there."""
    import tensorflow as tf

    count = tf.size(lengths)
    start = tf.concat(
        [tf.fill([count, longest - 1], tf.constant(-float("inf"), tf.float64)), tf.zeros([count, 1], tf.float64)], 1
    )

    def forward(state: tuple[Any, Any], score: Any) -> tuple[Any, Any]:
        sums = state[0] + score
        best = tf.reduce_max(sums, axis=1, keepdims=True)
        return tf.concat([state[0][:, 1:], best], 1), tf.argmax(sums, axis=1)

    _, chosen = tf.scan(forward, scores, (start, tf.zeros([count], tf.int64)))
    places = tf.range(1, tf.shape(ids, tf.int64)[0] + 1)

    def backward(state: tuple[Any, Any], here: tuple[Any, Any]) -> tuple[Any, Any]:
        (end, _), (place, size) = state, here
        ends = end == place
        return tf.where(ends, place - (longest - size), end), ends

    _, ends = tf.scan(backward, (places, chosen), (lengths, tf.zeros([count], tf.bool)), reverse=True)
    return tf.transpose(tf.gather(ids, chosen, axis=2, batch_dims=2)), tf.transpose(ends)


def _unfused(ids: Any, ends: Any, lengths: Any, unknown: int) -> tuple[Any, Any]:
    """The pieces of each word as a ragged tensor of int32; several unknown characters in a row are one piece.

    And the number of characters of each piece, int64 of shape (pieces,).
    """
    import tensorflow as tf

    found = tf.ragged.boolean_mask(tf.cast(ids, tf.int32), ends)
    flat = found.flat_values
    first = tf.scatter_nd(
        tf.boolean_mask(found.row_starts(), found.row_lengths() > 0)[:, None],
        tf.ones([tf.math.count_nonzero(found.row_lengths())], tf.int32),
        tf.shape(flat, tf.int64),
    )
    before = tf.concat([[-1], flat[:-1]], 0)[: tf.size(flat)]
    again = (flat == unknown) & (before == unknown) & (first == 0)
    # pieces take all characters of a word, so that each ends where the next one begins
    inside = tf.sequence_mask(lengths, tf.shape(ends, tf.int64)[1])
    piece = tf.cumsum(tf.cast(tf.boolean_mask(ends, inside), tf.int64), exclusive=True)
    fused = tf.gather(tf.cumsum(tf.cast(~again, tf.int64)) - 1, piece)
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(fused), fused, tf.math.count_nonzero(~again))
    return tf.ragged.boolean_mask(found, found.with_flat_values(~again)), sizes


class _Cleaning:
    """What the normalizers of a pipeline do: replace texts, then characters, then spaces."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.by_character: list[Mapping[str, Any]] = []
        self.strip = self.collapse = False


def _cleaner(parts: Sequence[Mapping[str, Any]]) -> _Cleaning:
    found = _Cleaning()
    for part in parts:
        kind = part["type"]
        if kind == "Strip" and part["strip_left"] and part["strip_right"]:
            found.strip = True
        elif kind == "Replace" and part["pattern"] == _SPACES and part["content"] == " ":
            found.collapse = True
        elif (
            kind == "Replace" and "String" in part["pattern"] and not found.by_character and "\\" not in part["content"]
        ):
            found.texts.append((part["pattern"]["String"], part["content"]))
        elif kind in _BY_CHARACTER:
            found.by_character.append(part)
        else:
            raise _refused([kind])
    return found


def _refused(kinds: Any) -> BackboneError:
    return BackboneError(
        "This tokenizer has no TensorFlow graph.",
        shortlist(kinds),
        "Use the bundle itself: tfft.load(path).predict(...).",
    )


def _parts(step: Mapping[str, Any] | None, key: str) -> Sequence[Mapping[str, Any]]:
    if step is None:
        return ()
    return step[key] if step["type"] == "Sequence" else (step,)
