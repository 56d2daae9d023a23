"""Bundles that an older version wrote keep their answers; ``tests/bundles/fixtures/README.md`` says how they were made."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tfft
from tfft.bundles.copying import names_of
from tfft.formats.export_folders import comparison_of

FIXTURES = Path(__file__).parents[1] / "bundles" / "fixtures"
EXPECTED = json.loads((FIXTURES / "bundles_0.1.json").read_text(encoding="utf-8"))
each = pytest.mark.parametrize("name", EXPECTED["bundles"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(FIXTURES / "bundles_0.1.zip") as archive:
        archive.extractall(folder)
    return folder


def inputs(home: Path, name: str) -> Any:
    if EXPECTED["bundles"][name]["noun"] == "text":
        return EXPECTED["texts"]
    return [str(home / image) for image in EXPECTED["images"]]


def check_answers(found: Any, name: str) -> None:
    wanted = EXPECTED["bundles"][name]["answers"]
    assert len(found) == len(wanted)
    for answer, old in zip(found, wanted, strict=True):
        values = answer.to_dict()
        assert values["label"] == old["label"]
        assert values["probability"] == pytest.approx(old["probability"], abs=1e-6)
        assert values["scores"] == pytest.approx(old["scores"], rel=1e-6, abs=1e-6)


@each
def test_an_old_bundle_gives_the_answers_it_gave(home: Path, name: str) -> None:
    old = EXPECTED["bundles"][name]
    loaded = tfft.load(home / name)
    assert (loaded.task.name, list(loaded.task.labels.names)) == (old["task"], old["labels"])
    check_answers(loaded.predict(inputs(home, name)), name)


@each
def test_an_old_bundle_reports_what_was_measured_and_seen(home: Path, name: str) -> None:
    old = EXPECTED["bundles"][name]
    loaded = tfft.load(home / name)
    if old["metrics"] is None:
        assert (loaded.report, loaded.seen) == (None, None)
        return
    assert {key: row["value"] for key, row in loaded.report["metrics"].items()} == old["metrics"]
    assert loaded.report["count"] == old["count"]
    assert (len(loaded.seen.train), len(loaded.seen.validation), loaded.seen.seed) == tuple(old["seen"].values())


@each
def test_an_old_bundle_is_exported_again_as_a_bundle(home: Path, name: str, tmp_path: Path) -> None:
    folder = tfft.export(home / name, tmp_path / "again.tfft")
    zipped = tfft.export(folder, tmp_path / "again.zip")
    assert {"manifest.json", "net.keras"} <= set(names_of(folder))
    check_answers(tfft.load(zipped).predict(inputs(home, name)), name)


@pytest.mark.slow
@each
def test_an_old_bundle_is_exported_as_a_saved_model(home: Path, name: str, tmp_path: Path) -> None:
    written = tfft.export(home / name, tmp_path / "saved", format="saved_model", examples=inputs(home, name))
    said = comparison_of(written)
    assert f"On {len(inputs(home, name))} of the given examples" in said


def test_the_archives_are_small() -> None:
    assert sum(path.stat().st_size for path in FIXTURES.iterdir()) < 400_000
