"""``import workbench`` is light, and every name it offers is there."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import workbench

HEAVY = (
    *("IPython", "anywidget", "ipywidgets", "jupyterlab", "numba", "numpy", "openai", "pandas"),
    *("plotly", "pyarrow", "rich", "scipy", "sklearn", "torch", "transformers", "typer", "umap"),
)
NAMES = [name for name in workbench.__all__ if name != "__version__"]


def test_importing_the_workbench_loads_nothing_heavy() -> None:
    script = "import sys, workbench; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "workbench" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    value = getattr(workbench, name)
    assert inspect.getdoc(value)
    assert value.__name__ == name


def test_the_list_of_public_names_is_sorted_and_shown_by_dir() -> None:
    assert sorted(workbench.__all__) == workbench.__all__
    assert set(workbench.__all__) <= set(dir(workbench))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'workbench' has no attribute 'embed_all'"):
        _ = workbench.embed_all  # type: ignore[attr-defined]


def test_the_version_is_the_one_that_is_packaged() -> None:
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["version"] == workbench.__version__
