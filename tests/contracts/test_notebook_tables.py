"""Objects show themselves in notebooks as small tables that are safe for any name."""

from html.parser import HTMLParser

import numpy as np
import pytest

import tfft

NASTY = '<img src=x onerror="alert(1)">'
_ALLOWED = {"table", "caption", "thead", "tbody", "tr", "th", "td", "wbr"}


class Tags(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text = [], set(), ""

    def handle_starttag(self, tag, attributes):
        assert tag in _ALLOWED, tag
        self.attributes |= {name for name, _ in attributes}
        if tag != "wbr":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + (" " if self.open[-1:] != ["td"] else "")


def read(shown):
    found = Tags()
    found.feed(shown)
    assert not found.open
    assert found.attributes <= {"class", "style"}
    return found.text


@pytest.fixture(scope="module")
def objects():
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (20, 16, 16, 3), np.uint8)
    data = tfft.data.from_arrays(images, [0, 1] * 10, class_names=[NASTY, "bees"], seed=0)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    plan = tfft.Plan(tfft.Phase(NASTY, tfft.trainable.nothing(), 1, 0.01))
    run = tfft.fit(model, data, plan, progress=False)
    return {
        "Splits": data,
        "Backbone": model.backbone,
        "TransferModel": model,
        "Plan": plan,
        "Overview": run.phases[0].overview,
        "Run": run,
        "Report": tfft.evaluate(model, data.train),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Splits", ["all", "14", "bees", "validation", NASTY]),
        ("Backbone", ["toy", "16x16 pixels", "block3"]),
        ("TransferModel", ["toy", "classification", "1,090, of which 18 train now", NASTY]),
        ("Plan", ["nothing()", "0.01", NASTY]),
        ("Overview", ["18 of 1,090 parameters train", "block1", "128"]),
        ("Run", ["18 of 1,090 parameters", "of 1", "val loss", NASTY]),
        ("Report", ["accuracy", "toy, classification, 14 examples", "14 training"]),
    ],
)
def test_each_object_shows_a_safe_table(objects, name, words):
    thing = objects[name]
    assert type(thing).__name__ == name
    text = read(thing._repr_html_())
    for word in words:
        assert word in text, word


def test_a_splits_table_counts_the_classes_of_each_part(objects):
    data = objects["Splits"]
    text = read(data._repr_html_())
    assert data.describe() in text
    assert str(data.train.counts()["bees"]) in text


def test_many_classes_and_quantities_stay_small():
    images = np.random.default_rng(0).integers(0, 255, (120, 4, 4, 3), np.uint8)
    many = tfft.data.from_arrays(images, np.arange(120) % 40)
    assert many._repr_html_().count("<tr>") == 12
    real = tfft.data.from_arrays(images, np.linspace(0, 1, 120, dtype=np.float32))
    assert real._repr_html_().count("<tr>") == 2
