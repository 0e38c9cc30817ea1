"""The endpoint doctor as a panel asks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workbench.contracts.diagnosis import Diagnosis, Finding
from workbench.contracts.progress import CancelSignal, ProgressFn


class Examiner(Protocol):
    """Examines endpoints on behalf of a panel; a module may be one."""

    def plan_words(self, *, deep: bool = False) -> str:
        """The most that an examination asks, in words."""
        ...

    def diagnose(
        self,
        base_url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        reference: str | None = None,
        against: str | None = None,
        deep: bool = False,
        tell: Callable[[Finding], None] | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Diagnosis:
        """Examine an endpoint.

        Args:
            base_url: As a person pastes it.
            model: Name of the model; None: the one that the server lists.
            key: Its key; None: from the environment, else none. It is kept in memory only.
            reference: Weights here, a directory or a known name; "none": no weights; None: those of
                the model's name, where they lie on this machine.
            against: A golden file, or another endpoint, "URL#MODEL".
            deep: Look longer.
            tell: Given each finding as it is made; called in this thread.
            progress: Told what is being tried.
            cancel: Looked at between requests.

        Raises:
            WorkbenchError: Nothing could be examined: no address, no such reference.
            Cancelled: ``cancel`` was set.
        """
        ...
