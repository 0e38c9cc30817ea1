"""The project's own texts: to open with, to teach with, to test with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import one_import
from workbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def samples(name: str = "mixed") -> pd.DataFrame:
    """A sample file as a table of strings: id, text, kind, topic.

    Raises:
        InputError: No sample has this name.
    """
    with one_import("pandas"):
        import pandas as pd

    return pd.read_csv(sample_path(name), dtype=str, keep_default_na=False, encoding="utf-8")


def sample_names() -> tuple[str, ...]:
    """Names that ``samples`` takes, in alphabetical order."""
    return tuple(sorted(path.stem for path in _find_folder().glob("*.csv")))


def sample_path(name: str) -> Path:
    """Where a sample file lies.

    Raises:
        InputError: No sample has this name.
    """
    if name not in sample_names():
        raise InputError(f"No sample is called {name!r}. There are: {', '.join(sample_names())}.")
    return _find_folder() / f"{name}.csv"


def _find_folder() -> Path:
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_data", package.parent / "sample_data"):  # wheel, checkout
        if folder.is_dir():
            return folder
    raise InputError(f"The sample texts are missing from {package}; install the package again.")
