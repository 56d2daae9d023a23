"""Read questions with the places of their answers in a context, from files in SQuAD's format."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tfft.core import limits
from tfft.core.errors import DataError, kind_of, quantity, shortlist
from tfft.core.fingerprint import digest
from tfft.core.specs import LabelSpace, Text
from tfft.data.calls import as_call
from tfft.data.examples import Splits
from tfft.data.files.squad_files import FIX, KEYS, Asked, Question, checked, read_squad
from tfft.data.raw_examples import OnCorrupt, Pool
from tfft.data.splits import HOLDOUT, Splitting, assemble
from tfft.data.tables.json_lines import read_json_lines
from tfft.data.targets.answers import answer_space

_FEW_ARTICLES = 10


def from_squad(
    path: "str | Path | Mapping[str, str | Path]",
    holdout: tuple[float, float] = HOLDOUT,
    seed: int = 0,
    on_corrupt: OnCorrupt = "error",
) -> Splits:
    """Read questions whose answers are parts of a context, in the JSON format of SQuAD 1.1 or 2.0.

    Parts that are split off have articles of their own; with fewer than 10 articles, paragraphs of their own.

    Args:
        path: The path of a UTF-8 JSON file, or one path for each part: ``{"train": ..., "validation": ..., "test": ...}``. A file
            that ends in ``.jsonl`` has ``id``, ``question``, ``context`` and ``answers`` in each line, as Hugging Face's
            ``datasets`` writes them.
        holdout: Fractions (validation, test) of the training questions, to split off missing parts.
        seed: Seed of the random split.
        on_corrupt: ``"error"``, or ``"skip"`` to leave out questions whose answers are not at their place in the context, or that
            are damaged in another way. ``Splits.skipped`` lists them with their ids.

    Returns:
        Splits whose inputs are pairs of question and context, and whose targets are the places of the accepted answers, int32 of
        shape (answers, 2) for each question. A question with ``"is_impossible": true`` has none.

    Raises:
        DataError: When a file cannot be read or has another format, a question cannot be used and ``on_corrupt`` is ``"error"``, or
            only another part than training has questions without an answer.

    Example:
        >>> import json, tempfile
        >>> def article(number):
        ...     answer = {"text": f"Ann{number}", "answer_start": 0}
        ...     qas = [{"id": str(number), "question": "Who sleeps?", "answers": [answer]}]
        ...     return {"title": f"Story {number}", "paragraphs": [{"context": f"Ann{number} sleeps.", "qas": qas}]}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "stories.json"
        ...     _ = path.write_text(json.dumps({"data": [article(number) for number in range(10)]}))
        ...     data = from_squad(path)
        >>> data.describe(), data.train.inputs[0].first, data.train.targets[0].tolist()
        ('7 train, 1 validation, 2 test; 1 kind of answer', 'Who sleeps?', [[0, 4]])
    """
    source = as_call(from_squad, locals())
    splitting = Splitting(holdout, seed, on_corrupt)
    pools = squad_pools(path, on_corrupt)
    return assemble(pools, splitting, source=source, labels=_space(pools))


def squad_pools(path: "str | Path | Mapping[str, str | Path]", on_corrupt: OnCorrupt = "error") -> dict[str, Pool]:
    """Read files before missing parts are split off.

    Args:
        path: As for ``from_squad``.
        on_corrupt: As for ``from_squad``.

    Returns:
        Pools of pairs of question and context, and the places of the answers of each question, by part.

    Raises:
        DataError: As ``from_squad``.
    """
    files = path if isinstance(path, Mapping) else {"train": path}
    asked = {}
    for part, file in files.items():
        if not isinstance(file, (str, os.PathLike)):
            raise DataError(
                "from_squad() takes the path of a file, or one path for each part.",
                repr(file)[:100],
                'Write from_squad({"train": "train.json", "test": "dev.json"}).',
            )
        lines = str(file).lower().endswith(".jsonl")
        questions = checked(_lines(Path(file))) if lines else read_squad(Path(file))
        if questions.faults and on_corrupt != "skip":
            raise DataError(
                f"{quantity(len(questions.faults), 'question')} of {str(file)!r} cannot be used.",
                shortlist(questions.faults),
                'Correct them, or pass on_corrupt="skip" to leave them out.',
            )
        asked[part] = questions
    split = asked.get("train")
    by_article = split is None or len({each.article for each in split.good}) >= _FEW_ARTICLES
    return {
        part: Pool(
            [Text(each.question, each.context, name=each.name) for each in questions.good],
            [each.answers for each in questions.good],
            groups=[_group(each, by_article) for each in questions.good],
            skipped=tuple(f"{files[part]}: {fault}" for fault in questions.faults),
        )
        for part, questions in asked.items()
    }


def _lines(path: Path) -> Iterator[Asked]:
    """Yield the questions of a file with one in each line. An empty list of answers means that the question has no answer."""
    shown = repr(str(path))

    def choose(names: Sequence[str]) -> Sequence[str]:
        missing = [name for name in ("question", "context") if name not in names]
        if missing:
            raise DataError(f"{shown} has no column {missing[0]!r}.", f"columns {shortlist(names)}", FIX)
        return [name for name in (*KEYS, "title", "context") if name in names]

    try:
        found = read_json_lines(path, choose)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{shown} cannot be read: {error}.", fix="Check the path; it must be UTF-8.") from None
    for row, line in enumerate(found.lines):
        values = {name: column[row] for name, column in found.columns.items()}
        asked = {key: values[key] for key in KEYS if values.get(key) is not None}
        given = asked.get("answers")
        if isinstance(given, Mapping) and given.get("text") == []:
            asked.setdefault("is_impossible", True)
        context, title = values["context"], values.get("title")
        if not isinstance(context, str):
            raise DataError(f"{shown}, line {line} has no context.", kind_of(context), FIX)
        limits.check("text_characters", len(context), f"The context of {shown}, line {line}", DataError)
        yield str(title or f"{context[:40]}..."), context, f"line {line}", asked


def _group(question: Question, by_article: bool) -> str:
    """What stays in one part: the article of a question, or its paragraph."""
    context = question.context
    return question.article if by_article else f"{context[:40]}... {digest(context.encode())[:6]}"


def _space(pools: Mapping[str, Pool]) -> LabelSpace | None:
    """The label space of the training part; None without a training part, which ``assemble`` refuses."""
    return answer_space(not all(pools["train"].targets)) if "train" in pools else None
