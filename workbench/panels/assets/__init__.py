"""The panels' scripts and style, joined from the files beside this one, and plotly.js packed."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from workbench.contracts import one_import

SCRIPTS = (
    *("dom", "code", "plots", "endpoint", "controls", "status", "matrix", "map", "tables"),
    "main",
)
SERVE_SCRIPTS = ("dom", "code", "serve")
DOCTOR_SCRIPTS = ("dom", "doctor")
EVALUATION_SCRIPTS = ("dom", "code", "plots", "evaluation_form", "evaluation_result", "evaluation")
SEARCH_SCRIPTS = ("dom", "code", "evaluation_form", "search_result", "search")
STYLES = ("explorer", "doctor", "evaluation", "search")
_HERE = Path(__file__).parent


def script() -> str:
    """The Explorer's ES module: the files share its scope, in the order of ``SCRIPTS``."""
    return _join(SCRIPTS)


def serve_script() -> str:
    """The ES module of the panel that starts servers."""
    return _join(SERVE_SCRIPTS)


def doctor_script() -> str:
    """The ES module of the panel that examines endpoints."""
    return _join(DOCTOR_SCRIPTS)


def evaluation_script() -> str:
    """The ES module of the panel that evaluates."""
    return _join(EVALUATION_SCRIPTS)


def search_script() -> str:
    """The ES module of the panel that searches."""
    return _join(SEARCH_SCRIPTS)


def _join(names: tuple[str, ...]) -> str:
    return "\n".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style() -> str:
    """The style sheet that all panels share."""
    return "\n".join((_HERE / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


@cache
def packed_plotly() -> bytes:
    """plotly.js as installed with plotly, gzipped: 1.4 MB over the wire instead of 4.7."""
    with one_import("plotly"):
        from plotly.offline import get_plotlyjs

    return gzip.compress(get_plotlyjs().encode("utf-8"), compresslevel=6)
