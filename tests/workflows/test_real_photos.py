"""What a user would do, with real photos and real ImageNet weights, in small settings."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import tfft
from tfft.core.errors import RunWarning

pytestmark = pytest.mark.real
V2 = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


@pytest.fixture(scope="module")
def photos(material):
    return material / "data" / "image_classification"


@pytest.fixture(scope="module")
def bees(photos):
    return tfft.data.from_folder(photos / "hymenoptera", parts={"train": "train", "test": "val"}, seed=0)


def two_phase(data, backbone, seed=0):
    model = tfft.build(backbone, tfft.tasks.classification(data.labels), seed=seed)
    return tfft.fit(model, data, tfft.plans.two_phase(head_epochs=3, tune_epochs=2), seed=seed)


@pytest.fixture(scope="module")
def run(bees, material):
    return two_phase(bees, tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=str(material / "weights" / V2)))


def test_pretrained_weights_tell_ants_from_bees_and_random_ones_do_not(bees, run):
    pretrained = tfft.evaluate(run.model, bees.test).metrics["accuracy"]["value"]
    with warnings.catch_warnings():
        # random weights with frozen norms shrink the signal until some variables get hardly any gradient; tfft says so
        warnings.simplefilter("ignore", RunWarning)
        random = two_phase(bees, tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=None))
    untrained = tfft.evaluate(random.model, bees.test).metrics["accuracy"]["value"]
    assert pretrained > 0.85
    assert pretrained > untrained + 0.2


def test_each_phase_moved_its_variables_and_no_other(run):
    head, tune = (record.overview for record in run.phases)
    assert {row.block for row in head.rows if row.moved} == {"head"}
    assert {row.block for row in tune.rows if row.moved} <= {"head", "block5"}
    assert not any(row.moved for row in tune.rows if row.norm)
    assert all(row.moved for row in tune.rows if row.intent == "train")


def test_a_bundle_gives_the_same_report_and_answers_for_files(bees, run, tmp_path):
    report = tfft.evaluate(run.model, bees.test)
    predictor = tfft.load(tfft.export(run.model, tmp_path / "bees.tfft", report=report))
    assert tfft.evaluate(predictor, bees.test).metrics == report.metrics
    path = bees.test.inputs[0]
    by_path, by_bytes = predictor.predict([path])[0], predictor.predict(Path(path).read_bytes())[0]
    assert by_path.scores == by_bytes.scores
    assert by_path.label in ("ants", "bees")


def test_a_photo_in_two_parts_is_named(photos, tmp_path):
    from tfft.core.errors import DataWarning

    for part, count in (("train", 3), ("test", 1)):
        for kind in ("ants", "bees"):
            home = tmp_path / part / kind
            home.mkdir(parents=True)
            for index, path in enumerate(sorted((photos / "hymenoptera" / "train" / kind).iterdir())[:count]):
                (home / f"{part}{index}.jpg").write_bytes(path.read_bytes())
    with pytest.warns(DataWarning, match=r"train0\.jpg.*test0\.jpg|test0\.jpg.*train0\.jpg"):
        tfft.data.from_folder(tmp_path)


@pytest.mark.slow
def test_vgg16_trains_both_phases_and_round_trips_bit_for_bit(bees, tmp_path):
    from tfft.data.examples import Splits

    few = Splits(
        *(part.take(np.arange(0, len(part), 8)) for part in (bees.train, bees.validation, bees.test)), bees.labels
    )
    model = tfft.build(tfft.load_backbone("vgg16", weights=None, size=64), tfft.tasks.classification(few.labels))
    run = tfft.fit(model, few, tfft.plans.two_phase(1, 1), batch_size=8)
    head, tune = (record.overview for record in run.phases)
    assert {row.path for row in head.rows if row.moved} == {"head/logits/kernel", "head/logits/bias"}
    block5 = {f"block5_conv{i}/{name}" for i in (1, 2, 3) for name in ("kernel", "bias")}
    assert {row.path for row in tune.rows if row.moved} == {"head/logits/kernel", "head/logits/bias"} | block5
    loaded = tfft.load(tfft.export(model, tmp_path / "vgg.tfft"))
    for ours, theirs in zip(model.net.get_weights(), loaded.net.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    pixels = np.stack([model.preprocessor(item) for item in few.test.inputs])
    assert np.array_equal(model.net.predict_on_batch(pixels), loaded.net.predict_on_batch(pixels))


MEMORY = """
import json, sys
import tfft
material, out = sys.argv[1:]
data = tfft.data.from_folder(material + "/data/image_classification/flowers5", seed=0)
backbone = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=material + "/weights/%s")
model = tfft.build(backbone, tfft.tasks.classification(data.labels))
tfft.fit(model, data, tfft.plans.two_phase(1, 1))
# not ru_maxrss, which a child inherits from the process that started it
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
json.dump({"peak_bytes": int(peak.split()[1]) * 1024}, open(out, "w"))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak in /proc")
def test_a_thousand_photos_train_in_less_than_two_gigabytes(material, tmp_path):
    command = [sys.executable, "-c", MEMORY % V2, str(material), str(tmp_path / "peak.json")]
    subprocess.run(command, check=True, timeout=600, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"})
    assert json.loads((tmp_path / "peak.json").read_text())["peak_bytes"] < 2e9


def test_a_prepared_dataset_gives_what_its_folder_gives(photos, material, tmp_path):
    """Flowers as a dataset of TensorFlow Datasets: the same photos in other order reach the same accuracy."""
    import tensorflow_datasets as tfds

    home = photos / "flowers5"
    classes = sorted(folder.name for folder in (home / "train").iterdir())

    class Flowers(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {"image": tfds.features.Image(), "label": tfds.features.ClassLabel(names=classes)}
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
            )

        def _split_generators(self, manager):
            return {part: self._generate_examples(home / part) for part in ("train", "test")}

        def _generate_examples(self, folder):
            for path in sorted(folder.glob("*/*")):
                yield f"{path.parent.name}/{path.name}", {"image": path, "label": path.parent.name}

    builder = Flowers(data_dir=str(tmp_path))
    builder.download_and_prepare()
    found = []
    for data in (tfft.data.from_tfds(builder, seed=0), tfft.data.from_folder(home, seed=0)):
        backbone = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=str(material / "weights" / V2))
        model = tfft.build(backbone, tfft.tasks.classification(data.labels))
        tfft.fit(model, data, tfft.plans.head_only(5), progress=False)
        found.append((data, tfft.evaluate(model, data.test).metrics["accuracy"]["value"]))
    (prepared, first), (folder, second) = found
    assert set(prepared.test.digests) == set(folder.test.digests)
    assert set(prepared.everything().digests) == set(folder.everything().digests)
    assert first == pytest.approx(second, abs=0.04)
    assert min(first, second) > 0.8
