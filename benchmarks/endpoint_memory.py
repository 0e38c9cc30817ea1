"""Memory while a stream of texts goes through an endpoint: it should not grow with their number.

    python benchmarks/endpoint_memory.py                              # 100,000 texts, server "hash"
    python benchmarks/endpoint_memory.py --server infinity --python ENVIRONMENT/bin/python

Resident memory of this process, which is the client; the server is another.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
STEP = 5_000


def resident_mb() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def make_texts(count: int) -> Iterator[str]:
    """Short texts, one after the other, no two equal."""
    for at in range(count):
        yield f"short text number {at}, and 苹果 beside it"


def measure(
    base_url: str, model: str | None, count: int, chunk: int
) -> Iterator[tuple[int, float]]:
    """Texts done and MB resident, every ``STEP`` texts."""
    import workbench as wb

    embedder = wb.connect(base_url, model)
    done = 0
    for made in wb.stream(embedder, make_texts(count), chunk=chunk):
        before, done = done, done + len(made)
        if done // STEP > before // STEP or done == count:
            yield done, resident_mb()
    embedder.unload()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    sys.path.insert(0, str(REPO))
    from benchmarks.endpoint_server import add_options, served

    add_options(parser)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=1_000)
    asked = parser.parse_args()
    with served(asked) as server:
        begun = time.perf_counter()
        samples = list(measure(server.base_url, server.model, asked.texts, asked.chunk))
        seconds = time.perf_counter() - begun
    first = samples[0][1]
    print(f"Server: {server.words}.")
    print(f"{asked.texts:,} texts, chunks of {asked.chunk:,}, {asked.texts / seconds:,.0f} texts/s")
    print()
    print("| texts done | MB resident | since the first |")
    print("|---|---|---|")
    for done, mb in samples:
        print(f"| {done:,} | {mb:.1f} | {mb - first:+.1f} |")
    print(
        f"\nMost: {max(mb for _, mb in samples) - first:+.1f} MB over the first {samples[0][0]:,}."
    )


if __name__ == "__main__":
    main()
