"""From a model's name and an engine's to the command that would be run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from workbench.contracts import EngineForms, EngineName, EnginePlan
from workbench.engines.checks import ModelLook, look_at_model
from workbench.engines.forms import (
    Key,
    find_mount,
    write_command,
    write_docker,
    write_systemd,
)
from workbench.engines.infinity import INFINITY
from workbench.engines.installed import find_gpu, find_program
from workbench.engines.llamacpp import LLAMACPP
from workbench.engines.ports import find_port_problem
from workbench.engines.program import Installed, Line, Order, Program
from workbench.engines.proxy import write_nginx
from workbench.engines.sglang import SGLANG
from workbench.engines.vllm import VLLM
from workbench.errors import InputError

PROGRAMS: Mapping[EngineName, Program] = {
    "sglang": SGLANG,
    "vllm": VLLM,
    "llamacpp": LLAMACPP,
    "infinity": INFINITY,
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
OURS = {
    "--port": "--port before the --",
    "--host": "--host before the --",
    "--api-key": "--api-key-env with the name of a variable, so that the key is seen nowhere",
}
"""Options that are not passed on: what they set has to be known here."""


@dataclass(frozen=True)
class Wishes:
    """What the user asked for, besides the model and the engine.

    Attributes:
        port: Where to listen; None: the engine's own default.
        host: Address to listen on.
        python: Interpreter that has the engine; None: this one, or the one behind its command.
        program: Words that start the engine, in the place of the interpreter's.
        env: Variables to add.
        key_env: Variable that holds the key it shall ask for.
        matryoshka: Let requests ask for shorter vectors.
        extra: Further arguments of the engine.
    """

    port: int | None = None
    host: str = "127.0.0.1"
    python: str | None = None
    program: Sequence[str] | None = None
    env: Mapping[str, str] | None = None
    key_env: str | None = None
    matryoshka: bool = False
    extra: Sequence[str] = ()


def plan_engine(model: str | Path, engine: str, wishes: Wishes) -> EnginePlan:
    """What would be run, and what stands in its way.

    Raises:
        InputError: An unknown engine.
    """
    program = _find_known(engine)
    look = look_at_model(model, wants_gguf=program.wants_gguf)
    installed = find_program(program, python=wishes.python, words=wishes.program)
    order = Order(
        path=str(look.path),
        look=look,
        served_name=_name_model(look.path),
        host=wishes.host,
        port=program.choice.port if wishes.port is None else wishes.port,
        installed=installed,
        cpu=not find_gpu(),
        matryoshka=wishes.matryoshka,
    )
    line = program.compose(order)
    env = {**line.env, **(wishes.env or {})}
    start = installed.start or _guess_start(program, wishes.python)
    argv = (*start, *line.arguments, *wishes.extra)
    host = _reach(wishes.host)
    return EnginePlan(
        engine=program.choice.name,
        version=installed.version,
        model=look.path,
        argv=argv,
        env=env,
        key_env=wishes.key_env,
        host=wishes.host,
        port=order.port,
        base_url=f"http://{host}:{order.port}/v1",
        served_name=order.served_name,
        forms=_write_forms(program, order, wishes, argv=argv, env=env),
        problems=tuple(_find_problems(program, look, installed, wishes, order)),
        notes=tuple(_collect_notes(look, line, wishes)),
    )


def _find_known(engine: str) -> Program:
    for name, program in PROGRAMS.items():
        if name == engine:
            return program
    raise InputError(f"No engine {engine!r}; known are {', '.join(get_args(EngineName))}.")


def _name_model(path: Path) -> str:
    """The directory's name; in a hub's cache, whose directories are hashes, the model's own."""
    if path.parent.name == "snapshots":
        return path.parent.parent.name.rpartition("--")[2]
    return path.stem if path.suffix == ".gguf" else path.name


def _reach(host: str) -> str:
    """The address by which a client on this machine reaches what listens on ``host``."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (no binding here)
    return f"[{host}]" if ":" in host else host


def _guess_start(program: Program, python: str | None) -> tuple[str, ...]:
    """What would run it, were it installed."""
    if program.wants_gguf and python is None:
        return (program.script,)
    return (python or "python", *program.run)


def _find_problems(
    program: Program, look: ModelLook, installed: Installed, wishes: Wishes, order: Order
) -> list[str]:
    found = list(look.problems)
    if not installed.start:
        found.append(_say_not_installed(program, installed))
    if wishes.key_env is not None and not os.environ.get(wishes.key_env):
        found.append(
            f"The variable {wishes.key_env} that shall hold the key is not set. Set it, or leave "
            "out --api-key-env."
        )
    for word in wishes.extra:
        if mend := OURS.get(option := word.partition("=")[0]):
            found.append(f"{option} is among the arguments that are passed on. Pass {mend}.")
    if os.name != "posix":
        found.append("Engines are started on Linux and on a Mac; on Windows, use WSL.")
    if problem := find_port_problem(order.host, order.port):
        found.append(problem)
    return found


def _say_not_installed(program: Program, installed: Installed) -> str:
    label, name = program.choice.label, program.choice.name
    program_too = f" (or the program {program.script} on PATH)" if program.wants_gguf else ""
    return (
        f"{label} is not installed in {installed.where}{program_too}. Give it an environment of "
        f"its own: python -m venv ~/{name} && ~/{name}/bin/{program.choice.install}, then pass "
        f"--python ~/{name}/bin/python (in a notebook: python=)."
    )


def _collect_notes(look: ModelLook, line: Line, wishes: Wishes) -> list[str]:
    notes = [*look.notes, *line.notes]
    if wishes.host not in LOOPBACK:
        without = "" if wishes.key_env else " without a key"
        notes.insert(
            0, f"{wishes.host} can be reached from other machines{without}; 127.0.0.1 cannot."
        )
    return notes


def _write_forms(
    program: Program,
    order: Order,
    wishes: Wishes,
    *,
    argv: Sequence[str],
    env: Mapping[str, str],
) -> EngineForms:
    key = None if wishes.key_env is None else Key(wishes.key_env, program.key_variable)
    mount, inside = find_mount(order.look.path)
    # in a container every address is its own; what -p publishes is bound to loopback
    boxed = program.compose(replace(order, path=inside, host="0.0.0.0"))  # noqa: S104
    return EngineForms(
        command=write_command(argv, env, key),
        docker=write_docker(
            program.image,
            [*boxed.arguments, *wishes.extra],
            env,
            mount=mount,
            port=order.port,
            version=order.installed.version,
            gpu=not order.cpu,
            key=key,
        ),
        systemd=write_systemd(
            argv, env, label=program.choice.label, served_name=order.served_name, key=key
        ),
        nginx=write_nginx(_reach(order.host), order.port),
    )
