"""One server program from plan to end: planned, started, followed, stopped; knows no widget."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from workbench.contracts import (
    EnginePlan,
    EngineProgress,
    EngineStarter,
    RunningEngine,
)
from workbench.errors import Cancelled, InputError
from workbench.panels.reports import report_failure
from workbench.panels.serve_form import ServeForm
from workbench.panels.worker import ENDING_S, Worker

ServePhase: TypeAlias = Literal[
    "idle", "starting", "loading", "listening", "ready", "stopping", "stopped", "error"
]
LOG_LINES = 300
"""Most lines of the log that are kept and shown."""
LEAST_S = 0.2
"""Between two pictures of the log."""

_STYLE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class ServeStatus:
    """How far the engine is, for a person.

    Attributes:
        phase: What is going on.
        message: A sentence.
        details: A traceback, folded away, or "".
        base_url: Of an engine that embeds.
        served_name: Its model.
        key_env: Variable that holds its key, or "".
    """

    phase: ServePhase = "idle"
    message: str = ""
    details: str = ""
    base_url: str = ""
    served_name: str = ""
    key_env: str = ""

    @property
    def runs(self) -> bool:
        """Whether there is something to stop."""
        return self.phase in ("starting", "loading", "listening", "ready", "stopping")


class Serving:
    """Plans and owns one engine, in threads of its own.

    Args:
        starter: Plans and starts.
        tell: Called with each new status; from any thread.
        show_plan: Called with a plan, or None and what is wrong with the form, or "" where it
            names no model.
        show_log: Called with the last lines of the log.
    """

    def __init__(
        self,
        starter: EngineStarter,
        *,
        tell: Callable[[ServeStatus], None],
        show_plan: Callable[[EnginePlan | None, str], None],
        show_log: Callable[[Sequence[str]], None],
    ) -> None:
        self.engine: RunningEngine | None = None
        self.status = ServeStatus()
        self._lock = threading.RLock()
        self._starter = starter
        self._tell = tell
        self._show_plan = show_plan
        self._log = _Log(show_log)
        self._planning = Worker("workbench-plan", self._crashed)
        self._running = Worker("workbench-engine", self._crashed)

    def plan(self, form: ServeForm) -> None:
        """Show what ``start`` would run; only the newest of several is planned."""

        def job(_: threading.Event) -> None:
            self._make_plan(form)

        self._planning.submit(job)

    def start(self, form: ServeForm) -> None:
        """Start an engine; one that runs is stopped first."""
        self._running.submit(lambda cancel: self._guard(form, cancel))

    def stop(self) -> None:
        """Stop the engine, or its start."""
        with self._lock:  # what a job says last comes after this, or makes it needless
            if self.status.runs:
                self._say(ServeStatus("stopping", "Stopping…"))
        self._running.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until no plan is made and no engine runs; False when ``timeout_s`` passed first."""
        return self._planning.wait(timeout_s) and self._running.wait(timeout_s)

    def end(self) -> None:
        """Stop the engine and let the threads end."""
        self._planning.end()
        self._running.end()
        self._running.wait(ENDING_S)

    def _make_plan(self, form: ServeForm) -> EnginePlan | None:
        if not form.model:
            self._show_plan(None, "")
            return None
        try:
            plan = self._starter.plan(
                form.model,
                engine=form.engine,
                port=form.port,
                python=form.python,
                key_env=form.key_env,
                matryoshka=form.matryoshka,
                extra=form.extra,
            )
        except InputError as exc:
            self._show_plan(None, str(exc))
            return None
        self._show_plan(plan, "")
        return plan

    def _guard(self, form: ServeForm, cancel: threading.Event) -> None:
        try:
            self._run(form, cancel)
        except Cancelled:
            self._say(ServeStatus("stopped", "Stopped before it was ready."))
        except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
            self._crashed(exc)
        finally:
            self.engine = None
            self._log.flush()

    def _run(self, form: ServeForm, cancel: threading.Event) -> None:
        self._log.clear()
        plan = self._make_plan(form)
        if plan is None or plan.problems:
            self._say(ServeStatus("error", "It would not start: see what stands in the way."))
            return
        self._say(ServeStatus("starting", "Starting…"))
        with self._starter.start(
            plan, progress=self._step, cancel=cancel, timeout_s=form.timeout_s
        ) as engine:
            self.engine = engine
            self._say(_ready_status(engine))
            for line in engine.follow(cancel=cancel):
                self._log.add(line)
            if not cancel.is_set():
                words = f"{engine.served_name!r} at {engine.base_url} has ended by itself."
                self._say(ServeStatus("error", f"{words} The end of its log may say why."))
                return
            self._say(ServeStatus("stopping", "Stopping…"))
        self._say(ServeStatus("stopped", "Stopped."))

    def _step(self, step: EngineProgress) -> None:
        if step.line:
            self._log.add(step.line)
        message = f"{step.message or step.phase} ({step.seconds:.0f} s)"
        with self._lock:
            # a ready one is spoken of once it is in our hands, and one that is stopped no more
            if step.phase != "ready" and self.status.phase != "stopping":
                self._say(ServeStatus(step.phase, message))

    def _say(self, status: ServeStatus) -> None:
        with self._lock:
            if status != self.status:
                self.status = status
                self._tell(status)

    def _crashed(self, exc: BaseException) -> None:
        failure = report_failure(exc)
        self._say(ServeStatus("error", failure.message, failure.details))


class _Log:
    """The last lines, shown now and then: an engine can write thousands of them a second."""

    def __init__(self, show: Callable[[Sequence[str]], None]) -> None:
        self._show = show
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._lock = threading.Lock()
        self._shown = 0.0
        self._timer: threading.Timer | None = None

    def add(self, line: str) -> None:
        """Keep a line, as a terminal would leave it: without colours, its last state only."""
        plain = _STYLE.sub("", line.rstrip("\r\n")).rsplit("\r", 1)[-1]
        with self._lock:
            self._lines.append(plain)
            wait_s = self._shown + LEAST_S - time.monotonic()
            if wait_s > 0 and self._timer is None:
                self._timer = threading.Timer(wait_s, self.flush)
                self._timer.daemon = True
                self._timer.start()
        if wait_s <= 0:
            self.flush()

    def flush(self) -> None:
        """Show the lines as they are."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._shown = None, time.monotonic()
            lines = tuple(self._lines)
        self._show(lines)

    def clear(self) -> None:
        """Forget all lines."""
        with self._lock:
            self._lines.clear()
        self.flush()


def _ready_status(engine: RunningEngine) -> ServeStatus:
    plan = engine.plan
    return ServeStatus(
        "ready",
        f"It embeds: {engine.served_name} at {engine.base_url}, {engine.dim:,} dimensions, "
        f"ready after {engine.ready_s:.1f} s, process {engine.pid}.",
        base_url=engine.base_url,
        served_name=engine.served_name,
        key_env=plan.key_env or "",
    )
