"""The site is built without a broken link; messages, address and version on the pages are those of the package."""

import ast
import os
import re
import subprocess
import sys
from configparser import ConfigParser

import pytest

import tfft
from tests.pages import PAGES, ROOT, text

TROUBLE = "docs/troubleshooting.md"
MESSAGES = re.findall(r"^### `(.*)`$", text(TROUBLE), flags=re.MULTILINE)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def setup(key):
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["metadata"].get(key, "").strip()


def plural_in(part):
    """What a call of ``quantity`` in an f-string writes after a number above 1; nothing for other parts."""
    match part:
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="quantity"), args=[_, *nouns])):
            words = [noun.value for noun in nouns if isinstance(noun, ast.Constant)]
            return f" {words[1] if len(words) > 1 else f'{words[0]}s'}" if words else ""
    return ""


@pytest.fixture(scope="module")
def templates():
    """Every string of the package; what an f-string fills in is an ellipsis, with the plural that ``quantity`` may write."""
    found = []
    for path in (ROOT / "tfft").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                nouns = [plural_in(part) for part in node.values]
                found.append("".join(map(str, parts)))
                found.append("".join(f"{part}{noun}" for part, noun in zip(parts, nouns, strict=True)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_the_page_of_messages_has_headings():
    assert len(MESSAGES) > 30
    assert len(set(MESSAGES)) == len(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_on_the_page_is_one_of_the_package(message, templates):
    assert max(map(len, message.split("…"))) >= 8
    assert message in templates, f"{TROUBLE} quotes a message that tfft no longer has: {message}"


def test_the_address_of_the_repository_is_that_of_the_setup_file():
    address, name = setup("url"), setup("name")
    citation = text("CITATION.cff")
    assert f"title: {name}\n" in citation
    assert f"version: {setup('version')}\n" in citation
    assert setup("version") == tfft.__version__
    if address:
        assert f"repository-code: {address}\n" in citation
        assert address in text("README.md")
    else:
        assert "repository-code" not in citation
        for page in ("README.md", "docs/quickstart.md"):
            assert "from a clone" in text(page), f"{page} does not say where to get {name}"
            assert f"pip install {name}" not in text(page)
        assert "克隆" in text("docs/zh/index.md")
    # an address of the repository may stand in no other form, also not in the badge of a notebook
    for path in [*(ROOT / page for page in PAGES), *NOTEBOOKS]:
        for found in re.findall(rf"https://[\w./-]*/{name}\b", path.read_text(encoding="utf-8")):
            assert address, f"{path.name} holds {found}, and setup.cfg no address"
            assert address.removeprefix("https://github.com/") in found, f"{path.name}: {found}"


def test_the_pages_name_no_package_index():
    for page in PAGES:
        assert not re.findall(r"pypi\.\w+", text(page).lower()), page


@pytest.mark.slow
def test_the_site_is_built_without_a_broken_link(tmp_path):
    pytest.importorskip("mkdocs", reason='needs: pip install ".[docs]"')
    pytest.importorskip("mkdocstrings", reason='needs: pip install ".[docs]"')
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "docs/site/mkdocs.yml", "-d", str(site)],
        cwd=ROOT, capture_output=True, text=True, timeout=800, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    pages = [path.read_text(encoding="utf-8") for path in site.rglob("*.html")]
    assert len(pages) >= len(PAGES)
    verbs = (site / "reference" / "index.html").read_text(encoding="utf-8")
    for name in ("load_backbone", "rank_backbones", "build", "fit", "evaluate", "export", "load"):
        assert f'id="tfft.{name}"' in verbs
    # it works without a network: nothing is loaded from another host
    assert not [found for page in pages for found in re.findall(r'(?:src|rel="stylesheet" href)="https?://[^"]*', page)]
