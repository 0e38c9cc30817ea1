"""Two threads that import at once: what makes the Explorer's worker and a cell collide."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from workbench.contracts import imports, one_import

RACE = """
import threading

import workbench as wb

started = threading.Barrier(3)
failed = []

def run(work):
    started.wait()
    try:
        work()
    except BaseException as exc:
        failed.append(repr(exc))

works = (
    lambda: wb.load("lexical").embed(["apple"]),
    lambda: wb.project([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0], [0.2, 0.1]]),
    lambda: wb.samples("starter"),
)
threads = [threading.Thread(target=run, args=(work,)) for work in works]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed)
"""


def test_three_threads_that_need_heavy_packages_at_once_all_get_them() -> None:
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_second_import_waits_for_the_first_and_a_finished_one_waits_for_nobody() -> None:
    inside, release, order = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        with one_import("planned package"):
            inside.set()
            release.wait(10)
            order.append("first")

    def second() -> None:
        with one_import("another package"):
            order.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(10)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    assert order == []
    release.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "second"]
    with imports._LOCK:
        passed = threading.Event()

        def third() -> None:
            with one_import("planned package"):
                passed.set()

        threading.Thread(target=third).start()
        assert passed.wait(10)


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ({}, "PASSIVE"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"),
        ({"GOMP_SPINCOUNT": "1000"}, ""),
        ({"KMP_BLOCKTIME": "5"}, ""),
    ],
    ids=["nothing", "policy", "libgomp's count", "Intel's time"],
)
def test_threads_that_wait_sleep_unless_the_environment_says_otherwise(
    given: dict[str, str], policy: str
) -> None:
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    rest = {name: value for name, value in os.environ.items() if name not in names}
    told = {"OMP_DISPLAY_ENV": "TRUE"}  # libgomp says what it took, when it loads
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, workbench, torch; print(os.getenv('OMP_WAIT_POLICY', ''))",
        ],
        env={**rest, **given, **told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == policy
    if policy and sys.platform == "linux":
        assert f"OMP_WAIT_POLICY = '{policy}'" in done.stderr
