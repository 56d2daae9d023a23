"""House rules that a machine can check; the rest is in docs/architecture.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tfft"
FILES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "engine"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
_VERBS = (
    "verbs", "inventory", "demonstration", "exports", "fold_results", "launching", "learning_rates", "predictions", "quantization",
    "ranking", "services",
)  # fmt: skip
COMMAND_LINE = tuple(f"tfft/cli/{name}.py" for name in _VERBS)
PROCESS_WIDE = {"set_random_seed", "clear_session", "set_dtype_policy", "set_floatx", "putenv", "basicConfig", "chdir"}
NETS = r"(.*\._?)?(net|trunk|tail)"
MAX_FILE, MAX_FUNCTION, MAX_ARGUMENTS = 300, 60, 7


def parts(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=FILES, ids=parts)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def arguments(function: Function) -> list[ast.arg]:
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return [argument for argument in named if argument.arg not in ("self", "cls")]


def public(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (n for n in node.body if isinstance(n, Function) and not n.name.startswith("_"))


def lines_without_docstring(function: Function) -> int:
    total = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        total -= (first.end_lineno or 0) - first.lineno + 1
    return total


def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE, "split it by noun"


def test_functions_are_short_and_take_few_arguments(path: Path, tree: ast.Module) -> None:
    long = {f.name: n for f in functions(tree) if (n := lines_without_docstring(f)) > MAX_FUNCTION}
    many = {f.name: n for f in functions(tree) if (n := len(arguments(f))) > MAX_ARGUMENTS}
    # on the command line every argument of a function is an option with its own help
    assert (long, {} if parts(path) in COMMAND_LINE else many) == ({}, {})


def test_nothing_is_asserted_printed_swallowed_or_star_imported(tree: ast.Module) -> None:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            found.append((node.lineno, "assert: raise a TfftError"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found.append((node.lineno, "print: use a logger or the progress callback"))
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append((node.lineno, "bare except: name what you expect"))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            found.append((node.lineno, "star import: name what you need"))
    assert found == []


def test_a_net_is_told_whether_it_trains(tree: ast.Module) -> None:
    """Without ``training=``, Keras 3.15 lets layers such as RandomFlip change their inputs."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    named = [call for call in calls if re.fullmatch(NETS, ast.unparse(call.func))]
    assert [call.lineno for call in named if not any(word.arg == "training" for word in call.keywords)] == []


def test_modules_and_public_names_have_docstrings(path: Path, tree: ast.Module) -> None:
    assert ast.get_docstring(tree) or (path.name == "__init__.py" and not tree.body)
    assert [node.name for node in public(tree) if not ast.get_docstring(node)] == []


def test_public_arguments_are_annotated(tree: ast.Module) -> None:
    bare = [
        f"{node.name}({argument.arg})"
        for node in public(tree)
        if isinstance(node, Function)
        for argument in arguments(node)
        if argument.annotation is None
    ]
    unsaid = [node.name for node in public(tree) if isinstance(node, Function) and node.returns is None]
    assert (bare, unsaid) == ([], [])


def test_public_functions_say_their_arguments(path: Path, tree: ast.Module) -> None:
    if parts(path) in COMMAND_LINE:
        return
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, Function)
        and not node.name.startswith("_")
        and arguments(node)
        and "Args:" not in (ast.get_docstring(node) or "")
    ]
    # a one-line docstring may do for a function of one argument that says it all
    assert [name for name in silent if len(arguments(_named(tree, name))) > 1] == []


def _named(tree: ast.Module, name: str) -> Function:
    return next(f for f in functions(tree) if f.name == name)


def test_no_drawer_for_leftovers(path: Path) -> None:
    assert not {path.stem, *path.relative_to(PACKAGE).parts[:-1]} & FORBIDDEN_NAMES


def test_every_module_has_its_own_test(path: Path) -> None:
    if path.name in ("__init__.py", "__main__.py"):
        # the surface test covers what they offer
        return
    mirrored = ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
    assert mirrored.is_file(), f"write {parts(mirrored)}"


def test_only_the_policy_assigns_trainable(path: Path, tree: ast.Module) -> None:
    targets = [
        target
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    assigned = [t.lineno for t in targets if isinstance(t, ast.Attribute) and t.attr == "trainable"]
    assert bool(assigned) == (parts(path) == "tfft/trainable/policy.py")


def test_nothing_changes_the_state_of_the_whole_process(tree: ast.Module) -> None:
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert not called & PROCESS_WIDE


def test_every_test_file_belongs_to_a_module_a_contract_or_a_workflow() -> None:
    homeless = []
    for test in (ROOT / "tests").rglob("test_*.py"):
        where = test.relative_to(ROOT / "tests")
        if where.parts[0] in ("attacks", "contracts", "architecture", "workflows"):
            continue
        module = PACKAGE / where.parent / where.name.removeprefix("test_")
        package = PACKAGE / where.parent / where.stem.removeprefix("test_")
        if not (module.is_file() or package.is_dir()):
            homeless.append(parts(test))
    assert homeless == []
