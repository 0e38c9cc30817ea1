"""What evaluates and reads in the panel's place, which a test can hold back and break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.figures.evaluations import make_evaluation
from tests.panels.fakes import Gate
from workbench.contracts import (
    CancelSignal,
    Embedder,
    Evaluation,
    Progress,
    ProgressFn,
    Prompt,
    Retrieval,
    ScoredPairs,
    Source,
    Task,
    TaskKind,
    check_cancel,
)
from workbench.errors import InputError

FAQ = Retrieval(
    "faq",
    queries={"q0": "怎样重启网关", "q1": "rotate a key", "q2": "限流", "q3": "日志"},
    corpus={"d0": "重启网关的步骤", "d1": "Rotate keys every month."},
    relevant={"q0": {"d0": 1.0}, "q1": {"d1": 1.0}, "q2": {"d0": 1.0}, "q3": {"d1": 1.0}},
    groups={},
    instruction=None,
    source=Source("faq", note="The authors judged."),
)
STS = ScoredPairs("sts-zh", ("苹果", "苹果"), ("apple", "螺丝刀"), (5.0, 0.0), Source("sts-zh"))


class FakeEvaluator:
    """Gives the evaluation it was told to, and stops in the middle at a gate.

    Attributes:
        asked: The arguments of each run.
        failure: Raised by the next one.
    """

    def __init__(self) -> None:
        self.evaluation = make_evaluation()
        self.gate = Gate()
        self.asked: list[dict[str, Any]] = []
        self.failure: BaseException | None = None

    def evaluate(
        self,
        embedders: Mapping[str, Embedder | str],
        tasks: Sequence[Task],
        *,
        prompts: Mapping[str, Mapping[str, str | Prompt | None]] | None = None,
        cost: bool = True,
        draws: int = 2_000,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Evaluation:
        self.asked.append(
            {"embedders": dict(embedders), "tasks": [task.name for task in tasks]}
            | {"prompts": prompts, "cost": cost, "draws": draws}
        )
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        assert progress is not None
        progress(Progress("evaluate", 30, 120, "MiniLM on faq"))
        self.gate.pass_through(cancel)
        check_cancel(cancel, done=30, total=120)
        return self.evaluation


class FakeReader:
    """Reads scored pairs, a pair a line, and knows two tasks."""

    def builtin_tasks(self) -> Sequence[Task]:
        return (FAQ, STS)

    def parse_task(self, text: str, *, kind: TaskKind, name: str) -> Task:
        rows = [line.split("\t") for line in text.splitlines()]
        for number, row in enumerate(rows, 1):
            if len(row) != 3:
                raise InputError(f"line {number} has {len(row)} columns, 3 are needed: {row!r}")
        a, b = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
        return ScoredPairs(name, a, b, tuple(float(row[0]) for row in rows), Source(name))

    def read_task(self, path: str, *, kind: TaskKind) -> Task:
        if path != "pairs.tsv":
            raise InputError(f"{path!r} is not there. Name a file that is.")
        return ScoredPairs("pairs", ("a",), ("b",), (1.0,), Source("pairs", path=path))
