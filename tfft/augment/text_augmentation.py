"""What is done to training texts only: frozen values, carried out anew for every text in every epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfft.augment.views import Augmentation
from tfft.core.errors import DataError
from tfft.preprocess import validation

Table = Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]]


def synonyms(table: Table | None = None, share: float = 0.1) -> Augmentation:
    """Put synonyms in the place of some words.

    Args:
        table: Word to others that mean the same; None for WordNet's, in English, which needs nltk.
        share: Of the words of a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is none, or the table.

    Source:
        Wei and Zou 2019, "EDA", section 2 and figure 3, whose share for a few thousand examples is 0.05 to 0.1; that of the next
        three as well.
    """
    return Augmentation.of("synonyms", table=_pairs(table), share=validation.within("share", share, 1))


def insertions(table: Table | None = None, share: float = 0.1) -> Augmentation:
    """Put synonyms of some words anywhere else.

    Args:
        table: As for ``synonyms``.
        share: Of the words of a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is none, or the table.
    """
    return Augmentation.of("insertions", table=_pairs(table), share=validation.within("share", share, 1))


def swaps(share: float = 0.1) -> Augmentation:
    """Let words change places.

    Args:
        share: Of the words of a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is none.
    """
    return Augmentation.of("swaps", share=validation.within("share", share, 1))


def deletions(share: float = 0.1) -> Augmentation:
    """Leave words out.

    Args:
        share: Probability of each word, in (0, 0.9]; one word always stays.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is none.
    """
    return Augmentation.of("deletions", share=validation.within("share", share, 0.9))


def token_dropout(share: float = 0.1) -> Augmentation:
    """Hide tokens behind the mask token of the tokenizer, where it has none behind the one for unknown words or the end of a text.

    Args:
        share: Probability of each token, in (0, 0.9].

    Returns:
        An Augmentation of token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is none.

    Source:
        Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods", section 2.3, there of word vectors.
    """
    return Augmentation.of("token_dropout", share=validation.within("share", share, 0.9))


def _pairs(table: Any) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if table is None:
        return None
    try:
        pairs = list(table.items() if isinstance(table, Mapping) else table)
        found = tuple(
            (str(word).lower(), tuple(map(str, others))) for word, others in pairs if not isinstance(others, str)
        )
    except (TypeError, ValueError):
        pairs, found = [], ()
    if not found or len(found) != len(pairs):
        raise DataError("A table of synonyms is needed.", repr(table)[:80], "Write {'film': ['movie', 'picture']}.")
    return found
