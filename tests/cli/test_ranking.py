"""``tfft rank`` prints the table of ``rank_backbones``, on the training part that ``tfft fit`` has with the same seed."""

import pytest
from typer.testing import CliRunner

import tfft
from tfft.cli import ranking, verbs
from tfft.cli.console import in_shell
from tfft.core.errors import BackboneError, DataError, WeightsError
from tfft.tuning.ranking_table import ORDERS

runner = CliRunner()


def call(*words):
    return runner.invoke(verbs.app, ["rank", "--data", *map(str, words)])


def test_the_table_is_that_of_the_call_in_python(images):
    done = call(images.path, "--backbones", "toy, tfft_mini", "--seed", "4", "--order", "logme", "--examples", "12")
    assert done.exit_code == 0, done.output
    found = tfft.rank_backbones(images.splits(4), ["toy", "tfft_mini"], "logme", 12, seed=4, progress=False)
    said = [line.split() for line in done.stdout.splitlines()]
    assert said[1] == ["backbone", "accuracy", "LogME", "H-score", "seconds", "MB", "width"]
    wanted = [[row.name, *(f"{score:.4f}" for score in (row.probe, row.logme, row.hscore))] for row in found.rows]
    assert [line[:4] for line in said[2:4]] == wanted
    assert done.stdout.endswith("Ordered by LogME of frozen features on 12 training examples.\n")


def test_columns_of_tables_are_named_as_for_a_fit(tmp_path):
    lines = [f"{'good' if number % 2 else 'bad'} film {number},{number % 2}" for number in range(30)]
    (tmp_path / "films.csv").write_text("\n".join(["words,liked", *lines]) + "\n")
    done = call(tmp_path / "films.csv", "--text-column", "words", "--label-column", "liked", "--backbones", "toy_text")
    assert done.exit_code == 0, done.output
    assert "toy_text" in done.stdout


@pytest.mark.parametrize(
    ("words", "error", "match"),
    [
        (["--backbones", "toy,vgg61"], BackboneError, "'vgg61' does not exist"),
        (["--backbones", "toy,toy_text"], DataError, "'toy_text' takes texts"),
        (["--backbones", "toy", "--text-column", "text"], DataError, "--text-column is for tables"),
    ],
)
def test_what_cannot_be_ranked_is_said(images, words, error, match):
    done = call(images.path, *words)
    assert isinstance(done.exception, error)
    assert match in str(done.exception)


def test_wrong_words_are_refused_before_the_data_is_read(images, monkeypatch, tmp_path):
    monkeypatch.setattr(ranking.TypedData, "splits", lambda *_: pytest.fail("the data was read"))
    assert "needs at least one name" in call(images.path, "--backbones", " ,").output
    assert "Missing option '--backbones'" in call(images.path).output
    assert isinstance(call(images.path, "--backbones", "vgg61").exception, BackboneError)
    assert isinstance(call(tmp_path / "none", "--backbones", "toy").exception, DataError)


def test_missing_weights_are_answered_with_what_this_command_can_do(images, monkeypatch):
    def missing(*_):
        raise WeightsError("The weights are missing.", fix='Pass weights="path/to/net.h5".')

    monkeypatch.setattr(tfft, "rank_backbones", missing)
    done = call(images.path, "--backbones", "toy")
    assert isinstance(done.exception, WeightsError)
    assert str(done.exception).startswith("The weights are missing. Leave this backbone out, or name a file or folder")
    assert "--weights" not in in_shell(done.exception.fix)


def test_the_orders_are_those_of_the_function():
    assert tuple(each.value for each in ranking.Order) == ORDERS
