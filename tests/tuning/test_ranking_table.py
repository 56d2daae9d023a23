"""A ranking is ordered, named and shown without hiding what is not known."""

import json
from dataclasses import replace

import numpy as np
import pytest

import tfft
from tfft.tuning.ranking_table import RankedBackbone, Ranking, named_apart, ordered

ROW = RankedBackbone("toy", tfft.load_backbone("toy"), 0.75, -0.5, 0.6, 1.26, 0.0044, 8)


def test_rows_are_ordered_by_each_score_and_undefined_scores_are_last():
    rows = [
        replace(ROW, name="a", probe=0.5, logme=3.0, hscore=None),
        replace(ROW, name="b", probe=0.9, logme=1.0, hscore=0.1),
        replace(ROW, name="c", probe=0.5, logme=float("nan"), hscore=0.2),
        replace(ROW, name="d", probe=0.5, logme=4.0, hscore=0.3),
    ]
    assert [row.name for row in ordered(rows, "probe")] == ["b", "d", "a", "c"]
    assert [row.name for row in ordered(rows, "logme")] == ["d", "a", "b", "c"]
    assert [row.name for row in ordered(rows, "hscore")] == ["d", "c", "b", "a"]


def test_the_table_is_aligned_and_says_how_it_was_made():
    wide = replace(ROW, name="a longer name", width=1280, hscore=None, megabytes=None, logme=float("nan"))
    shown = Ranking((ROW, wide), "logme", "macro_f1", 1200, seed=0).describe().split("\n")
    assert shown == [
        "backbone       macro_f1    LogME  H-score  seconds   MB  width",
        "toy              0.7500  -0.5000   0.6000      1.3  0.0      8",
        "a longer name    0.7500        -        -      1.3    -   1280",
        "Ordered by LogME of frozen features on 1,200 training examples.",
    ]


def test_a_ranking_becomes_json_and_html():
    found = Ranking((replace(ROW, name="<b>", logme=float("inf")),), "probe", "accuracy", 500, seed=3)
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["rows"][0]["logme"] is None
    assert (values["rows"][0]["backbone"]["handle"], values["rows"][0]["probe"]) == ("toy", 0.75)
    assert (values["order"], values["measure"], values["examples"], values["seed"]) == ("probe", "accuracy", 500, 3)
    html = found._repr_html_()
    assert "&lt;b&gt;" in html
    assert "0.7500" in html
    assert "validated on 500 training examples" in html


def test_backbones_are_named_by_what_tells_them_apart(tmp_path):
    (tmp_path / "one.h5").touch()
    (tmp_path / "two.h5").touch()
    described = [
        tfft.load_backbone("vgg16"),
        tfft.load_backbone("mobilenet", alpha=0.25, weights=tmp_path / "one.h5"),
        tfft.load_backbone("mobilenet", alpha=0.5, weights=tmp_path / "one.h5"),
        tfft.load_backbone("mobilenet", alpha=0.5, weights=tmp_path / "two.h5"),
    ]
    assert list(named_apart(described[:3])) == ["vgg16", "mobilenet(alpha=0.25)", "mobilenet(alpha=0.5)"]
    found = named_apart(described)
    assert list(found) == [
        "vgg16", "mobilenet(alpha=0.25)", "mobilenet(alpha=0.5, weights=one.h5)", "mobilenet(alpha=0.5, weights=two.h5)",
    ]  # fmt: skip
    assert list(found.values()) == described


@pytest.mark.parametrize("count", [1, 2, 3])
def test_equal_backbones_are_numbered(count):
    found = named_apart([tfft.load_backbone("toy")] * count)
    assert list(found) == ["toy", "toy #2", "toy #3"][:count]
    assert np.unique(list(found)).size == count
