"""export() and check_target(): what stood there before survives whatever goes wrong."""

import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.bundles.writer import check_home, check_target
from tfft.core.errors import BundleError


def build(seed=0):
    return tfft.build("toy", tfft.tasks.classification(["ants", "bees"]), seed=seed)


def same_weights(net, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(net.get_weights(), other.get_weights(), strict=True))


def test_a_second_export_replaces_the_first(tmp_path):
    first, second = (build(seed) for seed in (1, 2))
    for name in ("m.tfft", "m.zip"):
        tfft.export(first, tmp_path / name)
        tfft.export(second, tmp_path / name)
        assert same_weights(second.net, tfft.load(tmp_path / name).net)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.tfft", "m.zip"]


FULL_DISK = """
import resource, signal, sys
import tfft
model = tfft.build("toy", tfft.tasks.classification(["a", "b"]), seed=9)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # the operating system refuses every larger file
try:
    tfft.export(model, sys.argv[1])
except tfft.core.errors.BundleError as error:
    sys.stderr.write(str(error))
    sys.exit(7)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m.tfft", "m.zip"])
def test_a_disk_that_fills_up_leaves_the_old_bundle(tmp_path, name):
    old = build(seed=1)
    tfft.export(old, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / name)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 7, done.stderr
    assert "could not be written" in done.stderr
    assert "older bundle there is untouched" in done.stderr
    assert same_weights(old.net, tfft.load(tmp_path / name).net)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_text("dear")
    with pytest.raises(BundleError, match=r"holiday' exists and is not a bundle.*photo.jpg"):
        tfft.export(build(), tmp_path / "holiday")
    assert (tmp_path / "holiday" / "photo.jpg").read_text() == "dear"
    (tmp_path / "thesis.doc").write_text("years")
    with pytest.raises(BundleError, match=r"thesis.doc' exists and is a file.*ends in .zip"):
        tfft.export(build(), tmp_path / "thesis.doc")


def test_a_place_that_cannot_hold_a_bundle_is_known_before_training(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match=r"No bundle can be written to .*file.*Not a directory"):
        check_target(tmp_path / "file" / "m.tfft")
    check_target(tmp_path / "new" / "folders" / "m.tfft")


@pytest.mark.parametrize("kind", ["a zip", "a folder with a manifest", "an old bundle with notes"])
def test_what_only_looks_like_a_bundle_is_never_replaced(tmp_path, kind):
    model = build()
    path = tmp_path / ("thesis.zip" if kind == "a zip" else "work")
    if kind == "a zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("thesis.tex", "years")
    elif kind == "a folder with a manifest":
        path.mkdir()
        (path / "manifest.json").write_text('{"name": "browser extension"}')
        (path / "background.js").write_text("mine")
    else:
        (tfft.export(model, path) / "NOTES.txt").write_text("mine")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        tfft.export(model, path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_run_instead_of_its_model_is_refused(tmp_path):
    with pytest.raises(BundleError, match=r"There is no bundle at 'run'\..*tfft\.export\(run\.model, path\)"):
        tfft.export("run", tmp_path / "m.tfft")


def test_numbers_of_numpy_in_options_can_be_saved(tmp_path):
    task = tfft.tasks.classification(np.array(["a", "b"]).tolist(), label_smoothing=np.float32(0.1))
    assert tfft.load(tfft.export(tfft.build("toy", task), tmp_path / "m.tfft")).task.labels.names == ("a", "b")


def test_a_report_of_other_answers_than_the_net_gives_is_refused(tmp_path, data):
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    report = tfft.evaluate(model, data.test)
    assert tfft.load(tfft.export(model, tmp_path / "good.tfft", report=report)).report["count"] == len(data.test)
    sample = replace(report.sample, logits=[row[::-1] + 1 for row in report.sample.logits])
    with pytest.raises(
        BundleError, match=r"does not give the answers that the report measured: logits of '.*' are off"
    ):
        tfft.export(model, tmp_path / "bad.tfft", report=replace(report, sample=sample))
    assert not (tmp_path / "bad.tfft").exists()
    model.head_net.get_layer("logits").bias.assign_add([1.0, 0.0, 0.0])
    with pytest.raises(BundleError, match="other weights"):
        tfft.export(model, tmp_path / "bad.tfft", report=report)


def test_a_bundle_passes_on_no_text_that_somebody_wrote(tmp_path):
    texts = [f"private {word} number {number}" for number in range(10) for word in ("this", "that")]
    data = tfft.data.from_arrays(texts, ["a", "b"] * 10)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    report = tfft.evaluate(model, data.train)
    assert "private" in report.worst[0]["text"]
    path = tfft.export(model, tmp_path / "texts.tfft", report=report)
    written = [file for file in path.rglob("*") if file.is_file()]
    assert (path / "report.json") in written
    assert not [file.name for file in written if b"private" in file.read_bytes()]
    assert len(tfft.load(path).report["worst"]) == len(report.worst)


@pytest.mark.parametrize("swapped", [lambda model, path: (path, model), lambda model, path: (model, None)])
def test_swapped_and_missing_arguments_say_how_to_write_them(tmp_path, swapped):
    model = tfft.build("toy", tfft.tasks.classification(["a", "b"]))
    with pytest.raises(BundleError, match=r"^export\(\) takes a model and then a path.*Write export\(run\.model, "):
        tfft.export(*swapped(model, str(tmp_path / "m.tfft")))
    assert not list(tmp_path.iterdir())


def test_a_folder_for_several_files_may_hold_only_those_of_an_earlier_time(tmp_path):
    check_home(tmp_path / "new", "m.tfft", ["report.html"])
    check_home(tmp_path, "m.tfft", ["report.html"])
    (tmp_path / "report.html").write_text("of somebody else")
    with pytest.raises(
        BundleError, match=r"holds other files\. Got: 'report\.html'\. Choose a new or empty folder, such as"
    ):
        check_home(tmp_path, "m.tfft", ["report.html"])
    tfft.export(build(), tmp_path / "m.tfft")
    (tmp_path / ".hidden").write_text("")
    check_home(tmp_path, "m.tfft", ["report.html"])
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BundleError, match=r"Got: 'notes\.txt'"):
        check_home(tmp_path, "m.tfft", ["report.html"])
    with pytest.raises(BundleError, match=r"notes\.txt' is a file, not a folder"):
        check_home(tmp_path / "notes.txt", "m.tfft", ["report.html"])


@pytest.mark.parametrize(
    ("handle", "written"), [("nets/acme/net.keras", "net.keras"), ("/home/a\nb\u202ec.keras", "a_u000ab_u202ec.keras")]
)
def test_the_handle_in_a_bundle_is_one_visible_line_without_folders(tmp_path, handle, written):
    model = build()
    model = replace(model, backbone=replace(model.backbone, handle=handle, options=(("weights", "acme/w.h5"),)))
    found = tfft.load(tfft.export(model, tmp_path / "m.tfft")).manifest["backbone"]
    assert (found["handle"], found["options"]) == (written, {"weights": "w.h5"})
