"""Seconds to the first UMAP map of a process: compiled there, or read from disk.

    python benchmarks/map_start.py --pairs 3

A pair is a process with an empty cache of numba and one that finds what it left.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
from workbench.studies import project
points = np.random.default_rng(0).normal(size=(200, 384)).astype(np.float32)
started = time.perf_counter()
import umap
imported = time.perf_counter()
map = project(points)
print(imported - started, time.perf_counter() - imported, map.points.sum())
"""


def run_once(cache: str) -> tuple[float, float, float]:
    """Seconds of importing umap and of the first map, and a sum of its points."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(ROOT)],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        check=True,
        capture_output=True,
        text=True,
    )
    imported, drawn, total = map(float, done.stdout.split())
    return imported, drawn, total


def main() -> None:
    """Measure and print lines of a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    pairs = []
    for _ in range(parser.parse_args().pairs):
        with tempfile.TemporaryDirectory() as cache:
            pairs.append((run_once(cache), run_once(cache)))
    for name, at, place in (
        ("import umap", 1, 0),
        ("first map of 200 texts, compiled", 0, 1),
        ("the same, read from disk", 1, 1),
    ):
        times = sorted(pair[at][place] for pair in pairs)
        print(f"| {name} | {statistics.median(times):.2f} ({times[0]:.2f}–{times[-1]:.2f}) |")
    same = all(first[2] == second[2] for first, second in pairs)
    print(f"- the maps are {'the same' if same else 'DIFFERENT'}")


if __name__ == "__main__":
    main()
