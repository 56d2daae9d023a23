"""Each address is described, and no page asks another server."""

import re
from types import SimpleNamespace

import pytest

import tfft
from tests.serving.conftest import predictor_of, running
from tfft.core.errors import TfftError
from tfft.serving.app import create_app


@pytest.fixture(scope="module")
def of_images(images):
    with running(images, inputs=5) as service:
        yield service


def test_bodies_and_errors_are_described(of_images, tmp_path):
    paths = of_images.call("GET", "/openapi.json").values["paths"]
    assert set(paths) == {"/predict", "/predict/bytes", "/about", "/health", "/ready", "/metrics"}
    (schema,) = (each["schema"] for each in paths["/predict"]["post"]["requestBody"]["content"].values())
    assert schema["required"] == ["images"]
    assert schema["properties"]["images"]["maxItems"] == 5
    assert set(paths["/predict"]["post"]["responses"]) == {"200", "400", "408", "413", "415", "422", "429", "503"}
    assert set(paths["/predict/bytes"]["post"]["requestBody"]["content"]) == {"image/*", "application/octet-stream"}
    assert b'curl -H "content-type: application/octet-stream" --data-binary' in of_images.call("GET", "/docs").body
    predictor = predictor_of("toy_text", tfft.tasks.question_answering(), tmp_path)
    with running(predictor) as service:
        paths = service.call("GET", "/openapi.json").values["paths"]
    schema = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["texts"]["items"]["minItems"] == 2


def test_models_of_several_inputs_are_refused():
    preprocessor = SimpleNamespace(noun="image and text")
    predictor = SimpleNamespace(task=tfft.tasks.classification(["ants", "bees"]), preprocessor=preprocessor)
    with pytest.raises(TfftError) as found:
        create_app(predictor)
    assert found.value.what == "Models of several inputs cannot be served yet."
    assert found.value.got == "a model of image and texts"
    assert found.value.fix == "Serve a model that reads images alone or texts alone."


def test_no_page_names_another_server(of_images):
    for path in ("/", "/docs", "/openapi.json", "/about", "/nowhere"):
        found = of_images.call("GET", path)
        assert re.findall(rb"(?:https?:)?//[a-z0-9]+\.[a-z]+", found.body) == [], path
    for path in ("/", "/docs"):
        found = of_images.call("GET", path)
        assert found.status == 200
        policy = dict(each.strip().partition(" ")[::2] for each in found.headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")


def test_pages_of_fastapi_that_load_scripts_from_elsewhere_are_off(of_images):
    assert of_images.call("GET", "/redoc").status == 404
    assert of_images.call("GET", "/docs/oauth2-redirect").status == 404


def test_addresses_that_answer_get_answer_head(of_images):
    for path in ("/", "/docs", "/health", "/ready", "/about", "/metrics"):
        found = of_images.call("HEAD", path)
        assert (found.status, found.body) == (200, b"")
    assert of_images.call("HEAD", "/predict").status == 405


def test_other_addresses_and_methods_have_a_reason(of_images):
    found = of_images.call("GET", "/nowhere")
    assert (found.status, found.values["error"]["what"]) == (404, "There is nothing at '/nowhere'.")
    found = of_images.call("PUT", "/predict")
    assert (found.status, found.headers["allow"]) == (405, "POST")
    assert found.values["error"] == {"what": "'/predict' does not answer PUT.", "fix": "Use POST."}


def test_no_address_sends_a_client_elsewhere(of_images):
    for path in ("/predict/", "/docs/", "//evil.example/predict"):
        found = of_images.call("GET", path, headers={"host": "evil.example"})
        assert (found.status, "location" in found.headers) == (404, False)
