"""How the lessons are kept: outputs where they are compared and nowhere else, cells in order."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import write_notebook
from tests.refresh_notebooks import CHECKED, LESSONS, execute, read, render, tidy

LESSON_FILES = sorted(LESSONS.glob("*.ipynb"))
# nbval does not imitate the Output widget: with these, what it compares is not what a person sees
FORBIDDEN = re.compile(r"^\s*with\s+\w*out(?:put)?\s*:|\bclear_output\b", re.MULTILINE)


def find_faults(notebook: dict[str, Any]) -> list[str]:
    """What is wrong with a lesson, a sentence each."""
    cells: list[dict[str, Any]] = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    faults = [fault for cell in code for fault in _find_cell_faults(cell)]
    if "widgets" in notebook["metadata"]:
        faults.append("widget state is stored")
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) < len(ids):
        faults.append("a cell has no id of its own")
    if cells[0]["cell_type"] != "markdown" or not _source(cells[0]).startswith("# "):
        faults.append("the first cell is no title")
    if [("parameters" in _tags(cell)) for cell in code] != [True] + [False] * (len(code) - 1):
        faults.append("not the first code cell, or not it alone, is tagged 'parameters'")
    if [_imports(cell) for cell in code] != ["none", "only"] + ["none"] * (len(code) - 2):
        faults.append("not the second code cell, or not it alone, imports, and nothing else")
    if not any(CHECKED in _tags(cell) for cell in code):
        faults.append(f"no cell is tagged {CHECKED!r}, so nothing is compared")
    return faults


def _find_cell_faults(cell: dict[str, Any]) -> list[str]:
    faults, name = [], f"cell {cell.get('id')!r}"
    checked, outputs = CHECKED in _tags(cell), cell["outputs"]
    if checked and not outputs:
        faults.append(f"{name} is to be compared and has no output")
    if checked and cell["execution_count"] is None:
        faults.append(f"{name} is to be compared and has no execution count")
    if not checked and (outputs or cell["execution_count"] is not None):
        faults.append(f"{name} keeps an output or a count and is not to be compared")
    if any(output["output_type"] == "error" for output in outputs):
        faults.append(f"{name} keeps an error")
    if FORBIDDEN.search(_source(cell)):
        faults.append(f"{name} captures or clears output")
    return faults


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _tags(cell: dict[str, Any]) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", [])
    return tags


def _imports(cell: dict[str, Any]) -> str:
    """Whether a cell imports at its top level: "none", "only" or "mixed"."""
    found = {
        isinstance(line, ast.Import | ast.ImportFrom) for line in ast.parse(_source(cell)).body
    }
    return "mixed" if len(found) > 1 else "only" if True in found else "none"


def test_there_is_a_first_lesson() -> None:
    assert "00_explore.ipynb" in [path.name for path in LESSON_FILES]


@pytest.mark.parametrize("path", LESSON_FILES, ids=lambda path: path.stem)
def test_a_lesson_is_kept_in_order(path: Path) -> None:
    assert "\n".join(find_faults(read(path))) == ""


@pytest.mark.parametrize("path", LESSON_FILES, ids=lambda path: path.stem)
def test_a_lesson_is_as_the_refresher_writes_it(path: Path) -> None:
    again = "Run: python tests/refresh_notebooks.py"
    assert path.read_text(encoding="utf-8") == render(tidy(read(path))), again


def lesson(**changes: dict[str, Any]) -> dict[str, Any]:
    """A small lesson without fault; ``changes`` go into the cells of those ids."""
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": ["# Title\n", "x"]}
    sources = {"given": "n = 1", "load": "import math\nimport re", "look": "n", "check": "print(n)"}
    tags = {"given": ["parameters"], "check": [CHECKED]}
    shown = [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
    cells = [
        {
            "cell_type": "code",
            "id": name,
            "source": [source],
            "metadata": {"tags": tags.get(name, [])},
        }
        | ({"outputs": shown, "execution_count": 4} if name == "check" else NOT_RUN)
        for name, source in sources.items()
    ]
    changed = [cell | changes.get(str(cell["id"]), {}) for cell in (title, *cells)]
    return {"cells": changed, "metadata": {}}


NOT_RUN: dict[str, Any] = {"outputs": [], "execution_count": None}
ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}


def test_a_lesson_without_fault_passes() -> None:
    assert find_faults(lesson()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"check": NOT_RUN}, "is to be compared and has no output"),
        ({"check": {"execution_count": None}}, "has no execution count"),
        ({"look": {"execution_count": 3}}, "'look' keeps an output or a count"),
        ({"check": {"outputs": [ERROR]}}, "keeps an error"),
        ({"look": {"source": ["with out:\n", "    n"]}}, "captures or clears"),
        ({"look": {"source": ["from IPython.display import clear_output"]}}, "captures or clears"),
        ({"look": {"id": "load"}}, "no id of its own"),
        ({"title": {"source": ["Hello"]}}, "no title"),
        ({"given": {"metadata": {}}}, "tagged 'parameters'"),
        ({"look": {"metadata": {"tags": ["parameters"]}}}, "tagged 'parameters'"),
        ({"load": {"source": ["import re\nn = 2"]}}, "imports, and nothing else"),
        ({"look": {"source": ["import re"]}}, "imports, and nothing else"),
        ({"check": {"metadata": {}} | NOT_RUN}, "nothing is compared"),
    ],
)
def test_a_planted_fault_is_found(changes: dict[str, dict[str, Any]], fault: str) -> None:
    assert fault in "\n".join(find_faults(lesson(**changes)))


def test_stored_widget_state_is_found() -> None:
    assert find_faults(lesson() | {"metadata": {"widgets": {}}}) == ["widget state is stored"]


def test_refreshing_keeps_compared_outputs_alone_and_writes_the_same_twice(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", ["n = 1", "import re", "n + 1", "print(n + 2)"])
    start = read(path)
    start["cells"][3]["metadata"] = {"tags": [CHECKED], "collapsed": False}
    path.write_text(render(start), encoding="utf-8")
    first = render(tidy(execute(path)))
    path.write_text(first, encoding="utf-8")
    assert render(tidy(execute(path))) == first
    *stripped, checked = read(path)["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in stripped)
    assert (checked["execution_count"], checked["outputs"][0]["text"]) == (4, ["3\n"])
    assert checked["metadata"] == {"tags": [CHECKED]}
