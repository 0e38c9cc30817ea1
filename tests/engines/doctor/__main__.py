"""``python -m tests.engines.doctor [WORD ...]``: the matrix, on servers of its own, as a table.

With words only the cases whose names, or whose servers' names, hold one of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.engines.doctor.cases import (
    HEALTHY,
    Case,
    Healthy,
    run_case,
    run_healthy,
)
from tests.engines.doctor.cases import (
    SGLANG as HEALTHY_SGLANG,
)
from tests.engines.doctor.matrix import ADDITIONAL, CASES, SGLANG
from tests.engines.doctor.table import Row, write_table
from tests.engines.doctor.world import World

RUNS = 5


def main(words: list[str]) -> None:
    """Run what is asked for, and print it."""
    every: list[Case | Healthy] = [*HEALTHY, *CASES, *ADDITIONAL]
    if "sglang" in [word.lower() for word in words]:
        every += [*HEALTHY_SGLANG, *SGLANG]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), {})
        try:
            for case in every:
                if words and not any(
                    w.lower() in f"{case.name} {case.server}".lower() for w in words
                ):
                    continue
                rows += _run(world, case)
        finally:
            world.close()
    print(write_table(rows))


def _is_asked_for(case: Case | Healthy, words: list[str]) -> bool:
    names = f"{case.name}, {case.server}".lower()
    return not words or any(word.lower() in names for word in words)


def _run(world: World, case: Case | Healthy) -> list[Row]:
    if isinstance(case, Case):
        rows = [Row(case.name, case.cause, run_case(world, case))]
    else:
        rows = [Row(case.name, "", run_healthy(world, case)) for _ in range(RUNS)]
    for row in rows:
        print(row.write(), flush=True)
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
