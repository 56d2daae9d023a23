"""Run and PhaseRecord: records that go into JSON."""

import ast
import json
from dataclasses import replace

import pytest

import tfft
from tfft.core.versions import PACKAGES


@pytest.fixture(scope="module")
def run():
    import numpy as np

    images = np.random.default_rng(0).integers(0, 255, (24, 16, 16, 3), np.uint8)
    data = tfft.data.from_arrays(images, [0, 1] * 12)
    return tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.two_phase(2, 1))


def test_the_history_joins_the_phases(run):
    assert len(run.history()["loss"]) == 3
    assert run.history()["val_loss"][:2] == run.phases[0].history["val_loss"]


def test_a_run_says_enough_to_be_repeated(run):
    values = json.loads(json.dumps(run.to_dict()))
    assert values["backbone"]["handle"] == "toy"
    assert values["seed"] == 0
    assert values["batch_size"] == 32
    assert set(values["versions"]) == {"python", *PACKAGES}
    assert tfft.Plan.from_dict(values["plan"]) == run.plan
    assert values["data"]["counts"] == {"train": 16, "validation": 4, "test": 4}
    assert all(len(digest) == 32 for digest in values["data"]["fingerprints"].values())


def test_every_variable_is_recorded_with_intent_and_outcome(run):
    for record in run.to_dict()["phases"]:
        assert len(record["variables"]) == len(run.model.net.weights)
        for row in record["variables"]:
            assert row["moved"] == (row["intent"] != "frozen")


def test_a_description_names_phases_and_parameters(run):
    text = run.describe()
    assert "head: trained 18 of 1,090 parameters, 2 variables moved" in text
    assert "tune: trained 602 of 1,090 parameters, 4 variables moved" in text


@pytest.mark.parametrize(
    ("patience", "epochs", "best", "said"),
    [
        (3, 10, 3, "; stopped after 3 epochs without a better one, which saved 4 epochs"),
        (1, 7, 5, "; stopped after 1 epoch without a better one, which saved 1 epoch"),
        (2, 10, 0, "; stopped after 2 epochs without a better one, which saved 4 epochs"),
        (4, 10, 3, ""),  # something else stopped it
        (3, 6, 3, ""),
        (None, 10, 3, ""),
    ],
)
def test_a_description_says_what_patience_saved(run, patience, epochs, best, said):
    losses = {"loss": [0.5] * 6, "val_loss": [0.4] * 6}
    phase = replace(run.plan.phases[0], patience=patience, epochs=epochs)
    text = replace(run.phases[0], phase=phase, history=losses, best_epoch=best, best_loss=0.4).describe()
    assert text.endswith(said)
    assert ("stopped after" in text) == bool(said)


def test_a_phase_that_was_interrupted_in_its_first_epoch_has_a_description(run):
    phase = replace(run.plan.phases[0], patience=1)
    text = replace(run.phases[0], phase=phase, history={}, best_epoch=0, best_loss=0.4).describe()
    assert text.endswith(
        "no epoch improved the validation loss (0.4000 before, nan at best), so the weights from before were kept"
    )


def test_the_advice_for_a_solved_head_names_no_learning_rate(run):
    def advice(plan):
        record = replace(run.phases[0], phase=plan.phases[0], best_epoch=0)
        return replace(run, phases=(record,)).describe().splitlines()[-1]

    assert advice(tfft.plans.linear_probe()).endswith("(especially for validation) or another backbone may help.")
    assert advice(run.plan).endswith("(especially for validation), more epochs or another learning rate may help.")


def test_a_failed_save_leaves_the_older_run(run, tmp_path, monkeypatch):
    run.save(tmp_path)
    before = (tmp_path / "model.weights.h5").read_bytes()

    def full(path):
        path.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run.model.net, "save_weights", full)
    with pytest.raises(OSError, match="No space left"):
        run.save(tmp_path)
    assert (tmp_path / "model.weights.h5").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.weights.h5", "run.json"]


def test_the_code_says_how_many_views_may_be_kept(run):
    assert "cache=" not in run.to_code()
    kept = tfft.data.Cache("memory", max_bytes=10**9, views=2)
    said = replace(run, model=replace(run.model, cache=kept))
    assert ", cache=tfft.data.Cache(where='memory', max_bytes=1000000000, views=2))" in said.to_code()
    assert said.to_dict()["cache"] == {"where": "memory", "max_bytes": 10**9, "views": 2}


@pytest.mark.slow
def test_the_code_of_a_run_repeats_it_bit_for_bit(class_folder):
    data = tfft.data.from_folder(class_folder, seed=3, holdout=(0.25, 0.25))
    model = tfft.build(
        tfft.load_backbone("toy", size=24),
        tfft.tasks.classification(data.labels, label_smoothing=0.1, hidden=(4,)),
        seed=8,
    )
    plan = tfft.plans.two_phase(1, 1, augment=tfft.plans.augmentation.flips())
    run = tfft.fit(model, data, plan, seed=9, batch_size=4)
    names = {}
    exec(run.to_code(), names)
    for a, b in zip(run.model.net.get_weights(), names["run"].model.net.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
    assert names["run"].to_dict()["first_weights"] == run.first_weights


def test_the_parts_of_a_batch_are_recorded_and_in_the_code(run):
    from dataclasses import replace

    assert "accumulate" not in run.to_code()
    said = replace(run, accumulate=4)
    assert said.to_dict()["accumulate"] == 4
    assert f"batch_size={run.batch_size}, accumulate=4)" in said.to_code()


def test_a_name_from_the_bundle_of_a_teacher_begins_no_line_of_code(run):
    hostile = "vgg16\nimport os\u2028os.remove('x')\x0c"
    for path in ("", "t.tfft"):
        about = {"path": path, "backbone": hostile, "weights": "0" * 32, "temperature": 2.0, "weight": 0.5}
        code = replace(run, teacher=about).to_code()
        assert "vgg16\\u000aimport os\\u2028os.remove" in code
        (shown,) = [line for line in code.splitlines() if "import os" in line]
        assert "#" in shown.partition("import os")[0]
        assert [node.names[0].name for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)] == ["tfft"]


def test_the_comment_on_a_teacher_has_no_folder(run):
    about = {"path": "", "backbone": "/home/ann/net.keras", "weights": "0" * 32, "temperature": 2.0, "weight": 0.5}
    assert f"# first define teacher: net.keras, weights {'0' * 32}" in replace(run, teacher=about).to_code()
