"""Evaluate embedders on tasks, one embedder after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from workbench.contracts import (
    CancelSignal,
    Cost,
    Embedder,
    EmbedderResult,
    Evaluation,
    PartialError,
    ProgressFn,
    Task,
    TaskKind,
    TaskResult,
)
from workbench.errors import Cancelled, EndpointError, InputError, WorkbenchError
from workbench.studies.evaluation.bitext import evaluate_bitext
from workbench.studies.evaluation.checks import check_tasks
from workbench.studies.evaluation.clustering import evaluate_clustering
from workbench.studies.evaluation.code import evaluate_code
from workbench.studies.evaluation.compare import compare_embedders
from workbench.studies.evaluation.meter import Meter
from workbench.studies.evaluation.pairs import evaluate_pairs
from workbench.studies.evaluation.partial import EvaluationError, LostTask, lose_all
from workbench.studies.evaluation.prompting import AskedPrompts, check_prompts, choose_prompts
from workbench.studies.evaluation.reranking import evaluate_reranking
from workbench.studies.evaluation.retrieval import evaluate_retrieval
from workbench.studies.evaluation.scoring import Drawing, Found, note_draws
from workbench.studies.evaluation.sts import evaluate_sts
from workbench.studies.evaluation.texts import count_texts, texts_by_role
from workbench.studies.evaluation.vectors import KnownVectors, TaskVectors

CostFn: TypeAlias = Callable[
    [Mapping[str, Embedder], Sequence[str], ProgressFn | None, CancelSignal | None],
    Mapping[str, Cost],
]
"""Measures embedders in turn on some of the texts given: all different texts of the tasks."""


EVALUATORS: Mapping[TaskKind, Callable[..., Found]] = MappingProxyType(
    {
        "sts": evaluate_sts,
        "pairs": evaluate_pairs,
        "retrieval": evaluate_retrieval,
        "bitext": evaluate_bitext,
        "code": evaluate_code,
        "clustering": evaluate_clustering,
        "reranking": evaluate_reranking,
    }
)
FEWEST_DRAWS = 100


@dataclass(frozen=True)
class Plan:
    """What holds for every embedder of an evaluation.

    Attributes:
        tasks: In the order asked.
        prompts: By label, then role.
        level: Share of draws inside an interval.
        draws: How many.
        seed: Of the draws and of k-means.
        failures: How many to keep of each task.
    """

    tasks: tuple[Task, ...]
    prompts: AskedPrompts
    level: float
    draws: int
    seed: int
    failures: int


def run_evaluation(  # noqa: PLR0913  (every one is a choice of the caller's)
    embedders: Mapping[str, Embedder],
    tasks: Sequence[Task],
    *,
    prompts: AskedPrompts | None = None,
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
    failures: int = 20,
    cost: CostFn | None = None,
    asked: Mapping[str, str] | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Evaluation:
    """Evaluate each embedder on each task and compare the embedders pair by pair.

    Within one embedder's run each exact string is embedded once, whichever tasks it is in. A task
    that an embedder cannot finish does not stop the others: a text that it refuses, a prompt that
    it lacks or a failure of the model costs that task; a server that went away costs the embedder's
    further tasks as well, since each would wait for it in vain.

    Args:
        embedders: By a short name; looked up once each, in order. One that cannot be looked up
            costs its own tasks only, once another has been evaluated.
        tasks: With names of their own.
        prompts: By label, then by role ("query", "document", "text"): the ``prompt`` argument of
            ``Embedder.embed``. See ``choose_prompts`` about roles that are left out.
        level: Share of draws inside an interval.
        draws: How many.
        seed: Of the draws and of k-means. With a task's name and size it decides which items are
            drawn, so that all embedders are drawn alike.
        failures: How many to keep of each task, worst first.
        cost: Measures time and memory, afterwards, the embedders in turn; None: no costs.
        asked: By label, how to load the embedder again, for the manifest.
        progress: Told of stage "evaluate", counting texts of all tasks and embedders.
        cancel: Looked at by the embedders, between blocks of a ranking and between tasks.

    Raises:
        InputError: There is no embedder or task, a task cannot be measured, or an option is not
            allowed. Nothing was embedded.
        EvaluationError: Some tasks were lost; it has everything that finished, and why.
        Cancelled: ``cancel`` was set; nothing is kept.
    """
    _check_options(embedders, level=level, draws=draws, seed=seed, failures=failures)
    check_tasks(tasks)
    check_prompts(prompts or {}, tuple(embedders))
    plan = Plan(tuple(tasks), prompts or {}, level, draws, seed, failures)
    meter = Meter(len(embedders) * sum(map(count_texts, tasks)), progress, cancel)
    held: dict[str, Embedder] = {}
    results, lost = _evaluate_all(embedders, plan, meter, held, asked or {})
    if cost is not None:
        measured = {result.label: held[result.label] for result in results if result.tasks}
        costs = cost(measured, _all_texts(plan.tasks), progress, cancel)
        results = [replace(result, cost=costs.get(result.label)) for result in results]
    evaluation = Evaluation(
        embedders=tuple(results),
        differences=compare_embedders(results, level=level),
        manifest={"level": level, "draws": draws, "seed": seed, "failures": failures},
    )
    if lost:
        raise EvaluationError(evaluation, lost)
    return evaluation


def _evaluate_all(
    embedders: Mapping[str, Embedder],
    plan: Plan,
    meter: Meter,
    held: dict[str, Embedder],
    asked: Mapping[str, str],
) -> tuple[list[EmbedderResult], list[LostTask]]:
    """One embedder after the other, without costs; ``held`` takes those that were had."""
    results: list[EmbedderResult] = []
    lost: list[LostTask] = []
    for label in embedders:
        try:
            held[label] = embedders[label]
        except WorkbenchError as exc:  # a mapping may load it just now
            lost += lose_all(label, exc, plan.tasks, results)
            continue
        done, missed = _evaluate_embedder(label, held[label], plan, meter)
        lost += missed
        results.append(EmbedderResult(label, asked.get(label, ""), held[label].info, done, None))
    return results, lost


def _all_texts(tasks: Sequence[Task]) -> tuple[str, ...]:
    roles = (texts for task in tasks for texts in texts_by_role(task).values())
    return tuple(dict.fromkeys(text for texts in roles for text in texts))


def _check_options(
    embedders: Mapping[str, Embedder], *, level: float, draws: int, seed: int, failures: int
) -> None:
    if not embedders:
        raise InputError("There is nothing to evaluate: no embedder was given. Pass one or more.")
    if not 0 < level < 1:
        raise InputError(f"level={level!r} was asked for; allowed is above 0 and below 1.")
    if draws < FEWEST_DRAWS:
        raise InputError(
            f"draws={draws!r} were asked for; allowed is {FEWEST_DRAWS} or more: the ends of an "
            "interval need some draws beyond them."
        )
    if not 0 <= seed < 2**32:
        raise InputError(f"seed={seed!r} was asked for; allowed is 0 to {2**32 - 1:,}.")
    if failures < 0:
        raise InputError(f"failures={failures!r} were asked for; allowed is 0 or more.")


def _evaluate_embedder(
    label: str, embedder: Embedder, plan: Plan, meter: Meter
) -> tuple[tuple[TaskResult, ...], list[LostTask]]:
    known = KnownVectors()
    done: list[TaskResult] = []
    lost: list[LostTask] = []
    gone: WorkbenchError | None = None
    for task in plan.tasks:
        meter.begin(label, task)
        if gone is not None:
            lost.append(LostTask(label, task.name, gone))
        else:
            try:
                done.append(_evaluate_task(label, embedder, task, plan, known, meter))
            except Cancelled:
                raise
            except WorkbenchError as exc:
                lost.append(LostTask(label, task.name, exc))
                gone = exc if _is_gone(exc) else None
        meter.end()
    return tuple(done), lost


def _is_gone(error: WorkbenchError) -> bool:
    """Whether the server, and not a text of the task, is the cause."""
    if isinstance(error, PartialError):
        return error.cause is not None
    return isinstance(error, EndpointError)


def _evaluate_task(
    label: str,
    embedder: Embedder,
    task: Task,
    plan: Plan,
    known: KnownVectors,
    meter: Meter,
) -> TaskResult:
    started = time.perf_counter()
    prompts, notes = choose_prompts(task, embedder, plan.prompts.get(label, {}))
    vectors = TaskVectors(embedder, prompts, known, meter)
    drawing = Drawing(task.name, plan.level, plan.draws, plan.seed)
    found = EVALUATORS[task.kind](task, vectors, drawing, failures=plan.failures)
    main = next(score for score in found.scores if score.main)
    return TaskResult(
        task=task.name,
        kind=task.kind,
        source=task.source,
        n=found.n,
        scores=found.scores,
        failures=found.failures,
        failed=found.failed,
        items=found.items,
        prompts=prompts,
        texts=vectors.texts,
        tokens=vectors.tokens,
        truncated=vectors.truncated,
        seconds=time.perf_counter() - started,
        notes=(*notes, *found.notes, *note_draws(main), *vectors.notes()),
    )
