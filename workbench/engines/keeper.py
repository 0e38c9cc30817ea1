"""Keeps a server program and all that it starts, and ends them when its own parent is gone.

Run as a script of its own (``python -I -S keeper.py``), on the standard library alone. The parent
holds the other end of standard input: it writes one line of JSON, the order, and then nothing.
When that pipe closes, for whatever reason (``stop``, the end of the parent, ``kill -9``), the
program is asked to end, then made to. Where the system is Linux, the keeper adopts the orphans
among the program's descendants, so that none gets away.

    order (stdin)    {"argv": [...], "env": {...}, "cwd": "...", "secret": null, "tidy": true}
                     where a secret is {"option": "--config", "text": "what its file holds"}, and
                     tidy sends temporary files to a folder that goes when the program has gone
    report (stdout)  {"pid": 1234} or {"missing": "why it cannot be run"}; {"code": 0} when it has
                     ended; the end of the stream when nothing of it is left
    log (stderr)     what the program says on its standard output and standard error
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ASK_S = 5.0
"""How long the program has to end after SIGTERM: vLLM needs 0.5 s; SGLang 0.5.23 would sit on."""
INSIST_S = 2.0
STEP_S = 0.1
LONGEST_FOLDER = 60
"""Characters; engines put sockets with names of 40 into it, and a socket's path holds some 104."""
LINUX = sys.platform == "linux"
SET_CHILD_SUBREAPER, SET_PARENT_DEATH_SIGNAL = 36, 1  # <linux/prctl.h>


class Keeper:
    """One program, from its start to the end of its last descendant."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.parent = os.getppid()
        self.folder = tempfile.mkdtemp(prefix="workbench-engine-")  # only this user can enter it
        self.code: int | None = None
        self.asked = False
        if LINUX:
            ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        try:
            self.process = self._start(order)
        except OSError:
            self._clear()
            raise

    def _ask(self, *_: object) -> None:
        self.asked = True

    def _start(self, order: dict[str, Any]) -> subprocess.Popen[bytes]:
        argv = [*order["argv"]]
        if order["secret"]:
            path = Path(self.folder) / "secret.yaml"
            path.touch(mode=0o600)
            path.write_text(order["secret"]["text"], encoding="utf-8")
            argv += [order["secret"]["option"], str(path)]
        return subprocess.Popen(  # noqa: S603  (what the user asked to run)
            argv,
            env=self._move_leftovers(order["env"]) if order["tidy"] else order["env"],
            cwd=order["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=2,
            start_new_session=True,
            preexec_fn=_die_with_keeper if LINUX else None,  # noqa: PLW1509  (one thread only)
        )

    def _move_leftovers(self, env: dict[str, str]) -> dict[str, str]:
        """Send temporary files, of which vLLM and SGLang leave many, to a folder that goes.

        What they compile is worth keeping, so that stays where PyTorch looks for it.
        """
        if len(self.folder) > LONGEST_FOLDER:
            return env
        try:
            compiled = str(Path(self.folder).parent / f"torchinductor_{getpass.getuser()}")
        except (KeyError, OSError):  # a user without a name
            return env
        return {"TORCHINDUCTOR_CACHE_DIR": compiled, **env, "TMPDIR": self.folder}

    def watch(self) -> None:
        """Wait until the program ends by itself, or must."""
        while not self.asked and self.code is None and os.getppid() == self.parent:
            readable, _, _ = select.select([0], [], [], STEP_S)
            if readable and not os.read(0, 4096):
                return
            self._reap()

    def end(self) -> None:
        """Ask the program to end, then its descendants, then make them."""
        if self.code is None:
            self._signal([self.process.pid], signal.SIGTERM)
            self._wait(ASK_S, program_only=True)
        for number, patience_s in ((signal.SIGTERM, INSIST_S), (signal.SIGKILL, 30.0)):
            if left := self._left():
                self._signal(left, number)
                self._wait(patience_s, insist=number == signal.SIGKILL)
        self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self, patience_s: float, *, program_only: bool = False, insist: bool = False) -> None:
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self._reap()
            if program_only and self.code is not None:
                return
            left = self._left()
            if not left:
                return
            if insist:  # those that were born meanwhile too
                self._signal(left, signal.SIGKILL)
            time.sleep(STEP_S / 2)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.process.pid:
                    self.code = self.process.returncode = os.waitstatus_to_exitcode(status)

    def _left(self) -> list[int]:
        """Process ids of all descendants that still run; elsewhere than on Linux, the group."""
        if LINUX:
            return find_descendants(os.getpid())
        try:
            os.killpg(self.process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return []
        return [-self.process.pid]

    @staticmethod
    def _signal(pids: list[int], number: int) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def find_descendants(root: int) -> list[int]:
    """Process ids of the children of ``root``, theirs, and so on, read from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # "pid (name) state parent ...", where the name may hold spaces and brackets
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        born = children.get(todo.pop(), [])
        found += born
        todo += born
    return found


def _die_with_keeper() -> None:
    """A last resort, should the keeper itself be killed: the program goes down with it."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _report(**words: object) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(1, json.dumps(words).encode() + b"\n")


def _read_order() -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            sys.exit(0)
        line += part
    order: dict[str, Any] = json.loads(line)
    return order


def main() -> None:
    """Obey one order."""
    order = _read_order()
    try:
        keeper = Keeper(order)
    except OSError as exc:
        _report(missing=f"{type(exc).__name__}: {exc}")
        return
    _report(pid=keeper.process.pid)
    try:
        keeper.watch()
        if keeper.code is not None:
            _report(code=keeper.code)
    finally:
        keeper.end()


if __name__ == "__main__":
    main()
