"""Decide whether a run begins or continues, and refuse to continue another run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfft.core import fingerprint, versions
from tfft.core.errors import TfftError, shortlist
from tfft.core.strategy import replicas
from tfft.training.checkpoints import FOLDER, Checkpoints
from tfft.training.feature_schedule import Turn
from tfft.training.options import Options
from tfft.training.run import Run
from tfft.training.state import divided

# what a run that ended before its first checkpoint may have written
_OURS = {"log.jsonl", "run.json", "model.weights.h5", "report.html", FOLDER}


def opened(folder: Path | None, run: Run, turns: Sequence[Turn], options: Options) -> Checkpoints | None:
    """Open the checkpoints of a run folder.

    Args:
        folder: The run folder; None when nothing is written.
        run: The run, before its first phase, with weights of any shape.
        turns: All phases.
        options: Whether to continue, and how often to save.

    Returns:
        Checkpoints, empty unless the run continues; None without a folder.

    Raises:
        TfftError: When the run should continue but there is no folder, or the folder holds something else; or when the folder
            holds an unfinished run and the user has not said what to do with it.
    """
    if folder is None:
        if options.resume:
            raise TfftError("resume=True needs the run folder to continue from.", fix='Write run_folder="runs/1".')
        return None
    found = Checkpoints(folder, _identity(run, turns, options), options.save_minutes)
    there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    foreign = sorted(name for name in there if name not in _OURS and not name.startswith("."))
    if options.resume:
        # a run that was killed before its first checkpoint begins again, so that a batch system can repeat one command
        if foreign and not (folder / FOLDER).is_dir():
            raise TfftError(
                f"{str(folder)!r} is not a run folder, so no run can continue there.",
                shortlist(foreign),
                "Name the folder of the run.",
            )
        return found
    if options.resume is None and found.unfinished():
        raise TfftError(
            f"The run folder {str(folder)!r} holds an unfinished run.",
            fix="Continue it with resume=True, begin anew with resume=False, or choose another folder (in a shell: --resume, "
            "--no-resume).",
        )
    found.clear()
    return found


def _identity(run: Run, turns: Sequence[Turn], options: Options) -> dict[str, Any]:
    """What the run consists of, as JSON values; it can continue only with the same."""
    model = run.model
    return {
        "data": dict(run.data["fingerprints"]),
        "plan": run.plan.to_dict(),
        "seed": run.seed,
        "batch_size": run.batch_size,
        "backbone": model.backbone.to_dict(),
        "task": model.task.to_dict(),
        "model_seed": model.seed,
        "replicas": replicas(model.strategy),
        "precision": None if model.precision is None else asdict(model.precision),
        "views": model.cache.views,
        "frozen_weights": fingerprint.combined(fingerprint.weight_digests(divided(turns)[1])),
        "versions": versions.installed(),
        "accumulate": options.accumulate,
    }
