"""Files in CoNLL's format are read word by word, and wrong lines are named with their numbers."""

import pytest

from tfft.core.errors import DataError
from tfft.data.files.conll_files import read_conll, tagged_files


def written(folder, text, encoding="utf-8"):
    path = folder / "a.conll"
    path.write_bytes(text.encode(encoding))
    return path


def test_sentences_end_at_empty_lines_and_the_tag_is_the_last_column(tmp_path):
    found = read_conll(written(tmp_path, "\ufeffAnn NNP B-per\nsleeps VB O\n\n  \n\nhere RB O\n"))
    assert found.words == [["Ann", "sleeps"], ["here"]]
    assert found.tags == [["B-per", "O"], ["O"]]
    assert found.lines == [1, 6]


def test_with_tabs_a_word_may_hold_spaces(tmp_path):
    assert read_conll(written(tmp_path, "New York\tB-loc\n")).words == [["New York"]]


def test_lines_that_begin_a_document_and_comments_are_counted(tmp_path):
    text = "-DOCSTART- -X- O O\n\n# a comment\nAnn\tB-per\n#\tO\n\n-DOCSTART-\tO\n"
    found = read_conll(written(tmp_path, text))
    assert found.words == [["Ann", "#"]]
    assert found.left_out == {"lines that begin a document": 2, "comments": 1}


def test_the_beginning_of_a_document_ends_a_sentence(tmp_path):
    found = read_conll(written(tmp_path, "Ann\tB-per\n-DOCSTART-\tO\nBo\tB-per\n\n"))
    assert (found.words, found.lines) == ([["Ann"], ["Bo"]], [1, 3])


def test_tabs_in_empty_lines_do_not_separate_columns(tmp_path):
    assert read_conll(written(tmp_path, "Ann B-per\n\t\nBo B-per\n")).words == [["Ann"], ["Bo"]]


def test_a_first_column_that_counts_the_words_is_refused(tmp_path):
    text = "1\tIn\tO\tO\n2\tBonn\tB-LOC\tO\n\n1\tAnn\tB-PER\tO\n"
    with pytest.raises(DataError, match=r"first column of .* counts the words.*'1 2' as the words.*cut -f 2-"):
        read_conll(written(tmp_path, text))
    assert read_conll(written(tmp_path, "1\tB-num\n2\tO\n\n7\tO\n")).words == [["1", "2"], ["7"]]
    assert read_conll(written(tmp_path, "1\tB-num\n\n1\tO\n")).words == [["1"], ["1"]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Ann B-per\nBo\tB-per\n", r"1 line of .* has no tag\. Line 2 has a tab, so columns are separated by tabs"),
        ("Ann\tB-per\n\tO\n", r"1 line of .* has a tag without a word.*'line 2:  +O'"),
        ("Ann\tB-per\nsleeps\n", r"1 line of .* has no tag.*line 2: sleeps'"),
        ("Ann\tB-per\nsleeps\t\n", r"1 line of .* has no tag.*line 2"),
        ("Ann\tperson\nBo\tX-per\n", r"2 lines of .* have a tag of no valid form.*line 1: Ann +person', 'line 2"),
        ("\n\n", r"has no sentence.*empty file"),
    ],
)
def test_wrong_lines_are_named(tmp_path, text, fault):
    with pytest.raises(DataError, match=fault):
        read_conll(written(tmp_path, text))


def test_files_that_are_not_utf_8_and_missing_ones_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"is not UTF-8.*Save it as UTF-8"):
        read_conll(written(tmp_path, "Zoë\tB-per\n", "latin-1"))
    with pytest.raises(DataError, match=r"cannot be read.*Check the path"):
        read_conll(tmp_path / "nowhere.conll")


def test_a_folder_names_the_part_of_each_file(tmp_path):
    for name in ("train.conll", "dev.conll", "test.BIO", "README.md"):
        (tmp_path / name).touch()
    assert tagged_files(tmp_path) == {
        "train": tmp_path / "train.conll",
        "validation": tmp_path / "dev.conll",
        "test": tmp_path / "test.BIO",
    }
    assert tagged_files(tmp_path / "train.conll") == {"train": tmp_path / "train.conll"}
    assert tagged_files(tmp_path / "README.md") == {}
    assert tagged_files(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("names", [["a.conll"], ["train.conll", "train.bio"], ["train.conll", "more.conll"]])
def test_files_that_do_not_name_their_parts_are_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"do not name their parts.*Name them"):
        tagged_files(tmp_path)


def test_a_number_sign_with_a_tag_is_a_word_whatever_separates_columns(tmp_path):
    for text in ("# O\nAnn B-per\n", "#\tO\nAnn\tB-per\n"):
        found = read_conll(written(tmp_path, text))
        assert found.words == [["#", "Ann"]]
        assert found.left_out == {}


@pytest.mark.parametrize("end", ["vitamin B-12", "on the I-95", "by E-mail.", "and type O"])
def test_the_last_word_of_a_comment_is_no_tag(tmp_path, end):
    found = read_conll(written(tmp_path, f"# text = {end}\nHe O\ntakes O\n# O\nB-12 B-drug\n"))
    assert (found.words, found.tags) == ([["He", "takes", "#", "B-12"]], [["O", "O", "O", "B-drug"]])
    assert found.left_out == {"comments": 1}


def test_joined_files_have_byte_order_marks_in_the_middle(tmp_path):
    found = read_conll(written(tmp_path, "a O\nb B-x\n\ufeff-DOCSTART- -X- -X- O\n\n\ufeffc O\n"))
    assert (found.words, found.left_out) == ([["a", "b"], ["c"]], {"lines that begin a document": 1})


def test_a_tab_behind_every_line_is_no_column(tmp_path):
    found = read_conll(written(tmp_path, "Ann\tB-x\t\nsleeps\tO\t\n\nBo\tO\t\n"))
    assert (found.words, found.tags) == ([["Ann", "sleeps"], ["Bo"]], [["B-x", "O"], ["O"]])
    found = read_conll(written(tmp_path, "-DOCSTART-\n# text = Ann\nAnn\tB-x\t\nsleeps\tO\t\n"))
    assert (found.words, found.tags) == ([["Ann", "sleeps"]], [["B-x", "O"]])
    with pytest.raises(DataError, match=r"1 line .* has no tag"):
        read_conll(written(tmp_path, "Ann\tO\t\nsleeps\tO\n"))


def test_a_file_beside_folders_of_classes_is_no_data(tmp_path):
    (tmp_path / "roses").mkdir()
    (tmp_path / "notes.bio").touch()
    assert tagged_files(tmp_path) == {}


def test_without_tabs_only_spaces_separate_and_not_the_no_break_space_of_a_number(tmp_path):
    found = read_conll(written(tmp_path, "10\u00a0000  CD B-num\npeople NNS O \n"))
    assert found.words == [["10\u00a0000", "people"]]
    assert found.tags == [["B-num", "O"]]
