"""What a demo leaves behind: a comparison, a page, a bundle of the last trial."""

import pytest

import tfft
from tfft.core.errors import BundleError
from tfft.demo.made import finished


@pytest.fixture
def trials(data):
    found = []
    for title in ("first", "second"):
        run = tfft.fit(
            tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1), seed=len(title)
        )
        found.append((title, run, tfft.evaluate(run.model, data.test)))
    return found


def test_the_table_has_a_line_for_each_trial_and_the_bundle_is_the_last_one(trials, tmp_path):
    made = finished(tmp_path, "toy.tfft", trials)
    lines = made.table.splitlines()[2:]
    assert [line.split("|")[1].strip() for line in lines] == ["first", "second"]
    for line, (_, _, report) in zip(lines, trials, strict=True):
        assert f"{report.metrics['accuracy']['value']:.3f}" in line
    assert tfft.load(made.bundle_path).manifest["weights"] == trials[-1][2].weights != trials[0][2].weights
    assert made.table in (tmp_path / "report.md").read_text()
    assert made.report_path.read_text().startswith("<!doctype html>")


def test_a_file_of_somebody_else_is_not_overwritten(trials, tmp_path):
    (tmp_path / "toy.tfft").write_text("precious")
    with pytest.raises(BundleError, match=r"exists and is"):
        finished(tmp_path, "toy.tfft", trials)
    assert (tmp_path / "toy.tfft").read_text() == "precious"
