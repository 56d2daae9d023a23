"""A job writes snapshots of a run, between phases and inside of one; of several workers, only the chief writes."""

from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.core.interrupts import Signals
from tfft.training.checkpoints import Checkpoints
from tfft.training.context import RunContext, parts_of
from tfft.training.feature_schedule import turns_of
from tfft.training.job import Job
from tfft.training.options import Options
from tfft.training.run import Run
from tfft.training.state import Position
from tfft.training.trunk_cache import TrunkCache


@pytest.fixture
def run(model):
    return Run(model, tfft.plans.head_only(1), 0, 8, {})


def job(run, data, checkpoints, saving=True):
    context = RunContext(run.model, *parts_of(run.model, data), 0, lambda *_: None)
    turns = turns_of(run.model, run.plan)
    found = Job(context, TrunkCache(context), Options(), 2, False, False, Signals(), turns)
    return replace(found, checkpoints=checkpoints, saving=saving)


def test_a_snapshot_between_phases_holds_what_the_phases_change(run, data, tmp_path):
    job(run, data, Checkpoints(tmp_path, {})).save(run, wait=True)
    found = Checkpoints(tmp_path, {}).newest()
    shapes = sorted(array.shape for name, array in found.arrays.items() if name.startswith("weights/"))
    assert shapes == [(3,), (8, 3)]
    told = {name: found.values[name] for name in ("phase", "inside", "finished", "parts")}
    assert told == {"phase": 0, "inside": False, "finished": False, "parts": 2}


def test_a_snapshot_inside_of_a_phase_holds_its_parts_and_values(run, data, tmp_path):
    at = Position(3, 2, {"loss": np.float64(0.5)}, {"loss": [1.0, 0.7, 0.6]})
    job(run, data, Checkpoints(tmp_path, {})).save(run, {"position": at}, wait=True, seconds=1.5)
    values = Checkpoints(tmp_path, {}).newest().values
    assert values["inside"]
    assert values["seconds"] == 1.5
    assert values["position"] == {
        "epoch": 3, "step": 2, "logs": {"loss": 0.5}, "history": {"loss": [1.0, 0.7, 0.6]}, "stopped": False,
    }  # fmt: skip


@pytest.mark.parametrize("saving", [True, False])
def test_only_the_chief_writes_but_all_take_snapshots(run, data, tmp_path, saving):
    taken = []

    class Part:
        def snapshot(self):
            taken.append(1)
            return Position().snapshot()

    job(run, data, None, saving).save(run, {"part": Part()}, wait=True)
    assert len(taken) == saving
    assert not list(tmp_path.iterdir())
