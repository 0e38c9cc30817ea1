"""A process under a keeper: started, listened to, and gone with all that it started."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from workbench.contracts import CancelSignal
from workbench.errors import EngineError

KEEPER = Path(__file__).with_name("keeper.py")
KEPT_LINES = 5_000
LINE_CHARS = 16_384
STOP_S = 45.0  # the keeper itself makes an end within 40 s at the very worst
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Log:
    """The last lines that a process said, numbered from 0; a key in them is replaced.

    It knows nothing of the process, so that the thread which fills it keeps no engine alive.
    """

    def __init__(self, hidden: Mapping[str, str]) -> None:
        self._hidden = hidden
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._count = 0
        self.changed = threading.Condition()
        self.ended = False

    def read_from(self, stream: IO[bytes]) -> None:
        """Take lines until the stream ends; a carriage return (a progress bar) ends a line too."""
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            while line := text.readline(LINE_CHARS):
                self._take(ANSI.sub("", line).rstrip())
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _take(self, line: str) -> None:
        for value, shown in self._hidden.items():
            line = line.replace(value, shown)
        if line:
            with self.changed:
                self._lines.append(line)
                self._count += 1
                self.changed.notify_all()

    def since(self, number: int) -> tuple[int, list[str]]:
        """The lines from ``number`` on, and the number to ask with the next time."""
        with self.changed:
            fresh = min(self._count - number, len(self._lines))
            return self._count, list(self._lines)[len(self._lines) - fresh :]

    def last(self, count: int) -> tuple[str, ...]:
        """The last lines, oldest first."""
        return tuple(self.since(0)[1][-count:]) if count > 0 else ()


class KeptProcess:
    """A running program; ``stop`` ends it with all its children, as does the end of this process.

    Args:
        argv: The command.
        env: Variables to add to the environment of this process.
        secret: Option and text of a file with a secret that is added to the command.
        hidden: What must not be seen in the log, and what stands there instead.

    Raises:
        EngineError: The program cannot be run.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        secret: tuple[str, str] | None = None,
        hidden: Mapping[str, str] | None = None,
    ) -> None:
        self.started = time.monotonic()
        self.log = Log(hidden or {})
        self._ended: list[int] = []
        self._keeper = subprocess.Popen(  # noqa: S603  (our own script)
            [sys.executable, "-I", "-S", str(KEEPER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is ours to answer
        )
        self._finalizer = weakref.finalize(self, _let_go, self._keeper)
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        self._threads = [_run(self.log.read_from, self._keeper.stderr)]
        self._send_order(argv, env, secret)
        first = json.loads(self._keeper.stdout.readline() or b"{}")
        self._threads.append(_run(_read_codes, self._keeper.stdout, self._ended, self.log))
        if "pid" not in first:
            self.stop()
            why = first.get("missing", "its keeper ended")
            raise EngineError(f"{argv[0]!r} cannot be run: {why}.")
        self.pid = int(first["pid"])

    def _send_order(
        self, argv: Sequence[str], env: Mapping[str, str], secret: tuple[str, str] | None
    ) -> None:
        order = {
            "argv": list(argv),
            "env": {**os.environ, "PYTHONUNBUFFERED": "1", **env},
            "cwd": str(Path.cwd()),
            "tidy": "TMPDIR" not in env,  # else the user has said where
            "secret": None if secret is None else {"option": secret[0], "text": secret[1]},
        }
        assert self._keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(json.dumps(order).encode() + b"\n")
            self._keeper.stdin.flush()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs, or where it was stopped."""
        return self._ended[0] if self._ended else None

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return not self._ended and self._keeper.poll() is None

    def follow(self, *, cancel: CancelSignal | None = None) -> Iterator[str]:
        """Lines of the log from now on, until it ends or ``cancel`` is set."""
        number, _ = self.log.since(0)
        while cancel is None or not cancel.is_set():
            ended = self.log.ended  # looked at before the last lines are taken
            number, lines = self.log.since(number)
            yield from lines
            if ended:
                return
            with self.log.changed:
                self.log.changed.wait(0.2)

    def stop(self) -> None:
        """End it and all that it started; once stopped, nothing more happens."""
        _let_go(self._keeper)
        for thread in self._threads:
            thread.join(STOP_S)
        self._finalizer.detach()


def _run(work: Callable[..., None], *args: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def _read_codes(stream: IO[bytes], ended: list[int], log: Log) -> None:
    with stream:
        for line in stream:
            ended.append(int(json.loads(line)["code"]))
            with log.changed:
                log.changed.notify_all()


def _let_go(keeper: subprocess.Popen[bytes]) -> None:
    """Close the pipe that the keeper watches, and wait until it has made an end."""
    if keeper.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.close()
    try:
        keeper.wait(STOP_S)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
