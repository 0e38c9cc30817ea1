"""``workbench serve``: start an engine, show what it says, and end it on Ctrl-C."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.contracts import CancelSignal, EnginePlan, EngineProgress
from workbench.terminal import cancel_on_ctrl_c, say

if TYPE_CHECKING:
    from workbench.engines import Engine

INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


class EngineOption(StrEnum):
    """The engines, as an option offers them."""

    sglang = "sglang"
    vllm = "vllm"
    llamacpp = "llamacpp"
    infinity = "infinity"


class Form(StrEnum):
    """What can be printed in the place of a start."""

    command = "command"
    docker = "docker"
    systemd = "systemd"
    nginx = "nginx"


PythonOption = Annotated[
    str | None, typer.Option(help="Interpreter that has the engine installed.")
]
ProgramOption = Annotated[
    str | None, typer.Option(help="Words that start it, quoted, where it is not found.")
]
KeyOption = Annotated[
    str | None, typer.Option(help="Variable that holds the key it shall ask for.")
]
MatryoshkaOption = Annotated[
    bool, typer.Option("--matryoshka", help="Let requests ask for shorter vectors.")
]


def serve(  # noqa: PLR0913, PLR0917  (the options of a command)
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="A model directory; a .gguf file for llama.cpp.")],
    engine: Annotated[EngineOption, typer.Option(help="The server program.")],
    port: Annotated[int | None, typer.Option(help="Where to listen; else its own default.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    python: PythonOption = None,
    program: ProgramOption = None,
    api_key_env: KeyOption = None,
    matryoshka: MatryoshkaOption = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a first vector.")] = 300.0,
    form: Annotated[
        Form | None, typer.Option("--print", help="Start nothing; print how to, in this form.")
    ] = None,
) -> None:
    """Serve a model's embeddings. What follows a bare -- is passed on to the engine."""
    from workbench.engines import Wishes, plan_engine, start_engine

    wishes = Wishes(
        port=port,
        host=host,
        python=python,
        program=None if program is None else shlex.split(program),
        key_env=api_key_env,
        matryoshka=matryoshka,
        extra=ctx.args,
    )
    plan = plan_engine(model, engine.value, wishes)
    if form is not None:
        _print_form(plan, form)
        return
    if not plan.problems:
        say(plan.forms.command)
    _say_notes(plan)
    with cancel_on_ctrl_c() as cancel:
        started = start_engine(plan, progress=_show, cancel=cancel, timeout_s=timeout)
        with started as running:
            _stay(running, cancel)


def _print_form(plan: EnginePlan, form: Form) -> None:
    typer.echo(str(getattr(plan.forms, form.value)).rstrip("\n"))
    _say_notes(plan)
    for problem in plan.problems:
        say(f"it would not start here: {problem}")


def _say_notes(plan: EnginePlan) -> None:
    for note in plan.notes:
        say(f"note: {note}")


def _show(step: EngineProgress) -> None:
    if step.line:
        typer.secho(step.line, dim=True, err=True)
    if step.message:
        say(f"{step.seconds:4.0f} s  {step.message}")


def _stay(running: Engine, cancel: CancelSignal) -> None:
    """Show the log until Ctrl-C, or until the engine ends by itself."""
    typer.echo(
        f"ready: {running.base_url}, model {running.served_name}, {running.dim} dims, "
        f"first embedding in {running.ready_s:.1f} s"
    )
    say("Ctrl-C ends it.")
    for line in running.follow(cancel=cancel):
        typer.secho(line, dim=True, err=True)
    if not cancel.is_set():
        raise running.explain_end()
    say("Stopping.")
    running.stop()
    raise typer.Exit(INTERRUPTED)
