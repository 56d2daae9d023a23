"""The record of a search in its folder: ``search.json``, from which a later call continues.

``trials/`` holds a run folder for each trained trial; weights and checkpoints are kept of the best one alone.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfft.core import files, strict_json
from tfft.core.errors import DataError, TfftError, shortlist
from tfft.core.fingerprint import fingerprint
from tfft.plans.phase import Plan
from tfft.training import checkpoints
from tfft.tuning.search_trials import SearchTrial, best_of, identity_of

FORMAT = 1
NAME = "search.json"
_TRIALS, _CHECKPOINTS = "trials", "checkpoints"
# the files of a search, and the report that the command line adds
OURS = {NAME, _TRIALS, "leaderboard.json", "leaderboard.txt", "report.html"}
_FIELDS = {"format", "about", "seconds", "trials", "hash"}


class SearchRecord:
    """The finished trials of a search. With a folder they are on disk, and a second search there continues.

    Args:
        folder: The folder; None keeps the record in memory.
        about: The description of the search, as JSON values; a search continues only with an equal one.

    Attributes:
        trials: The finished and failed trials, in their order.
        seconds: The wall time that was used so far, in seconds.

    Raises:
        TfftError: When the folder holds another search, something else, or a damaged record.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     SearchRecord(Path(folder), {"seed": 0}).add(SearchTrial("toy", "", 0, None, "accuracy", 0.5), seconds=2.0)
        ...     SearchRecord(Path(folder), {"seed": 0}).trials[0].value
        0.5
    """

    def __init__(self, folder: Path | None, about: Mapping[str, Any]) -> None:
        self.folder, self._about = folder, json.loads(json.dumps(about))
        self.trials: list[SearchTrial] = []
        self.seconds = 0.0
        if folder is not None and (folder / NAME).exists():
            self._read(folder)
        elif folder is not None and folder.is_dir():
            _refuse_others(folder)

    def find(self, backbone: str, plan: Plan | None) -> SearchTrial | None:
        """Return the recorded trial of a backbone with a plan.

        Args:
            backbone: The name of the backbone.
            plan: The plan; None for the probe.

        Returns:
            The trial; None when it is not in the record.
        """
        wanted = identity_of(backbone, plan)
        return next((trial for trial in self.trials if trial.identity == wanted), None)

    def add(self, trial: SearchTrial, seconds: float) -> None:
        """Add a trial, and write the record. Weights of trials that are not the best are deleted.

        Args:
            trial: A finished or failed trial.
            seconds: The wall time that was used so far, in seconds.

        Raises:
            TfftError: When the record cannot be written.
        """
        self.trials.append(trial)
        self.write(seconds)
        self._tidy()

    def is_begun(self, trial: SearchTrial) -> bool:
        """Tell whether a trial was interrupted, and can continue from a checkpoint.

        Args:
            trial: A trial that is not finished.
        """
        home = None if trial.plan is None else self.home(trial)
        return home is not None and (home / _CHECKPOINTS).is_dir()

    def home(self, trial: SearchTrial) -> Path | None:
        """Return the run folder of a trial; None when nothing is written.

        Args:
            trial: A trial with a plan.
        """
        return None if self.folder is None else self.folder / _TRIALS / trial.identity

    def write(self, seconds: float) -> None:
        """Write the record in one step.

        Args:
            seconds: The wall time that was used so far, in seconds.

        Raises:
            TfftError: When it cannot be written; the older record then stays.
        """
        self.seconds = round(seconds, 3)
        if self.folder is None:
            return
        values: dict[str, Any] = {
            "format": FORMAT,
            "about": self._about,
            "seconds": self.seconds,
            "trials": [trial.to_dict() for trial in self.trials],
        }
        values["hash"] = fingerprint(values)
        try:
            files.write_text(self.folder / NAME, json.dumps(values, indent=1, ensure_ascii=False))
        except OSError as error:
            raise TfftError(
                f"The record of the search cannot be written to {str(self.folder)!r}.",
                str(error),
                "Make space or allow writing there, and search again: finished trials are kept.",
            ) from error

    def _read(self, folder: Path) -> None:
        path = folder / NAME
        fix = "Choose another folder, or delete this one to search anew."
        values = strict_json.read_file(path, repr(str(path)), TfftError, fix)
        try:
            _check(values)
            trials = [SearchTrial.from_dict(trial) for trial in values["trials"]]
            if len({trial.identity for trial in trials}) < len(trials):
                raise DataError("A trial appears twice.")
        except DataError as error:
            raise TfftError(f"The record {str(path)!r} is damaged. {error.what}", error.got, fix) from None
        wrong = list(checkpoints.differences(values["about"], self._about))
        if wrong:
            raise TfftError(
                f"The search in {str(folder)!r} cannot continue, because it was started differently.",
                shortlist(wrong).replace('"', ""),
                "Use the same arguments, data and versions, or choose another folder.",
            )
        # failed trials are tried again, because their cause may be gone
        self.trials, self.seconds = [trial for trial in trials if not trial.error], float(values["seconds"])
        self._tidy()

    def _tidy(self) -> None:
        """Delete weights and checkpoints of all finished trials but the best one."""
        best = best_of(self.trials)
        for trial in self.trials:
            home = self.home(trial)
            # through a link, files elsewhere would be deleted
            if home is None or trial.plan is None or trial is best or home.is_symlink() or home.parent.is_symlink():
                continue
            with suppress(OSError):  # they only take space
                (home / "model.weights.h5").unlink(missing_ok=True)
            shutil.rmtree(home / _CHECKPOINTS, ignore_errors=True)


def _check(values: Any) -> None:
    """Check the fields of a record. ``SearchTrial.from_dict`` checks those of the trials."""
    if not isinstance(values, dict) or values.get("format") != FORMAT or isinstance(values.get("format"), bool):
        found = repr(values.get("format"))[:80] if isinstance(values, dict) else type(values).__name__
        raise DataError(f"This version of tfft reads format {FORMAT}.", found)
    rest = {name: value for name, value in values.items() if name != "hash"}
    if {*values} != _FIELDS or values["hash"] != fingerprint(rest):
        raise DataError("Its content has changed.")
    seconds = values["seconds"]
    plain = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0
    if not plain or not isinstance(values["trials"], list) or not isinstance(values["about"], dict):
        raise DataError("Its fields have other types than those of a record.")


def _refuse_others(folder: Path) -> None:
    """Refuse a folder without a record that holds files of somebody else."""
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    foreign = [name for name in there if name not in OURS]
    if foreign:
        raise TfftError(
            f"{str(folder)!r} is not the folder of a search, so no search can write there.",
            shortlist(foreign),
            "Choose a new or empty folder.",
        )
