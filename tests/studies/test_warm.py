"""What numba compiles for a map is kept on disk, and made before it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.lab import build_command, launcher
from workbench.studies import layout, warm

MAP = """
import numpy as np
from umap import layouts, umap_
from workbench.studies import project
project(np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32))
loop = layouts._nb_optimize_layout_euclidean_single_epoch
for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, loop):
    print(sum(function.stats.cache_hits.values()), sum(function.stats.cache_misses.values()))
"""


def run_python(*argv: str, cache: Path) -> str:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *argv], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.skipif(os.name != "posix", reason="elsewhere JupyterLab is a child")
def test_what_lab_starts_compiles_a_map_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not warm.is_compiled()
    launcher._warm_map(os.environ)
    deadline = time.monotonic() + 180
    while not warm.is_compiled():
        assert time.monotonic() < deadline, list(tmp_path.rglob("*"))
        time.sleep(0.2)
    assert run_python("-c", MAP, cache=tmp_path) == "1 0\n1 0\n1 0\n"
    for index in tmp_path.rglob("*.nbi"):
        os.utime(index, (0, 0))  # older than the packages: numba will not take it
    assert not warm.is_compiled()


def test_what_is_compiled_already_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "is_compiled", lambda: True)
    monkeypatch.setattr(warm, "project", lambda _: pytest.fail("nothing was to be compiled"))
    warm.main()


def test_where_nothing_can_be_written_the_map_is_compiled_each_time() -> None:
    def refuse() -> None:
        raise RuntimeError("cannot cache function: no locator available")

    function = SimpleNamespace(stats=SimpleNamespace(cache_path=None), enable_caching=refuse)
    umap: Any = SimpleNamespace(smooth_knn_dist=function)  # and a later umap lacks the others
    layouts: Any = SimpleNamespace()
    layout._keep_compiled(umap, layouts)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere JupyterLab is a child")
def test_lab_starts_it_beside_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: order.append(argv[-1]))

    def execve(*_: object) -> None:
        order.append("lab")
        raise SystemExit  # it does not return

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(SystemExit):
        launcher.start_lab(build_command(Path("a.ipynb")))
    assert order == ["workbench.studies.warm", "lab"]
