"""Write predictions to a table or to JSON lines, one after the other; no existing file is overwritten."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.tasks.base import Task

ENDINGS = (".csv", ".tsv", ".jsonl")
_SEPARATOR = "|"
_BASE = ("name", "label", "probability")


def check_file(path: Path) -> None:
    """Check that answers can be written to a file, before anything is predicted.

    Args:
        path: The path of a new file.

    Raises:
        DataError: When it has another ending than a table or JSON lines, exists, or cannot be written.

    Example:
        >>> check_file(Path("answers.xlsx"))
        Traceback (most recent call last):
        tfft.core.errors.DataError: Answers cannot be written to 'answers.xlsx'. Use a name that ends in .csv, .tsv or .jsonl.
    """
    from tfft.core.files import refusal

    if path.suffix.lower() not in ENDINGS:
        raise DataError(
            f"Answers cannot be written to {str(path)!r}.",
            fix=f"Use a name that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
        )
    if path.exists():
        raise DataError(
            f"{str(path)!r} exists, and is not overwritten.", fix="Choose another name, or remove the file."
        )
    if reason := refusal(path):
        raise DataError(f"Nothing can be written to {str(path)!r}: {reason}.", fix="Choose another path.")


@contextmanager
def answer_file(path: Path, task: "Task") -> "Iterator[Callable[[Prediction], None]]":
    """Open a new file for predictions.

    A table has a row for each input, with the columns ``name``, ``label``, ``probability``, one for each class or quantity, and
    ``problem`` for inputs without an answer. Several labels are separated by ``|``. Entities are JSON in the column ``entities``.
    JSON lines have all values of a prediction.

    Args:
        path: The path of a new file, which ends in ``.csv``, ``.tsv`` or ``.jsonl``.
        task: The task of the model.

    Yields:
        A function that writes one prediction.

    Raises:
        DataError: As ``check_file``.
        OSError: When nothing can be written.
    """
    check_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "x", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".jsonl":
            yield lambda prediction: print_json(prediction, file)
            return
        columns = columns_of(task)
        rows = csv.DictWriter(file, columns, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        rows.writeheader()
        yield lambda prediction: _write(rows, columns, prediction)


def print_json(prediction: "Prediction", file: Any) -> None:
    """Write one prediction as a JSON line.

    Args:
        prediction: The prediction.
        file: An opened text file.
    """
    file.write(json.dumps(prediction.to_dict(), ensure_ascii=False) + "\n")


def columns_of(task: "Task") -> list[str]:
    """Return the columns of a table of predictions.

    Args:
        task: The task of the model.

    Example:
        >>> from tfft import tasks
        >>> columns_of(tasks.classification(["ants", "bees"]))
        ['name', 'label', 'probability', 'ants', 'bees', 'problem']
    """
    names = list(task.labels.names) if task.served is not None else []
    if clash := [name for name in names if name in (*_BASE, "problem")]:
        names = [f"score of {name}" if name in clash else name for name in names]
    if task.served is None:
        names = ["start", "end", "entities"]
    return [*_BASE, *names, "problem"]


def _write(rows: Any, columns: Sequence[str], prediction: "Prediction") -> None:
    label = prediction.label
    scores = dict(zip(columns[len(_BASE) : -1], prediction.scores.values(), strict=False))
    start, end = prediction.place or ("", "")
    entities = [each.__dict__ for each in prediction.entities]
    values = {
        "name": prediction.name,
        "label": _SEPARATOR.join(label) if isinstance(label, tuple) else label,
        "probability": prediction.probability,
        "problem": prediction.problem,
    }
    if "entities" in columns:
        values |= {"start": start, "end": end, "entities": json.dumps(entities, ensure_ascii=False) if entities else ""}
    else:
        values |= scores
    rows.writerow(values)
