"""Inputs of a request are all read, or the request is refused by its name."""

import json

import pytest

from tests.conftest import picture
from tests.malformed_requests import FORM, JSON, form, part, request
from tests.serving.conftest import running
from tfft.formats.compared_examples import encoded

GOOD = part(encoded(picture(0)))


@pytest.fixture(scope="module")
def of_images(images):
    with running(images) as service:
        yield service


@pytest.fixture(scope="module")
def of_texts(texts):
    with running(texts) as service:
        yield service


@pytest.mark.parametrize(
    ("body", "status", "what", "got"),
    [
        (form(GOOD, part(b"1", "size", None)), 422, "The form has other fields than images.", "'size'"),
        (form(GOOD, part(encoded(picture(1)), "image")), 422, "The form has other fields than images.", "'image'"),
        (form(part(b"a.jpg", filename=None)), 422, "A field named images is a text, not a file.", None),
        (
            form(GOOD)[:-9] + b"--cut\r\n" + GOOD[:300],
            400,
            "The form cannot be read: it ends before its last boundary.",
            None,
        ),
        (form(GOOD, end=b""), 400, "The form cannot be read: it ends before its last boundary.", None),
        (form(), 422, "A request has from 1 to 64 inputs.", "0"),
        (form(*[part(b"x")] * 65), 422, "A request has from 1 to 64 inputs.", "65"),
    ],
)
def test_forms_from_which_something_would_be_left_out_are_refused(of_images, body, status, what, got):
    found = of_images.send(request("/predict", body, FORM))
    assert (found.status, found.values["error"]["what"], found.values["error"].get("got")) == (status, what, got)


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "no such", "utf-16"])
def test_charsets_of_a_form_are_no_error_of_the_service(of_images, charset):
    body = form(part(b"\xff", "\u00e9" * 9, None))
    assert of_images.send(request("/predict", body, f"{FORM}; charset={charset}")).status in (400, 422)


def test_a_form_with_text_after_its_end_is_whole(of_images):
    assert of_images.send(request("/predict", form(GOOD) + b"\r\nbye", FORM)).status == 200


def test_the_type_of_a_body_is_checked(of_images, of_texts):
    found = of_images.send(request("/predict", b'{"images": ["a.jpg"]}', JSON))
    assert (found.status, found.values["error"]["got"]) == (415, f"'{JSON}'")
    assert "curl -F images=@photo.jpg" in found.values["error"]["fix"]
    found = of_texts.send(request("/predict", b'{"texts": ["a"]}'))
    assert (found.status, found.values["error"]["got"]) == (415, "none")
    assert of_texts.send(request("/predict", b'{"texts": ["a"]}', "Application/JSON; charset=utf-8")).status == 200


@pytest.mark.parametrize(
    ("body", "what", "got"),
    [
        (b'{"texts": ["a"], "texts": ["b"]}', "The body is not valid JSON: the key 'texts' appears twice.", None),
        (b'{"texts": [NaN]}', "The body is not valid JSON: NaN is not a valid JSON number.", None),
        (b'{"texts": ["a"], "more": 1}', "The body has other keys than texts.", "'more'"),
        (b"[]", "The body must be an object with the key texts.", "a list of 0"),
        (b'{"texts": "a"}', "texts must be a list.", "a str"),
        (b'{"texts": ["a", 7]}', "texts[1] is neither a text nor a pair of texts.", "an int"),
        (b'{"texts": [["a", "b", "c"]]}', "texts[0] is neither a text nor a pair of texts.", "a list of 3"),
        (b'{"texts": []}', "A request has from 1 to 64 inputs.", "0"),
        (b'{"texts": [' + b"{}," * 100_000 + b"{}]}", "The body has more values than 64 texts.", None),
    ],
)
def test_documents_of_other_shapes_are_refused(of_texts, body, what, got):
    found = of_texts.send(request("/predict", body, JSON))
    assert (found.status, found.values["error"]["what"]) == (422, what)
    assert got is None or found.values["error"]["got"] == got


def test_marks_inside_of_texts_are_no_values(of_texts):
    assert of_texts.ask("a, b, [c], {d}, " * 200, 'an "e", ' * 100).status == 200
    assert of_texts.send(request("/predict", json.dumps({"texts": [["a", "b"]] * 64}).encode(), JSON)).status == 200
