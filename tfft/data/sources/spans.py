"""Read texts with entities as places in characters, from JSON lines or DataFrames."""

import os
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core import limits
from tfft.core.errors import DataError, DataWarning, nearest, quantity, shortlist
from tfft.core.specs import Text
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.raw_examples import Pool
from tfft.data.sources.conll import tag_space
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.tables.json_lines import read_json_lines
from tfft.data.words import Bounds, split_words

if TYPE_CHECKING:
    import pandas as pd

_USER = 4  # stacklevel of the line that calls from_spans, which calls span_pools, which calls _pool
_SHARES = "shares a word with"
_EXAMPLE = '{"text": "Ann sleeps", "entities": [{"start": 0, "end": 3, "label": "person"}]}'


def from_spans(
    source: "str | Path | pd.DataFrame | Mapping[str, str | Path | pd.DataFrame]",
    text_column: str = "text",
    spans_column: str = "entities",
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
) -> Splits:
    """Read texts with their entities, each with its first character, the character after its last one, and its type.

    Texts are split into words, and each entity covers whole words. Words of Han or kana have one character.

    Args:
        source: The path of a JSON lines file or a DataFrame, or one for each part: ``{"train": ..., "test": ...}``.
        text_column: The name of the column of texts.
        spans_column: The name of the column of entities: a list for each text, of dicts with ``start``, ``end`` and ``label``, or
            of triples in this order. With a key ``text``, the text of the entity is compared with its place.
        holdout: Fractions (validation, test) of the training texts, to split off missing parts.
        seed: Seed of the random split.

    Returns:
        Splits whose inputs are texts with the places of their words, and whose targets have a tag for each word.

    Raises:
        DataError: When a file or a column is missing, or entities lie outside of their text, overlap, have no type, or have another
            text than their place. Also when no training text has an entity, or another part has a type that training does not have.

    Warns:
        DataWarning: When entities begin or end inside of a word, which they then cover as a whole.

    Example:
        >>> import pandas as pd
        >>> rows = [(f"Ann{i} sleeps", [(0, 4, "person")]) for i in range(10)]
        >>> data = from_spans(pd.DataFrame(rows, columns=["text", "entities"]))
        >>> data.describe(), data.train.targets[0].tolist()
        ('7 train, 2 validation, 1 test; 1 entity type', [1, 0])
    """
    call = as_call(from_spans, locals())
    pools = span_pools(source, text_column, spans_column)
    return assemble(pools, Splitting(holdout, seed, skippable=False), source=call, labels=tag_space(pools))


def span_pools(source: Any, text_column: str = "text", spans_column: str = "entities") -> dict[str, Pool]:
    """Read texts with entities before missing parts are split off.

    Args:
        source: As for ``from_spans``.
        text_column: As for ``from_spans``.
        spans_column: As for ``from_spans``.

    Returns:
        Pools of texts with words, and a list of IOB2 tags for each text, by part.

    Raises:
        DataError: When a file or a column is missing, or entities cannot be used.

    Warns:
        DataWarning: As ``from_spans``.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame([("Ann sleeps", [(0, 3, "person")])], columns=["text", "entities"])
        >>> span_pools(frame)["train"].targets
        [['B-person', 'O']]
    """
    parts = source if isinstance(source, Mapping) else {"train": source}
    pools = {}
    for part, each in parts.items():  # no comprehension, which would be a level of its own for warnings
        pools[part] = _pool(each, part, text_column, spans_column)
    return pools


def _pool(source: Any, part: str, text_column: str, spans_column: str) -> Pool:
    """The texts and IOB2 tags of one part."""
    texts, targets, faults, cut = [], [], [], []
    for name, text, spans in _rows(source, part, text_column, spans_column):
        if not isinstance(text, str):
            faults.append(f"{name}: the text is {text!r:.40}")
            continue
        limits.check("text_characters", len(text), name, DataError)
        words = split_words(text)
        tags, wrong, inside = _tagged(text, words, spans)
        faults += [f"{name}: {fault}" for fault in wrong]
        cut += [f"{name}: {entity}" for entity in inside]
        texts.append(Text(text, words=words))
        targets.append(tags)
    if faults:
        raise DataError(
            f"{quantity(len(faults), 'entity', 'entities')} of the {part} part cannot be used.",
            shortlist(faults),
            "Entities must not overlap or share a word; keep the longer or the shorter ones, or separate two entities with a space."
            if all(f" {_SHARES} " in fault for fault in faults)
            else f"Places are counted in characters from 0, and the end is the character after the last one: {_EXAMPLE}.",
        )
    if cut:
        warnings.warn(
            f"{quantity(len(cut), 'entity begins or ends', 'entities begin or end')} inside of a word, and "
            f"{'cover' if len(cut) > 1 else 'covers'} the whole word: {shortlist(cut)}.",
            DataWarning,
            stacklevel=_USER,
        )
    return Pool(texts, targets)


def _rows(source: Any, part: str, text_column: str, spans_column: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield a name for messages, the text and the entities of each row."""
    wanted = [text_column, spans_column]

    def choose(names: Sequence[str]) -> Sequence[str]:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise DataError(
                f"The {part} part has no column {missing[0]!r}.",
                f"columns {shortlist(names)}",
                f"{nearest(missing[0], names)} Name the columns with text_column= and spans_column=.",
            )
        return wanted

    if hasattr(source, "columns"):
        choose([str(name) for name in source.columns])
        for index, (text, spans) in enumerate(zip(source[text_column], source[spans_column], strict=True)):
            yield f"row {index}", text, spans
        return
    if not isinstance(source, (str, os.PathLike)):
        raise DataError(
            "from_spans() takes the path of a JSON lines file, or a DataFrame.",
            repr(source)[:100],
            'Write from_spans({"train": "train.jsonl", "test": "test.jsonl"}).',
        )
    try:
        found = read_json_lines(Path(source), choose)
    except OSError as error:
        raise DataError(f"{str(source)!r} cannot be read: {error}.", fix="Check the path.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{str(source)!r} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None
    for line, text, spans in zip(found.lines, found.columns[text_column], found.columns[spans_column], strict=True):
        yield f"line {line}", text, spans


def _tagged(text: str, words: Bounds, spans: Any) -> tuple[list[str], list[str], list[str]]:
    """The IOB2 tag of each word, what is wrong with entities, and the entities that begin or end inside of a word."""
    tags, wrong, inside = ["O"] * len(words), [], []
    if not isinstance(spans, (list, tuple)) and not hasattr(spans, "tolist"):
        return tags, [f"the entities are {spans!r:.40}, not a list"], []
    begins, ends = [begin for begin, _ in words], [end for _, end in words]
    taken: dict[int, str] = {}
    for span in spans:
        try:
            start, end, label = _place(text, span)
        except ValueError as error:
            wrong.append(str(error))
            continue
        said = f"{text[start:end]!r:.40} ({label})"
        own = range(bisect_right(ends, start), bisect_left(begins, end))
        if not own or any(index in taken for index in own):
            others = [taken[index] for index in own if index in taken]
            wrong.append(f"{said} {_SHARES} {others[0]}" if others else f"{said} holds no word")
            continue
        if words[own[0]][0] < start or words[own[-1]][1] > end:
            inside.append(said)
        for number, index in enumerate(own):
            taken[index] = said
            tags[index] = f"{'I' if number else 'B'}-{label}"
    return tags, wrong, inside


def _place(text: str, span: Any) -> tuple[int, int, str]:
    """Begin, end and type of one entity; a ValueError says what is wrong with it."""
    values = [span.get(key) for key in ("start", "end", "label")] if isinstance(span, Mapping) else span
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        raise ValueError(f"{span!r:.60} has no start, end and label")
    start, end, label = values
    if any(isinstance(edge, bool) or not isinstance(edge, Integral) for edge in (start, end)):
        raise ValueError(f"{span!r:.60} has places that are no whole numbers")
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"{span!r:.60} has no label")
    start, end = int(start), int(end)
    if not 0 <= start < end <= len(text):
        raise ValueError(f"{label} from {start} to {end} lies outside of a text of {len(text)} characters")
    given = span.get("text") if isinstance(span, Mapping) else None
    if given is not None and given != text[start:end]:
        raise ValueError(f"{label} is said to be {given!r:.40}, but its place holds {text[start:end]!r:.40}")
    return start, end, label
