"""Server programs that a test can hold back and break, over the starter's protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from tests.panels.fakes import Gate
from workbench.contracts import (
    CancelSignal,
    EngineChoice,
    EngineForms,
    EngineName,
    EnginePlan,
    EngineProgress,
    EngineProgressFn,
    check_cancel,
)
from workbench.errors import InputError


class FakeEngine:
    """A program that runs until it is stopped, or told to end.

    Attributes:
        stopped: ``stop`` was called.
        lines: What it writes once it is followed.
        ends: It ends by itself once this gate is open.
    """

    def __init__(self, plan: EnginePlan) -> None:
        self.plan = plan
        self.base_url, self.served_name = plan.base_url, plan.served_name
        self.pid, self.dim, self.ready_s = 4711, 1024, 2.5
        self.stopped = False
        self.lines: list[str] = ["POST /v1/embeddings 200"]
        self.ends = Gate()
        self.ends.shut()

    @property
    def alive(self) -> bool:
        return not self.stopped

    def log(self, last: int = 40) -> tuple[str, ...]:
        return tuple(self.lines[-last:])

    def follow(self, *, cancel: CancelSignal | None = None) -> Iterator[str]:
        yield from self.lines
        self.ends.pass_through(cancel)

    def stop(self) -> None:
        self.stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class FakeStarter:
    """Starts fake engines.

    Attributes:
        planned: The arguments of each plan.
        problems: What stands in the way, in each plan.
        log: Lines written during a start.
        gate: Stops each start after its log.
        failure: Raised by the next start.
        engines_made: The engines started, in order.
    """

    def __init__(self) -> None:
        self.planned: list[dict[str, object]] = []
        self.problems: tuple[str, ...] = ()
        self.log = ["Loading weights", "Listening"]
        self.gate = Gate()
        self.failure: Exception | None = None
        self.engines_made: list[FakeEngine] = []
        self.timeouts: list[float] = []

    def engines(self) -> tuple[EngineChoice, ...]:
        return (
            EngineChoice("vllm", "vLLM", 8000, "pip install vllm", "Fast on GPUs."),
            EngineChoice("llamacpp", "llama.cpp", 8080, "pip install xllamacpp", "Small."),
        )

    def plan(
        self,
        model: str | Path,
        *,
        engine: EngineName,
        port: int | None = None,
        python: str | None = None,
        key_env: str | None = None,
        matryoshka: bool = False,
        extra: Sequence[str] = (),
    ) -> EnginePlan:
        asked: dict[str, object] = {
            "model": model,
            "engine": engine,
            "port": port,
            "python": python,
        }
        asked |= {"key_env": key_env, "matryoshka": matryoshka, "extra": extra}
        self.planned.append(asked)
        if model == "odd":
            raise InputError("The model is 'odd', and must not be.")
        port = port or 8000
        command = " ".join(["serve", str(model), "--port", str(port), *extra])
        forms = EngineForms(command, f"docker run {model}", f"[Service]\nExecStart={command}", "{}")
        return EnginePlan(
            engine=engine,
            version="1.0",
            model=Path(model),
            argv=tuple(command.split()),
            env={},
            key_env=key_env,
            host="127.0.0.1",
            port=port,
            base_url=f"http://127.0.0.1:{port}/v1",
            served_name="tiny",
            forms=forms,
            problems=self.problems,
            notes=("It was chosen.",),
        )

    def start(
        self,
        plan: EnginePlan,
        *,
        progress: EngineProgressFn | None = None,
        cancel: CancelSignal | None = None,
        timeout_s: float = 300.0,
    ) -> FakeEngine:
        assert progress is not None
        self.timeouts.append(timeout_s)
        progress(EngineProgress("starting", 0.0, message="Starting the program."))
        for line in self.log:
            progress(EngineProgress("loading", 1.0, line, "It loads the model."))
        self.gate.pass_through(cancel)
        check_cancel(cancel, done=0, total=1)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        progress(EngineProgress("ready", 2.5, message="It embedded a text."))
        self.engines_made.append(FakeEngine(plan))
        return self.engines_made[-1]
