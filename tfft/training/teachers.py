"""Open the teacher of a distillation, and ask it about all training examples once."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfft.cache.shard_writer import Filling
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import distance
from tfft.core import fingerprint
from tfft.core.errors import DataError, DataWarning, PlanError, kind_of, shortlist
from tfft.core.foreign import is_foreign
from tfft.core.specs import LabelSpace
from tfft.core.strategy import local_replicas, scope
from tfft.core.values import Arrays, argument_of
from tfft.data.examples import Examples, Splits
from tfft.data.feature_tables import MEMORY_ONLY, NotKeptError, Tables
from tfft.data.leakage import Seen
from tfft.data.loading import reading
from tfft.data.pipeline import readable
from tfft.models import inference
from tfft.models.assembly import TransferModel
from tfft.models.net_identity import net_identity
from tfft.models.prepared import check_kind, prepared, read
from tfft.models.recomputed import tolerance
from tfft.plans.teacher import Teacher
from tfft.tasks.distillation import Distillation
from tfft.training.soft_targets import SoftTargets

_BATCH = 32
_FLOAT32 = "float32"
_NEEDS = ("net", "task", "preprocessor", "seen")


@dataclass(frozen=True, eq=False)
class OpenTeacher:
    """A teacher that fits the student.

    Attributes:
        model: The model; its logits have shape (n, outputs).
        chosen: The values of the user.
        distillation: How the task of the student learns.
        order: For each label of the student, its position in the teacher, int64, shape (outputs,).
    """

    model: Any
    chosen: Teacher
    distillation: Distillation
    order: np.ndarray

    def about(self) -> dict[str, Any]:
        """Return what a run records, as JSON values; a run continues only with the same, except for the path."""
        model, net = self.model, self.model.net
        handle = getattr(getattr(model, "backbone", None), "handle", "")
        return {
            # of a bundle from Hugging Face, the address with the commit
            "path": getattr(model, "origin", ""),
            "backbone": handle or getattr(model, "manifest", {}).get("backbone", {}).get("handle", ""),
            "weights": fingerprint.combined(fingerprint.weight_digests(net.weights)),
            "preprocessing": model.preprocessor.to_dict(),
            "labels": list(model.task.labels.names),
            "temperature": float(self.chosen.temperature),
            "weight": float(self.chosen.weight),
        }


def opened(chosen: Teacher, student: TransferModel, data: Splits) -> OpenTeacher:
    """Open a teacher, and refuse one that cannot teach this model with this data.

    Args:
        chosen: The ``teacher`` argument of ``fit``.
        student: The model that is trained; its task needs one row of logits for each example.
        data: The data of the run.

    Returns:
        An OpenTeacher.

    Raises:
        PlanError: When it is not a model, it has another task or other labels, it is the student itself, or the task cannot learn
            from another model.
        DataError: When it reads other inputs than those of the data.

    Warns:
        DataWarning: When the teacher has seen validation or test examples of the student in its training.
    """
    task, model = student.task, chosen.model
    _check(model)
    if task.distillation is None:
        raise PlanError(
            f"{task.name} cannot learn from a teacher.",
            "its answers belong to single tokens or pixels, which differ between backbones",
            "Train without teacher=. Classification, multi_label and regression can have one.",
        )
    if model.net is student.net:
        raise PlanError("The teacher is the model that is trained.", repr(student), "Pass another model, or a bundle.")
    own, others = task.labels, model.task.labels
    if (model.task.name, others.kind) != (task.name, own.kind) or sorted(others.names) != sorted(own.names):
        different = sorted(set(own.names) ^ set(others.names))
        raise PlanError(
            "The teacher has another task or other labels than the model.",
            f"{model.task.name} of {shortlist(others.names)} for {task.name} of {shortlist(own.names)}"
            + (f"; only one of them has {shortlist(different)}" if different else ""),
            "Train the teacher on data with the same labels; their order may differ.",
        )
    check_kind(model.preprocessor, data.train.inputs)
    if model.seen is not None:
        model.seen.check_pairs(read(data.train, 0))
        _warn_about_seen(model.seen, data)
    return OpenTeacher(model, chosen, task.distillation, np.array([others.names.index(name) for name in own.names]))


def _check(model: Any) -> None:
    if all(hasattr(model, name) for name in _NEEDS):
        return
    path = isinstance(model, (str, os.PathLike))
    raise PlanError(
        "teacher must be a model or a loaded bundle.",
        f"the path {os.fspath(model)!r}" if path else kind_of(model),
        f"Write teacher=tfft.load({os.fspath(model) if path else 'large.tfft'!r}).",
    )


def soft_targets(
    teacher: OpenTeacher, student: TransferModel, data: Splits, note: Callable[[str], None]
) -> SoftTargets:
    """Ask a teacher about all training examples. Its answers are cached as features are.

    Args:
        teacher: From ``opened``.
        student: The model that is trained, whose cache is used.
        data: The data of the run.
        note: A function that is called with a sentence for the user.

    Returns:
        SoftTargets.

    Raises:
        DataError: When an input cannot be read, or the teacher answers NaN or infinity.
    """
    tables = Tables(student.cache)
    try:
        logits = _logits(teacher.model, data.train, tables, note)
    finally:
        tables.close()
    if not np.isfinite(logits).all():
        wrong = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
        raise DataError(
            "The teacher answers NaN or infinity.", f"{data.train.name(wrong)!r} first", "Choose another teacher."
        )
    logits = _in_unit_of(logits, teacher.model.task.labels, student.task.labels, teacher.order)
    soft = teacher.distillation.soft(logits, teacher.chosen.temperature)
    numbers = float(teacher.chosen.temperature), float(teacher.chosen.weight)
    return SoftTargets(soft, teacher.distillation, *numbers, teacher.model.seen)


def _warn_about_seen(seen: Seen, data: Splits) -> None:
    """Warn where the student could repeat what the teacher knows by heart, so that a metric is optimistic."""
    counts = {"validation": seen.counts(data.validation)["train"]}
    if data.test is not None:
        counts["test"] = sum(seen.counts(data.test).values())
    for part, count in counts.items():
        if count:
            warnings.warn(
                f"The teacher has seen {count} of the {part} examples in its training, so metrics on the {part} part are "
                "optimistic. Train the teacher on the same parts, such as with the same seed.",
                DataWarning,
                stacklevel=4,
            )


def _in_unit_of(logits: np.ndarray, given: LabelSpace, own: LabelSpace, order: np.ndarray) -> np.ndarray:
    """Logits in the order of the labels of the student; quantities are standardised with its mean and scale."""
    if own.scale:
        raw = logits.astype(np.float64) * np.array(given.scale) + np.array(given.mean)
        return np.asarray((raw[:, order] - np.array(own.mean)) / np.array(own.scale), np.float32)
    return logits[:, order]


def _logits(model: Any, examples: Examples, tables: Tables, note: Callable[[str], None]) -> np.ndarray:
    """The logits of a model for examples as they were given, float32, shape (n, outputs)."""
    ready = prepared(model.preprocessor, examples)
    loading = reading(ready.examples, model.preprocessor, _no_targets)
    around = model.net.distribute_strategy
    passes = inference.Passes(_BATCH, around if local_replicas(around) > 1 else None)

    row = np.dtype((np.float32, (model.task.outputs,)))

    def computed(positions: np.ndarray) -> np.ndarray:
        with scope(getattr(model, "strategy", None)), readable():
            return np.stack(inference.computed(model.net, loading, argument_of, passes, positions))

    def fill() -> Shards:
        table = tables.table(_key(model, examples), len(examples), row)
        tables.is_wrong(table, lambda positions: _difference(computed(positions), table.take(positions)))
        filling = Filling(table)
        positions = filling.positions
        if len(positions):
            note(f"The teacher answers {len(positions):,} training examples.")
            filling.add(positions, computed(positions))
        return table

    try:
        return np.asarray(tables.attempt(fill).take(np.arange(len(examples))))
    except NotKeptError:
        return computed(np.arange(len(examples)))


def _key(model: Any, examples: Examples) -> dict[str, Any]:
    """Everything that the logits depend on, as JSON values."""
    found = net_identity([model.net])
    if is_foreign(model.preprocessor):
        found[MEMORY_ONLY] = f"the preprocessor {type(model.preprocessor).__name__} runs the user's own code"
    return found | {
        "what": "answers of a teacher",
        "weights": fingerprint.combined(fingerprint.weight_digests(model.net.weights)),
        "preprocessing": model.preprocessor.to_dict(),
        "examples": fingerprint.combined(examples.digests),
    }


def _no_targets(targets: Any, inputs: Arrays) -> tuple[np.ndarray, None]:
    return np.zeros((len(targets), 1), np.float32), None


def _difference(expected: np.ndarray, found: np.ndarray) -> str:
    # answers near zero are compared with 1, as in Sample.difference
    far = distance(np.append(expected, 1.0), np.append(found, 1.0))
    return "" if far <= tolerance(_FLOAT32) else f"an answer is off by {far:.3g}, relative to the largest"
