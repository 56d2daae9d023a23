"""Labelled data as it is typed becomes examples, or an error."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

import tfft
from tests.random_images import add
from tfft.cli.sources import TypedData
from tfft.cli.typed_inputs import given_inputs
from tfft.core.errors import DataError


def test_a_table_may_have_several_label_columns(tmp_path):
    rows = ["file,dog,night"]
    add(tmp_path, *(f"{index}.png" for index in range(16)))
    rows += [f"{index}.png,{index % 2},{index // 2 % 2}" for index in range(16)]
    (tmp_path / "photos.csv").write_text("\n".join(rows))
    source = TypedData(tmp_path / "photos.csv", "file", "dog,night", skip_corrupt=False)
    labels = source.splits(seed=0).labels
    assert (labels.kind, labels.names) == ("multi", ("dog", "night"))
    assert source.everything(labels)[0].targets.shape == (16, 2)
    turned = TypedData(tmp_path / "photos.csv", "file", "night,dog", skip_corrupt=False).everything(labels)[0]
    assert np.array_equal(turned.targets, source.everything(labels)[0].targets)
    with pytest.raises(DataError, match=r"not those of the model.*'dog', 'file'.*dog,night"):
        TypedData(tmp_path / "photos.csv", "file", "dog,file", skip_corrupt=False).everything(labels)


def test_what_is_fine_tuned_without_a_name_depends_on_the_inputs(images, tmp_path):
    assert images.default_backbone == "tfft_mini"
    texts = tmp_path / "texts" / "good"
    texts.mkdir(parents=True)
    (texts / "1.txt").write_text("a film")
    assert TypedData(texts.parent, None, "label", skip_corrupt=False).default_backbone == "minilm_l6"
    assert TypedData(Path("a.csv"), None, "label", False, text_column="text").default_backbone == "minilm_l6"
    table = tmp_path / "a.csv"
    for header, usual in (("path,label", "tfft_mini"), ("text,label", "minilm_l6"), ("text,path,label", "tfft_mini")):
        table.write_text(f"{header}\n")
        assert TypedData(table, None, "label", skip_corrupt=False).default_backbone == usual


def test_texts_are_taken_as_typed_from_files_and_from_standard_input(reader, tmp_path, monkeypatch):
    (tmp_path / "more.txt").write_text("second\n第三\n", encoding="utf-8-sig")
    monkeypatch.setattr("sys.stdin", io.StringIO("fourth\n"))
    found = given_inputs(reader, ["first.", str(tmp_path / "more.txt"), "-"])
    assert found == ["first.", "second", "第三", "fourth"]
    assert len(reader.predict(found)) == 4


@pytest.mark.slow
def test_a_model_of_pairs_takes_two_texts_with_a_tab_between_them(tmp_path):
    rows = "".join(f"question {i}\tanswer {i}\t{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "pairs.tsv").write_text(f"first\tsecond\tlabel\n{rows}")
    source = TypedData(tmp_path / "pairs.tsv", None, "label", False, text_column="first,second")
    data = source.splits(0)
    model = tfft.build("toy_text", tfft.tasks.classification(data.labels))
    tfft.fit(model, data, tfft.plans.head_only(1), progress=False)
    reader = tfft.load(tfft.export(model, tmp_path / "p.tfft"))
    found = given_inputs(reader, ["how far?\ttwo miles", "why?\t"])
    assert found == [("how far?", "two miles"), ("why?", "")]
    assert [answer.name for answer in reader.predict(found)] == ["how far? | two miles", "why?"]
    with pytest.raises(DataError, match=r"there is no tab\. Got: 'how far\?'\. Put one tab"):
        given_inputs(reader, ["how far?"])
    with pytest.raises(DataError, match=r"trained on pairs of texts, but got single texts"):
        reader.predict(["how far?"])
    alone = TypedData(tmp_path / "pairs.tsv", None, "label", False, text_column="first").splits(0)
    with pytest.raises(DataError, match=r"trained on pairs of texts, but got single texts"):
        tfft.evaluate(reader, alone.test)


def test_a_file_of_texts_that_cannot_be_read_is_named(reader, tmp_path):
    with pytest.raises(DataError, match=r"missing.txt' cannot be read.*one in each line"):
        given_inputs(reader, [str(tmp_path / "missing.txt")])
    (tmp_path / "latin.txt").write_bytes("größe".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.txt' cannot be read"):
        given_inputs(reader, [str(tmp_path / "latin.txt")])


def test_for_a_net_of_pictures_what_is_typed_are_paths(predictor):
    assert given_inputs(predictor, ["a.txt", "b"]) == [Path("a.txt"), Path("b")]


@pytest.mark.parametrize("name", ["reviews.csv", "folder"])
def test_a_file_or_folder_is_not_taken_for_a_text(reader, tmp_path, monkeypatch, name):
    (tmp_path / "reviews.csv").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    said = {"reviews.csv": "'reviews.csv' is a file or folder", "folder": "There is no .txt file below 'folder'"}[name]
    with pytest.raises(DataError, match=f"{said}, and the model reads texts"):
        given_inputs(reader, ["a text", name])
    assert given_inputs(reader, ["a text " * 1000]) == ["a text " * 1000]


def test_parts_may_be_typed(tmp_path):
    add(tmp_path, *(f"{part}/{name}/{index}.png" for part in ("one", "two") for name in "ab" for index in range(4)))

    def source(parts):
        return TypedData(tmp_path, None, "label", False, parts=parts)

    assert source("train=one, test=two").splits(0).labels.names == ("a", "b")
    assert source("none").splits(0).labels.names == ("one", "two")
    for parts in ("one", "train", "train=", "train=one,test"):
        with pytest.raises(DataError, match=r"--parts needs a folder for each part.*--parts train=folder"):
            source(parts).splits(0)
    with pytest.raises(DataError, match="parts= must map"):
        source("exam=one").splits(0)


def test_lines_of_texts_end_at_line_ends_only(tmp_path, monkeypatch, reader):
    lines = ["one\u2028", "two\x85b", "three\x0bb", "four\x0cb", "five"]
    (tmp_path / "five.txt").write_text("\r\n".join(lines), encoding="utf-8", newline="")
    assert given_inputs(reader, [str(tmp_path / "five.txt")]) == lines
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert given_inputs(reader, ["-"]) == lines


def test_how_a_table_is_written_reaches_its_reader(tmp_path):
    table = tmp_path / "t.csv"
    rows = [
        f'"{word} {turn}","{label}"'
        for turn in range(6)
        for word, label in (("one", "a|b"), ("two", "a"), ("three", "b"))
    ]
    table.write_text("\n".join(["text,label", *rows]))
    source = TypedData(table, None, "label", False, text_column="text", separator="|")
    splits = source.splits(0)
    assert splits.labels.kind == "multi"
    assert source.everything(splits.labels)[0].counts() == {"a": 12, "b": 12}
    plain = TypedData(table, None, "label", False, text_column="text", quotes=False).splits(0)
    assert plain.labels.names == ('"a"', '"a|b"', '"b"')


@pytest.mark.parametrize(
    ("option", "value", "typed"),
    [
        ("text_column", "text", "--text-column"),
        ("image_column", "path", "--image-column"),
        ("label_column", "kind", "--label-column"),
        ("separator", "|", "--separator"),
        ("decimal", ",", "--decimal"),
        ("quotes", False, "--quotes"),
    ],
)
def test_options_of_tables_are_refused_for_a_folder(class_folder, option, value, typed):
    given = {"image_column": None, "label_column": "label"} | {option: value}
    source = TypedData(class_folder, skip_corrupt=False, **given)
    for call in (lambda: source.splits(0), lambda: source.default_backbone, lambda: source.everything(None)):
        with pytest.raises(DataError, match=rf"^{typed} is for tables, and .*pictures' is a folder\. Leave it out"):
            call()


def test_parts_are_refused_for_a_table(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    source = TypedData(tmp_path / "a.csv", None, "label", skip_corrupt=False, parts="train=a")
    with pytest.raises(DataError, match=r"^--parts is for folders, and .*a\.csv' is a table"):
        source.splits(0)


def test_several_labels_without_a_separator_say_how_to_name_it(tmp_path):
    (tmp_path / "tags.csv").write_text("text,tags\na film,good|long\n")
    source = TypedData(tmp_path / "tags.csv", None, "tags", skip_corrupt=False, text_column="text")
    texts = [f"text {number}" for number in range(12)]
    labels = tfft.data.from_arrays(texts, [["x"], ["y"], ["x", "y"], ["x"]] * 3).labels
    assert labels.kind == "multi"
    with pytest.raises(DataError, match=r"several labels for each example.*--separator"):
        source.everything(labels)


def test_paths_of_images_are_not_trained_as_texts(tmp_path):
    rows = "".join(f"flowers/{i}.jpg,{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "photos.csv").write_text(f"where,label\n{rows}")
    with pytest.raises(DataError, match=r"20 of 20 inputs are paths of images.*image_column='where'"):
        tfft.data.from_csv(tmp_path / "photos.csv", text_column="where")


def test_files_with_tags_are_read_as_entities(tmp_path):
    for part, numbers in (("train", range(12)), ("test", range(12, 16))):
        lines = [f"Ann{n}\tB-per\nsleeps\tO\n" for n in numbers]
        (tmp_path / f"{part}.conll").write_text("\n".join(lines))
    source = TypedData(tmp_path, None, "label", False)
    data = source.splits(seed=0)
    assert (data.labels.kind, data.labels.names) == ("tags", ("per",))
    assert len(data.test) == 4
    assert source.default_backbone == "minilm_l6"
    alone = TypedData(tmp_path / "test.conll", None, "label", False)
    examples, skipped = alone.everything(data.labels)
    assert [row.tolist() for row in examples.targets] == [[1, 0]] * 4
    assert skipped == ()


@pytest.mark.parametrize(
    ("options", "name"), [({"text_column": "text"}, "--text-column"), ({"parts": "train=a"}, "--parts")]
)
def test_options_without_effect_on_files_with_tags_are_refused(tmp_path, options, name):
    (tmp_path / "train.conll").write_text("Ann\tB-per\n")
    with pytest.raises(DataError, match=rf"{name} has no effect on files with a tag for each word.*Leave it out"):
        TypedData(tmp_path / "train.conll", None, "label", False, **options).check()


def asked(path, numbers):
    def paragraph(number):
        answers = [{"text": f"Ann{number}", "answer_start": 0}]
        return {
            "context": f"Ann{number} sleeps.",
            "qas": [{"id": str(number), "question": "Who?", "answers": answers}],
        }

    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph(number)]} for number in numbers]}))
    return path


def test_files_of_questions_are_read(tmp_path):
    asked(tmp_path / "train.json", range(12))
    test = asked(tmp_path / "dev.json", range(12, 16))
    source = TypedData(tmp_path, None, "label", False)
    data = source.splits(seed=0)
    assert (data.labels.kind, len(data.validation)) == ("span", 4)
    assert source.default_backbone == "minilm_l6"
    examples, skipped = TypedData(test, None, "label", False).everything(data.labels)
    assert [row.tolist() for row in examples.targets] == [[[0, 5]]] * 4
    assert skipped == ()
    with pytest.raises(DataError, match=r"--text-column has no effect on files with questions.*Leave it out"):
        TypedData(test, None, "label", False, text_column="text").check()


def test_questions_that_cannot_be_used_are_skipped_when_the_user_says_so(tmp_path):
    path = asked(tmp_path / "train.json", range(12))
    path.write_text(path.read_text().replace('"text": "Ann3"', '"text": "Bo"'))
    with pytest.raises(DataError, match=r"1 question of .* cannot be used.*3: the answer 'Bo' is not at 0"):
        TypedData(path, None, "label", False).splits(seed=0)
    data = TypedData(path, None, "label", True).splits(seed=0)
    assert len(data.skipped) == 1
    _, skipped = TypedData(path, None, "label", True).everything(data.labels)
    assert len(skipped) == 1
