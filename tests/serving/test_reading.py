"""Inputs of a request are all read, or the request is refused by its name."""

import json

import pytest

from tests.conftest import picture
from tests.malformed_requests import FORM, JSON, form, part, request
from tfft.core.specs import Text
from tfft.formats.compared_examples import encoded
from tfft.serving.reading import _text
from tfft.serving.refusals import RefusedError

GOOD = part(encoded(picture(0)))


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


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        (form(GOOD) + form(GOOD), 400, "after its last"),
        (form(GOOD) + b"\r\nbye", 400, "after its last"),
        (form(GOOD)[:-2] + b"bye", 400, "after its last"),
        (form() + form(GOOD), 400, "after its last"),
        (b"\r\nhello" + form(GOOD), 400, "before its first"),
        (form(GOOD) + b"\r\n\r\n", 200, ""),
        (b"\r\n" + form(GOOD), 200, ""),
        (form(part(encoded(picture(0)) + b"--cut--\r\n--cu\r\n--cut-")), 200, ""),
    ],
)
def test_bytes_outside_the_boundaries_of_a_form_are_refused_in_whichever_parts_they_come(
    of_images, body, status, where, size
):
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    head = request("/predict", b"", FORM, content_length="", transfer_encoding="chunked")
    found = of_images.send(head + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in [*chunks, b""]))
    assert found.status == status
    if where:
        assert found.values["error"]["what"] == f"The form cannot be read: it has other bytes {where} boundary."


def test_query_strings_are_refused(of_images, of_texts):
    for service, sent in (
        (of_images, request("/predict?top=3", form(GOOD), FORM)),
        (of_images, request("/predict/bytes?top=3", encoded(picture(0)), "image/png")),
        (of_texts, request("/predict?top=3", b'{"texts": ["a"]}', JSON)),
        *((of_texts, request(f"{path}?top=3", method="GET")) for path in ("/", "/about", "/metrics", "/openapi.json")),
    ):
        found = service.send(sent)
        assert (found.status, found.values["error"]["got"]) == (422, "'top=3'"), sent[:30]
        assert found.values["error"]["fix"] == "Remove '?' and what follows it."
    assert of_texts.send(request("/predict?", b'{"texts": ["a"]}', JSON)).status == 200


def test_bodies_of_get_requests_are_refused(of_texts):
    found = of_texts.send(request("/about", b'{"texts": ["a"]}', JSON, "GET"))
    assert (found.status, found.values["error"]) == (
        400, {"what": "A GET request has no body.", "got": "16 bytes", "fix": "Send it without a body."}
    )  # fmt: skip
    assert of_texts.call("HEAD", "/about", b"x").status == 400


@pytest.mark.parametrize("kind", ["", "image/png", "IMAGE/x-unknown; a=b", "application/octet-stream"])
def test_an_image_alone_has_the_type_of_an_image_or_of_bytes_or_none(of_images, kind):
    assert of_images.send(request("/predict/bytes", encoded(picture(0)), kind)).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", FORM, "image", JSON])
def test_an_image_alone_with_another_type_is_refused_by_the_header_to_send(of_images, kind):
    found = of_images.send(request("/predict/bytes", encoded(picture(0)), kind))
    error = found.values["error"]
    assert (found.status, error["got"]) == (415, repr(kind))
    assert error["what"] == "The content type must be image/* or application/octet-stream."
    assert 'curl -H "content-type: application/octet-stream" --data-binary' in error["fix"]


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


@pytest.mark.parametrize("given", [[""], ["a film", " \n"], [["", "a context"]]])
def test_a_text_without_a_word_is_refused(of_texts, given):
    found = of_texts.send(request("/predict", json.dumps({"texts": given}).encode(), JSON))
    assert (found.status, found.values["error"]["what"]) == (422, f"texts[{len(given) - 1}] is empty.")


@pytest.mark.parametrize(
    ("given", "questions", "refused"),
    [
        (["Who?", ""], True, True),
        (["", "Ann."], True, True),
        (["", "a film"], False, True),
        (["a film", " "], False, False),
        (["", "\t"], False, True),
    ],
)
def test_a_pair_needs_a_first_text_and_a_question_its_context(given, questions, refused):
    if refused:
        with pytest.raises(RefusedError, match=r"texts\[3\] is empty"):
            _text(3, given, questions)
    else:
        assert _text(3, given, questions) == Text(*given)
