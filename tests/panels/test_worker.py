"""The worker on its own: newest first, one at a time, alive after anything."""

from __future__ import annotations

import threading
from functools import partial

from tests.panels.fakes import wait_until
from workbench.panels.worker import Job, Worker


def make_worker() -> tuple[Worker, list[BaseException]]:
    crashes: list[BaseException] = []
    return Worker("worker-under-test", crashes.append), crashes


def hold(started: threading.Event, log: list[str]) -> Job:
    def job(cancel: threading.Event) -> None:
        started.set()
        log.append("begin")
        assert cancel.wait(30), "nobody cancelled"
        log.append("end")

    return job


def test_a_job_runs_in_the_worker_s_own_thread() -> None:
    worker, _ = make_worker()
    names: list[str] = []
    worker.submit(lambda _: names.append(threading.current_thread().name))
    assert worker.wait(10)
    assert names == ["worker-under-test"]


def test_a_new_job_waits_until_the_cancelled_one_has_ended() -> None:
    worker, _ = make_worker()
    started, log = threading.Event(), list[str]()
    worker.submit(hold(started, log))
    assert started.wait(10)
    worker.submit(lambda cancel: log.append(f"second, cancelled {cancel.is_set()}"))
    assert worker.wait(10)
    assert log == ["begin", "end", "second, cancelled False"]


def test_of_several_waiting_jobs_only_the_last_runs() -> None:
    worker, _ = make_worker()
    started, go, log = threading.Event(), threading.Event(), list[str]()

    def stubborn(_: threading.Event) -> None:
        started.set()
        go.wait(30)

    worker.submit(stubborn)
    assert started.wait(10)

    def note(name: str, _: threading.Event) -> None:
        log.append(name)

    for name in ("first", "second", "third"):
        worker.submit(partial(note, name))
    go.set()
    assert worker.wait(10)
    assert log == ["third"]


def test_cancel_stops_the_running_job_and_drops_the_waiting_one() -> None:
    worker, _ = make_worker()
    started, log = threading.Event(), list[str]()
    worker.submit(hold(started, log))
    assert started.wait(10)
    worker.submit(lambda _: log.append("waiting"))
    worker.cancel()
    assert worker.wait(10)
    assert log == ["begin", "end"]


def test_a_cancel_does_not_reach_the_next_job() -> None:
    worker, _ = make_worker()
    worker.cancel()
    seen: list[bool] = []
    worker.submit(lambda cancel: seen.append(cancel.is_set()))
    assert worker.wait(10)
    assert seen == [False]


def test_an_exception_is_handed_over_and_the_thread_lives() -> None:
    worker, crashes = make_worker()

    def fail(_: threading.Event) -> None:
        raise ZeroDivisionError("on purpose")

    worker.submit(fail)
    assert worker.wait(10)
    assert [str(crash) for crash in crashes] == ["on purpose"]
    log: list[str] = []
    worker.submit(lambda _: log.append("alive"))
    assert worker.wait(10)
    assert log == ["alive"]


def test_wait_says_when_the_time_was_not_enough() -> None:
    worker, _ = make_worker()
    started, log = threading.Event(), list[str]()
    worker.submit(hold(started, log))
    assert started.wait(10)
    assert worker.busy
    assert not worker.wait(0.05)
    worker.cancel()
    assert worker.wait(10)
    assert not worker.busy


def test_a_worker_that_had_no_job_rests() -> None:
    worker, _ = make_worker()
    assert worker.wait(0)


def test_jobs_submitted_from_many_threads_never_overlap() -> None:
    worker, crashes = make_worker()
    inside, most, ran = [0], [0], [0]

    def job(_: threading.Event) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        ran[0] += 1
        inside[0] -= 1

    def submit_many() -> None:
        for _ in range(50):
            worker.submit(job)

    threads = [threading.Thread(target=submit_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: worker.wait(1))
    assert most == [1]
    assert ran[0] >= 1
    assert crashes == []
