"""Texts a second through an endpoint: this package's client against loops of one's own.

    python benchmarks/endpoint_throughput.py --server hash            # a server that costs nothing
    python benchmarks/endpoint_throughput.py --server infinity --python ENVIRONMENT/bin/python
    python benchmarks/endpoint_throughput.py --server llamacpp --model tiny.gguf
    python benchmarks/endpoint_throughput.py --base-url http://127.0.0.1:8080/v1 --model NAME

All ways take turns in one process, A B C D A B C D, so that a busy minute of the machine falls on
all of them, and each is asked once before it is timed. Ratios are of the two times of one turn.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

REPO = Path(__file__).resolve().parents[1]
IN_FLIGHT = 8
BATCH = 64
VERSIONS = ("openai", "httpx2", "numpy")

Vectors: TypeAlias = NDArray[np.float32]
Way: TypeAlias = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Target:
    """What is asked."""

    base_url: str
    model: str | None
    batch: int

    @property
    def name(self) -> str:
        return self.model or "any"


@dataclass(frozen=True)
class Run:
    """One way's turn.

    Attributes:
        seconds: Wall time.
        cpu: Seconds of processor time in this process, the server's not counted.
        vectors: (n, dim) float32.
    """

    seconds: float
    cpu: float
    vectors: Vectors


def make_texts(count: int) -> list[str]:
    """Short texts, Chinese, English and code, no two equal."""
    from workbench import samples

    known = samples("mixed")["text"].tolist()
    return [f"{known[at % len(known)]} {at}" for at in range(count)]


# ---- the ways -----------------------------------------------------------------------------------


def our_way(target: Target) -> Way:
    """``wb.connect(...).embed(texts)``."""
    import workbench as wb

    embedder = wb.connect(
        target.base_url, target.model, batch_items=target.batch, in_flight=IN_FLIGHT
    )
    return lambda texts: embedder.embed(texts).vectors


class RawWay:
    """The fastest loop that one would write: no retry, no check, no order but by index."""

    def __init__(self, target: Target) -> None:
        import httpx2

        self.target = target
        self.loop = asyncio.new_event_loop()
        self.client = httpx2.AsyncClient(timeout=60, trust_env=False)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        return self.loop.run_until_complete(self._embed(texts))

    async def _embed(self, texts: Sequence[str]) -> Vectors:
        gate = asyncio.Semaphore(IN_FLIGHT)
        batches = [
            texts[at : at + self.target.batch] for at in range(0, len(texts), self.target.batch)
        ]
        parts = await asyncio.gather(*(self._ask(batch, gate) for batch in batches))
        return np.concatenate(parts)  # (n, dim)

    async def _ask(self, batch: Sequence[str], gate: asyncio.Semaphore) -> Vectors:
        asked = {"model": self.target.name, "input": batch, "encoding_format": "base64"}
        async with gate:
            reply = await self.client.post(f"{self.target.base_url}/embeddings", json=asked)
        records = sorted(json.loads(reply.content)["data"], key=lambda record: int(record["index"]))
        rows = [np.frombuffer(base64.b64decode(record["embedding"]), "<f4") for record in records]
        return np.stack(rows)  # (batch, dim)


def sdk_way(target: Target, size: int) -> Way:
    """The openai client in a plain loop, ``size`` texts in a request."""
    import httpx2
    from openai import OpenAI

    client = OpenAI(
        base_url=target.base_url, api_key="EMPTY", http_client=httpx2.Client(trust_env=False)
    )

    def embed(texts: Sequence[str]) -> Vectors:
        rows: list[list[float]] = []
        for at in range(0, len(texts), size):
            made = client.embeddings.create(model=target.name, input=list(texts[at : at + size]))
            rows += [record.embedding for record in made.data]
        return np.array(rows, np.float32)  # (n, dim)

    return embed


def make_ways(target: Target) -> dict[str, Way]:
    return {
        "`wb.connect(...).embed(texts)`": our_way(target),
        "a raw loop over httpx2": RawWay(target),
        "the openai client, 128 texts a request": sdk_way(target, 128),
        "the openai client, a text a request": sdk_way(target, 1),
    }


# ---- measuring ----------------------------------------------------------------------------------


def measure(ways: Mapping[str, Way], texts: Sequence[str], runs: int) -> dict[str, list[Run]]:
    """Turn by turn; the order of the ways is reversed every other turn."""
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for way in ways.values():
        way(texts[:IN_FLIGHT])
    for turn in range(runs):
        for name, way in list(ways.items())[:: -1 if turn % 2 else 1]:
            wall, cpu = time.perf_counter(), time.process_time()
            vectors = way(texts)
            found[name].append(Run(time.perf_counter() - wall, time.process_time() - cpu, vectors))
            print(f"{turn} {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr)
    return found


def spread(values: Sequence[float], form: str) -> str:
    """Median and range."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}–{high:{form}})"


def table(found: Mapping[str, Sequence[Run]], count: int) -> Iterator[str]:
    yield "| way | texts a second | our speed, of its | processor, ms a text | largest difference |"
    yield "|---|---|---|---|---|"
    ours = next(iter(found.values()))
    for name, runs in found.items():
        speeds = [count / run.seconds for run in runs]
        ratios = [run.seconds / mine.seconds for mine, run in zip(ours, runs, strict=True)]
        cpu = [run.cpu / count * 1e3 for run in runs]
        apart = max(float(np.abs(run.vectors - ours[0].vectors).max()) for run in runs)
        cells = (spread(speeds, ",.0f"), spread(ratios, ".2f"), spread(cpu, ".2f"), f"{apart:.1e}")
        yield f"| {name} | {' | '.join(cells)} |"


def machine() -> str:
    """Processor, cores and versions, on a line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    used = ", ".join(f"{package} {version(package)}" for package in VERSIONS)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, {used}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    sys.path.insert(0, str(REPO))
    from benchmarks.endpoint_server import add_options, served

    add_options(parser)
    parser.add_argument("--texts", type=int, default=5_000)
    parser.add_argument("--batch", type=int, default=BATCH, help="texts a request, first two ways")
    parser.add_argument("--runs", type=int, default=5, help="turns")
    parser.add_argument("--ways", type=int, default=4, help="only the first so many of the ways")
    asked = parser.parse_args()
    with served(asked) as server:
        target = Target(server.base_url, server.model, asked.batch)
        ways = dict(list(make_ways(target).items())[: asked.ways])
        found = measure(ways, make_texts(asked.texts), asked.runs)
    print(f"{machine()}. Server: {server.words}.")
    print(f"{asked.texts:,} texts, {asked.batch} a request, {IN_FLIGHT} requests at once.")
    print(f"Median (range) of {asked.runs} turns.")
    print()
    print("\n".join(table(found, asked.texts)))


if __name__ == "__main__":
    main()
