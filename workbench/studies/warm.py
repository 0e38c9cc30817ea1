"""Compile what the first map needs before anybody asks for one.

    python -m workbench.studies.warm

umap-learn's loops are compiled by numba, 8 s in the first process; ``layout`` keeps the result on
disk. ``workbench lab`` starts this beside JupyterLab, at low priority, in a process of its own:
compiling in the kernel would hold up what a person does there, and keep it from ending.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from workbench.errors import DependencyError
from workbench.studies.layout import COMPILED
from workbench.studies.projection import project

POINTS = 32
NICENESS = 10


def is_compiled() -> bool:
    """Whether a process before has left on disk what it compiled, with the packages of today."""
    specs = [find_spec(name) for name in ("umap", "numba")]
    origins = [Path(spec.origin) for spec in specs if spec is not None and spec.origin]
    if len(origins) < len(specs):
        return False
    installed = max(origin.stat().st_mtime for origin in origins)
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    kept = Path(chosen) if chosen else origins[0].parent / "__pycache__"
    return all(
        any(index.stat().st_mtime > installed for index in kept.rglob(f"*.{name}-*.nbi"))
        for name in COMPILED
    )


def main() -> None:
    """A map of a few points at random, for what it leaves on disk."""
    if is_compiled():
        return
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        project(np.random.default_rng(0).normal(size=(POINTS, POINTS)))
    except DependencyError:
        return  # no umap-learn: who asks for a map is told


if __name__ == "__main__":
    main()
