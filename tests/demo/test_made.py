"""What a demo leaves behind: a comparison, a page, a bundle of the last trial."""

import pytest

import tfft
from tfft.core.errors import BundleError
from tfft.demo.made import Trained, finished, meaning, trained


@pytest.fixture
def run(data):
    return tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1))


@pytest.fixture
def report(run, data):
    return tfft.evaluate(run.model, data.test)


def test_the_table_has_a_row_for_each_trial_and_the_bundle_is_the_model_of_the_report(run, report, tmp_path):
    floor = Trained("floor", {"value": 0.25, "low": 0.125, "high": 0.375}, 0.04)
    made = finished(tmp_path, "toy.tfft", [floor, trained("net", run, report)], run, report)
    floor_row, net_row = ([cell.strip() for cell in line.split("|")[1:-1]] for line in made.table.splitlines()[2:])
    assert floor_row == ["floor", "0.250", "0.125 to 0.375", "0.0"]
    assert net_row[:2] == ["net", f"{report.metrics['accuracy']['value']:.3f}"]
    assert net_row[3] == f"{run.phases[0].seconds:.1f}"
    assert tfft.load(made.bundle_path).manifest["weights"] == report.weights
    assert made.table in (tmp_path / "report.md").read_text()
    assert made.meaning in (tmp_path / "report.md").read_text()
    assert made.report_path.read_text().startswith("<!doctype html>")


def test_a_file_of_somebody_else_is_not_overwritten(run, report, tmp_path):
    (tmp_path / "toy.tfft").write_text("precious")
    with pytest.raises(BundleError, match=r"exists and is"):
        finished(tmp_path, "toy.tfft", [trained("net", run, report)], run, report)
    assert (tmp_path / "toy.tfft").read_text() == "precious"


def test_a_sentence_says_what_the_accuracies_mean_with_the_best_trial_first():
    trials = [
        Trained("floor", {"value": 0.254}, 1.0),
        Trained("head", {"value": 0.6}, 2.0),
        Trained("all", {"value": 0.5}, 2.0),
    ]
    assert meaning(trials, "messages") == (
        'Of 100 new messages, "head" classifies about 60 correctly, "all" about 50, "floor" about 25.'
    )
