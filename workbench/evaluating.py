"""``workbench evaluate``: scores with intervals on standard output, reports as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.contracts import Evaluation, Progress, Task, TaskKind
from workbench.errors import InputError
from workbench.terminal import cancel_on_ctrl_c, progress_bar, say

PARTLY = 3
"""Some tasks were lost; the report has the others."""

ModelOption = Annotated[
    list[str] | None,
    typer.Option("--model", help="A name, a directory or URL#MODEL; may be repeated."),
]
TaskOption = Annotated[
    list[str] | None,
    typer.Option("--task", help="A built-in task, a BEIR folder or a file; may be repeated."),
]
KindOption = Annotated[
    str | None, typer.Option(help="Of the files: sts, pairs, bitext, code, clustering, …")
]
ColumnsOption = Annotated[
    str | None, typer.Option(help="Columns of the files, e.g. score,a,b; names or from 0.")
]
PromptOption = Annotated[
    list[str] | None,
    typer.Option(help="query=… or document=…: a prompt's name, an instruction or a prefix."),
]
ReportOption = Annotated[Path | None, typer.Option(help="Write the result there.")]
AgainOption = Annotated[
    Path | None,
    typer.Option(
        help="A manifest, or the JSON of an evaluation: run it again, with its own models, tasks, "
        "prompts, draws and seed, and say what is different."
    ),
]
KeyOption = Annotated[
    str | None, typer.Option(help="Variable that holds the endpoint's key; -: ask for it.")
]


def evaluate(  # noqa: PLR0913, PLR0917  (the options of a command)
    model: ModelOption = None,
    task: TaskOption = None,
    kind: KindOption = None,
    columns: ColumnsOption = None,
    prompt: PromptOption = None,
    markdown: ReportOption = None,
    csv: ReportOption = None,
    html: ReportOption = None,
    json: ReportOption = None,
    again: AgainOption = None,
    cost: Annotated[bool, typer.Option(help="Measure time and memory.")] = True,
    draws: Annotated[int, typer.Option(help="Of the intervals.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    key_from: KeyOption = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
    list_tasks: Annotated[bool, typer.Option("--list", help="List the built-in tasks.")] = False,
) -> None:
    """How good are these embedders on these tasks, how sure is that, and what do they cost?

    Without --task the built-in ones are taken, without --model the bundled one and n-grams. Exit
    code: 0 done, 2 an error, 3 some tasks were lost, 130 interrupted.
    """
    if list_tasks:
        _list_tasks()
        return
    targets = {"markdown": markdown, "csv": csv, "html": html, "json": json}
    _check_targets(targets, overwrite=overwrite)
    if again is None:
        models = model or ["bundled", "lexical"]
        run = partial(
            _evaluate, models, _read_tasks(task, kind, columns), prompts=_read_prompts(prompt),
            cost=cost, draws=draws, seed=seed,
        )  # fmt: skip
    else:
        _check_alone(model=model, task=task, kind=kind, columns=columns, prompt=prompt)
        models = _models_again(again)
        run = partial(_rerun, again)
    found, lost = _run(run, models, key_from)
    _write(found, targets)
    _say_differences(found)
    for one in lost:
        say(f"lost: {one}")
    if lost:
        raise typer.Exit(PARTLY)


def _run(
    run: Callable[..., Evaluation], models: Sequence[str], key_from: str | None
) -> tuple[Evaluation, Sequence[object]]:
    """What finished, and what was lost."""
    from workbench.embedders.remote import is_address
    from workbench.endpoints import choose_key
    from workbench.studies.evaluation import EvaluationError

    key = choose_key(next(filter(is_address, models), "".join(models[:1])), key_from)
    with cancel_on_ctrl_c() as cancel, _progress() as progress:
        try:
            return run(key=key, progress=progress, cancel=cancel), ()
        except EvaluationError as exc:
            return exc.evaluation, exc.lost


def _evaluate(models: Sequence[str], tasks: list[Task] | None, **options: Any) -> Evaluation:  # noqa: ANN401
    from workbench import evaluation

    return evaluation.evaluate(models, tasks, **options)


def _rerun(again: Path, **options: Any) -> Evaluation:  # noqa: ANN401
    from workbench import evaluation

    return evaluation.rerun(again, **options)


def _check_alone(**options: object) -> None:
    """Refuse what a manifest says already, rather than leave it out without a word."""
    if given := [f"--{name}" for name, value in options.items() if value]:
        raise InputError(
            f"{', '.join(given)} stands beside --again, which takes that from the manifest. Leave "
            "one of them out."
        )


def _models_again(manifest: Path) -> list[str]:
    from workbench.studies.evaluation.again import embedders_again, read_manifest
    from workbench.studies.evaluation.manifest import check_manifest

    kept = read_manifest(manifest)
    check_manifest(kept)
    return [str(spec) for spec in embedders_again(kept, {}).values()]


def _say_differences(found: Evaluation) -> None:
    """Of a second run from the first; nothing of a first run."""
    again = found.manifest.get("again")
    if not isinstance(again, Mapping):
        return
    say(f"Run again; the first run was at {again['of']}.")
    for difference in again["differs"]:
        say(f"different now: {difference}")
    if not again["differs"]:
        say("Versions, machine, models and main scores are what they were.")


def _list_tasks() -> None:
    from workbench.texts.tasks import builtin_tasks

    for task in builtin_tasks():
        typer.echo(f"{task.name:18} {task.kind:11} {task.source.note}")


def _read_tasks(
    names: Sequence[str] | None, kind: str | None, columns: str | None
) -> list[Task] | None:
    from workbench.texts.tasks import read_task

    if not names:
        return None
    options: dict[str, Any] = {}
    if columns:
        cells = columns.split(",")
        options["columns"] = tuple(int(cell) if cell.isdigit() else cell for cell in cells)
    chosen: TaskKind | None = kind  # type: ignore[assignment]  # read_task refuses another word
    return [read_task(name, kind=chosen, **options) for name in names]


def _read_prompts(given: Sequence[str] | None) -> dict[str, str] | None:
    prompts = {}
    for one in given or ():
        role, mark, prompt = one.partition("=")
        if not mark or role not in ("query", "document", "text"):
            raise InputError(
                f"--prompt {one!r} was given. Write query=…, document=… or text=…, where … is a "
                "prompt's name, an instruction, or a prefix that ends in ':' or a space."
            )
        prompts[role] = prompt
    return prompts or None


def _check_targets(targets: dict[str, Path | None], *, overwrite: bool) -> None:
    """Refuse before the work what could only be refused after it."""
    for form, path in targets.items():
        if path is None:
            continue
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise InputError(f"--{form} {path}: name a file in a folder that exists.")
        if path.exists() and not overwrite:
            raise InputError(f"{path} exists. Choose another name, or pass --overwrite.")


def _write(found: Evaluation, targets: dict[str, Path | None]) -> None:
    """Reports where they were asked for; else the report on standard output."""
    from workbench.studies.evaluation import to_csv, to_html, to_json, to_markdown

    writers: dict[str, Callable[[Evaluation], str]] = {
        "markdown": to_markdown, "csv": to_csv, "html": to_html, "json": to_json,
    }  # fmt: skip
    for form, path in targets.items():
        if path is not None:
            path.write_text(writers[form](found), encoding="utf-8")
            say(f"Wrote {path}")
    if not any(targets.values()):
        typer.echo(to_markdown(found), nl=False)


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """The bar of other commands, for the steps of the evaluation and for downloads."""
    with progress_bar() as show:

        def tell(step: Progress) -> None:
            if step.stage in ("evaluate", "download"):
                show(step)

        yield tell
