"""The Explorer's script and style, joined from the files beside this one, and plotly.js packed."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from workbench.contracts import one_import

SCRIPTS = (
    *("dom", "code", "plots", "endpoint", "controls", "status", "matrix", "map", "tables"),
    "main",
)
_HERE = Path(__file__).parent


def script() -> str:
    """One ES module: the files share its scope, in the order of ``SCRIPTS``."""
    return "\n".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


def style() -> str:
    """The style sheet."""
    return (_HERE / "explorer.css").read_text(encoding="utf-8")


@cache
def packed_plotly() -> bytes:
    """plotly.js as installed with plotly, gzipped: 1.4 MB over the wire instead of 4.7."""
    with one_import("plotly"):
        from plotly.offline import get_plotlyjs

    return gzip.compress(get_plotlyjs().encode("utf-8"), compresslevel=6)
