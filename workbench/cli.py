"""The ``workbench`` command: open the lessons, list the models, embed a file."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workbench import __version__
from workbench.doctoring import DoctorCommand, doctor
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.evaluating import evaluate
from workbench.serving import serve
from workbench.terminal import (
    cancel_on_ctrl_c,
    progress_bar,
    report_embeddings,
    report_issues,
    report_partial,
    say,
)
from workbench.texts import ParsedTexts, SplitMode, read_texts, read_texts_from_bytes

if TYPE_CHECKING:
    from workbench.contracts import Embeddings, PartialError, TextItem

MODEL_COLUMNS = ("name", "state", "size_mb", "dim", "licence")
PARTLY = 3  # some of the texts have no vector
INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


class _PlainErrors(TyperGroup):
    """Say a WorkbenchError in one message, without a traceback, unless ``--debug`` asks for it."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except (Cancelled, KeyboardInterrupt) as exc:
            say(str(exc) or "Interrupted.")
            raise typer.Exit(INTERRUPTED) from exc
        except WorkbenchError as exc:
            if ctx.params["debug"]:
                raise
            say(f"error: {exc}")
            raise typer.Exit(2) from exc


app = typer.Typer(cls=_PlainErrors, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """A workbench for text embeddings."""


@app.command(context_settings={"allow_extra_args": True})
def lab(
    ctx: typer.Context,
    notebook: Annotated[
        str | None, typer.Argument(help="A notebook, or a lesson's name; else the first lesson.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Exactly this port.")] = None,
    ip: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open JupyterLab on a lesson. What follows a bare -- is passed on to jupyterlab."""
    from workbench.lab import build_command, find_notebook, start_lab

    extra: list[str] = ctx.args
    if notebook is not None and notebook.startswith("-"):  # `lab -- --some-option`
        extra, notebook = [notebook, *extra], None
    path = find_notebook(notebook)
    say(f"Opening {path}")
    command = build_command(path, ip=ip, port=port, browser=browser, extra=extra)
    raise typer.Exit(start_lab(command))


app.command(context_settings={"allow_extra_args": True})(serve)
app.command(cls=DoctorCommand)(doctor)
app.command()(evaluate)


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the models that are known by name; --json has all there is to say of each."""
    from rich.console import Console
    from rich.table import Table

    from workbench.embedders import models as list_models

    listed = list_models()
    if as_json:
        typer.echo(listed.to_json(orient="records", force_ascii=False, indent=2))
        return
    table = Table(*(name.replace("_", " ") for name in MODEL_COLUMNS), box=None)
    table.columns[0].no_wrap = True  # a name is there to be copied
    for row in listed[list(MODEL_COLUMNS)].astype(object).itertuples(index=False):
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table, markup=False)


@app.command()
def embed(  # noqa: PLR0913, PLR0917  (a command has as many options as it has)
    file: Annotated[str, typer.Argument(help="A file of texts, or - for standard input.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help=".npz, .parquet, .csv or .jsonl")
    ] = None,
    model: Annotated[
        str, typer.Option(help="A known name, a directory, a hub id, or URL#MODEL of an endpoint.")
    ] = "bundled",
    prompt: Annotated[
        str | None, typer.Option(help="A prompt's name, an instruction, or a prefix ending in ':'.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of the texts.")] = None,
    mode: Annotated[SplitMode | None, typer.Option(help="How to split; else by suffix.")] = None,
    dim: Annotated[int | None, typer.Option(help="Keep this many dimensions.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; else chosen.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16; else chosen.")] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Have torch compile the layers: for long runs.")
    ] = False,
    key_from: Annotated[
        str | None, typer.Option(help="Variable that holds the endpoint's key; -: ask for it.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Embed the texts of a file, and write the vectors with the texts and the recipe."""
    from workbench.endpoints import choose_key, embed_what_goes, open_embedder

    _check_target(out, force=force)
    parsed = _read(file, mode, column)
    key = choose_key(model, key_from)
    texts = [item.text for item in parsed.items]
    how: dict[str, Any] = {"device": device, "dtype": dtype, "compile": compiled, "dim": dim}
    with cancel_on_ctrl_c() as cancel, progress_bar() as progress:
        embedder = open_embedder(model, key, **how, progress=progress, cancel=cancel)
        embeddings, partial = embed_what_goes(
            embedder, texts, prompt=prompt, progress=progress, cancel=cancel
        )
    _finish(out, parsed.items, embeddings, partial)


def _read(file: str, mode: SplitMode | None, column: str | None) -> ParsedTexts:
    if file == "-":
        content = sys.stdin.buffer.read()
        parsed = read_texts_from_bytes("stdin.txt", content, mode=mode, column=column)
    else:
        parsed = read_texts(file, mode=mode, column=column)
    report_issues(parsed.issues)
    if not parsed.items:
        raise InputError(f"{file} holds no text to embed.")
    return parsed


def _finish(
    out: Path | None, items: Sequence[TextItem], made: Embeddings, partial: PartialError | None
) -> None:
    """Report and write what came, then say what did not."""
    came = items if partial is None else [items[row] for row in partial.rows]
    report_embeddings(came, made)
    _write(out, came, made)
    if partial is not None:
        report_partial(partial, items)
        raise typer.Exit(PARTLY)


def _check_target(out: Path | None, *, force: bool) -> None:
    """Refuse before the work what could only be refused after it."""
    from workbench.studies.export import SUFFIXES

    if out is None:
        if sys.stdout.isatty():
            raise InputError("No -o FILE, and standard output is a terminal: pass one, or a pipe.")
        return
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out.name!r} must end in one of {', '.join(SUFFIXES)}.")
    if out.exists() and not force:
        raise InputError(f"{out} exists. Choose another name, or pass --force to replace it.")
    if not out.absolute().parent.is_dir():
        raise InputError(f"{out} lies in a folder that does not exist. Create it first.")


def _write(out: Path | None, items: Sequence[TextItem], embeddings: Embeddings) -> None:
    """Write into a folder of its own first, so that an interrupted run leaves no half file."""
    from workbench.studies import save_embeddings

    target = Path("stdout.jsonl") if out is None else out.absolute()
    beside = None if out is None else target.parent
    with TemporaryDirectory(prefix=".workbench-", dir=beside) as folder:
        written = save_embeddings(Path(folder) / target.name, items, embeddings)
        if out is None:
            with written.open("rb") as source:
                shutil.copyfileobj(source, sys.stdout.buffer)
            return
        for part in sorted(Path(folder).iterdir()):  # the recipe of a .csv lies beside it
            part.replace(target.parent / part.name)
            say(f"Wrote {out.parent / part.name}")
