"""A kept process leaves nothing behind: shown on small programs that behave badly."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.engines.process import KEPT_LINES, KeptProcess
from workbench.errors import EngineError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# a program that starts a child in a session of its own, out of reach of its process group
PARENT = """
import subprocess, sys, time
child = "import os, signal, sys, time; os.setsid(); {deaf}"
child += "print('child', os.getpid(), flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child])
{then}
"""
DEAF = "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; "


def wait_until(done: Callable[[], object], what: str, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether it is there, and no zombie that only waits to be read."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def start(code: str, **options: object) -> KeptProcess:
    return KeptProcess([sys.executable, "-c", code], env={}, **options)  # type: ignore[arg-type]


def read_child(process: KeptProcess) -> int:
    def children() -> list[int]:
        lines = process.log.last(100)
        return [int(line.split()[1]) for line in lines if line.startswith("child ")]

    wait_until(children, "the child says its number")
    return children()[0]


def test_stop_ends_a_child_that_left_the_group() -> None:
    process = start(PARENT.format(deaf="", then="time.sleep(600)"))
    child = read_child(process)
    assert runs(child)
    process.stop()
    assert not runs(child)
    assert not runs(process.pid)


def test_stop_ends_what_does_not_listen_to_signals() -> None:
    process = start(PARENT.format(deaf=DEAF, then="time.sleep(600)"))
    child = read_child(process)
    process.stop()
    assert not runs(child)


def test_a_child_that_outlives_the_program_is_ended_too() -> None:
    process = start(PARENT.format(deaf="", then="time.sleep(0.5); sys.exit(3)"))
    child = read_child(process)
    wait_until(lambda: process.code is not None, "the program ends")
    assert (process.code, process.alive) == (3, False)
    wait_until(lambda: not runs(child), "the orphan ends")
    process.stop()


def test_to_stop_twice_is_to_stop_once() -> None:
    process = start("import time; time.sleep(600)")
    process.stop()
    process.stop()
    assert not process.alive


def test_a_process_that_nobody_holds_is_ended() -> None:
    process = start("import time; time.sleep(600)")
    pid = process.pid
    del process
    gc.collect()
    wait_until(lambda: not runs(pid), "the process ends with its last reference")


KERNEL = """
import sys, time
from workbench.engines.process import KeptProcess
process = KeptProcess([sys.executable, "-c", {code!r}], env={{}})
print(process.pid, process._keeper.pid, flush=True)
while not process.log.last(1):
    time.sleep(0.02)
print(process.log.last(1)[0].split()[1], flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["time.sleep(600)", "sys.exit()", "1 / 0"])
def test_nothing_outlives_the_process_that_started_it(then: str) -> None:
    code = PARENT.format(deaf="", then="time.sleep(600)")
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL.format(code=code, then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert kernel.stdout is not None
    numbers = [int(word) for word in (kernel.stdout.readline() + kernel.stdout.readline()).split()]
    assert len(numbers) == 3
    if "sleep" in then:
        assert all(map(runs, numbers))
        kernel.send_signal(signal.SIGKILL)
    kernel.wait(60)
    kernel.stdout.close()
    wait_until(lambda: not any(map(runs, numbers)), f"{numbers} end")


FORK = "import os; child = os.fork(); child and print(child, flush=True); time.sleep(600)"


def test_a_fork_that_holds_the_pipe_does_not_keep_a_program_alive() -> None:
    code = PARENT.format(deaf="", then="time.sleep(600)")
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL.format(code=code, then=FORK)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert kernel.stdout is not None
    lines = [kernel.stdout.readline() for _ in range(3)]
    *numbers, fork = (int(word) for line in lines for word in line.split())
    kernel.send_signal(signal.SIGKILL)
    kernel.wait(60)
    kernel.stdout.close()
    try:
        assert runs(fork)
        wait_until(lambda: not any(map(runs, numbers)), f"{numbers} end")
    finally:
        os.kill(fork, signal.SIGKILL)


def test_a_program_goes_down_with_a_keeper_that_is_killed() -> None:
    process = start("import os, time; print(os.environ['TMPDIR'], flush=True); time.sleep(600)")
    wait_until(lambda: process.log.last(1), "it runs")
    os.kill(process._keeper.pid, signal.SIGKILL)
    wait_until(lambda: not runs(process.pid), "the program ends")
    process.stop()
    assert not process.alive
    shutil.rmtree(process.log.last(1)[0])  # nobody is left who would


def test_a_secret_is_in_a_file_that_only_the_user_reads_and_that_goes() -> None:
    code = "import os, sys; p = sys.argv[-1]; print(oct(os.stat(p).st_mode), p, open(p).read())"
    process = start(code, secret=("--config", "the secret"), hidden={"the secret": "$NAME"})
    wait_until(lambda: process.log.ended, "it ends")
    mode, path, shown = process.log.last(1)[0].split(" ", 2)
    process.stop()
    assert (mode, shown) == ("0o100600", "$NAME")
    assert not Path(path).exists()


def test_temporary_files_go_with_the_program_that_made_them() -> None:
    code = "import os, tempfile; print(tempfile.mkstemp()[1], flush=True); os.abort()"
    process = start(code)
    wait_until(lambda: process.log.ended, "it ends")
    process.stop()
    made = Path(process.log.last(1)[0])
    assert made.parent.name.startswith("workbench-engine-")
    assert not made.parent.exists()


def test_a_folder_for_temporary_files_that_the_user_names_is_left_to_them(tmp_path: Path) -> None:
    code = "import tempfile; print(tempfile.mkstemp()[1])"
    process = KeptProcess([sys.executable, "-c", code], env={"TMPDIR": str(tmp_path)})
    wait_until(lambda: process.log.ended, "it ends")
    process.stop()
    assert Path(process.log.last(1)[0]) in tmp_path.iterdir()


def test_a_log_of_any_length_and_kind_is_taken_in_and_its_end_is_kept() -> None:
    code = (
        "import sys; [print('line', n) for n in range(20_000)]; sys.stdout.flush();"
        "sys.stdout.buffer.write(b'\\xff\\x1b[31mred\\x1b[0m\\rbar\\r' + b'x' * 100_000); print()"
    )
    process = start(code)
    wait_until(lambda: process.log.ended, "it ends")
    process.stop()
    lines = process.log.last(100_000)
    assert len(lines) == KEPT_LINES
    assert "\ufffdred" in lines
    assert "bar" in lines
    assert sum(line.count("x") for line in lines if set(line) == {"x"}) == 100_000


def test_following_gives_the_lines_from_now_on() -> None:
    process = start("import time; print('a', flush=True); time.sleep(1); print('b')")
    wait_until(lambda: process.log.last(1), "the first line")
    assert list(process.follow()) == ["b"]
    process.stop()


def test_a_program_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no-such-program' cannot be run: FileNotFoundError"):
        KeptProcess([str(tmp_path / "no-such-program")], env={})


def test_a_program_gets_no_keyboard_and_the_environment_it_was_promised() -> None:
    code = "import os, sys; print(repr(sys.stdin.read()), os.environ['ADDED'], os.getcwd())"
    process = KeptProcess([sys.executable, "-c", code], env={"ADDED": "value"})
    wait_until(lambda: process.log.ended, "it ends")
    process.stop()
    assert process.log.last(1) == (f"'' value {Path.cwd()}",)
