"""Random changes of a text that keep its meaning; each function takes words, a generator and options, and returns words.

::

    changed         applies several changes to one text
    WORDS           name of a change -> its function ("easy data augmentation")
    drop_tokens     replaces token ids by the id of the mask token
    wordnet         English synonyms; needs nltk and its WordNet data

Chinese, Japanese and Thai are written without spaces, so each character of such a text counts as a word.

Source:
    Wei and Zou 2019, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks",
    https://arxiv.org/abs/1901.11196, section 2; of n words ``share * n`` are changed, at least one; ``delete_words``
    decides for each word instead.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from tfft.core.errors import DataError

Synonyms = Mapping[str, Sequence[str]]
Pairs = Sequence[tuple[str, Sequence[str]]]
_WITHOUT_SPACES = (("\u0e00", "\u0e7f"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))


def split(text: str) -> tuple[list[str], str]:
    """Split a text into words, and return the separator that joins them again.

    Args:
        text: Any text.

    Returns:
        Words and a space; or characters and an empty string, when a character belongs to a script without spaces.

    Example:
        >>> split("how far is it"), split("好看的电影")
        ((['how', 'far', 'is', 'it'], ' '), (['好', '看', '的', '电', '影'], ''))
    """
    if any(first <= sign <= last for sign in text for first, last in _WITHOUT_SPACES):
        return list("".join(text.split())), ""
    return text.split(), " "


def replace_synonyms(words: list[str], random: np.random.Generator, share: float, synonyms: Synonyms) -> list[str]:
    """Replace some words by synonyms.

    Args:
        words: The words of a text.
        random: The generator of this text in this epoch.
        share: Share of the words to change, in (0, 1].
        synonyms: Lower-case word -> its synonyms; words without synonyms stay.

    Returns:
        The words, as many as before.
    """
    known = [index for index, word in enumerate(words) if synonyms.get(word.lower())]
    changed = list(words)
    for index in random.permutation(known)[: _count(words, share)]:
        changed[index] = str(random.choice(list(synonyms[words[index].lower()])))
    return changed


def insert_synonyms(words: list[str], random: np.random.Generator, share: float, synonyms: Synonyms) -> list[str]:
    """Insert synonyms of some words at random positions.

    Args:
        words: The words of a text.
        random: The generator of this text in this epoch.
        share: Share of the words to change, in (0, 1].
        synonyms: As for ``replace_synonyms``.

    Returns:
        The words with the inserted synonyms; unchanged when no word has a synonym.
    """
    known = [word for word in words if synonyms.get(word.lower())]
    changed = list(words)
    for _ in range(_count(words, share) if known else 0):
        word = str(random.choice(known)).lower()
        changed.insert(int(random.integers(0, len(changed) + 1)), str(random.choice(list(synonyms[word]))))
    return changed


def swap_words(words: list[str], random: np.random.Generator, share: float) -> list[str]:
    """Swap some words with others.

    Args:
        words: The words of a text.
        random: The generator of this text in this epoch.
        share: Share of the words to change, in (0, 1].

    Returns:
        The same words in another order.
    """
    changed = list(words)
    for _ in range(_count(words, share) if len(words) > 1 else 0):
        one, other = random.choice(len(changed), 2, replace=False)
        changed[one], changed[other] = changed[other], changed[one]
    return changed


def delete_words(words: list[str], random: np.random.Generator, share: float) -> list[str]:
    """Delete words, each with the same probability.

    Args:
        words: The words of a text.
        random: The generator of this text in this epoch.
        share: Probability of deleting each word.

    Returns:
        The remaining words: at least one, unless ``words`` is empty.
    """
    kept = [word for word, drawn in zip(words, random.random(len(words)), strict=True) if drawn >= share]
    return kept or [str(random.choice(words))] if words else []


def drop_tokens(
    row: np.ndarray, random: np.random.Generator, share: float, mask: int, special: Sequence[int]
) -> np.ndarray:
    """Replace some tokens by the mask token.

    Args:
        row: int32, shape (tokens, 2).
        random: The generator of this text in this epoch.
        share: Probability of hiding each token.
        mask: The id of the mask token.
        special: Ids of tokens that are never hidden.

    Returns:
        A row of the same shape.
    """
    hidden = (random.random(len(row)) < share) & ~np.isin(row[:, 0], special)
    changed = row.copy()
    changed[hidden, 0] = mask
    return changed


def changed(text: str, steps: Iterable[tuple[str, Mapping[str, Any]]], random: np.random.Generator) -> str:
    """Apply changes to a text.

    Args:
        text: Any text.
        steps: Names in ``WORDS`` and their options; other names are skipped.
        random: The generator of this text in this epoch.

    Returns:
        The changed text; an empty text stays empty.

    Example:
        >>> changed("How far is it", [("swaps", {"share": 0.5})], np.random.default_rng(0))
        'far How it is'
    """
    steps = [(name, options) for name, options in steps if name in WORDS]
    if not steps:
        return text
    words, between = split(text)
    for name, options in steps:
        words = WORDS[name](words, random, **options)
    return between.join(words)


def _synonyms(table: Pairs | None) -> Synonyms:
    return wordnet() if table is None else _as_mapping(tuple(table))


@cache
def _as_mapping(table: tuple[tuple[str, tuple[str, ...]], ...]) -> Synonyms:
    return dict(table)


@cache
def wordnet() -> Synonyms:
    """Load the synonyms of English words from WordNet.

    Returns:
        Lower-case word -> the other words of its synsets.

    Raises:
        DataError: When nltk or its WordNet data is not installed.

    Source:
        Princeton University 2010, "About WordNet", https://wordnet.princeton.edu.
    """
    try:
        from nltk.corpus import wordnet as found

        synsets = list(found.all_synsets())
    except (ImportError, LookupError) as error:
        raise DataError(
            "Synonyms need a table, or WordNet.",
            f"{type(error).__name__}: {str(error).strip().splitlines()[0]}",
            "Pass table={'film': ['movie']}, or run: pip install nltk && python -m nltk.downloader wordnet",
        ) from error
    table: dict[str, set[str]] = {}
    for synset in synsets:
        names = {name.replace("_", " ") for name in synset.lemma_names()}
        for name in names:
            table.setdefault(name.lower(), set()).update(names - {name})
    return {word: sorted(others) for word, others in table.items() if others}


WORDS: dict[str, Callable[..., list[str]]] = {
    "synonyms": lambda words, random, share, table: replace_synonyms(words, random, share, _synonyms(table)),
    "insertions": lambda words, random, share, table: insert_synonyms(words, random, share, _synonyms(table)),
    "swaps": swap_words,
    "deletions": delete_words,
}


def _count(words: list[str], share: float) -> int:
    return max(1, round(share * len(words))) if words else 0
