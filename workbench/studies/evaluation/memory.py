"""How much memory this process holds while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.002


@dataclass
class Process:
    """What a process held.

    Attributes:
        most: Bytes, at the most; None where the system does not tell.
    """

    most: int | None = None


@contextmanager
def sample_process() -> Iterator[Process]:
    """The most this process held, looked at every few milliseconds; Linux only."""
    process, over = Process(), threading.Event()

    def look() -> None:
        process.most = larger(process.most, resident_bytes())

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            look()

    look()
    thread = threading.Thread(target=watch, name="workbench-memory", daemon=True)
    thread.start()
    try:
        yield process
    finally:
        over.set()
        thread.join()
        look()


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> int | None:
    """Memory of this process; None where the system does not tell."""
    if not statm.exists():
        return None
    import resource

    return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def larger(first: int | None, second: int | None) -> int | None:
    """The larger of what is known."""
    return max((size for size in (first, second) if size is not None), default=None)
