"""What others put into the folder of kept features is found, told and computed again; nothing outside is read or written."""

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfft
from tfft.cache.settings import Cache
from tfft.cache.shards import Shards
from tfft.cache.store import Store
from tfft.core.errors import BundleError, RunWarning

Attack = Any
ROW = np.dtype(("<f4", (64,)))
COUNT = 600  # shards of 256, 256 and 88 rows


def values(name: str) -> np.ndarray:
    rows = np.arange(COUNT * 64, dtype=np.float32).reshape(COUNT, 64)
    return -rows if name == "other" else rows


def kept(store: Store, name: str = "mine") -> np.ndarray:
    """All rows of a table, those that are missing computed."""
    table = store.table({"net": name}, COUNT, ROW)
    for number in table.missing():
        table.write(number, values(name)[np.asarray(table.rows(number))])
    return table.take(np.arange(COUNT))


class Place:
    """A store with two whole tables of equal rows, and where one of them lies."""

    def __init__(self, folder: Path, outside: Path) -> None:
        self.store, self.outside = Store(folder, 10**8), outside
        kept(self.store, "other")
        self.other = next(folder.iterdir())
        kept(self.store)
        self.mine = next(path for path in folder.iterdir() if path != self.other)

    def shard(self, number: int, of: Path | None = None) -> Path:
        return sorted((of or self.mine).glob("*.npy"))[number]

    @property
    def manifest(self) -> Path:
        return self.mine / "manifest.json"

    def rewrite(self, **changes: Any) -> None:
        self.manifest.write_text(json.dumps(json.loads(self.manifest.read_text()) | changes))


@pytest.fixture
def place(tmp_path: Path, outside: Path) -> Place:
    return Place(tmp_path / "features", outside)


def numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{number:05d}{path.name[5:]}")


def swapped(place: Place) -> None:
    one, two = place.shard(0), place.shard(1)
    one.rename(place.mine / "kept")
    two.rename(numbered(two, 0))
    (place.mine / "kept").rename(numbered(one, 1))


def doubled(place: Place) -> None:
    copy = numbered(place.shard(0), 1)
    place.shard(1).unlink()
    shutil.copy(place.shard(0), copy)


def copied(place: Place) -> None:
    place.shard(0).unlink()
    shutil.copy(place.shard(0, place.other), place.mine)


def copied_under_the_name(place: Place) -> None:
    place.shard(0).write_bytes(place.shard(0, place.other).read_bytes())


def truncated(place: Place) -> None:
    os.truncate(place.shard(0), place.shard(0).stat().st_size - 4)


def padded(place: Place) -> None:
    with place.shard(0).open("ab") as file:
        file.write(b"\0" * 4)


def grown(place: Place) -> None:
    os.truncate(place.shard(0), 2**40)


def header(place: Place) -> None:
    content = place.shard(0).read_bytes()
    place.shard(0).write_bytes(content.replace(b"'<f4'", b"'>f4'", 1))


def header_of_objects(place: Place) -> None:
    content = place.shard(0).read_bytes()
    place.shard(0).write_bytes(content.replace(b"'<f4'", b"'|O' ", 1))


def pickled(place: Place) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(place.outside / "made"),)

    np.save(place.shard(0), np.array([Bomb()], object), allow_pickle=True)


def linked(place: Place) -> None:
    path = place.shard(0)
    path.unlink()
    path.symlink_to(place.outside / "secret.txt")


def linked_to_a_true_shard(place: Place) -> None:
    path = place.shard(0)
    path.rename(place.outside.parent / "true.npy")
    path.symlink_to(place.outside.parent / "true.npy")


def endless(place: Place) -> None:
    path = place.shard(0)
    path.unlink()
    path.symlink_to("/dev/zero")


def pipe(place: Place) -> None:
    path = place.shard(0)
    path.unlink()
    os.mkfifo(path)


def folder(place: Place) -> None:
    path = place.shard(0)
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def manifest_of_another(place: Place) -> None:
    shutil.copy(place.other / "manifest.json", place.manifest)


def table_of_another(place: Place) -> None:
    shutil.rmtree(place.mine)
    shutil.copytree(place.other, place.mine)


def rows_without_end(place: Place) -> None:
    place.rewrite(rows=10**18, bytes=10**30)


def room_without_end(place: Place) -> None:
    place.rewrite(bytes=10**30)


def nested(place: Place) -> None:
    place.manifest.write_text("[" * 100_000)


def bracket_of_digits(place: Place) -> None:
    place.manifest.write_text('{"rows": ' + "9" * 100_000 + "}")


def manifest_without_end(place: Place) -> None:
    os.truncate(place.manifest, 2**40)


def manifest_from_a_pipe(place: Place) -> None:
    place.manifest.unlink()
    os.mkfifo(place.manifest)


def table_outside(place: Place) -> None:
    shutil.rmtree(place.mine)
    place.mine.symlink_to(place.outside)


ATTACKS: list[Callable[[Place], None]] = [
    *(swapped, doubled, copied, copied_under_the_name, truncated, padded, grown, header, header_of_objects, pickled),
    *(linked, linked_to_a_true_shard, endless, pipe, folder, manifest_of_another, table_of_another, rows_without_end),
    *(room_without_end, nested, bracket_of_digits, manifest_without_end, manifest_from_a_pipe, table_outside),
]
# these change no row and nothing that a row is found by, so there is nothing to tell
QUIET = (room_without_end, nested, bracket_of_digits, manifest_without_end, manifest_from_a_pipe)


@pytest.mark.parametrize("hostile", ATTACKS, ids=lambda hostile: hostile.__name__)
def test_the_right_rows_come_back(attack: Attack, place: Place, hostile: Callable[[Place], None]) -> None:
    hostile(place)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = attack(lambda: kept(place.store))
    np.testing.assert_array_equal(found, values("mine"))
    assert {warning.category for warning in told} == (set() if hostile in QUIET else {RunWarning})
    np.testing.assert_array_equal(kept(place.store), values("mine"))
    np.testing.assert_array_equal(kept(place.store, "other"), values("other"))


@pytest.mark.parametrize(
    "hostile", [rows_without_end, room_without_end, nested, manifest_without_end], ids=lambda h: h.__name__
)
def test_other_tables_are_not_pushed_out(attack: Attack, place: Place, hostile: Callable[[Place], None]) -> None:
    hostile(place)
    attack(lambda: kept(place.store, "third"))
    assert place.other.is_dir()
    assert {entry.claimed_bytes < 10**6 for entry in place.store.entries()} == {True}


def made(folder: Path) -> tuple[Any, Any]:
    targets = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 120, (60, 16, 16, 3), np.uint8)
    images[np.arange(60), ..., targets] += 130
    data = tfft.data.from_arrays(images, targets)
    return tfft.build("toy", tfft.tasks.classification(data.labels), seed=1, cache=Cache("disk", folder)), data


def forged(folder: Path) -> None:
    """Wrong features, with names and digests as right ones have them: who may write to the folder can compute these."""
    for path in list(folder.rglob("0*.npy")):
        rows = np.load(path)
        for name in rows.dtype.names:
            rows[name] = rows[name] * 0.5 + 1
        table = Shards(len(rows), rows.dtype, path.parent, len(rows), identity=path.parent.name)
        path.unlink()
        table.write(int(path.name[:5]), rows)


def test_forged_features_are_found_by_training(attack: Attack, tmp_path: Path) -> None:
    def trained() -> Any:
        model, data = made(tmp_path / "kept")
        return tfft.fit(model, data, tfft.plans.head_only(epochs=2), seed=0, progress=False).history()

    first = trained()
    forged(tmp_path / "kept")
    with pytest.warns(RunWarning, match="not what is computed now"):
        assert attack(trained) == first


def test_forged_features_are_found_by_evaluate(attack: Attack, tmp_path: Path) -> None:
    def measured() -> Any:
        model, data = made(tmp_path / "kept")
        return tfft.evaluate(model, data.test).to_dict()["metrics"]

    first = measured()
    forged(tmp_path / "kept")
    with pytest.warns(RunWarning, match="differ from those of the whole net"):
        again = attack(measured)
    assert again["log_loss"]["value"] == pytest.approx(first["log_loss"]["value"], abs=1e-6)


def test_a_report_of_answers_that_the_net_does_not_give_is_not_exported(attack: Attack, tmp_path: Path) -> None:
    model, data = made(tmp_path / "kept")
    report = tfft.evaluate(model, data.test)
    report.sample.logits[:] += np.float32([1, -1, 0])
    found = attack(lambda: tfft.export(model, tmp_path / "net.tfft", report=report))
    assert isinstance(found, BundleError)
    assert "does not give the answers that the report measured" in str(found)
