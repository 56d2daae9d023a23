"""The README's own code runs, with small pictures in place of flowers and toy nets in place of VGG16 and MiniLM."""

import re
import shlex
import shutil
from pathlib import Path

import keras
import pytest
from PIL import Image
from typer.testing import CliRunner

from tfft.cli import inventory
from tfft.cli import verbs as cli

ROOT = Path(__file__).parents[2]


def blocks(language, page="README.md"):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def workplace(class_folder, tmp_path, monkeypatch):
    """A folder with ``flowers/``, ``more/`` and ``new.jpg``, where the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "start_tensorflow", lambda: None)
    monkeypatch.setattr(inventory, "start_tensorflow", lambda: None)
    class_folder.rename(tmp_path / "flowers")
    shutil.copytree(tmp_path / "flowers" / "reds", tmp_path / "more")
    shutil.copy(tmp_path / "more" / "0.png", tmp_path / "new.jpg")
    rows = [f"a {word} film number {number},{word}" for number in range(10) for word in ("good", "bad")]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "more.txt").write_text("good\nbad\n")
    photos = sorted((tmp_path / "flowers").glob("*/*.png"))
    tags = [
        f"{photo.relative_to(tmp_path)},{photo.parent.name}{'|small' * (n % 3 == 0)}" for n, photo in enumerate(photos)
    ]
    (tmp_path / "photos.csv").write_text("\n".join(["path,tags", *tags]) + "\n")
    for part in ("seg_train", "seg_test"):
        shutil.copytree(tmp_path / "flowers", tmp_path / "seg" / part)
    for photo in (tmp_path / "seg" / "seg_test").glob("*/*.png"):  # a test part holds other photos
        image = Image.open(photo)
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(90).save(photo)
    pixels = keras.Input((16, 16, 3))
    inner = keras.layers.MaxPooling2D(name="block5_pool")(keras.layers.Conv2D(4, 3)(pixels))
    keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(inner)).save(tmp_path / "net.keras")
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.zh.md"])
def test_the_python_on_the_page_runs(workplace, page):
    if page != "README.md":
        (workplace / "flowers").rename(workplace / "花")
        (workplace / "new.jpg").rename(workplace / "新照片.jpg")
        (workplace / "reviews.csv").rename(workplace / "评论.csv")
    code = "\n".join(blocks("python", page)).replace('"minilm_l6"', '"toy_text"')
    code = code.replace('"vgg16"', '"toy"').replace('"tfft_mini"', '"toy"')
    names: dict = {}
    exec(compile(code, page, "exec"), names)
    assert names["run"].phases[-1].phase.name == "tune"
    assert names["text_run"].phases[-1].phase.name == "encoder"


def test_the_commands_on_the_page_run(workplace):
    shell = next(block for block in blocks("bash") if "tfft fit" in block)
    commands = [line.split("#")[0].strip() for line in shell.splitlines() if line.startswith("tfft")]
    verbs = [command.split()[1] for command in commands]
    assert verbs == ["fit", "evaluate", "predict", "fit", "predict", "fit", "fit", "fit", "backbones", "doctor"]
    for command in commands:
        words = shlex.split(
            command.replace("vgg16", "toy").replace("minilm_l6", "toy_text").replace("doctor", "doctor --offline")
        )
        done = CliRunner().invoke(cli.app, words[1:])
        assert done.exit_code == 0, (command, done.output)


def test_the_table_of_data_sources_names_functions_that_exist():
    import tfft

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for room, name in set(re.findall(r"tfft\.(data|tasks|plans|trainable)\.(\w+)", text)):
        assert hasattr(getattr(tfft, room), name), f"tfft.{room}.{name}"


def test_the_scripts_that_the_page_names_exist_and_can_run():
    for script in ("scripts/demo", "scripts/test", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o111, script


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/quickstart.zh.md", "docs/tfft_mini.md"])
def test_every_link_leads_somewhere_and_no_placeholder_is_left(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or ((ROOT / page).parent / target).exists(), target
    assert "@@" not in text
    assert not re.findall(r"\b[A-Z]{4,}_[A-Z]+\b(?!/)", re.sub(r"`[^`]*`|```.*?```", "", text, flags=re.DOTALL))
