"""Server programs as a panel starts them: what would be run, how far it is, what is running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, Self, TypeAlias

from workbench.contracts.progress import CancelSignal

EngineName: TypeAlias = Literal["sglang", "vllm", "llamacpp", "infinity"]
EnginePhase: TypeAlias = Literal["starting", "loading", "listening", "ready"]


@dataclass(frozen=True)
class EngineChoice:
    """A server program that can be started here or elsewhere.

    Attributes:
        name: What ``serve`` and ``workbench serve --engine`` call it.
        label: What a person calls it, e.g. "SGLang".
        port: Where it listens by default.
        install: The command that installs it.
        about: One sentence: what it is good for, what it takes.
    """

    name: EngineName
    label: str
    port: int
    install: str
    about: str = ""


@dataclass(frozen=True)
class EngineForms:
    """One start, written down in the forms that people keep; a key stands as ``$NAME``.

    Attributes:
        command: For a shell, ready to paste.
        docker: A ``docker run`` command with the engine's own image.
        systemd: A service unit.
        nginx: A server block that forwards to it.
    """

    command: str
    docker: str
    systemd: str
    nginx: str


@dataclass(frozen=True)
class EnginePlan:
    """What would be run, before it is.

    Attributes:
        engine: The server program.
        version: Its installed version; "" where that could not be learnt.
        model: The model directory, or the .gguf file.
        argv: The command, word by word; no key in it.
        env: Variables that are added to the environment; no key among them.
        key_env: Variable of this process that holds the key it shall ask for; None: it asks none.
        host: Address it listens on.
        port: Port it listens on.
        base_url: Where a client on this machine reaches it, with ``/v1``.
        served_name: The model's name in requests.
        problems: Why it will not start as it is, each with its mend; ``start`` refuses then.
        notes: What was chosen or noticed, a sentence each.
        forms: The same start, to copy.
    """

    engine: EngineName
    version: str
    model: Path
    argv: tuple[str, ...]
    env: Mapping[str, str]
    key_env: str | None
    host: str
    port: int
    base_url: str
    served_name: str
    forms: EngineForms
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class EngineProgress:
    """A step of a start, or a line of the log on the way.

    Attributes:
        phase: "starting"; "loading": it has begun to speak; "listening": its port is open;
            "ready": it answered one real request with a vector.
        seconds: Since the process was started.
        line: A line of its log, a key in it replaced; "" where only the phase changed.
        message: What is happening, for a person.
    """

    phase: EnginePhase
    seconds: float
    line: str = ""
    message: str = ""


class EngineProgressFn(Protocol):
    """Called in the thread that called ``start``."""

    def __call__(self, step: EngineProgress, /) -> object:
        """Take one step."""
        ...


class RunningEngine(Protocol):
    """A server program that has proved that it embeds; ``with`` stops it at the end.

    It ends with this process in any case, even where that is killed.
    """

    @property
    def plan(self) -> EnginePlan:
        """What was started."""
        ...

    @property
    def base_url(self) -> str:
        """What ``connect`` takes."""
        ...

    @property
    def served_name(self) -> str:
        """The model's name, the second argument of ``connect``."""
        ...

    @property
    def pid(self) -> int:
        """Process id of the program."""
        ...

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        ...

    @property
    def dim(self) -> int:
        """Width of the vector that proved it."""
        ...

    @property
    def ready_s(self) -> float:
        """Seconds from the start to that vector."""
        ...

    def log(self, last: int = 40) -> tuple[str, ...]:
        """The last lines of its log, keys replaced."""
        ...

    def follow(self, *, cancel: CancelSignal | None = None) -> Iterator[str]:
        """Lines of its log from now on, until it ends or ``cancel`` is set."""
        ...

    def stop(self) -> None:
        """End it and all that it started; once stopped, nothing more happens."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class EngineStarter(Protocol):
    """Plans and starts server programs on behalf of a panel."""

    def engines(self) -> tuple[EngineChoice, ...]:
        """The known programs, in the order to offer them."""
        ...

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
        """What would be run; starts nothing but a look at the interpreter (some 0.1 s).

        What stands in the way is among the plan's problems, not an exception.

        Args:
            model: A model directory, or a .gguf file for llama.cpp.
            engine: The server program.
            port: Where to listen; None: the program's own default.
            python: Interpreter that has the program installed; None: this one.
            key_env: Name of the variable that holds the key it shall ask for.
            matryoshka: Let requests ask for shorter vectors.
            extra: Further arguments of the program; the last word is theirs.

        Raises:
            InputError: An argument makes no sense, e.g. an unknown engine.
        """
        ...

    def start(
        self,
        plan: EnginePlan,
        *,
        progress: EngineProgressFn | None = None,
        cancel: CancelSignal | None = None,
        timeout_s: float = 300.0,
    ) -> RunningEngine:
        """Start it, and wait until it has answered one real request.

        Args:
            plan: What ``plan`` returned.
            progress: Told each phase and each line of the log.
            cancel: Looked at several times a second.
            timeout_s: How long to wait for that answer.

        Raises:
            EngineError: It cannot be started, died, or was not ready in time; says why and what
                mends it. Nothing is left running.
            Cancelled: ``cancel`` was set. Nothing is left running.
        """
        ...
