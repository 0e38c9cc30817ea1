"""How far an evaluation has got, counted in texts over all embedders and tasks."""

from __future__ import annotations

from workbench.contracts import CancelSignal, Progress, ProgressFn, Task, check_cancel
from workbench.studies.evaluation.texts import count_texts


class Meter:
    """Tells of progress and looks at the cancel signal.

    Args:
        total: Texts of all embedders and tasks.
        progress: Told of each step.
        cancel: Looked at when a task begins and between calls of its embedder.
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
            Cancelled: The signal is set.
        """
        self._name, self._texts = f"{label}: {task.name}", count_texts(task)
        self.check(0)
        self.tell(0)

    def tell(self, done: int, message: str = "") -> None:
        """So many texts of the task have vectors."""
        if self._progress is not None:
            words = f"{self._name}, {message}" if message else self._name
            self._progress(Progress("evaluate", self._reach(done), self._total, words))

    def check(self, done: int) -> None:
        """Look at the signal, with so many texts of the task done.

        Raises:
            Cancelled: It is set; with the counts of the whole evaluation.
        """
        check_cancel(self.cancel, done=self._reach(done), total=self._total)

    def end(self) -> None:
        """The task is over, finished or not."""
        self.tell(self._texts)
        self._before += self._texts
        self._texts = 0

    def _reach(self, done: int) -> int:
        return self._before + min(done, self._texts)
