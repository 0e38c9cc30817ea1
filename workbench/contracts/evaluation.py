"""What an evaluation found: scores with intervals, differences, failures, cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts.embedder import EmbedderInfo
from workbench.contracts.prompts import Prompt
from workbench.contracts.tasks import Source, TaskKind

Verdict: TypeAlias = Literal["higher", "lower", "not separable", "the same"]


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval (percentiles of the draws).

    Attributes:
        low: Lower end.
        high: Upper end.
        level: Share of draws inside, 0.95 unless asked otherwise.
        draws: How many times items were drawn.
    """

    low: float
    high: float
    level: float
    draws: int


@dataclass(frozen=True)
class Score:
    """One number of one embedder on one task, with how far it can be trusted.

    Attributes:
        metric: "spearman", "ndcg@10", "recall@5", ...
        value: Over all n items.
        interval: None where there are too few items to draw (fewer than two).
        n: Items it is over: pairs, queries, functions, texts.
        draws: (draws,) float64 of the score, item numbers drawn with a seed that depends on the
            task and n alone, so that draws of two embedders on one task are paired.
        main: The one score that stands for the task.
        higher_is_better: False for a mean rank.
        group: "" for all items; else the part it is over ("zh", "a to b", "en to code").
        note: What a reader must know before comparing it, "" where there is nothing.
    """

    metric: str
    value: float
    interval: Interval | None
    n: int
    draws: NDArray[np.float64]
    main: bool = False
    higher_is_better: bool = True
    group: str = ""
    note: str = ""


@dataclass(frozen=True)
class Failure:
    """One item on which the embedder was wrong, with its texts to the letter.

    Attributes:
        item: Which: a query's id, a pair's number from 1.
        asked: The query, or the first text.
        expected: What should have stood first (or the second text of a pair).
        found: What stood there instead; "" for pairs.
        says: In a sentence: "rank 7 (cosine 0.61), before it ... (0.74)".
        badness: For sorting, larger is worse; comparable within a task only.
    """

    item: str
    asked: str
    expected: str
    found: str
    says: str
    badness: float


@dataclass(frozen=True)
class TaskResult:
    """One embedder on one task.

    Attributes:
        task: Its name.
        kind: Its kind.
        source: Where it came from.
        n: Items.
        scores: One is ``main``.
        failures: Worst first, at most as many as asked for.
        failed: How many items failed in all.
        items: Per-item value of the main score by item id, where it is a mean over items; else
            empty. For win and loss between two embedders.
        prompts: The exact prefix by role: {"query": ..., "document": ...} or {"text": ...}.
        texts: Texts embedded.
        tokens: Tokens embedded; -1 where the backend cannot tell.
        truncated: Texts that were cut.
        seconds: Wall time, embedding and scoring.
        notes: What was noticed, a sentence each.
    """

    task: str
    kind: TaskKind
    source: Source
    n: int
    scores: tuple[Score, ...]
    failures: tuple[Failure, ...]
    failed: int
    items: Mapping[str, float]
    prompts: Mapping[str, Prompt]
    texts: int
    tokens: int
    truncated: int
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> Score:
        """The score that stands for the task."""
        return next(score for score in self.scores if score.main)


@dataclass(frozen=True)
class Cost:
    """What the vectors of one embedder cost, measured beside the others in one run, in turn.

    Attributes:
        texts: Texts timed in full batches.
        tokens: Their tokens; -1 where the backend cannot tell.
        batch_seconds: (rounds,) wall time of all texts at once.
        single_seconds: (m,) wall time of single texts, one call each.
        peak_cpu_bytes: Most that this process held while embedding; None where not known, or the
            work is done elsewhere (an endpoint).
        peak_gpu_bytes: The same of the GPU.
        weights_bytes: Memory of the weights; None where they are elsewhere.
        vector_bytes: Bytes of one vector as float32.
        notes: What a reader must know: "another machine computes", "first call was a warm-up".
    """

    texts: int
    tokens: int
    batch_seconds: NDArray[np.float64]
    single_seconds: NDArray[np.float64]
    peak_cpu_bytes: int | None
    peak_gpu_bytes: int | None
    weights_bytes: int | None
    vector_bytes: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EmbedderResult:
    """One embedder on all tasks.

    Attributes:
        label: Short name, unique within the evaluation.
        asked: How to load it again: what ``wb.load`` was given; "" for one made in code.
        info: What it is: name, revision, dtype, dim, device.
        tasks: In the order asked.
        cost: None where cost was not asked for.
    """

    label: str
    asked: str
    info: EmbedderInfo
    tasks: tuple[TaskResult, ...]
    cost: Cost | None


@dataclass(frozen=True)
class Difference:
    """Two embedders on one metric of one task, item by item.

    Attributes:
        task: Its name.
        metric: Which.
        group: As in ``Score``.
        first: Label.
        second: Label.
        value: First less second.
        interval: Of the difference, from paired draws; None below two items.
        verdict: "higher" or "lower" (the first, in value) where the interval leaves out 0; "the
            same" where every draw is 0.
        wins: Items where the first is better; losses and ties likewise; -1 where the metric is not
            a mean over items.
        losses: See wins.
        ties: See wins.
    """

    task: str
    metric: str
    group: str
    first: str
    second: str
    value: float
    interval: Interval | None
    verdict: Verdict
    wins: int = -1
    losses: int = -1
    ties: int = -1


@dataclass(frozen=True)
class Evaluation:
    """Embedders by tasks.

    Attributes:
        embedders: In the order asked.
        differences: Of the main scores, every pair of embedders on every task.
        manifest: Everything that is needed to run it again, ready for JSON: versions, machine,
            embedders (as asked, revision, dtype, dim), prompts, tasks with hashes, seed, draws.
    """

    embedders: tuple[EmbedderResult, ...]
    differences: tuple[Difference, ...]
    manifest: Mapping[str, object]
