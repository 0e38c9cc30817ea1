"""A search as a panel runs it, without any widget: what is searched, what was found, its labels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from workbench.contracts import EmbedderCatalogue
from workbench.errors import Cancelled, InputError
from workbench.panels.evaluation_embedders import AskedEmbedder, EmbedderList
from workbench.panels.evaluation_state import status_payload, told_payload
from workbench.panels.reports import report_failure
from workbench.panels.search_passages import Passages
from workbench.panels.search_payloads import found_payload, labels_payload
from workbench.panels.search_run import Found, Query, SearchRunner
from workbench.panels.worker import ENDING_S, Worker
from workbench.studies.judgements import Judgement, Judgements


class Searching:
    """What the panel does; the widget only shows it.

    Args:
        catalogue: Lists and loads embedders.
        passages: What is searched at first.
        show: Takes what has changed, by name; called in any thread.

    Attributes:
        labels: Thumbs so far.
        found: What is on screen; None before the first search.
        failure: Why the last search came to nothing; None where it did not.
    """

    def __init__(
        self, catalogue: EmbedderCatalogue, passages: Passages, show: Callable[..., None]
    ) -> None:
        self.catalogue, self.passages = catalogue, passages
        self.embedders = EmbedderList(catalogue)
        self.labels = Judgements()
        self.found: Found | None = None
        self.failure: BaseException | None = None
        self._show = show
        self._runner = SearchRunner(catalogue, self._say, self._present)
        self._worker = Worker("workbench-search", self.crashed)
        self._errands = Worker("workbench-errand", self.crashed)

    def search(self, query: Query) -> None:
        """Search in the background, instead of what runs; what is on screen stays until then."""
        passages = self.passages

        def job(cancel: threading.Event) -> None:
            self.failure = None
            try:
                self._runner.run(query, passages, cancel)
            except Cancelled as exc:
                self.failure = exc
                before = " What is below is the search before." if self.found else ""
                self._say("cancelled", f"{exc}{before}")

        self._worker.submit(job)

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
            self._show(choices=None, added=told)

        self._errands.submit(job)

    def take(self, passages: Passages) -> None:
        """Search these from now on."""
        self.passages = passages

    def judge(self, row: int, *, right: bool) -> None:
        """A thumb for a passage of what is on screen, as the last ranking has it.

        Raises:
            InputError: Nothing was found yet, or no passage is at that place.
        """
        found = self.found
        if found is None or not 0 <= row < len(found.index):
            raise InputError(f"Passage {row!r} is not on screen. Search first.")
        result = found.results[-1]
        self.labels.give(
            Judgement(
                result.query,
                found.index.ids[row],
                found.index.passages[row],
                right,
                found.label,
                result.prompt.prefix,
                int(result.ranks[row]),
                float(result.scores[row]),
            )
        )
        self.show_labels()

    def show_labels(self) -> None:
        """Send the labels as they are."""
        self._show(labels=labels_payload(self.labels, self.found))

    @property
    def corpus(self) -> dict[str, str]:
        """What is searched now, text by id."""
        return dict(zip(self.passages.ids, self.passages.texts, strict=True))

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
        kept = " What is below is the search before." if self.found else ""
        self._say("error", f"{failure.message}{kept}", details=failure.details)

    def _say(self, phase: str, message: str = "", **more: Any) -> None:  # noqa: ANN401
        self._show(status=status_payload(phase, message, **more))

    def _present(self, found: Found) -> None:
        self.found = found
        self._show(result=found_payload(found))
        self.show_labels()
