"""``tfft predict --out`` streams answers to a file, and goes on over broken inputs when asked."""

import io
import json

import pandas
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tests import hub as fakes
from tests.random_images import add
from tfft.cli import verbs
from tfft.core.errors import BundleError, DataError

runner = CliRunner()


@pytest.fixture
def bundle(tmp_path):
    add(tmp_path / "photos", *(f"{number}.png" for number in range(5)))
    return tfft.export(tfft.build("toy", tfft.tasks.classification(["ants", "bees"])), tmp_path / "m.tfft")


def call(*words):
    return runner.invoke(verbs.app, ["predict", *map(str, words)])


def test_answers_of_a_folder_go_to_a_table(bundle):
    out = bundle.parent / "answers.csv"
    done = call(bundle, bundle.parent / "photos", "--out", out)
    assert done.exit_code == 0, done.output
    assert f"wrote 5 answers to {out}" in done.output
    assert "ants" not in done.output, "answers are in the file alone"
    table = pandas.read_csv(out)
    wanted = tfft.load(bundle).predict(bundle.parent / "photos")
    assert table["label"].tolist() == [each.label for each in wanted]
    assert table["bees"].tolist() == pytest.approx([each.scores["bees"] for each in wanted])


def test_broken_inputs_are_skipped_and_listed_when_asked(bundle):
    (bundle.parent / "photos" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    done = call(bundle, bundle.parent / "photos", "--out", bundle.parent / "a.csv")
    assert isinstance(done.exception, DataError)
    out = bundle.parent / "answers.jsonl"
    done = call(bundle, bundle.parent / "photos", "--out", out, "--skip-corrupt")
    assert done.exit_code == 0, done.output
    assert "1 of 5 inputs have no answer; " in done.output
    assert f"skipped '{bundle.parent / 'photos' / '3.png'}' cannot be read" in done.output
    assert "wrote 4 answers" in done.output
    assert len(out.read_text().splitlines()) == 5, "the broken one has its problem"


def test_a_file_is_checked_before_anything_is_predicted(bundle):
    (bundle.parent / "answers.csv").write_text("precious")
    done = call(bundle, bundle.parent / "photos", "--out", bundle.parent / "answers.csv")
    assert isinstance(done.exception, DataError)
    assert (bundle.parent / "answers.csv").read_text() == "precious"


def test_a_stream_gives_answers_before_later_inputs_are_read(bundle):
    predictor = tfft.load(bundle)
    (bundle.parent / "photos" / "4.png").write_bytes(b"broken")
    stream = predictor.stream([bundle.parent / "photos" / f"{number}.png" for number in range(5)], batch_size=2)
    assert [next(stream).name[-5:] for _ in range(4)] == ["0.png", "1.png", "2.png", "3.png"]
    with pytest.raises(DataError, match=r"4\.png"):
        next(stream)


def test_a_bundle_at_hugging_face_is_used_by_its_address(bundle, monkeypatch):
    hub = fakes.install(monkeypatch, bundle.parent)
    commit = hub.add_folder("ann/flowers", bundle)
    here = call(bundle, bundle.parent / "photos", "--json")
    for address in ("hf://ann/flowers", f"hf://ann/flowers@{commit}"):
        there = call(address, bundle.parent / "photos", "--json")
        assert there.exit_code == 0, there.output
        assert there.stdout == here.stdout
        assert f"hf://ann/flowers@{commit}" in there.stderr
    assert isinstance(call("hf://ann/nothing", "new.jpg").exception, BundleError)
    (bundle.parent / "photos.csv").write_text("text\nno image\n")
    refused = call("hf://ann/flowers", bundle.parent / "photos.csv").exception
    assert "There is no column 'path'. Got: the columns 'text'." in str(refused)


@pytest.fixture
def reader(tmp_path):
    return tfft.export(tfft.build("toy_text", tfft.tasks.classification(["good", "bad"])), tmp_path / "t.tfft")


def answers_of(path):
    return pandas.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={"good": "", "bad": ""})


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.tsv", "reviews.jsonl", "reviews.parquet"])
def test_each_row_of_a_table_gets_one_answer_in_order(reader, tmp_path, name):
    texts = [f"film number {number % 7}, seen on day {number}" for number in range(70)]
    frame = pandas.DataFrame({"id": [f"{number:03d}" for number in range(70)], "text": texts, "label": "mine"})
    write = {
        "csv": lambda path: frame.to_csv(path, index=False),
        "tsv": lambda path: frame.to_csv(path, index=False, sep="\t"),
        "jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        "parquet": frame.to_parquet,
    }
    write[name.partition(".")[2]](tmp_path / name)
    done = call(reader, tmp_path / name, "--out", tmp_path / "answers.csv", "--keep", "id,label")
    assert done.exit_code == 0, done.output
    assert "wrote 70 answers" in done.output
    found = answers_of(tmp_path / "answers.csv")
    assert found["name"].tolist() == list(range(1, 71))
    assert found["id"].tolist() == frame["id"].tolist()
    assert set(found["label of input"]) == {"mine"}
    wanted = tfft.load(reader).predict(texts)
    assert found["label"].tolist() == [each.label for each in wanted]
    assert found["good"].tolist() == pytest.approx([each.scores["good"] for each in wanted], abs=1e-6)
    assert len({round(score, 9) for score in found["good"]}) > 10, "the answers can be told apart"


def test_a_row_without_a_text_has_its_problem_between_the_answers_of_the_others(reader, tmp_path):
    (tmp_path / "r.csv").write_text("id,review\n7,a film\n8,\n9,another film\n")
    words = [reader, tmp_path / "r.csv", "--text-column", "review", "--out", tmp_path / "a.csv", "--keep", "id"]
    refused = call(*words)
    assert "1 of 3 rows cannot be answered. Got: line 3 of" in str(refused.exception)
    assert not (tmp_path / "a.csv").exists()
    done = call(*words, "--skip-corrupt")
    assert done.exit_code == 0, done.output
    assert f"skipped line 3 of '{tmp_path / 'r.csv'}': no 'review'" in done.stderr
    assert "1 of 3 inputs have no answer; " in done.stderr
    found = answers_of(tmp_path / "a.csv")
    assert found["id"].tolist() == ["7", "8", "9"]
    assert [bool(problem) for problem in found["problem"]] == [False, True, False]
    one, other = tfft.load(reader).predict(["a film", "another film"])
    assert found["good"].tolist()[::2] == pytest.approx([one.scores["good"], other.scores["good"]], abs=1e-6)


def test_a_table_can_be_answered_on_the_screen(reader, tmp_path):
    (tmp_path / "r.csv").write_text("text\na film\nanother film\n")
    lines = call(reader, tmp_path / "r.csv").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["1", "2"]
    lines = call(reader, tmp_path / "r.csv", "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["1", "2"]


def test_a_table_of_images_keeps_its_rows_whatever_they_hold(bundle, tmp_path):
    (tmp_path / "photos" / "broken.png").write_bytes(b"broken")
    names = ["3.png", "", "gone.png", "../photos", "1.png", "broken.png", "3.png"]
    table = tmp_path / "photos" / "table.csv"
    table.write_text("photo,id\n" + "".join(f"{name},{number}\n" for number, name in enumerate(names)))
    words = [bundle, table, "--image-column", "photo", "--keep", "id,photo", "--out", tmp_path / "a.csv"]
    assert "3 of 7 rows cannot be answered" in str(call(*words).exception)
    done = call(*words, "--skip-corrupt")
    assert done.exit_code == 0, done.output
    found = pandas.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert found["name"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found["photo"].tolist() == names
    assert [number for number, problem in enumerate(found["problem"]) if not problem] == [0, 4, 6]
    assert [found["problem"][number].rpartition("photos")[2][:9] for number in (2, 5)] == ["/gone.png", "/broken.p"]
    wanted = {name: tfft.load(bundle).predict(tmp_path / "photos" / name)[0] for name in ("3.png", "1.png")}
    for number in (0, 4, 6):
        assert float(found["bees"][number]) == pytest.approx(wanted[names[number]].scores["bees"], abs=1e-6)


def test_the_problem_of_an_encoded_image_names_its_row(bundle, tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, "PNG")
    pandas.DataFrame({"path": [None, content.getvalue(), b"broken"]}).to_parquet(tmp_path / "t.parquet")
    done = call(bundle, tmp_path / "t.parquet", "--skip-corrupt")
    assert done.stdout.startswith("2\t")
    assert [line[:17] for line in done.stderr.splitlines()[:2]] == ["skipped row 1 of ", "skipped row 3: Th"]
    pandas.DataFrame({"path": [content.getvalue(), b"broken"]}).to_parquet(tmp_path / "t.parquet")
    assert str(call(bundle, tmp_path / "t.parquet").exception).startswith("row 2: The")


def test_options_without_an_effect_are_refused_before_anything_is_loaded(bundle, reader, tmp_path, monkeypatch):
    monkeypatch.setattr(tfft, "load", lambda path: pytest.fail("loaded"))
    (tmp_path / "r.csv").write_text("text\na film\n")
    out = ["--out", tmp_path / "a.csv"]
    for words, message in (
        (
            [bundle, tmp_path / "photos", *out, "--json"],
            "--json is for answers on the screen, and --out writes all scores",
        ),
        ([bundle, tmp_path / "photos", *out, "--top", 2], "--top is for answers on the screen"),
        ([reader, tmp_path / "r.csv", "--keep", "text"], "--keep has no effect without --out"),
        ([reader, "a film", *out, "--keep", "id"], "--keep is for tables, and no input is a table"),
        ([reader, tmp_path / "r.csv", "a film"], "A table must be the only input"),
        ([bundle, tmp_path / "r.csv", "--text-column", "text"], "--text-column has no effect: the model reads images"),
        ([reader, "absent.csv"], "There is no file 'absent.csv'"),
        ([bundle, tmp_path / "photos", "--out", tmp_path / "a.xlsx"], "Answers cannot be written to"),
    ):
        assert message in str(call(*words).exception), words
    assert not (tmp_path / "a.csv").exists()


def test_masks_go_to_a_folder_and_tables_are_not_for_them(tmp_path):
    add(tmp_path / "photos", "0.png")
    made = tfft.export(tfft.build("toy", tfft.tasks.segmentation(["sky", "road"])), tmp_path / "m.tfft")
    refused = call(made, tmp_path / "photos", "--out", tmp_path / "masks.csv")
    assert "Masks are written to a folder" in str(refused.exception)
    (tmp_path / "t.csv").write_text("path\nphotos/0.png\n")
    assert "answers of this model are masks" in str(call(made, tmp_path / "t.csv").exception)


def test_only_the_first_problems_are_listed_where_a_file_has_all(bundle, tmp_path):
    for number in range(30):
        (tmp_path / "photos" / f"x{number:02d}.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    done = call(bundle, tmp_path / "photos", "--skip-corrupt", "--out", tmp_path / "a.csv")
    assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == ["skipped"] * 10 + ["30"]
    assert "30 of 35 inputs have no answer" in done.stderr


@pytest.mark.parametrize("out", [True, False])
def test_the_exit_status_says_when_there_is_no_answer_at_all(bundle, tmp_path, out):
    (tmp_path / "broken.png").write_bytes(b"broken")
    done = call(bundle, tmp_path / "broken.png", "--skip-corrupt", *(["--out", tmp_path / "a.csv"] if out else []))
    assert done.exit_code == 1
    assert "1 of 1 inputs have no answer" in done.stderr
    assert (tmp_path / "a.csv").exists() is out


def test_an_error_keeps_the_finished_answers(bundle, tmp_path):
    add(tmp_path / "photos", *(f"a{number:02d}.png" for number in range(40)))
    (tmp_path / "photos" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    done = call(bundle, tmp_path / "photos", "--out", tmp_path / "a.csv")
    assert isinstance(done.exception, DataError)
    assert f"the answers to the first 32 inputs are in {tmp_path / 'a-unfinished.csv'}" in done.stderr
    names = pandas.read_csv(tmp_path / "a-unfinished.csv")["name"].tolist()
    assert (
        names == [each.name for each in tfft.load(bundle).predict(sorted((tmp_path / "photos").glob("[0-9a]*")))][:32]
    )
    assert not (tmp_path / "a.csv").exists()


def test_each_file_of_a_folder_of_texts_is_one_text(reader, tmp_path):
    folder = tmp_path / "texts"
    (folder / "new").mkdir(parents=True)
    for name, content in (
        ("b.txt", b"a film\nin two lines\n"),
        ("new/a.txt", b"good"),
        ("c.txt", b" "),
        ("d.txt", b"\xff"),
    ):
        (folder / name).write_bytes(content)
    assert "2 of 4 texts cannot be answered" in str(call(reader, folder).exception)
    done = call(reader, folder, "--skip-corrupt", "--out", tmp_path / "a.csv")
    assert done.exit_code == 0, done.output
    found = answers_of(tmp_path / "a.csv")
    assert found["name"].tolist() == [str(folder / name) for name in ("b.txt", "c.txt", "d.txt", "new/a.txt")]
    assert [bool(problem) for problem in found["problem"]] == [False, True, True, False]
    wanted = tfft.load(reader).predict(["a film\nin two lines\n", "good"])
    assert found["good"].tolist()[::3] == pytest.approx([each.scores["good"] for each in wanted], abs=1e-6)


def test_a_file_without_a_text_is_an_error(reader, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    assert "There is nothing to answer. Got: " in str(call(reader, tmp_path / "empty.txt").exception)


def test_questions_that_cannot_be_used_follow_the_others_when_they_are_skipped(tmp_path):
    made = tfft.export(tfft.build("toy_text", tfft.tasks.question_answering()), tmp_path / "q.tfft")
    asked = [{"id": "q1", "question": "Who?"}, {"id": "q2", "question": ""}, {"id": "q3", "question": "What?"}]
    content = {"data": [{"paragraphs": [{"context": "Ann sleeps.", "qas": asked}]}]}
    (tmp_path / "s.json").write_text(json.dumps(content))
    refused = call(made, tmp_path / "s.json")
    assert "1 question of" in str(refused.exception)
    assert 'pass on_corrupt="skip"' in str(refused.exception)
    done = call(made, tmp_path / "s.json", "--skip-corrupt", "--out", tmp_path / "a.csv")
    assert done.exit_code == 0, done.output
    found = pandas.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert found["name"].tolist() == ["q1", "q3", "q2"]
    assert found["problem"].tolist() == ["", "", "q2: the question is ''"]


def test_a_table_of_questions_is_answered_by_its_usual_columns(tmp_path):
    made = tfft.export(tfft.build("toy_text", tfft.tasks.question_answering()), tmp_path / "q.tfft")
    lines = [{"id": 5, "question": "Who?", "context": "Ann sleeps."}, {"id": None, "question": "Who?", "context": " "}]
    (tmp_path / "q.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    done = call(made, tmp_path / "q.jsonl", "--skip-corrupt", "--keep", "id", "--out", tmp_path / "a.jsonl")
    assert done.exit_code == 0, done.output
    answered, empty = (json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines())
    (wanted,) = tfft.load(made).predict([("Who?", "Ann sleeps.")])
    assert answered == wanted.to_dict() | {"name": "1", "row": {"id": 5}}
    assert (empty["name"], empty["row"], empty["problem"][-12:]) == ("2", {"id": None}, "no 'context'")
