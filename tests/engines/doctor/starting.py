"""Real servers started rightly, and as people start them wrongly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.browser.server import free_port
from tests.engines.environments import engine_python
from tests.engines.servers import SGLANG_EXTRA, find_engine
from workbench.contracts import EngineName
from workbench.engines import Wishes, plan_engine, start_engine
from workbench.engines.llamacpp import RUNNER

START_S = 180


@dataclass(frozen=True)
class Running:
    """A server.

    Attributes:
        base_url: With its path.
        name: Of the model, as it is served.
        key: That it asks for; None: none.
    """

    base_url: str
    name: str
    key: str | None = None


@contextmanager
def run_llamacpp(
    file: Path, *, pooling: str | None = None, longest: int = 1024, slots: int = 1
) -> Iterator[Running]:
    """llama.cpp on a .gguf file.

    Args:
        file: The file.
        pooling: What its command line says of pooling; None: nothing, the file decides.
        longest: Tokens of the longest text.
        slots: Texts computed at once.
    """
    wishes = Wishes(port=free_port(), python=engine_python("xllamacpp"))
    plan = plan_engine(file, "llamacpp", wishes)
    argv = _without(plan.argv, "--pooling")
    for option in ("--ctx-size", "--batch-size", "--ubatch-size"):
        argv += [option, str(longest * slots)]
    argv += ["--parallel", str(slots)]
    argv += [] if pooling is None else ["--pooling", pooling]
    with start_engine(replace(plan, argv=tuple(argv))) as engine:
        yield Running(engine.base_url, engine.served_name)


@contextmanager
def run_without_embeddings(file: Path) -> Iterator[Running]:
    """llama.cpp as a chat server."""
    port = free_port()
    code = RUNNER.read_text(encoding="utf-8").replace("params.embedding = True", "")
    given = ["--model", str(file), "--alias", "tiny-qwen3", "--port", str(port)]
    with _running([engine_python("xllamacpp"), "-c", code, *given], port):
        yield Running(f"http://127.0.0.1:{port}/v1", "tiny-qwen3")


@contextmanager
def run_engine(
    name: EngineName,
    model: Path,
    *,
    extra: Sequence[str],
    more: Sequence[str] = (),
    matryoshka: bool = False,
) -> Iterator[Running]:
    """Any engine on a directory, with these arguments of its own; ``more`` come last."""
    options = find_engine(name)
    wishes = Wishes(
        port=free_port(),
        python=options.python,
        program=options.program,
        env=options.env,
        extra=extra,
        matryoshka=matryoshka,
    )
    plan = plan_engine(model, name, wishes)
    with start_engine(replace(plan, argv=(*plan.argv, *more))) as engine:
        yield Running(engine.base_url, engine.served_name)


@contextmanager
def run_sglang_for_text(model: Path) -> Iterator[Running]:
    """SGLang without --is-embedding, which starts as a server of answers."""
    options = find_engine("sglang")
    wishes = Wishes(port=free_port(), program=options.program, env=options.env, extra=SGLANG_EXTRA)
    plan = plan_engine(model, "sglang", wishes)
    argv = [word for word in plan.argv if word != "--is-embedding"]
    with _running(argv, plan.port, env=plan.env):
        yield Running(plan.base_url, plan.served_name)


@contextmanager
def _running(
    argv: Sequence[str], port: int, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(argv, stdout=quiet, stderr=quiet, env={**os.environ, **(env or {})})
    try:
        _wait_for(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, f"it ended by itself: {process.args!r}"
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as reply:
                if reply.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at port {port}")


def _without(argv: Sequence[str], option: str) -> list[str]:
    words = list(argv)
    if option in words:
        at = words.index(option)
        del words[at : at + 2]
    return words


def save_as_transformers_5(model: Path, out: Path) -> Path:
    """The directory with a config.json as transformers 5 writes it."""
    out.mkdir(parents=True)
    for entry in model.iterdir():
        (out / entry.name).symlink_to(entry)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    base = config.pop("rope_theta")
    config["rope_parameters"] = {"rope_theta": base, "rope_type": "default"}
    config["dtype"] = config.pop("torch_dtype")
    config["transformers_version"] = "5.0.0"
    (out / "config.json").unlink()
    (out / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return out
