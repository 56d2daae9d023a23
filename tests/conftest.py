"""Fixtures shared by all tests: tiny pictures, toy data, and the project's real material where it is at hand."""

import gc
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
if "PYTEST_XDIST_WORKER" in os.environ:
    # One process for each core: more threads than that only wait for each other (a fifth of the processor time).
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from PIL import Image

import tfft
from tests.selection import a_share, first_cases, share

random.seed(0)  # for what the modules of tests draw when they are imported
MATERIAL = Path(os.environ.get("TFFT_MATERIAL", Path(__file__).parents[2] / "shared"))


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an invalid ``TFFT_TESTS`` before anything is collected."""
    if os.environ.get("TFFT_TESTS", "quick") not in ("", "quick"):
        try:
            share(os.environ["TFFT_TESTS"])
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None


def marked(item: pytest.Item, *marks: str) -> bool:
    """Whether a test has one of these marks."""
    return any(item.get_closest_marker(mark) is not None for mark in marks)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run files of slow tests first, so that no core is idle at the end, and leave out what ``TFFT_TESTS`` says.

    ``quick`` takes the first case of each test; ``0/6`` to ``5/6`` take a sixth of the cases of slow and costly tests.
    """
    slow: dict[Path, list[bool]] = {}
    for item in items:
        slow.setdefault(item.path, []).append(marked(item, "slow"))
    items.sort(key=lambda item: -sum(slow[item.path]) / len(slow[item.path]))  # equal ones keep their order
    chosen = os.environ.get("TFFT_TESTS")
    if not chosen:
        return
    names = [item.nodeid for item in items]
    # hostile input is tried whole in each run
    long = {item.nodeid for item in items if marked(item, "slow", "costly") and not marked(item, "attack")}
    kept = first_cases(names) if chosen == "quick" else a_share(names, long, *share(chosen))
    config.hook.pytest_deselected(items=[item for item, there in zip(items, kept, strict=True) if not there])
    items[:] = [item for item, there in zip(items, kept, strict=True) if there]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave out all modules and tests when Python searches for garbage: to search through them takes 0.8 seconds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def material() -> Path:
    """The folder with the real photos and weights, or a skip that says what is missing."""
    if not (MATERIAL / "data").is_dir() or not (MATERIAL / "weights").is_dir():
        pytest.skip(
            f"the real photos and weights are not at {MATERIAL}; set TFFT_MATERIAL to the folder that holds them"
        )
    return MATERIAL


@pytest.fixture(autouse=True)
def _same_weights_in_each_run() -> None:
    """Seed what layers and arrays draw without a seed of their own, so that a test gives the same result in each run.

    Keras' initializers take their seeds from Python's generator.
    """
    random.seed(0)
    np.random.seed(0)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the user's cache."""
    monkeypatch.setenv("TFFT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


def picture(seed: int, size: tuple[int, int] = (20, 24), hue: int = 0) -> np.ndarray:
    """A noisy uint8 picture (height, width, 3) whose channel ``hue`` is bright, so that a net can learn it."""
    pixels = np.random.default_rng(seed).integers(0, 120, (*size, 3), np.uint8)
    pixels[..., hue % 3] += 130
    return pixels


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    """A folder ``root/{reds,greens,blues}/i.png`` with 8 pictures a class."""
    root = tmp_path / "pictures"
    for hue, name in enumerate(["reds", "greens", "blues"]):
        (root / name).mkdir(parents=True)
        for index in range(8):
            Image.fromarray(picture(100 * hue + index, hue=hue)).save(root / name / f"{index}.png")
    return root


@pytest.fixture
def toy_arrays() -> tuple[np.ndarray, np.ndarray]:
    """60 pictures (60, 16, 16, 3) uint8 of three learnable classes, and their class ids."""
    targets = np.arange(60) % 3
    return np.stack([picture(i, (16, 16), hue) for i, hue in enumerate(targets)]), targets


@pytest.fixture
def data(toy_arrays: tuple[np.ndarray, np.ndarray]) -> "tfft.data.Splits":
    """The toy pictures in three parts, their classes named."""
    return tfft.data.from_arrays(*toy_arrays, class_names=["red", "green", "blue"])


@pytest.fixture
def model(data: "tfft.data.Splits") -> "tfft.models.assembly.TransferModel":
    """A toy net for them, not trained."""
    return tfft.build("toy", tfft.tasks.classification(data.labels))
