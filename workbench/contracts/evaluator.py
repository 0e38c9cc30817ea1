"""Evaluation as a panel asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from workbench.contracts.embedder import Embedder
from workbench.contracts.evaluation import Evaluation
from workbench.contracts.progress import CancelSignal, ProgressFn
from workbench.contracts.prompts import Prompt
from workbench.contracts.tasks import Task


class Evaluator(Protocol):
    """Evaluates embedders on behalf of a panel; a module may be one."""

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
        """Evaluate embedders on tasks.

        Args:
            embedders: By a short name: an embedder, or what loads it.
            tasks: With names of their own.
            prompts: By short name, then by role ("query", "document", "text").
            cost: Measure time and memory too.
            draws: How many times items are drawn for an interval.
            progress: Told what is being done.
            cancel: Looked at between steps.

        Raises:
            WorkbenchError: Nothing could be evaluated, or some of it could not be finished.
            Cancelled: ``cancel`` was set.
        """
        ...
