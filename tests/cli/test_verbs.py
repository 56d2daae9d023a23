"""The command line, as a user types it."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tfft.cli import verbs as cli
from tfft.cli.console import in_shell, spoken
from tfft.core.errors import BundleError, PlanError, WeightsError
from tfft.core.leases import lease

runner = CliRunner()


def call(*words):
    """Run the command in this process; errors of ours come back as they would be raised."""
    return runner.invoke(cli.app, [str(word) for word in words], catch_exceptions=True)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    root = tmp_path_factory.mktemp("cli")
    random = np.random.default_rng(0)
    for hue, name in enumerate(["reds", "greens"]):
        (root / "pictures" / name).mkdir(parents=True)
        for index in range(10):
            pixels = random.integers(0, 120, (20, 20, 3), np.uint8)
            pixels[..., hue] += 130
            Image.fromarray(pixels).save(root / "pictures" / name / f"{index}.png")
    words = [
        "fit",
        "--data",
        root / "pictures",
        "--backbone",
        "toy",
        "--out",
        root / "m.tfft",
        "--run-folder",
        root / "run",
    ]
    patch = pytest.MonkeyPatch()
    patch.setattr(cli, "start_tensorflow", lambda: None)
    done = call(*words, "--head-epochs", 2, "--tune-epochs", 1, "--learning-rate", 0.05)
    patch.undo()
    assert done.exit_code == 0, done.output
    return root, done.output


def test_fit_says_what_it_does_and_writes_the_bundle(fitted):
    root, said = fitted
    assert "14 train, 4 validation, 2 test; 2 classes" in said
    assert "head: trained 18 of 1,090 parameters" in said
    assert "tune: trained 602 of 1,090 parameters" in said
    assert "test: accuracy" in said
    assert f"wrote {root / 'm.tfft'}" in said
    assert (root / "m.tfft" / "manifest.json").is_file()
    assert (root / "run" / "log.jsonl").is_file()


def test_evaluate_finds_the_test_part_of_the_training_again(fitted, tmp_path):
    root, _ = fitted
    done = call("evaluate", root / "m.tfft", "--data", root / "pictures", "--out", tmp_path / "report.json")
    assert done.exit_code == 0, done.output
    assert "# classification on 2 examples" in done.output
    assert "optimistic" not in done.output
    assert json.loads((tmp_path / "report.json").read_text())["seen"] == {"train": 0, "validation": 0}
    every = call("evaluate", root / "m.tfft", "--data", root / "pictures", "--part", "all").output
    assert "on 20 examples" in every
    assert "Includes 14 training and 4 validation examples" in every
    other_seed = call("evaluate", root / "m.tfft", "--data", root / "pictures", "--seed", 5, "--part", "test")
    assert "these metrics are optimistic" in other_seed.output


def test_evaluate_takes_all_of_new_pictures_even_when_a_class_is_missing(fitted, tmp_path):
    root, _ = fitted
    third = ["reds", "greens", "blues"]
    random = np.random.default_rng(7)
    for name in third[:2]:
        (tmp_path / "new" / name).mkdir(parents=True)
        for index in range(4):
            Image.fromarray(random.integers(0, 255, (20, 20, 3), np.uint8)).save(
                tmp_path / "new" / name / f"{index}.png"
            )
    assert "on 8 examples" in call("evaluate", root / "m.tfft", "--data", tmp_path / "new").output
    (tmp_path / "new" / "greens").rename(tmp_path / "new" / "blues")
    strange = call("evaluate", root / "m.tfft", "--data", tmp_path / "new")
    assert "'blues'" in str(strange.exception)


def test_predict_skips_broken_images_and_lists_them(fitted, tmp_path):
    root, _ = fitted
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    good = [root / "pictures" / "reds" / f"{index}.png" for index in range(2)]
    refused = call("predict", root / "m.tfft", good[0], broken, good[1])
    assert 'pass on_corrupt="skip" to answer the other inputs' in str(refused.exception)
    done = call("predict", root / "m.tfft", good[0], broken, tmp_path / "missing.png", good[1], "--skip-corrupt")
    assert done.exit_code == 0, done.output
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [str(path) for path in good]
    skipped, missing, count = done.stderr.splitlines()
    assert skipped.startswith(f"skipped '{broken}' cannot be read as an image")
    assert missing.startswith(f"skipped '{tmp_path / 'missing.png'}' cannot be read as an image: no such file")
    assert count == "2 of 4 inputs have no answer"


def test_a_report_of_another_kind_is_refused_before_anything_is_read():
    done = call("evaluate", "nowhere.tfft", "--data", "nowhere", "--out", "report.txt")
    assert done.exit_code == 2
    assert "written as .html, .json or .md" in done.output


@pytest.mark.slow
def test_without_a_name_no_older_bundle_is_replaced(fitted, tmp_path, monkeypatch):
    root, _ = fitted
    monkeypatch.chdir(tmp_path)
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--plan", "head_only", "--head-epochs", 1]
    assert "wrote model.tfft\n" in call(*words).output
    assert "wrote model-2.tfft\n" in call(*words).output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model-2.tfft", "model.tfft"]


def test_predict_answers_a_line_for_each_picture(fitted):
    root, _ = fitted
    lines = call("predict", root / "m.tfft", root / "pictures" / "reds", "--top", 2).output.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith(str(root / "pictures" / "reds" / "0.png"))
    assert "reds 0." in lines[0]
    assert "greens 0." in lines[0]
    as_json = ["predict", root / "m.tfft", root / "pictures" / "reds" / "0.png", "--json"]
    assert set(json.loads(call(*as_json).output)["scores"]) == {"reds", "greens"}
    assert len(json.loads(call(*as_json, "--top", 1).output)["scores"]) == 1


def test_backbones_lists_all_and_shows_one():
    listed = call("backbones").output
    for name in ("vgg16", "mobilenet_v2", "efficientnet_v2_s", "convnext_small", "tfft_mini", "toy"):
        assert f"\n{name} " in f"\n{listed}"
    shown = call("backbones", "vgg16").output
    assert "block1, block2, block3, block4, block5" in shown
    assert "options: weights, size, fit" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "--data", "nowhere"], "There is no folder 'nowhere'"),
        (["fit", "--data", "{pictures}", "--backbone", "vgg-17"], "Did you mean 'vgg19' or 'vgg16'"),
        (["fit", "--data", "{pictures}", "--backbone", "toy", "--alpha", "0.5"], "takes no option 'alpha'"),
        (["fit", "--data", "{pictures}", "--backbone", "toy", "--blocks", "7"], "toy has 3"),
        (["predict", "{pictures}", "x.png"], "is not a bundle"),
        (["predict", "{bundle}", "x.png"], "x.png' cannot be read as an image: no such file. Check the path"),
        (["predict", "nowhere.tfft", "x.png"], "There is no bundle at 'nowhere.tfft'"),
        (["evaluate", "{bundle}", "--data", "{pictures}", "--part", "exam"], "'exam' is not one of 'auto', 'train'"),
        (["fit", "--data", "nowhere.csv"], "There is no file 'nowhere.csv'"),
        (["fit", "--data", "{bundle}/net.keras"], "is not a table that can be read"),
        (["fit", "--data", "{pictures}", "--out", "/proc/no/m.tfft"], "No bundle can be written to '/proc/no/m.tfft'"),
        (["fit", "--data", "{pictures}", "--run-folder", "{bundle}/net.keras"], "net.keras"),
        (["fit", "--data", "{pictures}", "--backbone", "vgg16", "--size", "8"], "Pass --size 32 or more"),
    ],
)
def test_mistakes_are_answered_with_one_sentence(fitted, words, said, monkeypatch, capsys):
    root, _ = fitted
    filled = [word.format(pictures=root / "pictures", bundle=root / "m.tfft") for word in words]
    monkeypatch.setattr(sys, "argv", ["tfft", *filled])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown = capsys.readouterr()
    assert stopped.value.code == 2
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_plan_refuses_the_options_of_another(fitted):
    root, _ = fitted
    done = call("fit", "--data", root / "pictures", "--backbone", "toy", "--plan", "head_only", "--tune-epochs", 3)
    assert done.exit_code == 2
    assert "belongs to two_phase" in done.output


def test_help_answers_at_once_and_without_tensorflow():
    code = "import sys, tfft.cli.verbs; assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    command = [sys.executable, "-c", "from tfft.cli.verbs import main; main()", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": "100"})
    for verb in ("fit", "evaluate", "predict", "backbones", "doctor", "demo"):
        assert verb in done.stdout


@pytest.mark.slow
def test_a_command_writes_no_start_up_notes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from tfft.cli.verbs import main; main()", "doctor", "--offline"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("versions\n")


@pytest.mark.slow
def test_training_pictures_can_be_changed(fitted, tmp_path):
    root, _ = fitted
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--out", tmp_path / "m.tfft", "--head-epochs", 1]
    done = call(*words, "--tune-epochs", 1, "--augment", "crops,flips", "--run-folder", tmp_path / "run")
    assert done.exit_code == 0, done.output
    phases = json.loads((tmp_path / "run" / "run.json").read_text())["plan"]["phases"]
    assert [[step["name"] for step in phase["augment"]] for phase in phases] == [["crops", "flips"]] * 2
    wrong = call(*words, "--augment", "?")
    assert "There are: 'colors', 'crops', 'cutmix'" in str(wrong.exception)


def test_help_lists_what_can_be_typed():
    shown = call("fit", "--help").output
    for option in ("--data", "--backbone", "--out", "--weights", "--augment", "--blocks", "--balanced", "--seed"):
        assert option in shown


@pytest.mark.slow
def test_what_is_kept_is_listed_and_deleted(fitted, tmp_path, monkeypatch):
    root, _ = fitted
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path))
    assert "0 entries, 0 bytes" in call("cache").output
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--out", tmp_path / "m.tfft", "--head-epochs", 1]
    call(*words, "--plan", "head_only", "--cache", "off")
    assert "0 entries" in call("cache").output
    call(*words, "--plan", "head_only")
    listed = call("cache").output.splitlines()
    assert len(listed) == 4, "training, validation and, for the report, test"
    assert all(line.endswith("0 min ago  toy after pool, float32") for line in listed[:3])
    assert "no entry of" in call("cache", "zzz").output
    first = listed[0].split()[0]
    assert f"deleted {first}" in call("cache", first, "--clear").output
    assert call("cache").output.splitlines()[0] == listed[1]
    assert "there is no folder" in call("cache", "--folder", tmp_path / "elsewhere").output
    assert call("cache", "--folder", tmp_path / "features").output == call("cache").output
    (tmp_path / "precision.json").write_text("{}")
    call("cache", "zzz", "--clear")
    assert (tmp_path / "precision.json").exists()
    busy = tmp_path / "features" / next((tmp_path / "features").iterdir()).name

    class Reader:
        """What reads features."""

    reader = Reader()
    lease(busy, reader)
    assert f"in use  {busy.name[:8]}" in call("cache", busy.name, "--clear").output
    del reader
    assert "2 of 2 entries deleted" in call("cache", "--clear").output
    assert "0 entries" in call("cache").output
    assert not (tmp_path / "precision.json").exists()


@pytest.mark.slow
def test_the_precision_that_is_typed_is_computed_in(fitted, tmp_path):
    root, _ = fitted
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--head-epochs", 1, "--tune-epochs", 1]
    said = call(*words, "--out", tmp_path / "m.tfft", "--precision", "bfloat16").output
    assert "on features after pool, bfloat16\n" in said
    assert "on features after block2_relu, bfloat16; trained in bfloat16\n" in said
    assert "Invalid value" in call(*words, "--precision", "int8").output


def test_a_keras_file_is_cut_and_trained_from_the_shell(fitted, tmp_path):
    import keras

    pixels = keras.Input((20, 20, 3))
    inner = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="inner")(pixels)
    top = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="outer")(inner)))
    keras.Model(pixels, top).save(tmp_path / "net.keras")
    words = [
        "fit",
        "--data",
        fitted[0] / "pictures",
        "--backbone",
        tmp_path / "net.keras",
        "--out",
        tmp_path / "m.tfft",
    ]
    refused = call(*words, "--layer", "inner")
    assert "Pass --pixel-range" in in_shell(refused.exception.fix)
    assert "pixel_range=" not in in_shell(refused.exception.fix)
    done = call(*words, "--layer", "inner", "--pixel-range", "zero_to_one", "--head-epochs", 1, "--tune-epochs", 1)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "m.tfft").is_dir()


def test_options_of_models_of_ones_own_are_refused_where_they_mean_nothing(fitted, tmp_path):
    done = call(
        "fit", "--data", fitted[0] / "pictures", "--backbone", "toy", "--layer", "x", "--out", tmp_path / "m.tfft"
    )
    assert "takes no option 'layer'" in str(done.exception)
    assert not (tmp_path / "m.tfft").exists()


def test_a_bundle_that_went_elsewhere_is_no_success(fitted, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(cli, "export_somewhere", lambda model, out, report: elsewhere / "m.tfft")
    words = ["fit", "--data", fitted[0] / "pictures", "--backbone", "toy", "--plan", "head_only", "--head-epochs", 1]
    done = call(*words, "--out", tmp_path / "m.tfft")
    assert done.exit_code == 1
    assert f"wrote {elsewhere}" in done.output.replace("\n", "")


def test_the_blocks_of_a_keras_file_are_listed(tmp_path):
    import keras

    pixels = keras.Input((20, 20, 3))
    keras.Model(pixels, keras.layers.Conv2D(4, 3, name="only")(pixels)).save(tmp_path / "net.keras")
    done = call("backbones", tmp_path / "net.keras", "--pixel-range", "raw")
    assert "blocks, from input to output: block1" in done.output


@pytest.mark.parametrize(
    ("text", "chosen"), [("第{}号包裹到了吗", "multilingual_e5_small"), ("parcel {}", "minilm_l6")]
)
def test_texts_without_a_backbone_get_one_by_their_language_or_the_line_that_installs_it(
    tmp_path, monkeypatch, text, chosen
):
    from tfft.backbones import packages

    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    rows = [f"{text.format(number)},{'ab'[number % 2]}" for number in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    done = call("fit", "--data", tmp_path / "t.csv", "--out", tmp_path / "m.tfft")
    assert f"backbone: {chosen}, because" in done.output
    assert isinstance(done.exception, WeightsError)
    assert packages.PACKAGES[chosen].install in str(done.exception)


@pytest.mark.slow
def test_a_killed_fit_continues_with_resume_and_says_so(fitted, tmp_path, monkeypatch):
    root, _ = fitted
    words = [
        "fit",
        "--data",
        root / "pictures",
        "--backbone",
        "toy",
        "--head-epochs",
        3,
        "--tune-epochs",
        2,
        "--accumulate",
        2,
    ]
    words += ["--run-folder", tmp_path / "run", "--save-minutes", 0.0001]

    class KilledError(BaseException):
        pass

    def killed(model, splits, plan, **options):
        from tfft.training import phase_training

        pause = phase_training._Inside._pause

        def once(self, moment):
            pause(self, moment)
            if self._phase.name == "tune" and moment == "epoch":
                raise KilledError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(phase_training._Inside, "_pause", once)
            return fit(model, splits, plan, **options)

    import tfft

    fit = tfft.fit
    with monkeypatch.context() as patch:
        patch.setattr(tfft, "fit", killed)
        with pytest.raises(KilledError):
            call(*words, "--out", tmp_path / "no.tfft")
    refused = call(*words, "--out", tmp_path / "m.tfft")
    assert "holds an unfinished run" in str(refused.exception)
    done = call(*words, "--out", tmp_path / "m.tfft", "--resume")
    assert done.exit_code == 0, done.output
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log if line["event"] == "resume"] == [2]
    whole = call(*words[:-4], "--out", tmp_path / "whole.tfft")
    assert whole.exit_code == 0, whole.output
    for one, other in zip(*(tfft.load(tmp_path / n).net.get_weights() for n in ("m.tfft", "whole.tfft")), strict=True):
        assert one.tobytes() == other.tobytes()


def test_resume_without_a_run_folder_is_told_in_the_words_of_a_shell(fitted, tmp_path, capsys):
    root, _ = fitted
    done = call("fit", "--data", root / "pictures", "--backbone", "toy", "--out", tmp_path / "m.tfft", "--resume")
    assert in_shell(done.exception.fix) == 'Write --run-folder "runs/1".'
    done = call(
        "fit", "--data", root / "pictures", "--backbone", "toy", "--out", tmp_path / "m.tfft", "--save-minutes", 1
    )
    capsys.readouterr()
    with pytest.raises(SystemExit), spoken():
        raise done.exception
    assert capsys.readouterr().err == (
        "TfftError: Checkpoints are saved only in a run folder. Got: 1.0 minutes between two checkpoints, and no run folder. "
        'Write --run-folder "runs/1", or leave --save-minutes out.\n'
    )
    assert not (tmp_path / "m.tfft").exists()


def test_batch_size_auto_reaches_fit_and_a_wrong_one_is_refused_before_the_data_is_read(fitted, tmp_path, monkeypatch):
    import tfft

    root, _ = fitted
    got = []

    def fit(model, splits, plan, **options):
        got.append(options["batch_size"])
        raise KeyboardInterrupt

    monkeypatch.setattr(tfft, "fit", fit)
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--out", tmp_path / "m.tfft"]
    for typed in ("auto", "8"):
        call(*words, "--batch-size", typed)
    assert got == ["auto", 8]
    refused = call("fit", "--data", tmp_path / "absent", "--batch-size", "many")
    assert refused.exit_code == 2
    assert "--batch-size is a whole number from 1" in refused.output


def test_a_number_of_classes_is_refused_for_a_model_of_entities(tmp_path):
    model = tfft.build("toy_text", tfft.tasks.token_classification(["person"]))
    tfft.export(model, tmp_path / "names.tfft")
    done = call("predict", tmp_path / "names.tfft", "Ann sleeps", "--top", 2)
    assert str(done.exception) == "--top has no effect on a model of entities. Got: --top 2. Leave it out."
    assert call("predict", tmp_path / "names.tfft", "Ann sleeps").output.startswith("Ann sleeps\t")


def test_a_teacher_and_its_numbers_reach_fit_and_its_bundle_is_looked_for_first(fitted, tmp_path, monkeypatch):
    root, _ = fitted
    monkeypatch.setattr(cli, "start_tensorflow", lambda: None)
    words = ["fit", "--data", root / "pictures", "--backbone", "toy", "--plan", "head_only", "--head-epochs", 1]
    words += ["--out", tmp_path / "s.tfft", "--run-folder", tmp_path / "run"]
    done = call(*words, "--teacher", root / "m.tfft", "--temperature", 4, "--teacher-weight", 0.75)
    assert done.exit_code == 0, done.output
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["teacher"]
    assert (about["path"], about["temperature"], about["weight"]) == (str(root / "m.tfft"), 4.0, 0.75)
    assert isinstance(call(*words, "--teacher", tmp_path / "none.tfft").exception, BundleError)
    assert isinstance(call(*words, "--teacher", root / "m.tfft", "--temperature", 0).exception, PlanError)
    alone = call(*words, "--temperature", 4)
    assert alone.exit_code == 2
    assert "need --teacher with a bundle" in " ".join(alone.output.split())


@pytest.mark.parametrize("test", [True, False])
def test_a_refit_measures_no_examples_that_it_was_trained_on(class_folder, tmp_path, monkeypatch, test):
    monkeypatch.setattr(cli, "start_tensorflow", lambda: None)
    data = tmp_path / "parts"
    for part, numbers in {"train": range(5), "val": range(5, 7), **({"test": range(7, 8)} if test else {})}.items():
        for label in ("reds", "greens", "blues"):
            (data / part / label).mkdir(parents=True)
            for number in numbers:
                (class_folder / label / f"{number}.png").rename(data / part / label / f"{number}.png")
    if not test:  # a part that is not there is drawn, unless all are given
        real = tfft.data.from_folder
        monkeypatch.setattr("tfft.data.from_folder", lambda *a, **o: replace(real(*a, **o), test=None))
    words = ["fit", "--data", data, "--backbone", "toy", "--plan", "head_only", "--head-epochs", 2]
    done = call(
        *words, "--learning-rate", 0.05, "--refit", "--out", tmp_path / "m.tfft", "--run-folder", tmp_path / "run"
    )
    assert done.exit_code == 0, done.output
    assert "Refit: trained again on" in done.output
    assert ("Nothing was measured: there is no test part" in done.output) is not test
    assert "validation: " not in done.output
    assert (tmp_path / "run" / "report.html").exists() is test
    assert tfft.load(tmp_path / "m.tfft").seen.refit
