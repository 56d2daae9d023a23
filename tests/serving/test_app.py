"""A service answers each task as the bundle does, describes itself, and refuses with a reason."""

import concurrent.futures
import re

import pytest

import tfft
from tests.conftest import picture
from tests.serving.conftest import predictor_of, running
from tfft.formats.compared_examples import encoded

PICTURES = [picture(seed, (20 + seed, 30)) for seed in range(6)]


@pytest.fixture(scope="module")
def of_images(images):
    with running(images) as service:
        yield service


@pytest.fixture(scope="module")
def of_texts(texts):
    with running(texts) as service:
        yield service


def test_images_are_answered_as_by_the_bundle(of_images, images):
    found = of_images.show(*map(encoded, PICTURES))
    assert found.status == 200
    for said, wanted in zip(found.values["answers"], images.predict(PICTURES), strict=True):
        assert said["label"] == wanted.label
        assert said["scores"] == pytest.approx(dict(wanted.scores), abs=1e-6)
    alone = of_images.call("POST", "/predict/bytes", encoded(PICTURES[0]), {"content-type": "image/png"})
    assert alone.values["answers"][0]["label"] == found.values["answers"][0]["label"]


def test_texts_are_answered_as_by_the_bundle(of_texts, texts):
    given = ["a good film", "好", "x " * 600]
    for said, wanted in zip(of_texts.ask(*given).values["answers"], texts.predict(given), strict=True):
        assert said["scores"] == pytest.approx(dict(wanted.scores), abs=1e-6)


def test_concurrent_requests_are_answered_together_and_each_has_its_own_answer(of_images, images):
    contents = [encoded(each) for each in PICTURES] * 4
    wanted = [each.scores["ants"] for each in images.predict(PICTURES)] * 4
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = list(pool.map(of_images.show, contents))
    assert [each.status for each in found] == [200] * len(contents)
    assert [each.values["answers"][0]["scores"]["ants"] for each in found] == pytest.approx(wanted, abs=1e-6)
    numbers = dict(
        re.findall(r"^(tfft_batch_inputs_\w+) ([\d.]+)$", of_images.call("GET", "/metrics").body.decode(), re.MULTILINE)
    )
    assert float(numbers["tfft_batch_inputs_sum"]) > float(numbers["tfft_batch_inputs_count"])


@pytest.mark.parametrize("task", ["entities", "answers", "masks"])
def test_other_tasks_have_their_own_answers(task, tmp_path):
    if task == "masks":
        predictor = predictor_of("toy", tfft.tasks.segmentation(["sky", "road"]), tmp_path)
        with running(predictor) as service:
            found = service.show(encoded(PICTURES[0])).values["answers"][0]
        assert found["mask"].startswith("data:image/png;base64,")
        assert (found["height"], found["width"]) == PICTURES[0].shape[:2]
        return
    made = tfft.tasks.token_classification(["per"]) if task == "entities" else tfft.tasks.question_answering()
    predictor = predictor_of("toy_text", made, tmp_path)
    with running(predictor) as service:
        given = "Ann sleeps here." if task == "entities" else ["Who sleeps?", "Ann sleeps here."]
        found = service.ask(given)
        assert found.status == 200, found.body
        assert ("entities" if task == "entities" else "scores") in found.values["answers"][0]
        if task == "answers":
            assert service.ask("a text alone").status == 422


def test_a_service_describes_itself(of_images, of_texts):
    assert of_images.call("GET", "/health").values == {"status": "ok"}
    assert of_images.call("GET", "/ready").values == {"ready": True}
    about = of_images.call("GET", "/about").values
    assert (about["task"], about["labels"], about["input"]) == ("classification", ["ants", "蜂"], "image")
    schema = of_texts.call("GET", "/openapi.json").values
    assert set(schema["paths"]) == {"/predict", "/about", "/health", "/ready", "/metrics"}
    page = of_images.call("GET", "/")
    assert b"<title>tfft</title>" in page.body
    assert "script-src 'unsafe-inline'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    metrics = of_images.call("GET", "/metrics").body.decode()
    assert 'tfft_requests_total{path="/health",status="200"}' in metrics
    assert "tfft_waiting_inputs 0.0" in metrics


def test_unknown_addresses_are_one_row_of_the_metrics(of_images):
    for name in ("/a", "/b", "/../../etc/passwd", "/predict/../about"):
        assert of_images.call("GET", name).status == 404
    metrics = of_images.call("GET", "/metrics").body.decode()
    assert metrics.count("tfft_requests_total{") < 12
    assert 'path="other",status="404"' in metrics


def test_wrong_inputs_are_named_by_their_position_in_the_request(of_images):
    good = encoded(PICTURES[0])
    found = of_images.show(good, b"not an image", good)
    assert found.status == 422
    assert found.values["error"]["what"].startswith("input 1: ")
    assert "input 0" not in found.values["error"]["what"]
    assert found.values["answers"][2]["label"] in ("ants", "蜂")


def test_names_of_files_on_the_server_are_texts_like_others(of_texts):
    for name in ("/etc/passwd", "/tmp", "../setup.cfg"):
        assert of_texts.ask(name).status == 200


def test_pairs_for_a_model_of_single_texts_are_refused_and_others_are_answered(tmp_path):
    texts = [f"a {word} film {number}" for number in range(10) for word in ("good", "bad")]
    data = tfft.data.from_arrays(texts, ["good", "bad"] * 10, seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels), seed=0)
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    with running(tfft.load(tfft.export(model, tmp_path / "m.tfft"))) as service:
        assert service.ask(["one", "two"]).status == 422
        assert service.ask("one").status == 200


def test_limits_refuse_with_a_reason(images):
    with running(images, inputs=2, body_bytes=2000) as service:
        good = encoded(PICTURES[0][:4, :4])
        assert service.show(good, good).status == 200
        found = service.show(good, good, good)
        assert (found.status, found.values["error"]["what"]) == (422, "A request has from 1 to 2 inputs.")
        found = service.show(b"x" * 3000)
        assert (found.status, found.values["error"]["what"]) == (413, "The request has more than 2,000 bytes.")
