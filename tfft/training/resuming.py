"""Decide whether a run begins or continues, and refuse to continue another run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfft.core import fingerprint, versions
from tfft.core.errors import TfftError
from tfft.core.strategy import replicas
from tfft.core.workers import is_chief, of_chief
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checkpoints import Checkpoints
from tfft.training.feature_schedule import Turn
from tfft.training.options import Options
from tfft.training.run import Run
from tfft.training.run_folder import SELECTION
from tfft.training.state import divided


def opened(
    folder: Path | None, run: Run, turns: Sequence[Turn], options: Options
) -> tuple[Checkpoints | None, Snapshot | None]:
    """Open the checkpoints of a run folder. With several workers the chief decides, and all others read the same checkpoint.

    Args:
        folder: The run folder; None when nothing is written.
        run: The run, before its first phase, with weights of any shape.
        turns: All phases.
        options: Whether to continue, and how often to save.

    Returns:
        Where checkpoints are written, None without a folder and in workers that are not the chief; and the checkpoint to continue
        from, None when the run begins.

    Raises:
        TfftError: When the folder holds an unfinished run and the user has not said what to do with it, or another run should
            continue.
    """
    if folder is None:
        return None, None
    checkpoints, strategy = (
        Checkpoints(folder, _identity(run, turns, options), options.save_minutes),
        run.model.strategy,
    )
    if is_chief(strategy):
        # the first training has decided whether a refit begins or continues
        found = _chosen(checkpoints, folder, options.resume if run.selection is None else True)
        of_chief(strategy, [checkpoints.number if found is not None else 0])
        return checkpoints, found
    (number,) = of_chief(strategy, [0])
    return None, checkpoints.read(int(number)) if number else None


def refuse_unfinished(folder: Path, resume: bool | None) -> None:
    """Refuse to begin a run over an unfinished one.

    Args:
        folder: The run folder.
        resume: The ``resume`` argument of ``fit``.

    Raises:
        TfftError: When the folder holds an unfinished run, and the user has not said what to do with it.
    """
    whole, first = Checkpoints(folder, {}), Checkpoints(folder / SELECTION, {})
    if resume is None and (whole.unfinished() if whole.number else first.number):
        raise TfftError(
            f"The run folder {str(folder)!r} holds an unfinished run.",
            fix="Continue it with resume=True, begin anew with resume=False, or choose another folder.",
        )


def refuse_other(folder: Path, options: Options) -> None:
    """Refuse to continue a run with a refit as one without, and the other way round.

    Args:
        folder: The run folder.
        options: Of ``fit``: whether to continue, and whether there is a refit.

    Raises:
        TfftError: When the folder holds a run of the other kind.
    """
    whole, first = Checkpoints(folder, {}).number, Checkpoints(folder / SELECTION, {}).number
    if options.resume and (first or whole) and bool(first) != options.refit:
        raise TfftError(
            f"The run in {str(folder)!r} cannot continue, because it was started differently.",
            f"refit={bool(first)} then, refit={options.refit} now",
            "Use the same arguments, or train from the beginning in another run folder.",
        )


def _chosen(checkpoints: Checkpoints, folder: Path, resume: bool | None) -> Snapshot | None:
    """The checkpoint to continue from; when the run begins, all checkpoints are deleted."""
    if resume:
        # a run that was killed before its first checkpoint begins again, so that a batch system can repeat one command
        return checkpoints.newest()
    refuse_unfinished(folder, resume)
    checkpoints.clear()
    Checkpoints(folder / SELECTION, {}).clear()
    return None


def _identity(run: Run, turns: Sequence[Turn], options: Options) -> dict[str, Any]:
    """What the run consists of, as JSON values; it can continue only with the same."""
    model = run.model
    return {
        "plan": run.plan.to_dict(),
        "seed": run.seed,
        "batch_size": run.batch_size,
        "backbone": model.backbone.to_dict(),
        "task": model.task.to_dict(),
        "model_seed": model.seed,
        "data": dict(run.data["fingerprints"]),
        "replicas": replicas(model.strategy),
        "precision": None if model.precision is None else asdict(model.precision),
        "views": model.cache.views,
        "frozen_weights": fingerprint.combined(fingerprint.weight_digests(divided(turns)[1])),
        "versions": versions.installed(),
        "accumulate": options.accumulate,
        "refit": None if run.selection is None else [record.best_epoch for record in run.selection.phases],
        # where the teacher comes from may change, the teacher may not
        "teacher": None if run.teacher is None else {**run.teacher, "path": "", "backbone": ""},
    }
