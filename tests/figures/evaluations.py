"""Evaluations made by hand, for what shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.contracts import (
    Cost,
    Difference,
    EmbedderInfo,
    EmbedderResult,
    Evaluation,
    Failure,
    Interval,
    Prompt,
    Score,
    Source,
    TaskResult,
)
from workbench.contracts.evaluation import Verdict

HOSTILE = (
    "<img src=x onerror='window.pwned=1'>",
    "<script>window.pwned=1</script>",
    "$x^2$ %{x} &lt;b&gt;",
    "</td></tr></table><h1>out</h1>",
)
QUERIES = {f"q{i}": text for i, text in enumerate(("怎样重启网关", "rotate a key", "限流", "日志"))}


def make_score(value: float, *, metric: str = "ndcg@10", n: int = 4, **changes: object) -> Score:
    interval = Interval(value - 0.05, value + 0.04, 0.95, 2000)
    score = Score(metric, value, interval, n, np.full(10, value))
    return replace(score, **changes)  # type: ignore[arg-type]


def make_result(
    values: Sequence[float] = (1.0, 0.5, 0.0, 1.0), *, task: str = "faq", text: str = "怎样重启网关"
) -> TaskResult:
    """A retrieval task of as many queries as values."""
    mean = float(np.mean(values))
    failure = Failure("q2", text, "right " + text, "wrong " + text, "rank 7 (cosine 0.61)", 7.0)
    return TaskResult(
        task=task,
        kind="retrieval",
        source=Source(task, note="The authors judged."),
        n=len(values),
        scores=(
            make_score(mean, n=len(values), main=True),
            make_score(2.5, metric="mean rank", higher_is_better=False, n=len(values)),
            make_score(mean / 2, group="zh", n=2, interval=None, note="two queries"),
        ),
        failures=(failure,),
        failed=2,
        items={f"q{i}": value for i, value in enumerate(values)},
        prompts={"query": Prompt.from_prefix("Query: "), "document": Prompt()},
        texts=12,
        tokens=340,
        truncated=1,
        seconds=0.25,
        notes=("only 4 items",),
    )


def make_sts(value: float = 0.8, *, task: str = "sts-zh") -> TaskResult:
    """A task whose main score is no mean over items."""
    score = make_score(value, metric="spearman", n=160, main=True)
    result = make_result(task=task)
    return replace(result, kind="sts", n=160, scores=(score,), items={}, failures=(), failed=0)


def make_cost(single_ms: float) -> Cost:
    single = np.array([single_ms, single_ms, single_ms * 2]) / 1000
    return Cost(10, 120, np.array([0.02, 0.03]), single, 400_000_000, None, 90_000_000, 1536)


def make_embedder(
    label: str, tasks: Sequence[TaskResult], *, cost: Cost | None = None
) -> EmbedderResult:
    info = EmbedderInfo(label, "bundled", 384, 384, True, 1e-6, revision="abc123", dtype="float32")
    return EmbedderResult(label, label, info, tuple(tasks), cost)


def make_difference(verdict: Verdict = "not separable", **changes: object) -> Difference:
    whole = Difference(
        "faq", "ndcg@10", "", "MiniLM", "n-grams", 0.1, Interval(-0.05, 0.2, 0.95, 2000),
        verdict, 2, 1, 1,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


def make_evaluation(*, cost: bool = True, text: str = "怎样重启网关") -> Evaluation:
    """Two embedders on two tasks."""
    first = make_embedder(
        "MiniLM", [make_result(text=text), make_sts()], cost=make_cost(4) if cost else None
    )
    second = make_embedder(
        "n-grams",
        [make_result((0.0, 0.5, 0.5, 0.5), text=text), make_sts(0.5)],
        cost=make_cost(0.2) if cost else None,
    )
    apart = make_difference(
        "higher", task="sts-zh", metric="spearman", value=0.3, wins=-1, losses=-1, ties=-1,
        interval=Interval(0.2, 0.4, 0.95, 2000),
    )  # fmt: skip
    return Evaluation((first, second), (make_difference(), apart), {"seed": 0})
