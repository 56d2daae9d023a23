"""Tables for people."""

import pytest

from tfft.evaluation.render import lengths, markdown, number, table


def test_columns_line_up_and_pipes_are_escaped():
    lines = table(["name", "n"], [["a|b", "1"], ["longer name", "22"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "a\\|b" in lines[2]


def report(classes):
    names = [f"class {i}" for i in range(classes)]
    return {
        "task": "classification",
        "count": 12345,
        "names": names,
        "metrics": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "per_class": [{"name": name, "precision": 1.0, "support": 3} for name in names],
        "confusion": [[0] * classes] * classes,
        "seen": None,
        "versions": {"python": "3.11"},
    }


def test_a_page_holds_metrics_classes_confusion_and_versions():
    page = markdown(report(3))
    assert "# classification on 12,345 examples" in page
    assert "| accuracy | 0.5000 | 0.4000 to 0.6000 |" in page
    assert "Rows are true classes" in page
    assert "python 3.11" in page


def test_a_confusion_matrix_of_many_classes_is_left_out():
    assert "Rows are true classes" not in markdown(report(21))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.0000"),
        (0.5, "0.5000"),
        (1.2e-5, "1.2e-05"),
        (1e30, "1e+30"),
        (12345.678, "12345.6780"),
        (float("nan"), "-"),
    ],
)
def test_numbers_of_any_size_can_be_read(value, said):
    assert number(value) == said


def test_lengths_of_texts_are_said_in_numbers():
    tokens = {"median": 12.0, "p95": 21.0, "longest": 1041, "limit": 512, "truncated": 0.25, "unknown": 0.0012}
    said = lengths(tokens)
    for part in (
        "12 tokens in the median",
        "up to 21",
        "longest 1,041",
        "25.0 % have more than the 512",
        "0.1 % of the tokens",
    ):
        assert part in said


def test_texts_in_several_rows_are_not_said_to_be_cut():
    tokens = {
        "median": 296.0,
        "p95": 400.0,
        "longest": 708,
        "limit": 48,
        "truncated": 0.0,
        "unknown": 0.0,
        "rows": 4100,
    }
    said = lengths(tokens)
    assert "They are read in 4,100 rows of at most 48 tokens, and 0.0 % of the tokens are unknown." in said
    assert "more than" not in said
