"""Text files with one text each are read when they are accessed, and must be UTF-8."""

import pytest

from tfft.core.errors import DataError, DataWarning
from tfft.core.specs import Text
from tfft.data import from_folder
from tfft.data.files.text_files import TextFiles, lines_of

TEXTS = {"pos": ["a film to see twice", "好看的电影 🎬", ""], "neg": ["two hours of my life", "línea\nsegunda", "no"]}


@pytest.fixture
def reviews(tmp_path):
    """Reviews in the layout of aclImdb, ``train/pos/0_9.txt``, with other files beside them."""
    for part in ("train", "test"):
        for name, texts in TEXTS.items():
            (tmp_path / part / name).mkdir(parents=True)
            for index, text in enumerate(texts * 3):
                content = f"{text} {part} {index}".strip()
                (tmp_path / part / name / f"{index}_9.txt").write_text(content, encoding="utf-8")
        (tmp_path / part / "labeledBow.feat").write_text("9 0:9")
    return tmp_path


def test_class_folders_of_texts_are_read_as_those_of_images(reviews):
    splits = from_folder(reviews)
    assert splits.describe() == "16 train, 2 validation, 18 test; 2 classes"
    assert splits.labels.names == ("neg", "pos")
    assert all(isinstance(item, Text) for item in splits.train.inputs)
    assert "好看的电影 🎬 test 1" in {text.first for text in splits.test.inputs}
    assert splits.test.name(0) == "two hours of my life test 0"


def test_reviews_without_labels_are_no_class(reviews):
    (reviews / "train" / "unsup").mkdir()
    (reviews / "train" / "unsup" / "0_0.txt").write_text("who knows")
    with pytest.warns(DataWarning, match="'unsup' in .* without labels, and is left out"):
        assert from_folder(reviews).labels.names == ("neg", "pos")


def test_a_mark_at_the_beginning_is_no_text_and_other_encodings_are_named_with_their_line(tmp_path):
    (tmp_path / "mark.txt").write_text("one", encoding="utf-8-sig")
    (tmp_path / "latin.txt").write_bytes("zwei\nschön".encode("latin-1"))
    texts = TextFiles([str(tmp_path / "mark.txt"), str(tmp_path / "latin.txt")])
    assert texts[0] == Text("one")
    with pytest.raises(ValueError, match=r"line 2 of .*latin.txt is not UTF-8"):
        texts[1]


def test_unreadable_texts_are_named_or_skipped_and_listed(reviews):
    (reviews / "train" / "pos" / "0_9.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"1 of 18 .*0_9.txt \(line 1 of .* is not UTF-8\)"):
        from_folder(reviews)
    splits = from_folder(reviews, on_corrupt="skip")
    assert len(splits.train) + len(splits.validation) == 17
    assert "is not UTF-8" in splits.skipped[0]


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_at_line_ends_only(inside, end):
    lines = [f"{number}{inside}more" for number in range(5)]
    assert lines_of(end.join(lines)) == lines_of(end.join(lines) + end) == lines


@pytest.mark.parametrize(("content", "lines"), [("", []), ("\n", [""]), ("a\n\nb\n\n", ["a", "", "b", ""])])
def test_blank_lines_stay(content, lines):
    assert lines_of(content) == lines
