"""Read files in SQuAD's format, versions 1.1 and 2.0: articles of paragraphs, with questions and the places of their answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

from tfft.core import limits, strict_json
from tfft.core.errors import DataError, kind_of
from tfft.data.files.part_files import part_files

KEYS = ("id", "question", "answers", "is_impossible")
"""What is read of the values of a question."""
Asked = tuple[str, str, str, Mapping[str, Any]]
_FORM = (
    '{"data": [{"title": "...", "paragraphs": [{"context": "...", "qas": [{"id": "...", "question": "...", '
    '"answers": [{"text": "...", "answer_start": 0}]}]}]}]}'
)
FIX = f"A file of SQuAD's format holds {_FORM}."
_TABLE = f"Is it a table? Write a .jsonl file with one JSON object on each line. {FIX}"


@dataclass(frozen=True)
class Question:
    """A question about a context.

    Attributes:
        name: Its id, or its place in the file where it has none.
        article: The title of its article, or the number of the article and its file where it has none.
        question: The question.
        context: The text that may hold the answer.
        answers: Begin and end of each accepted answer in characters of the context; empty when there is no answer.
    """

    name: str
    article: str
    question: str
    context: str
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Questions:
    """The questions of a file.

    Attributes:
        good: The questions that can be used, in order.
        faults: A sentence for each question that cannot be used; it begins with its id.
    """

    good: list[Question] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_squad(path: Path, labelled: bool = True) -> Questions:
    """Read one file.

    Args:
        path: The path of a UTF-8 JSON file.
        labelled: Whether each question needs answers, or ``"is_impossible": true``.

    Returns:
        The questions, and what is wrong with those that cannot be used: no text, an answer that is not at its place, no answer
        without ``is_impossible``, or the id of another question.

    Raises:
        DataError: When the file cannot be read, or does not have the format.

    Example:
        >>> import json, tempfile
        >>> answer = {"text": "Ann", "answer_start": 0}
        >>> qas = [{"id": "q1", "question": "Who sleeps?", "answers": [answer]}, {"id": "q2", "question": "Who?", "answers": []}]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "squad.json"
        ...     _ = path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Ann sleeps.", "qas": qas}]}]}))
        ...     found = read_squad(path)
        >>> found.good[0].answers, found.faults
        (((0, 3),), ['q2: it has no answer, and no "is_impossible": true'])
    """
    shown = repr(str(path))
    found = checked(_asked(strict_json.read_file(path, shown, fix=FIX), shown), labelled)
    if not found.good and not found.faults:
        raise DataError(f"{shown} has no question.", "0 questions", "Check the path.")
    return found


def checked(rows: Iterable[Asked], labelled: bool = True) -> Questions:
    """Check questions.

    Args:
        rows: Article, context, place in the file, and JSON values of each question.
        labelled: As for ``read_squad``.

    Returns:
        The questions, and what is wrong with those that cannot be used.

    Example:
        >>> asked = {"question": "Who sleeps?", "answers": [{"text": "Ann", "answer_start": 0}]}
        >>> checked([("a story", "Ann sleeps.", "line 1", asked)]).good[0].answers
        ((0, 3),)
    """
    found, names = Questions(), set()
    for article, context, place, asked in rows:
        name = asked.get("id")
        name = str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) and str(name).strip() else place
        answers, fault = _answers(asked, context, labelled)
        fault = "another question has the same id" if name in names else fault
        names.add(name)
        if fault:
            found.faults.append(f"{name}: {fault}")
        else:
            found.good.append(Question(name, article, asked["question"], context, answers))
    return found


def is_squad(path: Path) -> bool:
    """Return whether a path is that of a JSON file, which is read as questions.

    Args:
        path: Any path; JSON lines, with the ending ``.jsonl``, are another format.

    Example:
        >>> is_squad(Path("train.json")), is_squad(Path("train.jsonl"))
        (True, False)
    """
    return path.suffix.lower() == ".json" and not path.is_dir()


def squad_files(path: Path) -> dict[str, Path]:
    """Find files of questions.

    Args:
        path: A JSON file, or a folder with a JSON file for each part, such as ``train.json`` and ``dev.json``.

    Returns:
        Part -> file; empty where there is no such file, and for a folder with folders in it.

    Raises:
        DataError: When the files of a folder do not name their parts.

    Example:
        >>> squad_files(Path("questions.json")), squad_files(Path("questions.csv"))
        ({'train': PosixPath('questions.json')}, {})
    """
    return part_files(path, is_squad)


def _asked(values: Any, shown: str) -> Iterator[Asked]:
    """Yield the article, the context, the place in the file, and the JSON values of each question."""
    for number, article in enumerate(_list(values, "data", shown), 1):
        title = article.get("title") if isinstance(article, Mapping) else None
        place = f"article {number}"
        for index, paragraph in enumerate(_list(article, "paragraphs", f"{shown}, {place}"), 1):
            within = f"{place}, paragraph {index}"
            asked = _list(paragraph, "qas", f"{shown}, {within}")
            context = paragraph.get("context")
            if not isinstance(context, str):
                raise DataError(f"{shown}, {within} has no context.", kind_of(context), FIX)
            limits.check("text_characters", len(context), f"The context of {shown}, {within}", DataError)
            for order, question in enumerate(asked, 1):
                if not isinstance(question, Mapping):
                    raise DataError(f"{shown}, {within}, question {order} is no object.", kind_of(question), FIX)
                name = title.strip() if isinstance(title, str) and title.strip() else f"{place} of {shown}"
                yield name, context, f"{within}, question {order}", question


def _list(values: Any, key: str, shown: str) -> list[Any]:
    found = values.get(key) if isinstance(values, Mapping) else None
    if not isinstance(found, list):
        fix = _TABLE if isinstance(values, list) else FIX
        raise DataError(f'{shown} has no list "{key}".', kind_of(values if found is None else found), fix)
    return found


def _listed(given: Any) -> Any:
    """The answers as a list of texts and places; Hugging Face's ``datasets`` has a list of texts, and one of places."""
    texts, starts = (given.get(key) if isinstance(given, Mapping) else None for key in ("text", "answer_start"))
    if isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts):
        return [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    return given


def _answers(asked: Mapping[str, Any], context: str, labelled: bool) -> tuple[tuple[tuple[int, int], ...], str]:
    """Begin and end of each answer, and what is wrong with the question; an empty text when nothing is."""
    question = asked.get("question")
    if not isinstance(question, str) or not question.strip():
        return (), f"the question is {question!r:.40}"
    if not context.strip():
        return (), "the context is empty"
    if not labelled:
        return (), ""
    impossible, given = asked.get("is_impossible", False), _listed(asked.get("answers", []))
    if not isinstance(impossible, bool) or not isinstance(given, list):
        return (), "is_impossible is not true or false" if isinstance(given, list) else "the answers are no list"
    if impossible and given:
        return (), 'it has answers, and "is_impossible": true'
    if not impossible and not given:
        return (), 'it has no answer, and no "is_impossible": true'
    places = []
    for answer in given:
        text, start = (answer.get(key) for key in ("text", "answer_start")) if isinstance(answer, Mapping) else (0, 0)
        if not isinstance(text, str) or isinstance(start, bool) or not isinstance(start, Integral):
            return (), f"the answer {answer!r:.60} has no text or no answer_start"
        if not text.strip():
            return (), "an answer is empty"
        start = int(start)
        there = context[max(start, 0) : max(start, 0) + len(text)]
        if start < 0 or there != text:
            return (), f"the answer {text!r:.40} is not at {start}, where the context holds {there!r:.40}"
        places.append((start + len(text) - len(text.lstrip()), start + len(text.rstrip())))
    return tuple(dict.fromkeys(places)), ""
