"""What a panel of embedders does in the background: one run at a time, and errands beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from workbench.contracts import EmbedderCatalogue
from workbench.errors import Cancelled
from workbench.panels.evaluation_embedders import AskedEmbedder, EmbedderList
from workbench.panels.reports import report_failure
from workbench.panels.wire import Payload, status_payload, told_payload
from workbench.panels.worker import ENDING_S, Job, Worker

Show = Callable[..., None]


class Background:
    """Runs and errands, without any widget.

    Args:
        name: Of the thread that runs: "evaluate" or "search".
        catalogue: Lists and loads embedders.
        show: Takes what has changed, by name; called in any thread.

    Attributes:
        failure: Why the last run came to nothing; None where it did not.
        embedders: The embedders that are offered.
    """

    def __init__(self, name: str, catalogue: EmbedderCatalogue, show: Show) -> None:
        self.failure: BaseException | None = None
        self.embedders = EmbedderList(catalogue)
        self._show = show
        self._worker = Worker(f"workbench-{name}", self.crashed)
        self._errands = Worker("workbench-errand", self.crashed)

    def add_embedder(self, spec: str, key: str = "") -> None:
        """Try an endpoint or a directory in the background and offer it."""
        held = [AskedEmbedder(spec.strip(), key)]  # taken out: a job that is done is kept

        def job(cancel: threading.Event) -> None:
            asked = held.pop()
            self._show(added=told_payload("busy", "Connecting…"))
            try:
                words = self.embedders.add(asked, cancel)
            except Cancelled:
                self._show(added=told_payload("", "Adding it was cancelled."))
                return
            except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
                self._show(added=told_payload("error", asked.hide(report_failure(exc).message)))
                return
            state = "ok" if words.ok else "error"
            told = told_payload(state, words.message, name=words.spec, kept=words.kept)
            self._show(**self._offered(), added=told)

        self._errands.submit(job)

    def cancel(self) -> None:
        """Ask what runs to stop; ``wait`` blocks until it has."""
        self._worker.cancel()
        self._errands.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing runs; False when ``timeout_s`` passed first."""
        return self._errands.wait(timeout_s) and self._worker.wait(timeout_s)

    def end(self) -> None:
        """Stop what runs and let the threads end."""
        for worker in (self._worker, self._errands):
            worker.end()
            worker.wait(ENDING_S)

    def crashed(self, exc: BaseException) -> None:
        """Say an error that nothing else said."""
        self.failure = exc
        failure = report_failure(exc)
        self._say("error", f"{failure.message}{self._below()}", details=failure.details)

    def _submit(self, run: Job, cancelled: Callable[[Cancelled], str]) -> None:
        """Run in the background instead of what runs.

        Args:
            run: What to do.
            cancelled: What to say when it was cancelled.
        """

        def job(cancel: threading.Event) -> None:
            self.failure = None
            try:
                run(cancel)
            except Cancelled as exc:
                self.failure = exc
                self._say("cancelled", f"{cancelled(exc)}{self._below()}")

        self._worker.submit(job)

    def _say(self, phase: str, message: str = "", **more: Any) -> None:  # noqa: ANN401
        self._show(status=status_payload(phase, message, **more))

    def _offered(self) -> Payload:
        """What is to be shown anew when the list of embedders has changed."""
        raise NotImplementedError

    def _below(self) -> str:
        """What is still on screen, as a sentence to add; "" where nothing is."""
        raise NotImplementedError
