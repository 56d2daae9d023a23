"""Records of a bundle that were changed, removed or added are found; bundles without digests still open."""

import json
import zipfile

import numpy as np
import pytest

import tfft
from tfft.bundles.records import PAGE, REPORT, SEEN, difference, digests
from tfft.core.errors import BundleError


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    images = np.random.default_rng(0).integers(0, 255, (20, 9, 9, 3), np.uint8)
    data = tfft.data.from_arrays(images, [0, 1] * 10)
    run = tfft.fit(tfft.build("toy", tfft.tasks.classification(data.labels)), data, tfft.plans.head_only(1))
    return tfft.export(run.model, tmp_path_factory.mktemp("b") / "m.tfft", tfft.evaluate(run.model, data.test))


@pytest.fixture
def bundle(exported):
    """Name -> content of the files of a bundle."""
    return {path.name: path.read_bytes() for path in exported.iterdir()}


def written(parts, path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return path
    path.mkdir()
    for name, content in parts.items():
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["m.tfft", "m.zip"])
@pytest.mark.parametrize("name", [REPORT, PAGE])
def test_a_changed_report_is_refused(bundle, tmp_path, kind, name):
    assert tfft.load(written(bundle, tmp_path / f"same{kind}")).report
    changed = bundle[name].replace(b"accuracy", b"Accuracy", 1)
    assert changed != bundle[name]
    with pytest.raises(BundleError, match=rf"not the ones that were exported together.*'{name}' was changed"):
        tfft.load(written({**bundle, name: changed}, tmp_path / kind))


@pytest.mark.parametrize("name", [REPORT, PAGE, SEEN])
def test_a_missing_record_is_named(bundle, tmp_path, name):
    del bundle[name]
    with pytest.raises(BundleError, match=rf"exported together.*'{name}' is missing"):
        tfft.load(written(bundle, tmp_path / "m.tfft"))


def test_a_record_that_was_added_is_named(tmp_path, exported):
    plain = tfft.export(tfft.build("toy", tfft.tasks.classification(["a", "b"])), tmp_path / "m.tfft")
    (plain / PAGE).write_bytes((exported / PAGE).read_bytes())
    with pytest.raises(BundleError, match=r"'report.md' was added"):
        tfft.load(plain)


def test_bundles_of_older_versions_have_no_digests_and_open(bundle, tmp_path):
    manifest = json.loads(bundle["manifest.json"])
    assert set(manifest.pop("records")) == {REPORT, PAGE, SEEN}
    bundle |= {"manifest.json": json.dumps(manifest).encode(), PAGE: b"changed"}
    old = written(bundle, tmp_path / "m.tfft")
    assert tfft.load(old).seen is not None
    assert difference(old, manifest) == ""
    (old / SEEN).unlink()
    with pytest.raises(BundleError, match=r"exported together.*no seen\.json"):
        tfft.load(old)


def test_digests_depend_on_every_byte(tmp_path):
    (tmp_path / PAGE).write_bytes(b"a\n")
    one = digests(tmp_path)
    (tmp_path / PAGE).write_bytes(b"a\r\n")
    assert set(one) == {PAGE}
    assert digests(tmp_path) != one
