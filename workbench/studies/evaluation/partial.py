"""What an evaluation that lost some tasks hands over: all that finished, and what did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.contracts import EmbedderResult, Evaluation, Task
from workbench.errors import Cancelled, WorkbenchError

NAMED = 3
"""Lost tasks that a message names; all of them are in ``lost``."""


@dataclass(frozen=True)
class LostTask:
    """A task that an embedder could not finish.

    Attributes:
        label: The embedder's.
        task: The task's name.
        error: Why.
    """

    label: str
    task: str
    error: WorkbenchError

    def __str__(self) -> str:
        return f"{self.label!r} on {self.task!r}: {self.error}"


class EvaluationError(WorkbenchError):
    """Some embedders could not finish some tasks; nothing that was measured is lost.

        try:
            evaluation = run_evaluation(embedders, tasks)
        except EvaluationError as error:
            error.evaluation     # everything that finished
            error.lost           # which embedder on which task, and why

    Attributes:
        evaluation: What finished. An embedder that finished nothing is in it, without tasks.
        lost: What did not.
    """

    def __init__(self, evaluation: Evaluation, lost: Sequence[LostTask]) -> None:
        self.evaluation = evaluation
        self.lost = tuple(lost)
        finished = sum(len(embedder.tasks) for embedder in evaluation.embedders)
        words = [f"{finished:,} of {finished + len(lost):,} evaluations finished."]
        words += [f"{task}" for task in self.lost[:NAMED]]
        if len(self.lost) > NAMED:
            words.append(f"And {len(self.lost) - NAMED:,} more, see .lost.")
        words.append("What finished is in .evaluation.")
        super().__init__(" ".join(words))


def lose_all(
    label: str, error: WorkbenchError, tasks: Sequence[Task], results: Sequence[EmbedderResult]
) -> list[LostTask]:
    """All tasks of an embedder that is not to be had.

    Raises:
        WorkbenchError: ``error`` itself, where nothing would be lost with it, or it is Cancelled.
    """
    if not results or isinstance(error, Cancelled):
        raise error
    return [LostTask(label, task.name, error) for task in tasks]
