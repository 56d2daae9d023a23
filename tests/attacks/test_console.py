"""Names and labels from other people cannot control the console, Markdown or HTML pages."""

import json
import re
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfft
from tfft.bundles.prediction import Prediction
from tfft.cache.store import Kept
from tfft.cli import console
from tfft.cli.verbs import app
from tfft.core.errors import DataError, DataWarning
from tfft.evaluation import render
from tfft.tasks import Answer

HOSTILE = {
    "colour": "bees\x1b[31m",
    "clears the screen": "\x1b[2J\x1b[H",
    "title of the window": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "eight bits": "\x9b31m",
    "turned around": "photo\u202egpj.exe",
    "isolated": "\u2067evil\u2069",
    "line of its own": "bees\nants 1.0000",
    "Unicode line": "bees\u2028ants",
    "over what stands there": "bees\rants",
    "half a character": "bees\udcff",
    "invisible": "be\u200bes\U000e0041",
    "rich markup": "[red]bees[/red][link=http://evil.example]x[/link]",
}
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0041]")
Attack = Callable[[Callable[[], Any]], Any]


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    both = "".join(capsys.readouterr())
    assert not OBEYED.search(both)
    return both


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_prediction_is_printed_on_one_line(
    attack: Attack, name: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction = Prediction(name, Answer(name, 0.75, {name: 0.75, "ants": 0.25}))
    line = attack(lambda: console.predicted_line(prediction, None, as_json))
    attack(lambda: console.say(line))
    assert len(printed(capsys).splitlines()) == 1
    if as_json:
        assert json.loads(line) == prediction.to_dict()
    else:
        assert line.count("\t") == 1
        assert "bees[/red]" in line or "red" not in line


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_cache_entry_is_printed_on_one_line(attack: Attack, name: str) -> None:
    line = attack(lambda: console.kept_line(Kept(name, {"what": name, "dtype": name}, 10, 0.0)))
    assert not OBEYED.search(line)
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_an_error_and_a_warning_are_printed_on_one_line_each(
    attack: Attack, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        with console.spoken():
            warnings.simplefilter("always")
            warnings.warn(f"skipped {name}", DataWarning, stacklevel=1)
            raise DataError(f"{name} cannot be read.", name, f"Remove {name}.")

    with pytest.raises(SystemExit):
        attack(fail)
    assert len(printed(capsys).splitlines()) == 2


@pytest.mark.parametrize("verb", ["predict", "evaluate", "fit"])
def test_a_wrong_path_is_printed_without_control_characters(verb: str, tmp_path: Path) -> None:
    path = str(tmp_path / "no\x1b[31m\u202e")
    found = CliRunner().invoke(app, [verb, path, "x.jpg"])
    assert found.exit_code != 0
    assert not OBEYED.search(found.output)


def test_a_label_of_a_bundle_is_printed_without_control_characters(tmp_path: Path) -> None:
    model = tfft.build("toy", tfft.tasks.classification([HOSTILE["colour"], HOSTILE["line of its own"]]))
    path = tfft.export(model, tmp_path / "m.tfft")
    image = tmp_path / "a\x1b[32m.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(image)
    found = CliRunner().invoke(app, ["predict", str(path), str(image), "--top", "2"])
    assert found.exit_code == 0
    assert not OBEYED.search(found.output)
    assert len(found.output.splitlines()) == 1


def test_the_command_line_prints_only_through_one_safe_function() -> None:
    files = sorted(Path(console.__file__).parent.glob("*.py"))
    calls = [(file.name, found) for file in files for found in re.findall(r"typer\.s?echo\(|print\(", file.read_text())]
    assert calls == [("console.py", "typer.secho(")]


MARKUP = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=x onerror="alert(1)">',
    "out of an attribute": '" onmouseover="alert(1)',
    "entity": "&lt;script&gt;",
    "backslash in front": "\\<script>alert(1)</script>",
    "Markdown link": "[x](javascript:alert(1))",
    "Markdown image": "![x](http://evil.example/a.png)",
    "link by reference": "\\[x][1]",
    "code": "`a` ```",
    "another cell": "a|b\\|c",
    "a line": "a\n\n<script>\n# b",
    "style": "</style><script>alert(1)</script>",
    "drawing": "</text></svg><script>alert(1)</script>",
    "comment": "<!-- a",
}


@pytest.mark.parametrize("name", MARKUP.values(), ids=MARKUP)
def test_a_name_in_markdown_is_text(attack: Attack, name: str) -> None:
    lines = attack(lambda: render.table(["class", name], [[name, "1"], ["bees", name]])).splitlines()
    assert len(lines) == 4
    assert not set("<>[]`") & set("".join(lines))
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)


class Tags(HTMLParser):
    """Collect the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


@pytest.mark.parametrize("name", MARKUP.values(), ids=MARKUP)
def test_a_name_on_a_page_is_text(attack: Attack, name: str, report: dict[str, Any]) -> None:
    from tfft.evaluation.page import html

    def tags(label: str) -> list[tuple[str, tuple[str, ...]]]:
        text = json.dumps(report).replace('"bees"', json.dumps(label))
        parser = Tags()
        parser.feed(attack(lambda: html(json.loads(text), {0: "data:image/jpeg;base64,AAAA"})))
        # a place where a long name may break is no markup of the name
        parser.found = [found for found in parser.found if found != ("wbr", ())]
        return [found for found in parser.found if found[0] not in ("use", "g", "path", "text", "defs", "clippath")]

    assert tags(name) == tags("wasps")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
    data = tfft.data.from_arrays(pixels, ["ants", "bees"] * 20)
    model = tfft.build("toy", tfft.tasks.classification(data.labels))
    return tfft.evaluate(model, data.train).to_dict()
