"""A service answers each task as the bundle does, describes itself, and refuses with a reason."""

import concurrent.futures
import re
import socket
import threading
import time

import pytest

import tfft
from tests.conftest import picture
from tests.serving.conftest import predictor_of, running
from tfft.bundles.predictor import Predictor
from tfft.core.errors import DataError
from tfft.formats.compared_examples import encoded

PICTURES = [picture(seed, (20 + seed, 30)) for seed in range(6)]


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
    assert "Repair" not in found.values["error"]["what"]
    assert found.values["error"]["fix"] == "Repair or remove these inputs."
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
        assert found.status == 422
        assert found.values["error"] == {
            "what": "A request has from 1 to 2 inputs.", "got": "3", "fix": "Send the others in further requests."
        }  # fmt: skip
        found = service.show(b"x" * 3000)
        assert (found.status, found.values["error"]["what"]) == (413, "The request has more than 2,000 bytes.")


def test_an_error_of_the_model_is_a_500_with_a_reason_and_is_counted_and_logged(images, monkeypatch, caplog):
    with running(images) as service:
        monkeypatch.setattr(Predictor, "predict", lambda *values, **options: {}["the secret"])
        found = service.show(encoded(PICTURES[0]))
        assert (found.status, found.values["error"]["what"]) == (500, "The service failed.")
        assert found.headers["content-type"] == "application/json"
        assert b"secret" not in found.body
        assert b"Traceback" not in found.body
        monkeypatch.undo()
        assert service.show(encoded(PICTURES[0])).status == 200, "the service goes on"
        metrics = service.metrics()
    assert 'tfft_requests_total{path="/predict",status="500"} 1.0' in metrics
    assert 'status="0"' not in metrics
    (record,) = [each for each in caplog.records if each.name.startswith("tfft")]
    assert record.exc_info[0] is KeyError


def test_errors_of_the_model_keep_their_three_parts(images, monkeypatch):
    def refuse(*values, **options):
        raise DataError("The net answers with NaN.", "1 such input", "Leave it out.")

    with running(images) as service:
        monkeypatch.setattr(Predictor, "predict", refuse)
        found = service.show(encoded(PICTURES[0]))
        assert found.status == 422
        assert found.values["error"] == {
            "what": "The net answers with NaN.",
            "got": "1 such input",
            "fix": "Leave it out.",
        }
        monkeypatch.undo()


def test_the_first_answer_may_take_longer_than_a_request(images, monkeypatch):
    predict = Predictor.predict

    def slow(*values, **options):
        time.sleep(0.5)
        return predict(*values, **options)

    monkeypatch.setattr(Predictor, "predict", slow)
    with running(images, seconds=0.2) as service:
        monkeypatch.undo()
        assert service.show(encoded(PICTURES[0])).status == 200


def test_inputs_of_clients_that_are_gone_are_not_computed(images, monkeypatch):
    predict, gate, met = Predictor.predict, threading.Event(), []

    def waiting(self, items, **options):
        met.extend(items)
        gate.wait(20)
        return predict(self, items, **options)

    with running(images, batch=1, inputs=1, queue=2) as service:
        monkeypatch.setattr(Predictor, "predict", waiting)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(service.show, encoded(PICTURES[0]))
            while not met:
                time.sleep(0.01)
            head = b"POST /predict/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
            for each in map(encoded, PICTURES[1:]):
                with socket.create_connection(("127.0.0.1", service.port)) as connection:
                    connection.sendall(head % len(each) + each)
                    time.sleep(0.05)
            time.sleep(0.2)
            assert "tfft_waiting_inputs 0.0" in service.metrics()
            gate.set()
            assert first.result(20).status == 200
        assert service.show(encoded(PICTURES[0])).status == 200
        monkeypatch.undo()
        assert 'status="499"} 5.0' in service.metrics()
    assert met == [encoded(PICTURES[0])] * 2
