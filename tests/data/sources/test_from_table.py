"""Tables from Excel, pandas and Parquet, with gaps, classes called "None", and columns of every dtype."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tfft.core.errors import DataError, DataWarning
from tfft.data import from_csv, from_dataframe

COUNT = 12


def _image(seed):
    return np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "img").mkdir()
    for index in range(COUNT):
        Image.fromarray(_image(index)).save(tmp_path / "img" / f"{index}.png")
    return tmp_path


def _frame(labels, folder="img/"):
    return pd.DataFrame({"path": [f"{folder}{index}.png" for index in range(COUNT)], "label": labels})


def _labels_by_path(splits):
    parts = (splits.train, splits.validation, splits.test)
    return {part.name(i): splits.labels.names[part.targets[i]] for part in parts for i in range(len(part))}


LABELS = ["ant", "bee"] * (COUNT // 2)
WRITERS = {
    "t.csv": lambda frame, path: frame.to_csv(path, index=False),
    "t.TSV": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "t.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "t.parquet": lambda frame, path: frame.to_parquet(path),
    "bom.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_table_gives_the_same_examples(home, name):
    WRITERS[name](_frame(LABELS), home / name)
    splits = from_csv(home / name)
    assert _labels_by_path(splits) == {f"{home}/img/{index}.png": label for index, label in enumerate(LABELS)}


def test_relative_paths_start_at_the_table_and_absolute_ones_stay(home, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    _frame(LABELS, folder=f"{home}/img/").to_csv(home / "absolute.csv", index=False)
    _frame(LABELS).to_csv(home / "relative.csv", index=False)
    assert _labels_by_path(from_csv(home / "absolute.csv")) == _labels_by_path(from_csv(home / "relative.csv"))


def test_one_table_for_each_part(home):
    frame = _frame(LABELS)
    for part, rows in (("train", frame[:8]), ("test", frame[8:])):
        rows.to_csv(home / f"{part}.csv", index=False)
    splits = from_csv({part: home / f"{part}.csv" for part in ("train", "test")})
    assert splits.describe() == "6 train, 2 validation, 4 test; 2 classes"
    assert [splits.test.name(index) for index in range(4)] == [f"{home}/img/{index}.png" for index in range(8, 12)]


def test_an_empty_label_is_missing(home):
    _frame(["", *LABELS[1:]]).to_csv(home / "t.csv", index=False)
    with pytest.raises(DataError, match=r"1 target is missing.*line 2 of '.*t\.csv'"):
        from_csv(home / "t.csv")


def test_lists_of_names_are_several_labels(home):
    frame = _frame([["dog", "indoor"], ["dog"], []] * 4)
    for name in ("t.jsonl", "t.parquet"):
        WRITERS[name](frame, home / name)
        splits = from_csv(home / name)
        assert (splits.labels.kind, splits.labels.names) == ("multi", ("dog", "indoor"))


@pytest.mark.parametrize("dtype", ["object", "string", "category", "str", "string[pyarrow]"])
def test_text_of_every_dtype_is_classes(home, monkeypatch, dtype):
    monkeypatch.chdir(home)
    assert from_dataframe(_frame(pd.Series(LABELS, dtype=dtype))).labels.names == ("ant", "bee")


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("Int64", "single"), ("int8", "single"), ("boolean", "single"), ("Float32", "real"), ("category", "single")],
)
def test_numbers_of_every_dtype_keep_their_meaning(home, monkeypatch, dtype, kind):
    monkeypatch.chdir(home)
    values = pd.Series(np.arange(COUNT) % 2 + (0.5 if kind == "real" else 0)).astype(dtype)
    assert from_dataframe(_frame(values)).labels.kind == kind


@pytest.mark.parametrize(
    "values", [pd.Series([1, None] * 6, dtype="Int64"), pd.Series(["a", None] * 6, dtype="category")]
)
def test_missing_values_of_extension_dtypes_are_found(home, monkeypatch, values):
    monkeypatch.chdir(home)
    with pytest.raises(DataError, match="6 targets are missing"):
        from_dataframe(_frame(values))


def test_class_ids_that_became_floats_are_doubted(home, monkeypatch):
    monkeypatch.chdir(home)
    with pytest.warns(DataWarning, match="pass integers"):
        assert from_dataframe(_frame(np.arange(COUNT) % 2.0)).labels.kind == "real"


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"x": [0, 1] * 6, "y": [1, 1] * 6}, "multi"),
        ({"x": [True, False] * 6, "y": [1, 1] * 6}, "multi"),
        ({"x": pd.array([True, False] * 6, "boolean"), "y": pd.array([1, 1] * 6, "Int64")}, "multi"),
        ({"x": np.arange(COUNT) * 0.5, "y": np.arange(COUNT)}, "real"),
    ],
)
def test_several_columns_are_several_labels_or_quantities(home, monkeypatch, columns, kind):
    monkeypatch.chdir(home)
    splits = from_dataframe(_frame(LABELS).assign(**columns), label_column=["x", "y"])
    assert (splits.labels.kind, splits.labels.names) == (kind, ("x", "y"))
    assert splits.train.targets.shape[1] == 2


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", "b"] * 6, r"text or mixed values in 'x'.*column of lists"),
        ([None, 1] * 6, r"6 targets are missing.*rows 0, 2"),
        (pd.array([pd.NA, 1] * 6, "Int64"), r"6 targets are missing.*rows 0, 2"),
        ([0, 2] * 6, r"zeros and ones.*values 0, 1, 2"),
    ],
)
def test_several_columns_of_anything_else_are_refused(home, monkeypatch, column, message):
    monkeypatch.chdir(home)
    with pytest.raises(DataError, match=message):
        from_dataframe(_frame(LABELS).assign(x=column, y=[0, 1] * 6), label_column=["x", "y"])


def test_images_may_be_bytes_or_arrays(home):
    contents = [(home / "img" / f"{index}.png").read_bytes() for index in range(COUNT)]
    frame = pd.DataFrame({"image": contents, "label": LABELS})
    frame.to_parquet(home / "t.parquet")
    assert isinstance(from_csv(home / "t.parquet", image_column="image").train.inputs[0], bytes)
    arrays = pd.DataFrame({"image": [_image(index) for index in range(COUNT)], "label": LABELS})
    assert from_dataframe(arrays, image_column="image").train.inputs[0].shape == (6, 7, 3)


@pytest.mark.parametrize("value", [7, {"bytes": b"x", "path": None}, 1.5])
def test_an_image_column_of_anything_else_is_refused(value):
    frame = pd.DataFrame({"path": [value] * COUNT, "label": LABELS})
    with pytest.raises(DataError, match=r"image column must hold paths.*in row 0.*image_column=") as caught:
        from_dataframe(frame)
    assert type(value).__name__ in str(caught.value)


def test_float_arrays_in_a_column_are_refused_before_training():
    frame = pd.DataFrame({"path": [np.zeros((4, 4, 3))] * COUNT, "label": LABELS})
    with pytest.raises(DataError, match="float64 have no known range"):
        from_dataframe(frame)


def test_groups_stay_together(home):
    _frame(LABELS).assign(patient=np.arange(COUNT) // 2).to_csv(home / "t.csv", index=False)
    splits = from_csv(home / "t.csv", group_column="patient")
    groups = [
        {int(part.name(i).split("/")[-1][:-4]) // 2 for i in range(len(part))}
        for part in (splits.train, splits.validation, splits.test)
    ]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 6


def test_a_group_in_two_files_is_doubted(home, monkeypatch):
    monkeypatch.chdir(home)
    frame = _frame(LABELS).assign(patient=["x"] * 6 + ["y", "x", "z"] * 2)
    with pytest.warns(DataWarning, match=r"groups are in two parts: 'x \(train and validation\)'"):
        from_dataframe({"train": frame[:7], "validation": frame[7:]}, group_column="patient", holdout=(0, 0))


@pytest.mark.parametrize("argument", ["image_column", "label_column", "group_column"])
def test_a_column_that_is_not_there_is_named_with_the_nearest(argument):
    frame = _frame(LABELS).assign(patient=1)
    wrong, right = {
        "image_column": ("paths", "path"),
        "label_column": ("labell", "label"),
        "group_column": ("patent", "patient"),
    }[argument]
    with pytest.raises(
        DataError, match=rf"no column '{wrong}'.*columns 'path', 'label', 'patient'.*Did you mean '{right}'"
    ):
        from_dataframe(frame, **{argument: wrong})


def test_rows_without_an_image_are_named():
    frame = _frame(LABELS)
    frame.loc[[2, 5], "path"] = None
    with pytest.raises(DataError, match=r"2 rows have no 'path'.*rows 2, 5.*Drop"):
        from_dataframe(frame)


def test_missing_files_are_named_with_where_they_were_looked_for(home):
    _frame(LABELS, folder="wrong/").to_csv(home / "t.csv", index=False)
    with pytest.raises(
        DataError,
        match=rf"12 of 12 images not found: .*{home}/wrong/0.png.*Did you mean 'img/0.png', that is '{home}/img/0.png'",
    ):
        from_csv(home / "t.csv")
    _frame(LABELS, folder="wrong/x").to_csv(home / "t.csv", index=False)
    with pytest.raises(
        DataError, match=rf"12 of 12 images not found: .*{home}/wrong/x0.png.*folder '{home}/wrong' does not exist"
    ):
        from_csv(home / "t.csv")


def test_missing_files_are_told_the_folder_of_the_table_and_a_path_that_works_in_it(home, monkeypatch):
    table = home / "tables" / "t.csv"
    table.parent.mkdir()
    _frame(LABELS).to_csv(table, index=False)
    (table.parent / "deep").mkdir()
    Image.new("L", (8, 8)).save(table.parent / "deep" / "0.png")
    (home / "img").rename(home / "elsewhere")
    for path in (table, Path("tables/t.csv")):
        monkeypatch.chdir(home.parent if path.is_absolute() else home)
        with pytest.raises(DataError) as caught:
            from_csv(path)
        assert caught.value.what.startswith("12 of 12 images not found: ")
        assert caught.value.got == f"paths from a table, which start at its folder, {str(table.parent)!r}"
        assert caught.value.fix.startswith("Did you mean 'deep/0.png', that is '")
        assert "where you run" not in caught.value.fix


def test_a_table_that_was_written_for_the_working_folder_shows_a_path_that_works_in_it(home, monkeypatch):
    (home / "tables").mkdir()
    monkeypatch.chdir(home)
    first = next(path for path in sorted(home.rglob("*.png"))).relative_to(home)
    _frame(LABELS, folder=f"{first.parent}/" if first.parent.name else "").to_csv(
        home / "tables" / "t.csv", index=False
    )
    with pytest.raises(DataError, match=rf"Write '\.\./{first}' in the table, move the table, or read it with pandas"):
        from_csv(home / "tables" / "t.csv")


def test_a_table_of_which_every_image_is_skipped_is_an_error_that_says_why(home):
    _frame(LABELS, folder="wrong/").to_csv(home / "t.csv", index=False)
    with pytest.raises(DataError) as caught:
        from_csv(home / "t.csv", on_corrupt="skip")
    assert caught.value.what == "The train part is empty, because all of its inputs were skipped."
    assert caught.value.got.startswith("12 of 12 images not found: ")
    assert caught.value.got.endswith(f"; paths from a table, which start at its folder, {str(home)!r}")
    assert "on_corrupt" not in caught.value.fix, "they are skipped already"
    (home / "wrong").mkdir()
    for number in range(12):
        (home / "wrong" / f"{number}.png").write_text("no image")
    with pytest.raises(
        DataError, match=r"12 of 12 images cannot be read: .*\(not an image\).*Repair or remove them\.$"
    ):
        from_csv(home / "t.csv", on_corrupt="skip")


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({}, "Name the column of labels with label_column=."),
        ({"label_column": "kind", "image_column": "file"}, "Name an existing column with image_column=."),
        ({"label_column": "kind", "group_column": "zzz"}, "Name an existing column with group_column=."),
    ],
)
def test_the_existing_columns_are_listed_once(given, advice):
    frame = _frame(LABELS).rename(columns={"label": "kind"})
    with pytest.raises(DataError) as caught:
        from_dataframe(frame, **given)
    assert caught.value.got == "the columns 'path', 'kind'"
    assert caught.value.fix == advice


@pytest.mark.parametrize("frame", [{"path": ["a.png"], "label": ["a"]}, [1, 2]])
def test_an_object_that_is_not_a_dataframe_is_refused(frame):
    with pytest.raises(DataError, match=r"part is not a DataFrame.*Pass a DataFrame"):
        from_dataframe(frame)


def test_a_misspelt_part_is_refused():
    with pytest.raises(DataError, match=r"no part 'valid'.*'validation'"):
        from_dataframe({"train": _frame(LABELS), "valid": _frame(LABELS)})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path|label\na|1\n", r"neither a column 'path'.*'path\|label'"),
        ("path,label\n", r"train part holds no examples"),
    ],
)
def test_tables_without_the_columns_or_without_rows_are_refused(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        from_csv(tmp_path / "t.csv")


def _photos(tmp_path, column, cells, name="photos.csv"):
    rows = []
    for index, cell in enumerate(cells):
        pixels = np.random.default_rng(index).integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        rows.append({"path": f"{index}.png", column: cell})
    pd.DataFrame(rows).to_csv(tmp_path / name, index=False)
    return tmp_path / name


LISTS = [["red", "big"], ["red"], ["big", "small", "red"], []] * 5


@pytest.mark.parametrize("kind", [list, np.array])
def test_lists_and_arrays_that_pandas_wrote_are_several_labels_again(tmp_path, kind, monkeypatch):
    path = _photos(tmp_path, "label", [kind(cell) for cell in LISTS])
    monkeypatch.chdir(tmp_path)
    for data in (from_csv(path), from_dataframe(pd.read_csv(path))):
        assert (data.labels.kind, data.labels.names) == ("multi", ("big", "red", "small"))
        assert data.everything().counts() == {"big": 10, "red": 15, "small": 5}


def test_lists_beside_plain_text_are_refused(tmp_path, monkeypatch):
    path = _photos(tmp_path, "label", ["['red']", "small"] * 8)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"'small' is not a list of labels such as \['dog', 'indoor'\]"):
        from_csv(path)
    with pytest.raises(DataError, match="'small' is not a list of labels"):
        from_dataframe(pd.read_csv(path))


def test_a_quantity_is_called_as_its_column(tmp_path):
    path = _photos(tmp_path, "width", [0.5 + index for index in range(16)])
    assert from_csv(path, label_column="width").labels.names == ("width",)


def test_columns_of_true_and_false_are_several_labels(tmp_path):
    path = _photos(tmp_path, "a", [True, False] * 10)
    frame = pd.read_csv(path).assign(b=[False, True, True, True] * 5)
    frame.to_csv(path, index=False)
    data = from_csv(path, label_column=["a", "b"])
    assert data.labels.kind == "multi"
    assert data.everything().counts() == {"a": 10, "b": 15}


@pytest.mark.parametrize("columns", [[], ["a", "a"]])
def test_label_columns_are_named_once_each(tmp_path, columns):
    with pytest.raises(DataError, match="label_column must name at least one column, and no column twice"):
        from_csv(_photos(tmp_path, "a", ["x", "y"] * 8), label_column=columns)


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("http://example.org/", "That is a URL: download"),
        ("~/", "relative to where you run|does not exist"),
        ("img\\", "Did you mean '.*img/0.png'"),
    ],
)
def test_paths_that_lead_nowhere_get_advice(home, written, advice):
    _frame(LABELS, folder=written).to_csv(home / "t.csv", index=False)
    with pytest.raises(DataError, match=advice):
        from_csv(home / "t.csv")


@pytest.mark.parametrize("path", [None, 3, ["a.csv"], {"train": None}])
def test_an_object_that_is_not_a_path_is_refused(path):
    with pytest.raises(DataError, match=r"from_csv\(\) takes the path of a table"):
        from_csv(path)


@pytest.mark.parametrize("option", ["text_column", "label_column"])
def test_columns_have_names_and_not_numbers(tmp_path, option):
    (tmp_path / "t.csv").write_text("text,label\none,a\ntwo,b\n")
    with pytest.raises(DataError, match=rf'{option}=0 is not the name of a column.*write {option}="name"'):
        from_csv(tmp_path / "t.csv", **{option: 0})


@pytest.mark.parametrize("given", ["t.csv", Path("t.csv")])
def test_a_path_in_place_of_a_frame_is_answered_with_from_csv(given):
    with pytest.raises(DataError, match=r"part is not a DataFrame\..*Write from_csv\('t\.csv'\)"):
        from_dataframe(given)


def test_a_missing_column_of_one_of_several_files_names_the_file(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,b\n")
    (tmp_path / "test.csv").write_text("text\na\n")
    paths = {"train": tmp_path / "train.csv", "test": tmp_path / "test.csv"}
    with pytest.raises(DataError, match=r"no column 'label'. Got: the columns 'text' of '.*test\.csv'\."):
        from_csv(paths, text_column="text")
