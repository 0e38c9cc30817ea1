"""What another client of a server feels of a doctor's visit: its latency before, during and after.

    python benchmarks/doctor_bystander.py --server infinity --python ENVIRONMENT/bin/python
    python benchmarks/doctor_bystander.py --server llamacpp --model FILE.gguf \
        --python ENVIRONMENT/bin/python

The bystander is a process of its own that asks one short text a time, on one connection, and
pauses a little after each. The doctor's runs follow one another in a second process, as long as
the second phase lasts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

REPO = Path(__file__).resolve().parents[1]
PAUSE_S = 0.01
BYSTANDER = "--be-the-bystander"


@dataclass(frozen=True)
class Asked:
    """One request of the bystander's.

    Attributes:
        at: ``time.monotonic()`` when it was sent, which all processes share.
        seconds: Until its answer was read.
        status: Of HTTP; 0 where no answer came.
    """

    at: float
    seconds: float
    status: int


@dataclass(frozen=True)
class Phase:
    """From when to when, by ``time.monotonic()``."""

    name: str
    start: float
    end: float


def stand_by(base_url: str, model: str) -> None:
    """Ask until a signal ends it; a line for each request."""
    address = urlsplit(base_url)
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=60)
    place = 0
    while True:
        place += 1
        body = json.dumps({"model": model, "input": f"question {place} of a customer"})
        at = time.monotonic()
        try:
            connection.request(
                "POST",
                f"{address.path}/embeddings",
                body,
                {"Content-Type": "application/json"},
            )
            reply = connection.getresponse()
            reply.read()
            status = reply.status
        except (OSError, HTTPException):
            connection.close()
            status = 0
        print(json.dumps([at, time.monotonic() - at, status]), flush=True)
        time.sleep(PAUSE_S)


@contextmanager
def bystander(base_url: str, model: str, asked: list[Asked]) -> Iterator[None]:
    """The other client, from its first answer to the end of the block."""
    command = [sys.executable, __file__, BYSTANDER, base_url, model]
    with tempfile.TemporaryFile("w+") as file:  # a pipe would fill up, and make it wait
        with subprocess.Popen(command, stdout=file) as process:
            try:
                while os.fstat(file.fileno()).st_size == 0 and process.poll() is None:
                    time.sleep(0.01)
                yield
            finally:
                process.terminate()
        file.seek(0)
        asked += [Asked(*json.loads(line)) for line in file if line.endswith("]\n")]


def visit(base_url: str, model: str | None, reference: str, seconds: float) -> list[str]:
    """Examine the endpoint again and again for so long; what each run took."""
    from workbench.doctor import diagnose
    from workbench.embedders import load

    weights = load(reference, dtype="float32") if reference != "none" else "none"
    until = time.monotonic() + seconds
    runs: list[str] = []
    while time.monotonic() < until or not runs:
        said = diagnose(base_url, model=model, reference=weights)
        runs.append(
            f"{said.spent.requests} requests, {said.spent.tokens:,} tokens, {said.seconds:.1f} s: "
            f"{said.status} {said.cause}"
        )
    return runs


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is above this share of them."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def write_row(phase: Phase, asked: Sequence[Asked]) -> str:
    """A line of the table."""
    inside = [one for one in asked if phase.start <= one.at < phase.end]
    times = [1e3 * one.seconds for one in inside if one.status == 200]
    failed = len(inside) - len(times)
    most = max(times)
    figures = [quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99), most]
    cells = " | ".join(f"{figure:.1f}" for figure in figures)
    return f"| {phase.name} | {len(inside)} | {failed} | {cells} |"


def measure(base_url: str, model: str, reference: str, seconds: float) -> tuple[str, list[str]]:
    """The table, and what the doctor's runs took."""
    asked: list[Asked] = []
    with bystander(base_url, model, asked):
        times = [time.monotonic()]
        time.sleep(seconds)
        times.append(time.monotonic())
        runs = visit(base_url, model, reference, seconds)
        times.append(time.monotonic())
        time.sleep(seconds)
        times.append(time.monotonic())
    names = ("before", "during", "after")
    spans = zip(names, times, times[1:], strict=False)
    head = "| phase | requests | failed | p50 ms | p95 ms | p99 ms | longest ms |"
    return "\n".join(
        [head, "|---" * 7 + "|", *(write_row(Phase(*span), asked) for span in spans)]
    ), runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    sys.path.insert(0, str(REPO))
    from benchmarks.endpoint_server import add_options, served

    add_options(parser)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each phase, at least")
    parser.add_argument("--reference", default="none", help="weights to hold it against")
    asked = parser.parse_args()
    with served(asked) as server:
        from workbench.embedders import connect

        model = server.model or connect(server.base_url).info.name
        table, runs = measure(server.base_url, model, asked.reference, asked.seconds)
    print(f"Server: {server.words}. The doctor came {len(runs)} times: {runs[0]}.\n\n{table}")


if __name__ == "__main__":
    if BYSTANDER in sys.argv:
        stand_by(*sys.argv[-2:])
    else:
        main()
