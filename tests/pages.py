"""The README and the pages in docs/ as tests see them: their code blocks, and a folder with all files that the code names."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from PIL import Image

from tests.modules import publish, tiny

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
# what a page writes -> what a test runs in its place: networks and datasets that would be downloaded
PYTHON = {
    r'build\("(vgg16|mobilenet_v2|resnet50)"': 'build("toy"',
    r'build\("(minilm_l6|multilingual_e5_small)"': 'build("toy_text"',
    r"candidates = \[.*\]": 'candidates = ["toy", tfft.load_backbone("toy", size=32)]',
    r"budget_minutes=10": "budget_minutes=0.05",
    r'"hf://ann/flowers"': '"pushed.tfft"',
    r'load_dataset\("stanfordnlp/imdb"\)': 'load_from_disk("reviews_arrow")',
    r'from_tfds\("beans"': 'from_tfds(__import__("tensorflow_datasets").folder_dataset.ImageFolder("photos")',
}
SHELL = {
    r"--to hf://ann/flowers": "--to bundle --out pushed.tfft",
    r"hf://ann/flowers": "pushed.tfft",
    r"--budget-minutes 10": "--budget-minutes 0.05",
    r"--backbone mobilenet_v2,\S+": "--backbone toy,tfft_mini",
    r"--backbone (vgg16|mobilenet_v2)": "--backbone toy",
    r"--backbones \S+": "--backbones toy,tfft_mini",
    r"--backbone minilm_l6": "--backbone toy_text",
    r"(fit --data 评论\.csv --text-column text)(?! --backbone)": r"\1 --backbone toy_text",
    r"doctor(?!.*--offline)": "doctor --offline",
}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_ANSI_C = re.compile(r"\$'([^']*)'")


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        language: ``python``, ``bash`` or ``text``.
        code: What stands in it.
    """

    language: str
    code: str


def text(page: str) -> str:
    """What stands in a page, such as ``docs/index.md``."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(text(page))]


def prose(page: str) -> str:
    """A page without its code."""
    return re.sub(r"`[^`]*`", "", _BLOCK.sub("", text(page)))


def without_downloads(code: str, replacements: dict[str, str]) -> str:
    """Code with toys in place of what would be downloaded."""
    for pattern, instead in replacements.items():
        code = re.sub(pattern, instead, code)
    return code


def commands(code: str) -> list[str]:
    """The lines of a shell block without comments; ``$'a\\tb'`` holds a tab, as in bash."""
    lines = (re.sub(r"\s#.*", "", line).strip() for line in code.splitlines())
    return [
        _ANSI_C.sub(lambda found: f"'{found[1].encode().decode('unicode_escape')}'", line) for line in lines if line
    ]


def furnish(folder: Path) -> None:
    """Put everything into a folder that the code of the pages reads.

    Args:
        folder: The folder in which the code runs.
    """
    for hue, name in enumerate(["reds", "greens", "blues"]):
        (folder / "flowers" / name).mkdir(parents=True)
        for number in range(8):
            pixels = np.random.default_rng(100 * hue + number).integers(0, 120, (20, 24, 3), np.uint8)
            pixels[..., hue] += 130
            Image.fromarray(pixels).save(folder / "flowers" / name / f"{number}.png")
    shutil.copytree(folder / "flowers" / "reds", folder / "more")
    shutil.copy(folder / "more" / "0.png", folder / "new.jpg")
    _parts(folder)
    _masks(folder)
    _tables(folder)
    _nets(folder)
    for original, chinese in (("flowers", "花"), ("new.jpg", "新照片.jpg"), ("reviews.csv", "评论.csv")):
        (shutil.copytree if (folder / original).is_dir() else shutil.copy)(folder / original, folder / chinese)


def _parts(folder: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(folder / "flowers", folder / "photos" / part)
    for image in (folder / "photos" / "test").glob("*/*.png"):  # a test part holds other images
        pixels = Image.open(image)
        pixels.transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(90).save(image)
    for part in ("train", "test"):
        shutil.copytree(folder / "photos" / part, folder / "seg" / f"seg_{part}")
    for word in ("good", "bad"):
        (folder / "reviews" / word).mkdir(parents=True)
        for number in range(8):
            (folder / "reviews" / word / f"{number}.txt").write_text(f"a {word} film number {number}")


def _masks(folder: Path) -> None:
    random = np.random.default_rng(5)
    for part, count in (("train", 8), ("val", 3), ("test", 10)):
        for kind in ("images", "masks"):
            (folder / "street" / part / kind).mkdir(parents=True)
        for number in range(count):
            mask = np.kron(random.permutation(6).reshape(2, 3) % 4, np.ones((10, 8))).astype(np.uint8)
            pixels = random.integers(0, 40, (20, 24, 3)) + 60 * mask[..., None]
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "street" / part / "images" / f"{number}.png")
            Image.fromarray(mask).save(folder / "street" / part / "masks" / f"{number}.png")
    (folder / "classes.txt").write_text("sky\nroad\ncar\nunlabelled\n")


def _tables(folder: Path) -> None:
    rows = [(word, number) for number in range(10) for word in ("good", "bad")]
    reviews = [f"a {word} film number {number},{word}" for word, number in rows]
    pairs = [f"how was film {number}?,it was {word},{word}" for word, number in rows]
    images = sorted((folder / "flowers").glob("*/*.png"))
    paths = [f"flowers/{image.parent.name}/{image.name}" for image in images]
    tags = [f"{path},{path.split('/')[1]}{'|small' * (n % 3 == 0)}" for n, path in enumerate(paths)]
    prices = [f"{path},{len(path.split('/')[1]) + n % 8 / 10}" for n, path in enumerate(paths)]
    for name, header, lines in (
        ("reviews", "text,label", reviews),
        ("train", "text,label", reviews[:16]),
        ("test", "text,label", reviews[16:]),
        ("pairs", "question,answer,label", pairs),
        ("photos", "path,tags", tags),
        ("prices", "path,price", prices),
    ):
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    for name, numbers in (("train", range(12)), ("test", range(12, 18))):
        lines = [f"Ada{n}\tB-person\nlived\tO\nin\tO\nLondon{n}\tB-place\n" for n in numbers]
        (folder / f"{name}.conll").write_text("\n".join(lines))
    places = '[{"start": 0, "end": 4, "label": "person"}, {"start": 14, "end": 20, "label": "place"}]'
    marked = [f'{{"text": "Ada{n} lived in London", "entities": {places}}}' for n in range(9)]
    (folder / "marked.jsonl").write_text("\n".join(marked) + "\n")
    for name, numbers in (("train", range(12)), ("dev", range(12, 18))):
        (folder / f"{name}.json").write_text(json.dumps({"data": [_article(number) for number in numbers]}))
    (folder / "more.txt").write_text("good\nbad\n")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


def _article(number: int) -> dict[str, object]:
    context = f"Ada Lovelace was born in London {number}."
    asked = {"id": f"q{number}", "question": "Where was Ada born?", "answers": [{"text": "London", "answer_start": 25}]}
    return {"title": f"Ada {number}", "paragraphs": [{"context": context, "qas": [asked]}]}


def _nets(folder: Path) -> None:
    pixels = keras.Input((16, 16, 3))
    inner = keras.layers.MaxPooling2D(name="block5_pool")(keras.layers.Conv2D(4, 3)(pixels))
    keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(inner)).save(folder / "net.keras")
    publish(tiny(), folder / "models" / "my-module")
    # described, never built: nothing is read from it
    (folder / "mobilenet_v2_0.35.h5").write_bytes(b"weights")


def write_dataset(folder: Path) -> None:
    """Save a dataset of Hugging Face to ``reviews_arrow/``, with parts for training and test."""
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    parts = {
        part: datasets.Dataset.from_dict(
            {"text": [f"{part} {n} {('bad', 'good')[n % 2]}" for n in range(20)], "label": [n % 2 for n in range(20)]},
            features=features,
        )
        for part in ("train", "test")
    }
    datasets.DatasetDict(parts).save_to_disk(str(folder / "reviews_arrow"))


def write_records(folder: Path) -> None:
    """Write the images of ``flowers/`` to two TFRecord files."""
    import tensorflow as tf

    classes = sorted(path.name for path in (folder / "flowers").iterdir())
    for half in (0, 1):
        with tf.io.TFRecordWriter(str(folder / f"train-{half}.tfrecord")) as writer:
            for image in sorted((folder / "flowers").glob("*/*.png"))[half::2]:
                encoded = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.read_bytes()]))
                label = tf.train.Feature(int64_list=tf.train.Int64List(value=[classes.index(image.parent.name)]))
                features = tf.train.Features(feature={"image": encoded, "label": label})
                writer.write(tf.train.Example(features=features).SerializeToString())
