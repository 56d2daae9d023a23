"""Read texts with a tag for each word, from files in CoNLL's format."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

from tfft.core.errors import DataError, DataWarning, quantity, shortlist
from tfft.core.specs import LabelSpace, Text
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.conll_files import Sentences, read_conll
from tfft.data.raw_examples import Pool
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.tag_schemes import begins_inside, to_iob2, types
from tfft.data.words import joined_words

_USER = 4  # stacklevel of the line that calls from_conll, which calls conll_pools, which calls _pool


def from_conll(
    path: "str | Path | Mapping[str, str | Path]", holdout: tuple[float, float] = HOLDOUT, seed: int = 0
) -> Splits:
    r"""Read sentences with a tag for each word: one word a line, the word first and the tag last, an empty line after a sentence.

    Tags follow IOB1, IOB2, BIOES or BILOU, such as ``B-person``, ``I-person`` and ``O``. Words of one Han or kana character each
    are joined without spaces, others with one space.

    Args:
        path: The path of a UTF-8 file, or one path for each part: ``{"train": ..., "validation": ..., "test": ...}``.
        holdout: Fractions (validation, test) of the training sentences, to split off missing parts.
        seed: Seed of the random split.

    Returns:
        Splits whose inputs are texts with the places of their words, and whose targets have a tag for each word.

    Raises:
        DataError: When a file cannot be read, a line has no word or no valid tag, no training sentence has an entity, or another
            part has a type that training does not have.

    Warns:
        DataWarning: When tags are malformed, such as "I-person" without a beginning, which then begins an entity; and when lines
            are left out.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     lines = "".join(f"Ann{i}\tB-person\nsleeps\tO\n\n" for i in range(20))
        ...     _ = (Path(folder) / "all.conll").write_text(lines)
        ...     data = from_conll(Path(folder) / "all.conll")
        >>> data.describe(), data.train.inputs[0].words
        ('14 train, 3 validation, 3 test; 1 entity type', ((0, 4), (5, 11)))
    """
    source = as_call(from_conll, locals())
    pools = conll_pools(path)
    return assemble(pools, Splitting(holdout, seed, skippable=False), source=source, labels=tag_space(pools))


def tag_space(pools: Mapping[str, Pool]) -> LabelSpace | None:
    """Make the label space of the types of entities in the training part.

    Args:
        pools: Texts and lists of IOB2 tags, by part.

    Returns:
        A label space of kind ``"tags"``; None without a training part, which ``assemble`` refuses.

    Raises:
        DataError: When no training text has an entity.

    Example:
        >>> tag_space({"train": Pool(["a"], [["B-person", "O"]])}).names
        ('person',)
    """
    if "train" not in pools:
        return None
    names = types(tag for tags in pools["train"].targets for tag in tags)
    if not names:
        raise DataError(
            "No text of the training part has an entity.", f"{len(pools['train'].inputs):,} texts", "Check the tags."
        )
    return LabelSpace(tuple(names), "tags")


def conll_pools(path: "str | Path | Mapping[str, str | Path]") -> dict[str, Pool]:
    """Read files before missing parts are split off.

    Args:
        path: As for ``from_conll``.

    Returns:
        Pools of texts with words, and a list of IOB2 tags for each text, by part.

    Raises:
        DataError: When a file cannot be read, or a line has no word or no valid tag.

    Warns:
        DataWarning: As ``from_conll``.
    """
    files = path if isinstance(path, Mapping) else {"train": path}
    found = {}
    for part, file in files.items():
        if not isinstance(file, (str, os.PathLike)):
            raise DataError(
                "from_conll() takes the path of a file, or one path for each part.",
                repr(file)[:100],
                'Write from_conll({"train": "train.conll", "test": "test.conll"}).',
            )
        found[part] = read_conll(Path(file))
    pools = {}
    for part, sentences in found.items():  # no comprehension, which would be a level of its own for warnings
        pools[part] = _pool(sentences, str(files[part]))
    return pools


def _pool(sentences: Sentences, shown: str) -> Pool:
    """The texts and IOB2 tags of one file."""
    first_inside = begins_inside(sentences.tags)
    texts, targets, malformed = [], [], []
    for words, tags, line in zip(sentences.words, sentences.tags, sentences.lines, strict=True):
        text, places = joined_words(words)
        texts.append(Text(text, words=places))
        converted, wrong = to_iob2(tags, first_inside)
        targets.append(converted)
        malformed += [f"line {line + place}: {words[place]!r} {tags[place]}" for place in wrong]
    if malformed:
        warnings.warn(
            f"{quantity(len(malformed), 'tag')} of {shown!r} {'do' if len(malformed) > 1 else 'does'} not fit the tags around: "
            f"{shortlist(malformed)}. A tag that continues no entity begins one.",
            DataWarning,
            stacklevel=_USER,
        )
    if sentences.left_out:
        counts = ", ".join(f"{count} {what}" for what, count in sentences.left_out.items())
        warnings.warn(f"{shown!r}: {counts} left out.", DataWarning, stacklevel=_USER)
    return Pool(texts, targets)
