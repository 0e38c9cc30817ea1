"""Run lessons and write them back as they are kept.

    python tests/refresh_notebooks.py [NOTEBOOK...]        # without names: all lessons

Outputs and execution counts stay on the cells tagged ``nbval-check-output``; nbval compares them.
Everything else that a run leaves behind goes: other outputs, widget state (which may hold what was
typed into a password box), timestamps, the interpreter's version. Two runs write one text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CHECKED = "nbval-check-output"
LESSONS = Path(__file__).parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def read(path: Path) -> dict[str, Any]:
    """A notebook as plain data, text as lists of lines, as on the disk."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def execute(path: Path, *, timeout_s: int = 600) -> dict[str, Any]:
    """Run a notebook in its own folder with this interpreter's kernel.

    Raises:
        CellExecutionError: A cell raised.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, 4)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=timeout_s, kernel_name="python3", resources=resources
    ).execute()
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    executed: dict[str, Any] = json.loads(text)
    return executed


def tidy(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook as it is kept."""
    cells = [_tidy_cell(cell) for cell in notebook["cells"]]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _tidy_cell(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {
        key: cell["metadata"][key] for key in ("tags", "jupyter") if key in cell["metadata"]
    }
    kept = {**cell, "metadata": metadata}
    if cell["cell_type"] == "code" and CHECKED not in metadata.get("tags", []):
        kept |= {"outputs": [], "execution_count": None}
    return kept


def render(notebook: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for lesson in [Path(name) for name in sys.argv[1:]] or sorted(LESSONS.glob("*.ipynb")):
        lesson.write_text(render(tidy(execute(lesson.resolve()))), encoding="utf-8")
        print(f"refreshed {lesson}")
