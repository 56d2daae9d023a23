"""Execute the notebooks and keep their outputs, and write tfft's address into them.

``python -m tests.notebooks`` does this to all notebooks, ``python -m tests.notebooks 03`` to those whose names begin so.
"""

import configparser
import hashlib
import re
import resource
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COLAB = "https://colab.research.google.com"
_ADDRESS = re.compile(r'^ADDRESS = "[^"]*"', re.MULTILINE)
_WITHOUT_ADDRESS = {
    "en": '**In Colab:** tfft has no public address yet, so there is no "Open in Colab" badge. Upload this notebook to Colab, and '
    "`tfft.zip` to its files; `git archive -o tfft.zip HEAD` in a clone makes the zip.",
    "zh": "**在 Colab 中运行：** tfft 还没有公开地址，所以没有“Open in Colab”徽标。请把本笔记本上传到 Colab，再把 `tfft.zip` "
    "上传到它的文件区；在克隆的仓库中运行 `git archive -o tfft.zip HEAD` 即可得到这个压缩包。",
}


def language(path: Path) -> str:
    """``"zh"`` for notebooks that end in ``.zh.ipynb``, else ``"en"``."""
    return "zh" if path.name.endswith(".zh.ipynb") else "en"


def url() -> str:
    """The repository's address in setup.cfg; empty until tfft is published."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return settings.get("metadata", "url", fallback="").strip().rstrip("/")


def badge(path: Path, address: str) -> str:
    """The "Open in Colab" badge of a notebook; without an address, the sentence that says how to upload it."""
    if not address:
        return _WITHOUT_ADDRESS[language(path)]
    place = address.removesuffix(".git").removeprefix("https://github.com/")
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({COLAB}/github/{place}/blob/main/notebooks/{path.name})"


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell of a notebook with this id."""
    return next(found for found in notebook.cells if found.id == name)


def with_address(source: str, address: str) -> str:
    """The code of the cell that installs tfft, with an address to install it from."""
    return _ADDRESS.sub(f'ADDRESS = "{address and f"git+{address}"}"', source)


def stamp(notebook: NotebookNode, path: Path, address: str) -> None:
    """Write the address into the badge and into the cell that installs tfft."""
    cell(notebook, "badge").source = badge(path, address)
    install = cell(notebook, "install")
    install.source = with_address(install.source, address)


def digest(notebook: NotebookNode) -> str:
    """A hash of all code without comments, which tells whether outputs were made by it."""
    lines = [line for found in notebook.cells if found.cell_type == "code" for line in found.source.splitlines()]
    code = [line.partition("  # ")[0] for line in lines if not line.startswith("# ")]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()


def execute(notebook: NotebookNode, folder: Path) -> float:
    """Run all cells in a new kernel; return its processor time in seconds.

    Args:
        notebook: The notebook; its outputs are replaced.
        folder: The working folder of the kernel.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources, record_timing=False).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def update(path: Path) -> None:
    """Execute a notebook in a temporary folder, and write it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    stamp(notebook, path, url())
    with tempfile.TemporaryDirectory() as folder:
        seconds = execute(notebook, Path(folder))
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata.tfft = {"code": digest(notebook), "cpu_seconds": round(seconds)}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for chosen in NOTEBOOKS:
        if chosen.name.startswith(tuple(sys.argv[1:]) or ""):
            update(chosen)
            print(chosen.name, f"{chosen.stat().st_size / 1000:.0f} kB")
