"""What a report of an evaluation consists of, before it is Markdown or HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from workbench.contracts import (
    Cost,
    EmbedderResult,
    Evaluation,
    Failure,
    Score,
    TaskKind,
    TaskResult,
)
from workbench.studies.evaluation import words
from workbench.studies.evaluation.report_blocks import Heading, Listed, Part, Sentence, Table
from workbench.studies.evaluation.words import MINUS, NONE

NOT_FINISHED = "not finished"


def title_of(evaluation: Evaluation) -> str:
    """How many embedders, on how many tasks."""
    embedders, tasks = len(evaluation.embedders), len(task_names(evaluation))
    return f"{count(embedders, 'embedder')} on {count(tasks, 'task')}"


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 task", "2 tasks"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def task_names(evaluation: Evaluation) -> list[str]:
    """All tasks that any embedder finished, in the order asked."""
    names = (found.task for one in evaluation.embedders for found in one.tasks)
    return list(dict.fromkeys(names))


def describe_evaluation(evaluation: Evaluation) -> Iterator[Part]:
    """All parts of a report: scores, differences, cost, details, failures, record, manifest."""
    yield from _scores(evaluation)
    yield from _differences(evaluation)
    yield from _costs(evaluation)
    yield from _all_scores(evaluation)
    yield from _failures(evaluation)
    yield from _record(evaluation)
    yield from _manifest(evaluation.manifest)


def _scores(evaluation: Evaluation) -> Iterator[Part]:
    tasks = task_names(evaluation)
    found = [_find(one, task) for task in tasks for one in evaluation.embedders]
    metrics = {one.task: one.main.metric for one in found if one is not None}
    rows = [
        (one.label, *(_main_cell(_find(one, task)) for task in tasks))
        for one in evaluation.embedders
    ]
    yield Heading("Scores")
    yield Table(("embedder", *(f"{task}: {metrics[task]}" for task in tasks)), tuple(rows))
    if brackets := words.bracket_words(evaluation.embedders):
        yield Sentence(f"{brackets} n is the number of items the score is over.")


def _find(one: EmbedderResult, task: str) -> TaskResult | None:
    return next((found for found in one.tasks if found.task == task), None)


def _main_cell(found: TaskResult | None) -> str:
    return NOT_FINISHED if found is None else score_cell(found.main)


def score_cell(score: Score) -> str:
    """A score with its interval and n: "0.812 [0.780, 0.840] n=160"."""
    interval = words.interval_words(score.interval) or " no interval: too few items,"
    return f"{words.value_words(score.value)}{interval} n={score.n:,}"


def _differences(evaluation: Evaluation) -> Iterator[Part]:
    if not evaluation.differences:
        return
    rows = [
        (
            f"{one.task}: {one.metric}",
            f"{one.first} {MINUS} {one.second}",
            words.signed_words(one.value) + words.interval_words(one.interval),
            words.explain_verdict(one),
            words.count_words(one),
        )
        for one in evaluation.differences
    ]
    yield Heading("Differences")
    head = ("task", "pair", "difference", "verdict", "items won / lost / tied")
    yield Table(head, tuple(rows))
    yield Sentence(
        "Both embedders are drawn with the same items each time, so the interval is of the "
        "difference itself. Pairs are not corrected for their number."
    )


def _costs(evaluation: Evaluation) -> Iterator[Part]:
    """The score beside what it takes: milliseconds and gigabytes."""
    timed = [one for one in evaluation.embedders if one.cost is not None]
    if not timed:
        return
    tasks = task_names(evaluation)
    yield Heading("Cost beside quality")
    yield Table(
        (
            "embedder",
            *tasks,
            "ms one text alone, median / p95",
            "ms a text in full batches, median / p95",
            "weights",
            "peak memory",
            "peak GPU memory",
            "bytes a vector",
        ),
        tuple(_cost_row(one, tasks) for one in timed),
    )
    yield from (Sentence(f"{one.label}: {_timed_words(one.cost)}.") for one in timed if one.cost)


def _timed_words(cost: Cost) -> str:
    tokens = f", {cost.tokens:,} tokens" if cost.tokens >= 0 else ""
    notes = (note.rstrip(". ") for note in cost.notes)
    return "; ".join((f"{count(cost.texts, 'text')}{tokens} timed", *notes))


def _cost_row(one: EmbedderResult, tasks: Sequence[str]) -> tuple[str, ...]:
    cost = one.cost
    assert cost is not None
    found = [_find(one, task) for task in tasks]
    return (
        one.label,
        *(NONE if each is None else words.value_words(each.main.value) for each in found),
        words.quantile_words(words.cost_times(cost, "single")),
        words.quantile_words(words.cost_times(cost, "batch")),
        words.memory_words(cost.weights_bytes),
        words.memory_words(cost.peak_cpu_bytes),
        words.memory_words(cost.peak_gpu_bytes),
        f"{cost.vector_bytes:,}",
    )


def _all_scores(evaluation: Evaluation) -> Iterator[Part]:
    yield Heading("All scores")
    for task in task_names(evaluation):
        rows: dict[tuple[str, str], dict[str, Score]] = {}
        for one in evaluation.embedders:
            found = _find(one, task)
            for score in () if found is None else found.scores:
                rows.setdefault((score.group, score.metric), {})[one.label] = score
        labels = [one.label for one in evaluation.embedders]
        yield Heading(task, 3)
        yield Table(
            ("metric", "over", *labels),
            tuple(_score_row(cells, labels) for cells in rows.values()),
        )
        yield from map(Sentence, _score_notes(rows, labels))


def _score_notes(
    rows: Mapping[tuple[str, str], Mapping[str, Score]], labels: Sequence[str]
) -> Iterator[str]:
    """What must be known before scores are compared, once, and of which scores."""
    noted: dict[str, dict[str, dict[str, None]]] = {}
    for cells in rows.values():
        for label, score in cells.items():
            if score.note:
                noted.setdefault(score.note, {}).setdefault(label, {})[score.metric] = None
    for note, metrics in noted.items():
        named = ", ".join(dict.fromkeys(metric for each in metrics.values() for metric in each))
        whose = "" if len(metrics) == len(labels) else f" of {', '.join(metrics)}"
        yield f"{named}{whose}: {note}."


def _score_row(cells: Mapping[str, Score], labels: Sequence[str]) -> tuple[str, ...]:
    score = next(iter(cells.values()))
    name = f"{words.metric_words(score)}{' (main)' if score.main else ''}"
    shown = [score_cell(cells[label]) if label in cells else NONE for label in labels]
    return (name, score.group or "all", *shown)


def _failures(evaluation: Evaluation) -> Iterator[Part]:
    yield Heading("Failures")
    for one in evaluation.embedders:
        for found in one.tasks:
            yield Heading(f"{one.label} on {found.task}", 3)
            shown = len(found.failures)
            rest = f", the worst {shown:,} of them here" if shown < found.failed else ""
            yield Sentence(f"{found.failed:,} of {count(found.n, 'item')} failed{rest}.")
            for failure in found.failures:
                yield Listed(tuple(_failure_facts(failure, found.kind)))


def _failure_facts(failure: Failure, kind: TaskKind) -> Iterator[tuple[str, str]]:
    yield f"item {failure.item}", failure.says
    texts = (failure.asked, failure.expected, failure.found)
    for word, text in zip(words.failure_names(kind), texts, strict=True):
        if text:
            yield word, text


def _record(evaluation: Evaluation) -> Iterator[Part]:
    yield Heading("What was measured")
    for one in evaluation.embedders:
        yield Heading(one.label, 3)
        yield Listed(tuple(words.embedder_facts(one)))
        for found in one.tasks:
            yield Sentence(f"{one.label} on {found.task}:")
            yield Listed(tuple(words.task_facts(found)))


def _manifest(manifest: Mapping[str, object]) -> Iterator[Part]:
    """Whole and as JSON, so that it can be copied into a file and run again."""
    if manifest:
        text = json.dumps(manifest, ensure_ascii=False, indent=2, default=_plain)
        yield Heading("Manifest")
        yield Listed((("to run it again", text),))


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)
