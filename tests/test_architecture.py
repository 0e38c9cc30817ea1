"""The house rules: who imports whom, what stays inside functions, how long things may be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent
MODULE_LINES = 250
FUNCTION_LINES = 40  # its docstring not counted: explaining is no length


@dataclass(frozen=True)
class Room:
    """What a room may import besides itself, the standard library and ``errors``."""

    rooms: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


def _room(rooms: str = "", packages: str = "") -> Room:
    return Room(frozenset(rooms.split()), frozenset(packages.split()))


HOUSE = {
    "errors": _room(),
    "maths": _room("", "numpy"),
    "contracts": _room("", "numpy"),
    "texts": _room("contracts", "pandas pyarrow"),
    "embedders": _room(
        "contracts maths texts",
        "numpy torch transformers tokenizers huggingface_hub safetensors flash_attn openai httpx2 "
        "sklearn pandas",
    ),
    "engines": _room("contracts"),
    "studies": _room("contracts maths texts", "numpy pandas umap sklearn scipy mteb"),
    "figures": _room("contracts studies", "numpy plotly"),
    "panels": _room(
        "contracts texts studies figures",
        "anywidget ipywidgets IPython jscatter numpy pandas plotly traitlets",
    ),
}
# the public names, the command line and what it starts may use every room
TOP = {
    "__init__",
    "catalogue",
    "cli",
    "doctor",
    "doctoring",
    "endpoints",
    "evaluating",
    "evaluation",
    "lab",
    "serving",
    "terminal",
}
TOP_PACKAGES = frozenset({"pandas", "rich", "typer"})

# light enough to stand at the head of a module of a room that may use it
LIGHT = {"numpy", "anywidget", "ipywidgets", "IPython", "traitlets", "typer", "rich"}

# ways to make vectors: none needs another
BACKENDS = {"local", "remote", "bundled", "lexical"}

MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|tmp|root|home|Users)/\w")
TEXT_SUFFIXES = {
    "",
    ".cfg",
    ".css",
    ".csv",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".toml",
    ".txt",
}


@dataclass(frozen=True)
class Import:
    """One import: ``module`` in full, and whether it runs when its own module is imported."""

    path: Path
    line: int
    module: str
    at_head: bool

    def says(self, root: Path, why: str) -> str:
        return f"{self.path.relative_to(root)}:{self.line} imports {self.module}: {why}"


def _imports(path: Path, root: Path) -> Iterator[Import]:
    def visit(node: ast.AST, at_head: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for module in _modules(child, path, root):
                yield Import(path, child.lineno, module, at_head)  # type: ignore[attr-defined]
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from visit(child, at_head and not inside and not typing_only)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), at_head=True)


def _modules(node: ast.AST, path: Path, root: Path) -> list[str]:
    """What a statement imports, to the depth that tells rooms and their modules apart."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = path.relative_to(root).with_suffix("").parts[: -node.level]
        base = ".".join([*package, base]).rstrip(".")
    if base == "workbench" or re.fullmatch(r"workbench\.\w+", base):
        return [f"{base}.{alias.name}" for alias in node.names]
    return [base]


def find_forbidden_imports(root: Path) -> list[str]:
    """Every import under ``root/workbench`` that breaks the table of rooms, as a line of text."""
    found = []
    for path in sorted((root / "workbench").rglob("*.py")):
        parts = path.relative_to(root / "workbench").with_suffix("").parts
        for imported in _imports(path, root):
            why = _judge(parts, imported)
            if why:
                found.append(imported.says(root, why))
    return found


def _judge(parts: tuple[str, ...], imported: Import) -> str | None:
    """Why a module of the package, named by its parts, may not import this; None: it may."""
    top, *rest = imported.module.split(".")
    room = parts[0]
    if room not in HOUSE and room not in TOP:
        return f"{room} is no room of the house"
    if top == "workbench":
        return _judge_room(parts, [*rest, ""])
    if top in sys.stdlib_module_names:
        return None
    allowed = HOUSE[room].packages if room in HOUSE else TOP_PACKAGES
    if top not in allowed:
        return f"{room} may import {', '.join(sorted(allowed)) or 'no other package'}"
    if imported.at_head and top not in LIGHT:
        return "heavy, so it belongs inside the function that needs it"
    return None


def _judge_room(parts: tuple[str, ...], target: list[str]) -> str | None:
    room, wanted = parts[0], target[0]
    if wanted == room:
        own, other = (parts[1:] or ("",))[0], target[1]
        if room == "embedders" and {own, other} <= BACKENDS and own != other:
            return f"{own} and {other} are backends that know nothing of each other"
        return None
    if room in TOP or wanted == "errors" or wanted in HOUSE[room].rooms:
        return None
    return f"{room} may import {', '.join(sorted({*HOUSE[room].rooms, 'errors'}))}"


def find_long_code(root: Path) -> list[str]:
    """Modules and functions under ``root/workbench`` that outgrew the house, as lines of text."""
    found = []
    for path in sorted((root / "workbench").rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(root)
        if (lines := len(text.splitlines())) > MODULE_LINES:
            found.append(f"{name}: {lines} lines, more than {MODULE_LINES}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _code_lines(node)
                if length > FUNCTION_LINES:
                    found.append(f"{name}:{node.lineno} {node.name}: {length} lines")
    return found


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return length


def find_machine_paths(root: Path) -> list[str]:
    """Paths of one person's machine in the project's text files, as ``file:line path``."""
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts)
        built = {"build", "dist", "__pycache__", "node_modules"} & set(parts)
        if hidden or built or not path.is_file() or path.suffix not in TEXT_SUFFIXES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if match := MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(root)}:{number} {match.group()}")
    return found


def say_all(found: list[str]) -> None:
    """Fail with every line: an assert would cut them short."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_rooms_import_only_what_the_table_allows() -> None:
    say_all(find_forbidden_imports(REPO))


def test_modules_and_functions_stay_short() -> None:
    say_all(find_long_code(REPO))


def test_no_file_speaks_of_one_machine() -> None:
    say_all(find_machine_paths(REPO))


PLANTED = {
    "room": ("studies/a.py", "from workbench.embedders import load", "studies may import"),
    "room-by-name": ("studies/a.py", "from workbench import embedders", "studies may import"),
    "public-name": ("panels/a.py", "from workbench import load", "panels may import"),
    "relative": ("maths/a.py", "from ..contracts import Kind", "maths may import errors"),
    "package": ("maths/a.py", "import scipy.stats", "maths may import numpy"),
    "in-function": ("texts/a.py", "def f():\n    import torch", "texts may import"),
    "typing-only": (
        "figures/a.py",
        "if TYPE_CHECKING:\n    import ipywidgets",
        "figures may import",
    ),
    "at-head": ("embedders/a.py", "import torch", "belongs inside the function"),
    "sibling": (
        "embedders/remote/a.py",
        "from workbench.embedders.local import load_local",
        "backends that know nothing",
    ),
    "new-room": ("utils/a.py", "import os", "utils is no room"),
}


@pytest.mark.parametrize(("path", "code", "why"), PLANTED.values(), ids=PLANTED)
def test_a_planted_import_is_found(path: str, code: str, why: str, tmp_path: Path) -> None:
    module = tmp_path / "workbench" / path
    module.parent.mkdir(parents=True)
    module.write_text(code)
    (found,) = find_forbidden_imports(tmp_path)
    assert found.startswith(f"workbench/{path}:{1 + code.count(chr(10))} imports ")
    assert why in found


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("embedders/a.py", "def f():\n    import torch"),
        ("embedders/a.py", "if TYPE_CHECKING:\n    import torch"),
        ("embedders/loading.py", "from workbench.embedders.local import load_local"),
        ("panels/a.py", "import ipywidgets\nfrom workbench.errors import InputError"),
        ("cli.py", "import typer\nfrom workbench import load"),
    ],
)
def test_a_lawful_import_is_let_through(path: str, code: str, tmp_path: Path) -> None:
    module = tmp_path / "workbench" / path
    module.parent.mkdir(parents=True)
    module.write_text(code)
    assert find_forbidden_imports(tmp_path) == []


def test_planted_length_is_found(tmp_path: Path) -> None:
    (tmp_path / "workbench").mkdir()
    body = '    """Explain.\n' + "    more\n" * 60 + '    """\n' + "    pass\n" * 40
    (tmp_path / "workbench" / "a.py").write_text(f"def f():\n{body}\n" + "# line\n" * 150)
    first, second = find_long_code(tmp_path)
    assert first == "workbench/a.py: 254 lines, more than 250"
    assert second == "workbench/a.py:1 f: 41 lines"


def test_a_planted_machine_path_is_found_and_a_web_address_is_not(tmp_path: Path) -> None:
    planted = "see https://example.org/home/page\nopen /" + "root/notes"
    (tmp_path / "README.md").write_text(planted)
    assert find_machine_paths(tmp_path) == ["README.md:2 /" + "root/n"]
