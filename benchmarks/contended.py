"""What a process takes whose threads spin while they wait, and one whose threads sleep.

    python benchmarks/contended.py                # with nothing else, and beside a busy process
    python benchmarks/contended.py --busy 0 1 4 --turns 5

`import workbench` sets OMP_WAIT_POLICY=PASSIVE, which torch reads when it is imported. A turn is a
process that imports torch first, and so has its default, and one that imports workbench first. Each
embeds 400 texts with the bundled model, three times, and single texts. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = 400
SINGLES = 50


def take_times() -> dict[str, float]:
    """Median seconds of all texts and of a single one, and of processor time for all."""
    import workbench as wb
    from benchmarks.local_texts import make_corpus

    embedder = wb.load("bundled")
    texts = make_corpus("mixed", TEXTS)
    embedder.embed(texts[:50])
    walls, processors, singles = [], [], []
    for _ in range(3):
        started, used = time.perf_counter(), time.process_time()
        embedder.embed(texts)
        walls.append(time.perf_counter() - started)
        processors.append(time.process_time() - used)
    for number in range(SINGLES):
        started = time.perf_counter()
        embedder.embed([f"{number} is all that stands here"])
        singles.append(time.perf_counter() - started)
    columns = {"all": walls, "processor": processors, "single": singles}
    return {name: statistics.median(times) for name, times in columns.items()}


def run_child(first: str) -> dict[str, float]:
    """``take_times`` in a process that imports ``first`` first."""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    env = {name: value for name, value in os.environ.items() if name not in names}
    code = (
        f"import {first}, json; from benchmarks.contended import take_times; "
        "print(json.dumps(take_times()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_pair(*, swapped: bool) -> tuple[dict[str, float], dict[str, float]]:
    """Of threads that spin, and that sleep; ``swapped``: measured the other way round."""
    if swapped:
        sleep = run_child("workbench")
        return run_child("torch"), sleep
    return run_child("torch"), run_child("workbench")


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that only count."""
    beside = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in beside:
            process.kill()
            process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="busy processes")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    print("| busy processes beside | | threads spin | threads sleep | spin ÷ sleep |")
    print("|---|---|---|---|---|")
    for count in options.busy:
        with busy(count):
            turns = [run_pair(swapped=bool(turn % 2)) for turn in range(options.turns)]
        for name in ("all", "single", "processor"):
            spin, sleep = (statistics.median(turn[at][name] for turn in turns) for at in (0, 1))
            ratios = sorted(a[name] / b[name] for a, b in turns)
            print(
                f"| {count} | {name} | {spin:.3f} s | {sleep:.3f} s | "
                f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
