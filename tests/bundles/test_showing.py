"""Predictions show themselves in a notebook, and nothing from the data becomes HTML."""

from tfft.bundles.prediction import Prediction, Predictions
from tfft.core.specs import Text
from tfft.tasks.answers import Answer, Entity


def test_classes_are_shown_best_first_and_quantities_in_their_order():
    scores = {f"class {number}": number / 100 for number in range(8)}
    found = Prediction("1.jpg", Answer("class 7", 0.07, scores))._repr_html_()
    assert found.index("class 7 0.0700") < found.index("class 3 0.0300")
    assert "class 2" not in found
    quantities = Prediction("1.jpg", Answer(None, None, {"width": 1.0, "height": 2.0}))._repr_html_()
    assert quantities.index("width 1.0000") < quantities.index("height 2.0000")


def test_entities_and_answers_are_marked_in_their_text():
    entity = Entity("Ann", "per", 0, 3, 0.9)
    found = Prediction("t", Answer(None, None, {}, (entity,)), item=Text("Ann <b>"))._repr_html_()
    assert '<mark class="right">Ann<sub>per</sub></mark> &lt;b&gt;' in found
    answer = Answer("Rome", 0.75, {"Rome": 0.75}, place=(3, 7))
    found = Prediction("q1", answer, item=Text("Where?", "in Rome"))._repr_html_()
    assert 'Where?\nin <mark class="right">Rome<sub>answer</sub></mark>' in found
    assert "0.7500" in found
    nothing = Prediction("q1", Answer(None, 0.75, {"no answer": 0.75}), item=Text("Where?", "in Rome"))._repr_html_()
    assert "no answer 0.7500" in nothing


def test_a_list_shows_the_first_ones_and_problems_and_escapes_names():
    answers = Predictions([Prediction(f"<i>{number}", Answer("a", 1.0, {"a": 1.0})) for number in range(30)])
    answers[0] = Prediction("bad.jpg", None, "cannot be <read>")
    found = answers._repr_html_()
    assert "cannot be &lt;read&gt;" in found
    assert "<i>" not in found
    assert found.count("<tr>") == 20
    assert "... and 10 more" in found
