"""Errors, warnings and interruptions as the shell shows them."""

import json
import time
import warnings

import pytest

from tfft.bundles.prediction import Prediction
from tfft.cache.store import Kept
from tfft.cli.console import backbone_line, in_shell, kept_line, predicted_line, spoken, stopped
from tfft.core.errors import DataError, DataWarning
from tfft.tasks import Answer
from tfft.tasks.answers import Entity


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ('Pass on_corrupt="skip".', "Pass --skip-corrupt."),
        ("Pass size=32 or more.", "Pass --size 32 or more."),
        ('pass quotes=False, or quotes=True; or separator="|".', 'pass --no-quotes, or --quotes; or --separator "|".'),
        ("Leave out public=True; or change it", "Leave out --public; or change it"),
        ('Pass vocabulary="vocab.txt", a file', 'Pass --vocabulary "vocab.txt", a file'),
        ('Pass pixel_range="raw", or layer=.', 'Pass --pixel-range "raw", or --layer.'),
        (
            "to: load_backbone(\"vgg16\", weights='a b.h5'). Or save",
            "to: --backbone vgg16 --weights 'a b.h5'. Or save",
        ),
        (
            "Name each value with classes=, or leave pixels out with ignore=, such as ignore=255.",
            "Name each value with --classes-file, or leave pixels out with --ignore, such as --ignore 255.",
        ),
        ("Check classes= and ignore=.", "Check --classes-file and --ignore."),
        ("..., pass classes=model.task.labels.", "..., leave --classes-file out."),
        ("Lower layer_decay=0.9.", "Lower layer_decay=0.9."),
        (
            'weights="path/to/a.h5" (weights=None starts from random weights)',
            "--weights path/to/a.h5 (--weights none starts",
        ),
        ("Name another column with image_column=, or", "Name another column with --image-column, or"),
        ("Check it. tfft.export(run.model, path) writes a bundle.", "Check it. `tfft fit` writes a bundle."),
        ("Pass a folder or zip file that tfft.export() wrote.", "Pass a folder or zip file that `tfft fit` wrote."),
        (
            "not expanded: pass glob.glob('a/*.jpg'), or in a shell the path without quotes.",
            "not expanded: write it without",
        ),
        (
            "Write 'a/1.jpg' in the table, move the table, or read it with pandas and use from_dataframe().",
            "Write 'a/1.jpg' in the table, or move the table.",
        ),
        ("For entities, use from_spans().", "For entities, pass --task token_classification."),
        ("For questions, use from_squad().", "For questions, pass --task question_answering."),
        ("nothing to say", "nothing to say"),
    ],
)
def test_arguments_become_options(python, said):
    assert in_shell(python).startswith(said)


def test_an_error_of_ours_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as ended, spoken():
        raise DataError("'size=3/a--my_bad.png' is none.", "size=3", "Pass size=32.")
    assert ended.value.code == 2
    # what the user wrote is quoted as it is; only our advice is translated
    assert capsys.readouterr().err == "DataError: 'size=3/a--my_bad.png' is none. Got: size=3. Pass --size 32.\n"


def test_a_full_disk_is_one_line_and_a_bug_keeps_its_traceback(capsys):
    with pytest.raises(SystemExit), spoken():
        raise OSError(28, "No space left on device")
    assert "No space left" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError), spoken():
        _ = 1 / 0


def test_a_warning_of_ours_comes_without_source_lines_and_the_way_to_show_them_is_put_back(capsys):
    before = warnings.showwarning
    with spoken():
        warnings.simplefilter("always")
        warnings.warn("Two photos are alike.", DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "DataWarning: Two photos are alike.\n"
    assert warnings.showwarning is before


def test_the_advice_of_a_warning_names_options_and_names_of_classes_stay(capsys):
    with spoken():
        warnings.simplefilter("always")
        warnings.warn(
            "The class 'size=3' joins labels. To read them, pass separator=';', or lists.", DataWarning, stacklevel=1
        )
    said = "DataWarning: The class 'size=3' joins labels. To read them, pass --separator ';', or lists.\n"
    assert capsys.readouterr().err == said


def test_an_interruption_is_answered(capsys):
    with pytest.raises(SystemExit) as ended, spoken():
        raise SystemExit(130)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_an_interruption_that_was_already_answered_is_not_answered_again(capsys):
    def end():
        stopped("Stopped; the best weights so far are in m-stopped.tfft.")
        raise SystemExit(130)

    with pytest.raises(SystemExit), spoken():
        end()
    assert capsys.readouterr().err == "Stopped; the best weights so far are in m-stopped.tfft.\n"
    with pytest.raises(SystemExit), spoken():
        raise SystemExit(143)
    assert capsys.readouterr().err == "Stopped.\n"


SINGLE = Answer("b", 0.7, {"a": 0.1, "b": 0.7, "c": 0.2})
SEVERAL = Answer(("a", "c"), None, {"a": 0.6, "b": 0.1, "c": 0.9})
QUANTITIES = Answer(None, None, {"age": 31.5, "weight": 46.7})


@pytest.mark.parametrize(
    ("answer", "top", "shown"),
    [
        (SINGLE, None, ["b 0.7000"]),
        (SINGLE, 2, ["b 0.7000", "c 0.2000"]),
        (SEVERAL, None, ["c 0.9000", "a 0.6000"]),
        (SEVERAL, 3, ["c 0.9000", "a 0.6000", "b 0.1000"]),
        (Answer((), None, {"a": 0.1}), None, ["none"]),
        (QUANTITIES, None, ["age 31.5000", "weight 46.7000"]),
    ],
)
def test_a_line_holds_the_whole_answer(answer, top, shown):
    assert predicted_line(Prediction("1.jpg", answer), top, as_json=False).split("\t") == ["1.jpg", *shown]
    as_json = json.loads(predicted_line(Prediction("1.jpg", answer), top, as_json=True))
    assert len(as_json["scores"]) == min(top or 99, len(answer.scores))


@pytest.mark.parametrize(("hours", "said"), [(0, "0 min ago"), (1.6, "2 h ago"), (47, "47 h ago"), (100, "4 days ago")])
def test_a_kept_entry_says_when_it_was_used(hours, said):
    assert said in kept_line(Kept("a" * 32, {"what": "vgg16 after pool"}, 10**6, time.time() - 3600 * hours))
    assert "cannot be read" in kept_line(Kept("a" * 32, {}, 10**6, time.time()))


def test_a_backbone_is_said_on_one_line_and_one_that_needs_something_says_what():
    line = backbone_line("toy", "toy")
    assert line.startswith("toy  ")
    assert "16x16 pixels" in line
    assert "3 blocks" in line
    assert "vocabulary=" in backbone_line("scratch", "bert_mini")
    assert "512 tokens" in backbone_line("keras_hub", "bert_base_zh")


def test_entities_are_written_with_their_types_and_as_json():
    ann = Entity("Ann", "person", 0, 3, 0.75)
    found = Prediction("Ann sleeps", Answer(None, None, {}, (ann,)))
    assert predicted_line(found, None, as_json=False) == "Ann sleeps\tAnn (person) 0.7500"
    assert predicted_line(Prediction("no", Answer(None, None, {}, ())), None, as_json=False) == "no\tnone"
    assert json.loads(predicted_line(found, None, as_json=True)) == {
        "name": "Ann sleeps",
        "entities": [{"text": "Ann", "label": "person", "start": 0, "end": 3, "probability": 0.75}],
    }


def test_answers_to_questions_are_written_with_their_place_and_no_answer_is_said():
    scores = {"Rome": 0.75, "in Rome": 0.25}
    found = Prediction("q1", Answer("Rome", 0.75, scores, place=(13, 17)))
    assert predicted_line(found, None, as_json=False) == "q1\tRome 0.7500"
    assert predicted_line(found, 2, as_json=False) == "q1\tRome 0.7500\tin Rome 0.2500"
    assert json.loads(predicted_line(found, None, as_json=True)) == {
        "name": "q1", "label": "Rome", "probability": 0.75, "scores": scores, "start": 13, "end": 17,
    }  # fmt: skip
    nothing = Prediction("q2", Answer(None, 0.75, {"no answer": 0.75, "Rome": 0.25}))
    assert predicted_line(nothing, None, as_json=False) == "q2\tno answer 0.7500"
