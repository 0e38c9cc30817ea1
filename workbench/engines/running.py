"""Start an engine, wait until it embeds, and hand it over running."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from workbench.contracts import (
    CancelSignal,
    EnginePhase,
    EnginePlan,
    EngineProgress,
    EngineProgressFn,
)
from workbench.engines.faults import say_dead, say_ended, say_late, say_refused
from workbench.engines.planning import PROGRAMS
from workbench.engines.process import KeptProcess
from workbench.engines.ready import Answer, Question
from workbench.errors import Cancelled, EngineError

READ_LINES = 2_000
STEP_S = 0.1
ASK_EVERY_S = 0.25
PATIENCE_S = 10.0
"""How long an engine may answer with errors of its own before that is taken for its answer."""
SAYINGS: dict[EnginePhase, str] = {
    "starting": "The program is started.",
    "loading": "It loads.",
    "listening": "Its port is open; it is asked for a first vector.",
    "ready": "It embeds.",
}


class Engine:
    """A running engine that has embedded one text; ``with`` stops it at the end.

    It ends with this process in any case, even where that is killed.

    Attributes:
        plan: What was started.
        dim: Width of the vector that proved it.
        ready_s: Seconds from the start to that vector.
    """

    def __init__(self, plan: EnginePlan, process: KeptProcess, *, dim: int, ready_s: float) -> None:
        self.plan = plan
        self.dim = dim
        self.ready_s = ready_s
        self._process = process

    def __repr__(self) -> str:
        state = f"pid {self.pid}" if self.alive else "stopped"
        return f"<Engine {self.plan.engine} {self.base_url} {self.served_name!r}, {state}>"

    @property
    def base_url(self) -> str:
        """What ``connect`` takes."""
        return self.plan.base_url

    @property
    def served_name(self) -> str:
        """The model's name, the second argument of ``connect``."""
        return self.plan.served_name

    @property
    def pid(self) -> int:
        """Process id of the program."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.alive

    def log(self, last: int = 40) -> tuple[str, ...]:
        """The last lines of its log, keys replaced."""
        return self._process.log.last(last)

    def follow(self, *, cancel: CancelSignal | None = None) -> Iterator[str]:
        """Lines of its log from now on, until it ends or ``cancel`` is set."""
        return self._process.follow(cancel=cancel)

    def explain_end(self) -> EngineError:
        """Why it ended by itself: the cause and the mend, to raise or to show."""
        process = self._process
        return say_ended(self.plan, process.log.last(READ_LINES), process.code, process.seconds)

    def stop(self) -> None:
        """End it and all that it started; once stopped, nothing more happens."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def start_engine(
    plan: EnginePlan,
    *,
    progress: EngineProgressFn | None = None,
    cancel: CancelSignal | None = None,
    timeout_s: float = 300.0,
) -> Engine:
    """Start what was planned, and wait until it has answered one real request.

    Args:
        plan: What ``plan_engine`` returned.
        progress: Told each phase and each line of the log, in this thread.
        cancel: Looked at several times a second.
        timeout_s: How long to wait for that answer.

    Raises:
        EngineError: It cannot be started, died, or was not ready in time; says why and what mends
            it. Nothing is left running.
        Cancelled: ``cancel`` was set. Nothing is left running.
    """
    if plan.problems:
        raise EngineError("\n".join(plan.problems))
    key = os.environ.get(plan.key_env, "") if plan.key_env else ""
    process = _launch(plan, key)
    try:
        start = _Start(plan, process, key or None, progress, timeout_s)
        dim = start.wait(cancel)
    except BaseException:  # Ctrl-C in a notebook too: nothing may be left running
        process.stop()
        raise
    return Engine(plan, process, dim=dim, ready_s=process.seconds)


def _launch(plan: EnginePlan, key: str) -> KeptProcess:
    """Start the process; the key goes by its environment, or by a file that only it can read."""
    env, secret = dict(plan.env), None
    variable = PROGRAMS[plan.engine].key_variable
    if key and variable:
        env[variable] = key
    elif key:  # SGLang; JSON is YAML
        import json

        secret = ("--config", json.dumps({"api-key": key}))
    hidden = {key: f"${plan.key_env}"} if key else {}
    return KeptProcess(plan.argv, env=env, secret=secret, hidden=hidden)


@dataclass
class _Start:
    """One wait for a first vector."""

    plan: EnginePlan
    process: KeptProcess
    key: str | None
    progress: EngineProgressFn | None
    timeout_s: float
    phase: EnginePhase = "starting"
    seen: int = 0
    failing_since: float | None = None
    last: Answer = field(default_factory=lambda: Answer("nobody"))

    def wait(self, cancel: CancelSignal | None) -> int:
        """The width of the first vector.

        Raises:
            EngineError: There will be none.
            Cancelled: ``cancel`` was set.
        """
        self._tell()
        question: Question | None = None
        ask_at = 0.0
        while True:
            if cancel is not None and cancel.is_set():
                raise Cancelled(int(self.process.seconds), int(self.timeout_s), "seconds")
            self._pass_lines()
            if not self.process.alive:
                raise self._say_dead()
            if question is not None and question.answer is not None:
                if self._weigh(question.answer):
                    return question.answer.dim
                question, ask_at = None, time.monotonic() + ASK_EVERY_S
            elif question is None and time.monotonic() >= ask_at:
                left = max(1.0, self.timeout_s - self.process.seconds)
                question = Question(
                    self.plan.base_url, self.plan.served_name, key=self.key, timeout_s=left
                )
            if self.process.seconds > self.timeout_s:
                raise self._say_late()
            time.sleep(STEP_S)

    def _tell(self, line: str = "", phase: EnginePhase | None = None) -> None:
        changed = phase is not None and phase != self.phase
        self.phase = phase or self.phase
        if self.progress is not None:
            words = SAYINGS[self.phase] if changed or not line else ""
            self.progress(EngineProgress(self.phase, self.process.seconds, line, words))

    def _pass_lines(self) -> None:
        self.seen, lines = self.process.log.since(self.seen)
        for line in lines:
            self._tell(line, "loading" if self.phase == "starting" else None)

    def _weigh(self, answer: Answer) -> bool:
        """Whether this is the vector; raises where there will be none."""
        if answer.outcome == "nobody":
            return False
        self.last = answer
        if self.phase in ("starting", "loading"):
            self._tell(phase="listening")
        if answer.outcome == "ready":
            self._tell(phase="ready")
            return True
        if answer.outcome == "refused":
            raise self._say_refused()
        if answer.outcome == "failing":
            self.failing_since = self.failing_since or time.monotonic()
            if time.monotonic() - self.failing_since > PATIENCE_S:
                raise self._say_refused()
        return False

    def _say_dead(self) -> EngineError:
        seconds = self.process.seconds
        self.process.stop()  # so that the log is whole
        self._pass_lines()
        return say_dead(
            self.plan, self.last, self.process.log.last(READ_LINES), self.process.code, seconds
        )

    def _say_refused(self) -> EngineError:
        return say_refused(self.plan, self.last, self.process.log.last(READ_LINES))

    def _say_late(self) -> EngineError:
        return say_late(self.plan, self.last, self.process.log.last(READ_LINES), self.timeout_s)
