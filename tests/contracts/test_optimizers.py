"""The laws that every optimizer of a phase must pass; a new one of Keras is found by itself."""

import keras
import numpy as np
import pytest

import tfft
from tests.keras_optimizers import KERAS_NAMES
from tfft.plans import Phase, Plan, constant
from tfft.trainable import last_blocks
from tfft.training import checkpoints, phase_training

RATES = {
    "adadelta": 10.0,
    "adagrad": 0.1,
    "adafactor": 0.3,
    "schedulefreeadamw": 0.03,
    "lion": 0.003,
    "lamb": 0.1,
    "sgd": 0.3,
    "own": 1.0,
}
RANDOM = np.random.default_rng(0)
TARGETS = [0, 1, 2] * 14
IMAGES = np.clip(RANDOM.normal(60 + 60 * np.array(TARGETS)[:, None, None, None], 50, (42, 16, 16, 3)), 0, 255)


@keras.saving.register_keras_serializable("contract_test")
class Slow(keras.optimizers.Optimizer):
    """A user's own, with a state and an option."""

    def __init__(self, learning_rate=0.01, share=0.5, **options):
        super().__init__(learning_rate, **options)
        self.share = share

    def build(self, variables):
        super().build(variables)
        self.means = self.add_optimizer_variables(variables, "mean")

    def update_step(self, gradient, variable, learning_rate):
        mean = self.means[self._get_variable_index(variable)]
        self.assign(mean, mean * self.share + gradient * (1 - self.share))
        self.assign_sub(variable, mean * learning_rate)

    def get_config(self):
        return super().get_config() | {"share": self.share}


OPTIMIZERS = {name: name for name in KERAS_NAMES} | {
    "own": Slow(share=0.25),
    "instance": keras.optimizers.Adam(beta_2=0.98),
}


def plan_of(name):
    rate = RATES.get(name, 0.02)
    about = {"weight_decay": 0.01, "rates": tfft.plans.Rates(head=3.0), "averaging": 0.2, "optimizer": OPTIMIZERS[name]}
    return Plan(Phase("tune", last_blocks(2), 6, rate, constant(), **about))


@pytest.fixture(scope="module")
def data():
    return tfft.data.from_arrays(IMAGES.astype(np.uint8), TARGETS)


class KilledError(BaseException):
    """Ends a run as SIGKILL does."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in ("sgd", "own") else pytest.mark.slow) for n in OPTIMIZERS]
)
def test_it_trains_what_is_named_and_a_killed_run_continues_bit_for_bit(name, data, tmp_path, monkeypatch):
    def trained(**options):
        model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.2), seed=1)
        return tfft.fit(model, data, plan_of(name), batch_size=8, progress=False, **options)

    whole = trained()
    (record,) = whole.phases
    assert record.history["loss"][-1] < 0.95 * record.history["loss"][0]
    moved = {row.path for row in record.overview.rows if row.moved}
    assert moved == {
        f"{layer}/{kind}" for layer in ("block2_conv", "block3_conv", "head/logits") for kind in ("kernel", "bias")
    }

    monkeypatch.setattr(checkpoints, "_LEAST_SECONDS", 0)
    pause, seen = phase_training._Inside._pause, []

    def killed(self, moment):
        if self._job.checkpoints is not None:
            self._job.checkpoints._seconds = 0
        pause(self, moment)
        seen.append(moment)
        if len(seen) == 11:
            raise KilledError

    monkeypatch.setattr(phase_training._Inside, "_pause", killed)
    with pytest.raises(KilledError):
        trained(run_folder=tmp_path)
    again = trained(run_folder=tmp_path, resume=True)
    assert again.phases[0].history == record.history
    for value, other in zip(again.model.net.get_weights(), whole.model.net.get_weights(), strict=True):
        assert value.tobytes() == other.tobytes()
    assert f'"optimizer": "{name}"' in (tmp_path / "run.json").read_text() or name in ("own", "instance")
