"""``tfft predict --out`` streams answers to a file, and goes on over broken inputs when asked."""

import pandas
import pytest
from typer.testing import CliRunner

import tfft
from tests import hub as fakes
from tests.random_images import add
from tfft.cli import verbs
from tfft.core.errors import BundleError, DataError

runner = CliRunner()


@pytest.fixture
def bundle(tmp_path):
    add(tmp_path / "photos", *(f"{number}.png" for number in range(5)))
    return tfft.export(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])), tmp_path / "m.tfft")


def call(*words):
    return runner.invoke(verbs.app, ["predict", *map(str, words)])


def test_answers_of_a_folder_go_to_a_table(bundle):
    out = bundle.parent / "answers.csv"
    done = call(bundle, bundle.parent / "photos", "--out", out)
    assert done.exit_code == 0, done.output
    assert f"wrote 5 answers to {out}" in done.output
    assert "ants" not in done.output, "answers are in the file alone"
    table = pandas.read_csv(out)
    wanted = tfft.load(bundle).predict(bundle.parent / "photos")
    assert table["label"].tolist() == [each.label for each in wanted]
    assert table["bees"].tolist() == pytest.approx([each.scores["bees"] for each in wanted])


def test_broken_inputs_are_skipped_and_listed_when_asked(bundle):
    (bundle.parent / "photos" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    done = call(bundle, bundle.parent / "photos", "--out", bundle.parent / "a.csv")
    assert isinstance(done.exception, DataError)
    out = bundle.parent / "answers.jsonl"
    done = call(bundle, bundle.parent / "photos", "--out", out, "--skip-corrupt")
    assert done.exit_code == 0, done.output
    assert "1 of 5 inputs have no answer" in done.output
    assert "wrote 4 answers" in done.output
    assert len(out.read_text().splitlines()) == 5, "the broken one has its problem"


def test_a_file_is_checked_before_anything_is_predicted(bundle):
    (bundle.parent / "answers.csv").write_text("precious")
    done = call(bundle, bundle.parent / "photos", "--out", bundle.parent / "answers.csv")
    assert isinstance(done.exception, DataError)
    assert (bundle.parent / "answers.csv").read_text() == "precious"


def test_a_stream_gives_answers_before_later_inputs_are_read(bundle):
    predictor = tfft.load(bundle)
    (bundle.parent / "photos" / "4.png").write_bytes(b"broken")
    stream = predictor.stream([bundle.parent / "photos" / f"{number}.png" for number in range(5)], batch_size=2)
    assert [next(stream).name[-5:] for _ in range(4)] == ["0.png", "1.png", "2.png", "3.png"]
    with pytest.raises(DataError, match=r"4\.png"):
        next(stream)


def test_a_bundle_at_hugging_face_is_used_by_its_address(bundle, monkeypatch):
    hub = fakes.install(monkeypatch, bundle.parent)
    commit = hub.add_folder("ann/flowers", bundle)
    here = call(bundle, bundle.parent / "photos", "--json")
    for address in ("hf://ann/flowers", f"hf://ann/flowers@{commit}"):
        there = call(address, bundle.parent / "photos", "--json")
        assert there.exit_code == 0, there.output
        assert there.stdout == here.stdout
        assert f"hf://ann/flowers@{commit}" in there.stderr
    assert isinstance(call("hf://ann/nothing", "new.jpg").exception, BundleError)
