"""Real servers on the loopback, started as the workbench starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.server import free_port
from tests.engines.environments import SHARED_ENGINES, engine_python
from workbench.contracts import EngineName
from workbench.engines import Engine, serve

KEY = "sk-of-the-test-servers"
KEY_ENV = "WORKBENCH_TEST_SERVER_KEY"
FLOAT32 = ("--dtype", "float32")
SGLANG_EXTRA = (
    *FLOAT32,
    *("--attention-backend", "torch_native", "--sampling-backend", "pytorch"),
    *("--max-total-tokens", "8192", "--disable-cuda-graph", "--disable-overlap-schedule"),
    "--skip-server-warmup",
)
"""What a processor without SGLang's own kernels needs; see ../shared/engines."""


@dataclass(frozen=True)
class Served:
    """A running server and the directory of what it serves.

    Attributes:
        engine: The process; ``base_url`` and ``served_name`` are what ``connect`` takes.
        directory: The model as the local reference loads it.
        batch_items: Texts in a request; None: as many as the client sends by itself. A slow server
            computes all that was sent before a cancel, and answers nothing else meanwhile.
    """

    engine: Engine
    directory: Path
    batch_items: int | None = None


@contextmanager
def serving(
    name: EngineName,
    model: Path,
    *,
    key: str | None = KEY,
    extra: Sequence[str] | None = None,
    matryoshka: bool = False,
    port: int | None = None,
) -> Iterator[Engine]:
    """Start an engine on a model, and end it and its children with the block.

    Args:
        name: The engine.
        model: A directory, or a .gguf file for llama.cpp.
        key: The key it shall ask for; None: none.
        extra: Further arguments; None: float32 where the engine is told a type.
        matryoshka: Let requests ask for shorter vectors.
        port: Exactly this one; None: any that is free.
    """
    options = find_engine(name)
    given = _extra(name) if extra is None else extra
    with _key_in_environment(key):
        engine = serve(
            model,
            engine=name,
            port=port or free_port(),
            extra=given,
            matryoshka=matryoshka,
            key_env=None if key is None else KEY_ENV,
            python=options.python,
            program=options.program,
            env=options.env,
        )
    with engine:
        yield engine


@dataclass(frozen=True)
class EngineProgram:
    """What starts an engine: the arguments of ``serve`` of these names."""

    python: str | None = None
    program: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None


def find_engine(name: EngineName) -> EngineProgram:
    """Where an engine is, installed now if it is not yet."""
    if name == "llamacpp":
        return EngineProgram(python=engine_python("xllamacpp"))
    if name == "sglang":  # its kernels are built for GPUs only: a stand-in lets it be imported
        script = str(SHARED_ENGINES / "sglang_cpu.py")
        shim = {"PYTHONPATH": str(SHARED_ENGINES / "shim")}
        return EngineProgram(program=(engine_python("sglang"), script), env=shim)
    return EngineProgram(python=engine_python(name))


def _extra(name: EngineName) -> Sequence[str]:
    if name == "sglang":
        return SGLANG_EXTRA
    return FLOAT32 if name in ("vllm", "infinity") else ()


@contextmanager
def _key_in_environment(key: str | None) -> Iterator[None]:
    if key is None:
        yield
        return
    os.environ[KEY_ENV] = key
    try:
        yield
    finally:
        del os.environ[KEY_ENV]
