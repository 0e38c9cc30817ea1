"""``serve``: one call that starts an engine; ``Engines``: the same for a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.contracts import (
    CancelSignal,
    EngineChoice,
    EngineName,
    EnginePlan,
    EngineProgressFn,
)
from workbench.engines.planning import PROGRAMS, Wishes, plan_engine
from workbench.engines.running import Engine, start_engine


def serve(  # noqa: PLR0913  (one call that a person types in a notebook)
    model: str | Path,
    *,
    engine: EngineName,
    port: int | None = None,
    host: str = "127.0.0.1",
    python: str | None = None,
    program: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    matryoshka: bool = False,
    key_env: str | None = None,
    progress: EngineProgressFn | None = None,
    cancel: CancelSignal | None = None,
    timeout_s: float = 300.0,
) -> Engine:
    """Start a server program on a model, and return when it has embedded a first text.

        with wb.serve("Qwen3-Embedding-0.6B", engine="vllm") as engine:
            embedder = wb.connect(engine.base_url, engine.served_name)

    It ends with the ``with`` block, with ``stop()``, when nothing refers to it any more, and with
    this process, even where that is killed; its own children too.

    Args:
        model: A model directory, or a .gguf file for llama.cpp.
        engine: "sglang", "vllm", "llamacpp" or "infinity".
        port: Where to listen; None: the engine's own default.
        host: Address to listen on; the default is reached from this machine only.
        python: Interpreter that has the engine installed; None: this one, or the one behind the
            engine's command on PATH.
        program: Words that start the engine, where neither finds it; the options follow them.
        env: Variables to add to its environment.
        extra: Further arguments of the engine; the last word is theirs.
        matryoshka: Let requests ask for shorter vectors (vLLM and SGLang refuse that otherwise).
        key_env: Variable of this process that holds the key it shall ask for.
        progress: Told each phase and each line of the log.
        cancel: Looked at several times a second.
        timeout_s: How long to wait for the first vector.

    Raises:
        InputError: An unknown engine.
        EngineError: It cannot be started, died, or was not ready in time; says why and what mends
            it. Nothing is left running.
        Cancelled: ``cancel`` was set. Nothing is left running.
    """
    wishes = Wishes(
        port=port,
        host=host,
        python=python,
        program=program,
        env=env,
        key_env=key_env,
        matryoshka=matryoshka,
        extra=extra,
    )
    plan = plan_engine(model, engine, wishes)
    return start_engine(plan, progress=progress, cancel=cancel, timeout_s=timeout_s)


class Engines:
    """Plans and starts engines on behalf of a panel: the EngineStarter of this machine."""

    def engines(self) -> tuple[EngineChoice, ...]:
        """The known programs, in the order to offer them."""
        return tuple(program.choice for program in PROGRAMS.values())

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
        """What would be run; starts nothing but a look at the interpreter.

        Raises:
            InputError: An unknown engine.
        """
        wishes = Wishes(
            port=port, python=python, key_env=key_env, matryoshka=matryoshka, extra=extra
        )
        return plan_engine(model, engine, wishes)

    def start(
        self,
        plan: EnginePlan,
        *,
        progress: EngineProgressFn | None = None,
        cancel: CancelSignal | None = None,
        timeout_s: float = 300.0,
    ) -> Engine:
        """Start it, and wait until it has answered one real request.

        Raises:
            EngineError: It cannot be started, died, or was not ready in time. Nothing is left
                running.
            Cancelled: ``cancel`` was set. Nothing is left running.
        """
        return start_engine(plan, progress=progress, cancel=cancel, timeout_s=timeout_s)
