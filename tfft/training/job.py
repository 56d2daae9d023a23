"""What all phases of a run share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfft.core.interrupts import Signals
from tfft.training.checkpoint_files import Snapshot
from tfft.training.checkpoints import Checkpoints
from tfft.training.context import RunContext
from tfft.training.feature_schedule import Turn
from tfft.training.options import Options
from tfft.training.run import Run
from tfft.training.state import Resumable, joined, of_run, record_values
from tfft.training.trunk_cache import TrunkCache


@dataclass
class Job:
    """What all phases of a run share.

    Attributes:
        context: The run: its model, examples and seed.
        features: The features of the run.
        options: Callbacks, and how a run is saved.
        parts: The number of parts in which each batch is computed.
        automatic: Whether to double ``parts`` when the memory is exhausted.
        progress: As for ``fit``.
        signals: Raises after Ctrl-C.
        turns: All phases.
        class_weight: Class id to weight; None for equal weights.
        folder: The run folder; None writes nothing.
        log: The path of ``log.jsonl``; None writes none.
        checkpoints: Where checkpoints are written; None writes none.
        saving: Whether some worker writes checkpoints. All of them take snapshots then, because metrics are summed over workers.
    """

    context: RunContext
    features: TrunkCache
    options: Options
    parts: int
    automatic: bool
    progress: bool | None
    signals: Signals
    turns: Sequence[Turn] = ()
    class_weight: dict[int, float] | None = None
    folder: Path | None = None
    log: Path | None = None
    checkpoints: Checkpoints | None = None
    saving: bool = False

    def save(self, run: Run, inside: dict[str, Resumable] | None = None, wait: bool = False, **values: Any) -> bool:
        """Write a checkpoint, if there is a run folder.

        Args:
            run: The run so far, with weights of any shape.
            inside: The parts of the current phase; None between two phases.
            wait: Whether to return only after it is written.
            **values: More JSON values of the current phase.

        Returns:
            Whether it was written; True for a worker that does not write, and without waiting.
        """
        if not self.saving:
            return True
        found = joined({**of_run(run.model, self.turns), **(inside or {})})
        about = {
            "phase": len(run.phases),
            "inside": inside is not None,
            "finished": len(run.phases) == len(self.turns),
            "records": record_values(run),
            "parts": self.parts,
        }
        if self.checkpoints is None:
            return True
        return self.checkpoints.save(Snapshot(found.arrays, {**found.values, **about, **values}), wait)
