"""``workbench doctor``: findings as they come, then the verdict, and an exit code for pipelines."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from workbench.contracts import Diagnosis, Finding, Progress, Status
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.terminal import cancel_on_ctrl_c, say

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from workbench.embedders import ApiKey

INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C
NOT_EXAMINED = 64
"""EX_USAGE of sysexits.h: a command that made no diagnosis must not be mistaken for one."""
STYLES: Mapping[Status, str] = MappingProxyType(
    {"ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "blue"}
)


class DoctorCommand(TyperCommand):
    """Exit with ``NOT_EXAMINED`` wherever other commands say 1 or 2, which are diagnoses here."""

    def make_context(self, *args: object, **extra: object) -> object:  # type: ignore[override]
        """Read the options; what is wrong with them is no diagnosis."""
        try:
            return super().make_context(*args, **extra)  # type: ignore[arg-type]
        except Exception as exc:
            if getattr(exc, "exit_code", 0):  # an option or argument that is wrong or missing
                exc.exit_code = NOT_EXAMINED  # type: ignore[attr-defined]
            raise

    def invoke(self, ctx: object) -> object:
        """Examine; what stands in the way is no diagnosis."""
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]
        except (typer.Exit, Cancelled, KeyboardInterrupt):
            raise
        except WorkbenchError as exc:
            if ctx.find_root().params["debug"]:  # type: ignore[attr-defined]
                say(traceback.format_exc())
            say(f"error: {exc}")
            raise typer.Exit(NOT_EXAMINED) from exc
        except Exception as exc:
            say(traceback.format_exc())
            raise typer.Exit(NOT_EXAMINED) from exc


ReferenceOption = Annotated[
    str | None,
    typer.Option(
        help="The same weights here: a directory or a known name; 'none': use none. "
        "Else those of the model's name, where they lie on this machine."
    ),
]
AgainstOption = Annotated[
    str | None, typer.Option(help="A golden file, or another endpoint as URL#MODEL.")
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(help="A probe whose warning is known and does not count; may be repeated."),
]


def doctor(  # noqa: PLR0913, PLR0917  (the options of a command)
    url: Annotated[str, typer.Argument(help="Address of the endpoint; URL#MODEL names a model.")],
    model: Annotated[str | None, typer.Option(help="The model; else the one it lists.")] = None,
    reference: ReferenceOption = None,
    against: AgainstOption = None,
    save: Annotated[
        Path | None, typer.Option(help="Write a golden file of this endpoint there.")
    ] = None,
    key_from: Annotated[
        str | None, typer.Option(help="Variable that holds its key; -: ask for it.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Look longer.")] = False,
    accept: AcceptOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    markdown: Annotated[Path | None, typer.Option(help="Write a report there.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page there.")] = None,
) -> None:
    """Does this endpoint really serve that model, and if not, why?

    Exit code: 0 healthy, 1 with things to know, 2 wrong, 3 could not tell; 64 no diagnosis was
    made (an option, the address, the reference or a report's file), 130 interrupted.
    """
    from workbench.doctor import diagnose, plan_words
    from workbench.embedders.remote import split_spec
    from workbench.embedders.remote.address import read_address

    read_address(split_spec(url)[0])  # one that holds a secret is refused before it is shown
    _check_reports(markdown, html)
    key = _choose_key(key_from)
    say(f"Examining {url}: {plan_words(deep=deep)}.")
    came: list[Finding] = []
    with cancel_on_ctrl_c() as cancel, _live(came) as (tell, progress):
        try:
            diagnosis = diagnose(
                url, model=model, key=key, reference=reference, against=against, save=save,
                deep=deep, accept=tuple(accept or ()), tell=tell, progress=progress, cancel=cancel,
            )  # fmt: skip
        except (Cancelled, KeyboardInterrupt) as exc:
            _show_interrupted(came, as_json=as_json)
            raise typer.Exit(INTERRUPTED) from exc
    _show(diagnosis, as_json=as_json)
    _write_reports(diagnosis, markdown, html)
    raise typer.Exit(diagnosis.exit_code)


def _choose_key(key_from: str | None) -> ApiKey | None:
    """The key by the name of its variable; None: the environment's usual one, or none."""
    from workbench.embedders import ApiKey

    if key_from is None:
        return None
    return ApiKey.ask() if key_from == "-" else ApiKey.from_env(key_from)


def _check_reports(*reports: Path | None) -> None:
    """Refuse before the work what could only be refused after it."""
    for path in reports:
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"{path} is a directory. Name a file in it for the report.")
        if not path.absolute().parent.is_dir():
            raise InputError(f"{path} lies in a folder that does not exist. Create it first.")


def _write_reports(diagnosis: Diagnosis, markdown: Path | None, html: Path | None) -> None:
    from workbench.studies.doctor.page import to_html
    from workbench.studies.doctor.render import to_markdown

    for path, write in ((markdown, to_markdown), (html, to_html)):
        if path is None:
            continue
        try:
            path.write_text(write(diagnosis), encoding="utf-8")
        except OSError as exc:
            raise InputError(f"The report cannot be written: {exc}. Choose another file.") from exc
        say(f"Wrote {path}")


@contextmanager
def _live(
    came: list[Finding],
) -> Iterator[tuple[Callable[[Finding], None], Callable[[Progress], None]]]:
    """Findings as they are made, and below them what is being tried, on standard error."""
    from rich.text import Text

    from workbench.studies.doctor.render import name_status
    from workbench.studies.shown import clean

    console = _console(sys.stderr)

    def tell(finding: Finding) -> None:
        came.append(finding)
        mark = Text(f"{name_status(finding.status):10}", STYLES[finding.status])
        line = Text.assemble(mark, f" {finding.probe:10} {clean(finding.says)}")
        console.print(line, soft_wrap=not console.is_terminal)

    with console.status("reaching the endpoint") as shown:
        yield tell, lambda step: shown.update(Text(clean(step.message or step.stage)))


def _show(diagnosis: Diagnosis, *, as_json: bool) -> None:
    """The verdict first, on standard output."""
    from workbench.studies.doctor.render import to_json, to_text

    if as_json:
        typer.echo(to_json(diagnosis), nl=False)
    elif sys.stdout.isatty():
        _console(sys.stdout).print(*_panel(diagnosis), sep="\n")
    else:
        typer.echo(to_text(diagnosis), nl=False)


def _show_interrupted(came: Sequence[Finding], *, as_json: bool) -> None:
    """What was found before Ctrl-C; no half of a JSON document."""
    from workbench.studies.doctor.render import describe_lines

    probes = "probe" if len(came) == 1 else "probes"
    say(f"Interrupted after {len(came)} {probes}: no verdict.")
    if not as_json and came:
        typer.echo("\n".join(describe_lines(came)))


def _panel(diagnosis: Diagnosis) -> list[RenderableType]:
    """Verdict, table, what stands behind the findings that are not ok, and what it took."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from workbench.studies.doctor.render import (
        SIGNS,
        describe_details,
        describe_run,
        name_status,
        sort_findings,
    )
    from workbench.studies.shown import clean

    verdict = clean(diagnosis.verdict, 2_000)
    style = STYLES[diagnosis.status]
    shown: list[RenderableType] = [
        Text.assemble("\n", (SIGNS[diagnosis.status], style), " ", (verdict, "bold"), "\n")
    ]
    table = Table("status", "probe", "what was found", box=None, pad_edge=False)
    for column in table.columns[:2]:
        column.no_wrap = True
    for one in diagnosis.findings:
        says = Text(clean(one.says))
        table.add_row(Text(name_status(one.status), STYLES[one.status]), one.probe, says)
    shown.append(table)
    for one in sort_findings(diagnosis.findings):
        if one.status == "ok":
            continue
        shown.append(Text.assemble("\n", (SIGNS[one.status], STYLES[one.status]), f" {one.probe}"))
        lines = [Text(clean(line)) for line in one.evidence]
        lines += [Text.assemble((f"{word}: ", "dim"), text) for word, text in describe_details(one)]
        shown += [Padding(line, (0, 0, 0, 2)) for line in lines]
    facts = [Text.assemble((f"{word}: ", "dim"), text) for word, text in describe_run(diagnosis)]
    return [*shown, Text(""), *facts]


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    _soften(stream)
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _soften(stream: IO[str]) -> None:
    """Have a stream of few characters write the others as escapes, and not fail over a sign."""
    with suppress(AttributeError, ValueError):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]
