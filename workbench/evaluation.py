"""Evaluation, bound: embedders from wherever they load, tasks from wherever they are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from workbench.contracts import (
    CancelSignal,
    Cost,
    Embedder,
    Evaluation,
    ProgressFn,
    Prompt,
    Task,
)
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.embedders import ApiKey
    from workbench.studies.evaluation.opening import Spec

AskedTask: TypeAlias = "Task | str | os.PathLike[str]"
ByRole: TypeAlias = Mapping[str, str | Prompt | None]


def evaluate(  # noqa: PLR0913  (every one is a choice of the caller's)
    embedders: Spec | Sequence[Spec] | Mapping[str, Spec],
    tasks: AskedTask | Sequence[AskedTask] | None = None,
    *,
    prompts: ByRole | Mapping[str, ByRole] | None = None,
    cost: bool = True,
    draws: int = 2_000,
    level: float = 0.95,
    seed: int = 0,
    failures: int = 20,
    key: str | ApiKey | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Evaluation:
    """Evaluate embedders on tasks: scores with intervals, differences, failures, cost.

    Embedders that are given by name are loaded here and unloaded at the end: all at once where cost
    is measured, since they take turns then; else one after another.

    Args:
        embedders: One or several, each an embedder or what ``load`` takes; a mapping gives them
            short names.
        tasks: Tasks, names of built-in ones, files or BEIR folders; None: the built-in ones.
        prompts: By role ("query", "document", "text") for all embedders, or by short name and role.
        cost: Measure time and memory too.
        draws: How many times items are drawn for an interval.
        level: Share of draws inside it.
        seed: Of the draws.
        failures: How many to keep of each task, worst first.
        key: Of the endpoint among ``embedders``; None: the environment's usual one, or none.
        progress: Told what is being done.
        cancel: Looked at between steps.

    Raises:
        InputError: An argument, or a task's file, cannot be used.
        EvaluationError: Some tasks were lost; ``evaluation`` of it has what finished.
        WorkbenchError: An embedder cannot be loaded.
        Cancelled: ``cancel`` was set.
    """
    from workbench.studies.evaluation import EvaluationError, run_evaluation
    from workbench.studies.evaluation.opening import OpenedEmbedders, label_embedders

    asked = label_embedders(embedders)
    by_label = _spread_prompts(prompts, tuple(asked))
    listed = read_tasks(tasks)
    opened = OpenedEmbedders(asked, _opener(asked, key, progress, cancel), together=cost)

    def finish(found: Evaluation) -> Evaluation:
        return replace(found, manifest=_manifest(found, listed, by_label, cost=cost))

    try:
        opened.open_all(cancel)
        found = run_evaluation(
            opened, listed, prompts=by_label, level=level, draws=draws, seed=seed,
            failures=failures, cost=_measure if cost else None, asked=opened.specs,
            progress=progress, cancel=cancel,
        )  # fmt: skip
        return finish(found)
    except EvaluationError as exc:
        raise EvaluationError(finish(exc.evaluation), exc.lost) from exc
    finally:
        opened.close()


def rerun(
    manifest: Mapping[str, object] | str | os.PathLike[str],
    *,
    embedders: Mapping[str, Spec] | None = None,
    tasks: Sequence[Task] = (),
    key: str | ApiKey | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Evaluation:
    """Run an evaluation again by its manifest, and say what is different.

    The result's manifest has ``again``: when the first run was, and under ``differs`` a sentence
    for each version, machine, model or main score that is another one now.

    Args:
        manifest: Of an evaluation; or a JSON file of it, or of the whole evaluation.
        embedders: By short name, what the manifest cannot load: objects made in code; or another
            place for one that it can.
        tasks: Those that cannot be read again, since they were pasted or made in code.
        key: As for ``evaluate``.
        progress: As there.
        cancel: As there.

    Raises:
        InputError: No manifest; a task whose content is another than it was, or that is missing;
            an embedder that cannot be loaded again and was not given.
        EvaluationError: As for ``evaluate``.
    """
    from workbench.studies.evaluation import EvaluationError
    from workbench.studies.evaluation.again import embedders_again, read_manifest, tasks_again
    from workbench.studies.evaluation.manifest import (
        SETTINGS,
        check_manifest,
        compare_manifests,
        read_prompts,
    )
    from workbench.texts.tasks import read_source

    before = read_manifest(manifest)
    check_manifest(before)
    settings = {name: before[name] for name in SETTINGS}

    def compared(found: Evaluation) -> Evaluation:
        differs = compare_manifests(before, found.manifest)
        again = {"of": before.get("when"), "differs": differs}
        return replace(found, manifest={**found.manifest, "again": again})

    try:
        found = evaluate(
            embedders_again(before, embedders or {}),
            tasks_again(before, tasks, read_source),
            prompts=read_prompts(before), cost=bool(before["cost"]),
            key=key, progress=progress, cancel=cancel, **settings,  # type: ignore[arg-type]
        )  # fmt: skip
    except EvaluationError as exc:
        raise EvaluationError(compared(exc.evaluation), exc.lost) from exc
    return compared(found)


def read_tasks(tasks: AskedTask | Sequence[AskedTask] | None) -> list[Task]:
    """Tasks as they are; names, files and folders read; None: the built-in ones.

    Raises:
        InputError: One cannot be read.
    """
    from workbench.texts.tasks import builtin_tasks, read_task

    if tasks is None:
        return list(builtin_tasks())
    several = isinstance(tasks, Sequence) and not isinstance(tasks, str)
    listed: Sequence[AskedTask] = tasks if several else [tasks]  # type: ignore[assignment,list-item]
    return [read_task(os.fspath(t)) if isinstance(t, str | os.PathLike) else t for t in listed]


def _opener(
    asked: Mapping[str, Embedder | str],
    key: str | ApiKey | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> Callable[[str], Embedder]:
    """Loads a spec; the key goes to the one host that is among them."""
    from workbench.embedders import ApiKey
    from workbench.embedders.remote import is_address, split_spec
    from workbench.endpoints import open_embedder

    addresses = [one for one in asked.values() if isinstance(one, str) and is_address(one)]
    hosts = sorted({urlsplit(split_spec(one)[0]).netloc for one in addresses})
    if key is not None and len(hosts) != 1:
        raise InputError(
            f"A key was given, and {len(hosts)} hosts are asked ({', '.join(hosts) or 'none'}). "
            "A key goes to one host: connect to each with wb.connect(url, model, key=...), and "
            "pass the embedders."
        )
    secret = ApiKey(key) if isinstance(key, str) else key

    def load(spec: str) -> Embedder:
        sent = secret if is_address(spec) else None
        return open_embedder(spec, sent, progress=progress, cancel=cancel)

    return load


def _spread_prompts(
    prompts: ByRole | Mapping[str, ByRole] | None, labels: tuple[str, ...]
) -> dict[str, ByRole]:
    """Prompts by label and role; those by role alone are for every embedder."""
    given = dict(prompts or {})
    nested = {key: value for key, value in given.items() if isinstance(value, Mapping)}
    if nested and len(nested) < len(given):
        others = ", ".join(map(repr, given.keys() - nested.keys()))
        raise InputError(
            f"prompts mix short names ({', '.join(map(repr, nested))}) with roles ({others}). "
            "Pass {role: prompt} for all embedders, or {short name: {role: prompt}}."
        )
    if nested:
        return nested
    by_role: ByRole = given  # type: ignore[assignment]  # no value is a mapping
    return dict.fromkeys(labels, by_role) if by_role else {}


def _measure(
    embedders: Mapping[str, Embedder],
    texts: Sequence[str],
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> Mapping[str, Cost]:
    from workbench.embedders.machine import watch_gpu
    from workbench.studies.evaluation.cost import measure_costs

    return measure_costs(embedders, texts, memory=watch_gpu, progress=progress, cancel=cancel)


def _manifest(
    found: Evaluation, tasks: Sequence[Task], prompts: Mapping[str, ByRole], *, cost: bool
) -> Mapping[str, object]:
    from workbench.embedders.machine import describe_compute
    from workbench.studies.evaluation.manifest import make_manifest

    when = datetime.now(UTC).isoformat(timespec="seconds")
    compute = describe_compute()
    return make_manifest(found, tasks, prompts=prompts, cost=cost, compute=compute, when=when)
