"""What the command line says while it works: remarks, progress, and how Ctrl-C ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from workbench.contracts import Embeddings, Issue, PartialError, Progress, TextItem

ISSUES_SHOWN = 20


def say(line: str) -> None:
    """To a person; standard output is kept for data."""
    typer.echo(line, err=True)


@contextmanager
def cancel_on_ctrl_c() -> Iterator[threading.Event]:
    """Ask the work to stop at its next step; a second Ctrl-C does not wait for that."""
    cancel = threading.Event()

    def stop(*_: object) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar a stage on standard error, with the rate and the time left."""
    from rich import filesize
    from rich import progress as bars
    from rich.console import Console

    def count(number: float, step: Progress) -> str:
        return filesize.decimal(int(number)) if step.stage == "download" else f"{number:,.0f}"

    counted = bars.TextColumn("{task.fields[counted]}")
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), counted)
    with bars.Progress(
        *columns, bars.TimeRemainingColumn(), console=Console(stderr=True)
    ) as progress:
        tasks: dict[str, bars.TaskID] = {}

        def show(step: Progress) -> None:
            if step.stage not in tasks:
                tasks[step.stage] = progress.add_task(step.stage, total=None, counted="")
            task = tasks[step.stage]
            progress.update(task, completed=step.done, total=step.total or None)
            words = f"{count(step.done, step)} of {count(step.total, step)}" if step.total else ""
            if speed := progress.tasks[task].speed:
                words += f", {count(speed, step)}/s"
            progress.update(task, counted=words)

        yield show


def report_issues(issues: Sequence[Issue]) -> None:
    """Say what was noticed about the texts, the first of it where it is much."""
    for issue in issues[:ISSUES_SHOWN]:
        say(issue.message)
    if len(issues) > ISSUES_SHOWN:
        say(f"... and {len(issues) - ISSUES_SHOWN:,} more remarks.")


def report_embeddings(items: Sequence[TextItem], embeddings: Embeddings) -> None:
    """Say what was done and what was chosen on the way: nothing silent."""
    from workbench.texts import report_truncated

    info, tokens = embeddings.info, embeddings.tokens
    counted = f"{tokens.sum():,} tokens" if (tokens >= 0).all() else "tokens not known"
    say(
        f"{len(embeddings):,} texts, {info.dim} dimensions, {counted}, "
        f"{embeddings.truncated.sum():,} truncated, {embeddings.seconds:.1f} s"
    )
    where = ", ".join(word for word in (info.backend, info.device, info.dtype) if word)
    say(f"{info.name} ({where}), prompt {embeddings.prompt.prefix!r}")
    for note in (*info.notes, embeddings.prompt.note):
        if note:
            say(note)
    cut = report_truncated(
        items, tokens=tokens, truncated=embeddings.truncated, max_tokens=info.max_tokens
    )
    report_issues(cut)


def report_partial(partial: PartialError, items: Sequence[TextItem]) -> None:
    """Say which texts have no vector, by their lines, and why."""
    missing = len(items) - len(partial.rows)
    say(f"{missing:,} of {len(items):,} texts have no vector.")
    for text in partial.failed[:ISSUES_SHOWN]:
        say(f"line {items[text.row].line:,}: {text.text[:40]!r}: {text.error}")
    if len(partial.failed) > ISSUES_SHOWN:
        say(f"... and {len(partial.failed) - ISSUES_SHOWN:,} more.")
    if partial.cause is not None:
        first = items[int(partial.missing[0])].line
        say(f"The others were not asked for, the first in line {first:,}: {partial.cause}")
