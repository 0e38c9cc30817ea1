"""How far an evaluation has got, counted in texts over all embedders and tasks."""

from __future__ import annotations

from workbench.contracts import CancelSignal, Progress, ProgressFn, Task, check_cancel
from workbench.studies.evaluation.texts import count_texts


class Meter:
    """Tells of progress and looks at the cancel signal.

    Args:
        total: Texts of all embedders and tasks.
        progress: Told of each step.
        cancel: Looked at on each step.
    """

    def __init__(
        self, total: int, progress: ProgressFn | None, cancel: CancelSignal | None
    ) -> None:
        self.cancel = cancel
        self._total = total
        self._progress = progress
        self._before = 0
        self._texts = 0
        self._name = ""

    def begin(self, label: str, task: Task) -> None:
        """A task begins.

        Raises:
            Cancelled: The signal is set; so for the methods below.
        """
        self._name, self._texts = f"{label}: {task.name}", count_texts(task)
        self.step(0)

    def step(self, done: int, message: str = "") -> None:
        """So many texts of the task have vectors."""
        reached = self._before + min(done, self._texts)
        check_cancel(self.cancel, done=reached, total=self._total)
        if self._progress is not None:
            words = f"{self._name}, {message}" if message else self._name
            self._progress(Progress("evaluate", reached, self._total, words))

    def end(self) -> None:
        """The task is over, finished or not."""
        self.step(self._texts)
        self._before += self._texts
        self._texts = 0
