"""Augmentations of training texts: each text is changed anew, at random, in every epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfft.augment.views import Augmentation
from tfft.core.errors import DataError
from tfft.inputs import validation

Table = Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]]


def synonyms(table: Table | None = None, share: float = 0.1) -> Augmentation:
    """Replace some words by synonyms.

    Args:
        table: Word -> its synonyms; None for the English synonyms of WordNet, which need nltk.
        share: Share of the words in a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is not in (0, 1], or the table is invalid.

    Source:
        Wei and Zou 2019, "EDA", section 2 and figure 3, with shares of 0.05 to 0.1 for a few thousand examples; also the source
        of ``insertions``, ``swaps`` and ``deletions``.
    """
    return Augmentation.of("synonyms", table=_pairs(table), share=validation.within("share", share, 1))


def insertions(table: Table | None = None, share: float = 0.1) -> Augmentation:
    """Insert synonyms of some words at random positions.

    Args:
        table: As for ``synonyms``.
        share: Share of the words in a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is not in (0, 1], or the table is invalid.
    """
    return Augmentation.of("insertions", table=_pairs(table), share=validation.within("share", share, 1))


def swaps(share: float = 0.1) -> Augmentation:
    """Swap some words with others.

    Args:
        share: Share of the words in a text, in (0, 1]; at least one word.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is not in (0, 1].
    """
    return Augmentation.of("swaps", share=validation.within("share", share, 1))


def deletions(share: float = 0.1) -> Augmentation:
    """Delete some words.

    Args:
        share: Probability of deleting each word, in (0, 0.9]; one word always stays.

    Returns:
        An Augmentation of texts, before they become token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is not in (0, 0.9].
    """
    return Augmentation.of("deletions", share=validation.within("share", share, 0.9))


def token_dropout(share: float = 0.1) -> Augmentation:
    """Replace some tokens by the mask token; without one, by the token for unknown words, or else by the end token.

    Args:
        share: Probability of hiding each token, in (0, 0.9].

    Returns:
        An Augmentation of token ids of shape (tokens, 2).

    Raises:
        DataError: When the share is not in (0, 0.9].

    Source:
        Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods", section 2.3, which drops word vectors.
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
        raise DataError(
            "The table of synonyms is empty or invalid.", repr(table)[:80], "Write {'film': ['movie', 'picture']}."
        )
    return found
