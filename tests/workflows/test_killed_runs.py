"""A process that SIGKILL ends again and again at random moments ends with the weights of one that was never killed."""

import json
import os
import signal

import numpy as np
import pytest

from tests import forked

pytestmark = pytest.mark.slow

CODE = """
import json, os, signal, sys, threading, time, warnings
import numpy as np
import tensorflow as tf, keras, tfft, tfft.training.loop
from tfft.plans import Phase, Plan, augmentation, constant
from tfft.trainable import last_blocks, nothing

folder, cache, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
random, targets = np.random.default_rng(0), [0, 1, 2] * 40
images = np.clip(random.normal(60 + 60 * np.array(targets)[:, None, None, None], 50, (120, 16, 16, 3)), 0, 255)
data = tfft.data.from_arrays(images.astype(np.uint8), targets)
plan = Plan(
    Phase("head", nothing(), 30, 2.0, constant(), patience=9),
    Phase("tune", last_blocks(2), 12, 1e-2, averaging=0.3, train_norms=True, augment=augmentation.flips(), patience=5),
)
model = tfft.build("toy", tfft.tasks.classification(data.labels, dropout=0.3), seed=1, cache=cache)
if seconds:
    threading.Thread(target=lambda: (time.sleep(seconds), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
warnings.filterwarnings("ignore", ".*is damaged.*")
run = tfft.fit(model, data, plan, batch_size=8, run_folder=folder, progress=False, resume=True, save_minutes=1e-4)
print(json.dumps({"weights": [w.tobytes().hex() for w in model.net.get_weights()], "history": run.history(),
                  "best": [[p.best_epoch, p.best_loss] for p in run.phases]}))
"""


def run(folder, cache, seconds):
    # with as many threads as TensorFlow takes for a user; tests themselves have one
    own = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    return forked.run(CODE, str(folder), cache, str(seconds), timeout=600, env=own)


@pytest.mark.parametrize(("cache", "most"), [("auto", 10), ("off", 6)])
def test_kills_at_random_moments_change_nothing(tmp_path, cache, most):
    whole = run(tmp_path / "whole", cache, 0)
    assert whole.returncode == 0, whole.stderr
    random, kills, folder = np.random.default_rng(), 0, 0
    while kills < most and folder < 2 * most:
        folder += 1
        while True:
            # at first features are computed; later moments are in epochs, validation and saving
            seconds = round(random.uniform(0.05, 2.0), 3) if kills < most else 0
            done = run(tmp_path / str(folder), cache, seconds)
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL, done.stderr
            kills += 1
        assert json.loads(done.stdout) == json.loads(whole.stdout)
    assert kills == most
