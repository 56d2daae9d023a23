"""Refusals are JSON with what, got and fix."""

import json

from tfft.core.errors import TfftError
from tfft.serving.refusals import RefusedError, body, busy, headers, late


def test_an_error_without_got_has_none_in_its_json():
    assert json.loads(body(TfftError("Wrong.", fix="Mend it."))) == {"error": {"what": "Wrong.", "fix": "Mend it."}}
    error = RefusedError("Wrong.", "7", "Mend it.", 400)
    assert json.loads(body(error, answers=[1])) == {
        "error": {"what": "Wrong.", "got": "7", "fix": "Mend it."}, "answers": [1]
    }  # fmt: skip


def test_half_of_a_surrogate_pair_is_escaped_and_other_letters_are_not():
    content = body(RefusedError("蜂 \ud800"))
    assert "蜂".encode() in content
    assert json.loads(content)["error"]["what"] == "蜂 \ud800"


def test_headers_close_the_connection():
    found = dict(headers(busy("Full."), b"{}"))
    assert (found[b"connection"], found[b"content-length"], found[b"retry-after"]) == (b"close", b"2", b"1")


def test_statuses_of_busy_and_late():
    assert (busy("Full.").status, busy("Full.", 503).status, late(30).status) == (429, 503, 408)
    assert late(0.5).what == "The request did not arrive within 0.5 seconds."
