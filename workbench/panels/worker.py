"""One thread for slow work: the newest job replaces the one before, never interleaves with it."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

Job: TypeAlias = Callable[[threading.Event], None]

ENDING_S = 10.0
"""Longest wait for a running job when Python ends."""


class Worker:
    """Runs one job at a time in a thread of its own.

    A job is a callable that takes a cancel signal, looks at it between steps and handles its own
    errors. Submitting a job sets the signal of the one that is running and drops one that waits.

    Args:
        name: Name of the thread.
        on_crash: Called in the worker thread with an exception that a job let escape.
    """

    def __init__(self, name: str, on_crash: Callable[[BaseException], None]) -> None:
        self._name = name
        self._on_crash = on_crash
        self._changed = threading.Condition()
        self._waiting: Job | None = None
        self._signal: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self._ended = False

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._changed:
            return self._signal is not None or self._waiting is not None

    def submit(self, job: Job) -> None:
        """Run ``job`` after cancelling the present one; a job that still waits is dropped."""
        with self._changed:
            if self._ended:
                return
            self._waiting = job
            if self._signal is not None:
                self._signal.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
                atexit.register(self._end)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Ask the running job to stop and drop the waiting one."""
        with self._changed:
            self._waiting = None
            if self._signal is not None:
                self._signal.set()
            self._changed.notify_all()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing runs or waits; False when ``timeout_s`` passed first."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._signal is None and self._waiting is None, timeout_s
            )

    def end(self) -> None:
        """Cancel, and let the thread end; jobs submitted later are dropped."""
        with self._changed:
            self._ended = True
            self.cancel()
        atexit.unregister(self._end)

    def _end(self) -> None:
        """Let the running job come to an end: torch or numba abort a process that leaves them."""
        self.end()
        self.wait(ENDING_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._ended)
                if self._waiting is None:
                    return
                job, self._waiting = self._waiting, None
                signal = self._signal = threading.Event()
            try:
                if job is not None:
                    job(signal)
            except Exception as exc:  # noqa: BLE001  (a thread that dies takes the panel with it)
                self._on_crash(exc)
            finally:
                with self._changed:
                    self._signal = None
                    self._changed.notify_all()


class Workers:
    """The panel's threads: one embeds, one draws maps, one runs errands in the order asked.

    Args:
        on_crash: Called in a worker's thread with an exception that a job let escape.
    """

    def __init__(self, on_crash: Callable[[BaseException], None]) -> None:
        self.embedding = Worker("workbench-embed", on_crash)
        self.mapping = Worker("workbench-map", on_crash)
        self.errands = ThreadPoolExecutor(1, thread_name_prefix="workbench-errand")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until embedding and mapping rest; False when ``timeout_s`` passed first."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self.embedding.wait(timeout_s):
            return False
        return self.mapping.wait(
            None if deadline is None else max(0.0, deadline - time.monotonic())
        )

    def cancel(self) -> None:
        """Ask what embeds and what maps to stop."""
        self.embedding.cancel()
        self.mapping.cancel()

    def end(self) -> None:
        """Stop what runs and let the threads end."""
        self.embedding.end()
        self.mapping.end()
        self.errands.shutdown(wait=False, cancel_futures=True)
