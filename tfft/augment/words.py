"""Changes of a text that leave its meaning: functions of its words, a generator and their options, which return words.

::

    changed         one text, by one change after the other
    WORDS           name of a change -> function of words: "easy data augmentation"
    drop_tokens     on token ids, by the tokenizer's mask token
    wordnet         synonyms of English, where nltk has them

A text in Chinese, Japanese or Thai, which are written without spaces, is taken character by character.

Source:
    Wei and Zou 2019, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks",
    https://arxiv.org/abs/1901.11196, section 2; of n words ``share * n`` are changed, at least one; ``delete_words`` draws for
    each word instead.
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
    """A text as words, and what stands between them.

    Args:
        text: Any.

    Returns:
        Words and a space; or characters and nothing, where one of them is of a script without spaces.

    Example:
        >>> split("how far is it"), split("好看的电影")
        ((['how', 'far', 'is', 'it'], ' '), (['好', '看', '的', '电', '影'], ''))
    """
    if any(first <= sign <= last for sign in text for first, last in _WITHOUT_SPACES):
        return list("".join(text.split())), ""
    return text.split(), " "


def replace_synonyms(words: list[str], random: np.random.Generator, share: float, synonyms: Synonyms) -> list[str]:
    """Put synonyms in the place of some words.

    Args:
        words: Of a text.
        random: Of this text in this epoch.
        share: Of the words.
        synonyms: Lower-case word to others that mean the same; words without any stay.

    Returns:
        As many words.
    """
    known = [index for index, word in enumerate(words) if synonyms.get(word.lower())]
    changed = list(words)
    for index in random.permutation(known)[: _count(words, share)]:
        changed[index] = str(random.choice(list(synonyms[words[index].lower()])))
    return changed


def insert_synonyms(words: list[str], random: np.random.Generator, share: float, synonyms: Synonyms) -> list[str]:
    """Put synonyms of some words anywhere else.

    Args:
        words: Of a text.
        random: Of this text in this epoch.
        share: Of the words.
        synonyms: As for ``replace_synonyms``.

    Returns:
        More words; as many where none has a synonym.
    """
    known = [word for word in words if synonyms.get(word.lower())]
    changed = list(words)
    for _ in range(_count(words, share) if known else 0):
        word = str(random.choice(known)).lower()
        changed.insert(int(random.integers(0, len(changed) + 1)), str(random.choice(list(synonyms[word]))))
    return changed


def swap_words(words: list[str], random: np.random.Generator, share: float) -> list[str]:
    """Let some words change places with others.

    Args:
        words: Of a text.
        random: Of this text in this epoch.
        share: Of the words.

    Returns:
        The same words in another order.
    """
    changed = list(words)
    for _ in range(_count(words, share) if len(words) > 1 else 0):
        one, other = random.choice(len(changed), 2, replace=False)
        changed[one], changed[other] = changed[other], changed[one]
    return changed


def delete_words(words: list[str], random: np.random.Generator, share: float) -> list[str]:
    """Leave words out, each with the same probability.

    Args:
        words: Of a text.
        random: Of this text in this epoch.
        share: Probability of each word.

    Returns:
        At least one word, where there was one.
    """
    kept = [word for word, drawn in zip(words, random.random(len(words)), strict=True) if drawn >= share]
    return kept or [str(random.choice(words))] if words else []


def drop_tokens(
    row: np.ndarray, random: np.random.Generator, share: float, mask: int, special: Sequence[int]
) -> np.ndarray:
    """Hide some tokens.

    Args:
        row: int32, shape (tokens, 2).
        random: Of this text in this epoch.
        share: Probability of each token.
        mask: What stands in its place.
        special: Tokens that are never hidden.

    Returns:
        A row of the same shape.
    """
    hidden = (random.random(len(row)) < share) & ~np.isin(row[:, 0], special)
    changed = row.copy()
    changed[hidden, 0] = mask
    return changed


def changed(text: str, steps: Iterable[tuple[str, Mapping[str, Any]]], random: np.random.Generator) -> str:
    """A text after some changes.

    Args:
        text: Any.
        steps: Names in ``WORDS`` and their options; others are left out.
        random: Of this text in this epoch.

    Returns:
        A text; an empty one stays empty.

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
    """Synonyms of English words.

    Returns:
        Lower-case word to the other words of its synsets.

    Raises:
        DataError: When nltk or its WordNet is not there.

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
