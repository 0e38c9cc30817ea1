"""An event loop in a thread of its own, so that a synchronous call can have many requests out."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from workbench.contracts import CancelSignal
from workbench.errors import Cancelled

T = TypeVar("T")

ENDING_S = 5.0
"""Longest wait for the thread to end."""
LOOK_S = 0.1
"""Between two looks at the cancel signal."""


class LoopThread:
    """Runs coroutines for threads that have a loop of their own already (Jupyter's) or none.

    The thread starts with the first coroutine, is shared by all calls, so that connections stay
    open between them, and ends with ``close`` or when nothing refers to this object any more.

    Args:
        at_end: Awaited in the loop before the thread ends: closes what was opened in it.
        cancel: Ends the wait of ``run``, and its work; None: nothing does.
    """

    def __init__(
        self, at_end: Callable[[], Awaitable[None]], cancel: CancelSignal | None = None
    ) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._at_end = at_end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: weakref.finalize[..., LoopThread] | None = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; its future is for any thread, and cancelling it cancels the work."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=_run_loop,
                    args=(self._loop, self._at_end),
                    name="workbench-http",
                    daemon=True,
                )
                thread.start()
                self._end = weakref.finalize(self, _stop_loop, self._loop, thread)
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for what it returns or raises.

        Raises:
            Cancelled: The cancel signal was set first.
        """
        future = self.submit(work)
        while self._cancel is not None and not wait([future], LOOK_S).done:
            if self._cancel.is_set():
                future.cancel()
                raise Cancelled(0, 0)
        return future.result()

    def close(self) -> None:
        """End the thread; what still runs is cancelled. A later ``submit`` starts a new one."""
        with self._lock:
            end, self._loop, self._end = self._end, None, None
        if end is not None:
            end()


def _run_loop(loop: asyncio.AbstractEventLoop, at_end: Callable[[], Awaitable[None]]) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(_end(at_end))
    finally:
        loop.close()


async def _end(at_end: Callable[[], Awaitable[None]]) -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await at_end()
    await asyncio.sleep(0)  # closed sockets are let go in the next round


def _stop_loop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(ENDING_S)
