"""A search as a panel runs it, without any widget: what is searched, what was found, its labels."""

from __future__ import annotations

from workbench.contracts import EmbedderCatalogue
from workbench.errors import InputError
from workbench.panels.background import Background, Show
from workbench.panels.search_passages import Passages
from workbench.panels.search_payloads import found_payload, labels_payload
from workbench.panels.search_run import Found, Query, SearchRunner
from workbench.panels.wire import Payload
from workbench.studies.judgements import Judgement, Judgements


class Searching(Background):
    """What the panel does; the widget only shows it.

    Args:
        catalogue: Lists and loads embedders.
        passages: What is searched at first.
        show: Takes what has changed, by name; called in any thread.

    Attributes:
        labels: Thumbs so far.
        found: What is on screen; None before the first search.
    """

    def __init__(self, catalogue: EmbedderCatalogue, passages: Passages, show: Show) -> None:
        super().__init__("search", catalogue, show)
        self.catalogue, self.passages = catalogue, passages
        self.labels = Judgements()
        self.found: Found | None = None
        self._runner = SearchRunner(catalogue, self._say, self._present)

    def search(self, query: Query) -> None:
        """Search in the background, instead of what runs; what is on screen stays until then."""
        passages = self.passages
        self._submit(lambda cancel: self._runner.run(query, passages, cancel), str)

    def take(self, passages: Passages) -> None:
        """Search these from now on."""
        self.passages = passages

    def judge(self, row: int, *, right: bool, column: int = -1) -> None:
        """A thumb for a passage of what is on screen, as the ranking of a column has it.

        Raises:
            InputError: Nothing was found yet, or no passage is at that place.
        """
        found = self.found
        if found is None or not 0 <= row < len(found.index):
            raise InputError(f"Passage {row!r} is not on screen. Search first.")
        if not -1 <= column < len(found.results):
            raise InputError(f"Column {column!r} is not on screen: {len(found.results)} are.")
        result = found.results[column]
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

    def _offered(self) -> Payload:
        return {"choices": None}

    def _below(self) -> str:
        return " What is below is the search before." if self.found else ""

    def _present(self, found: Found) -> None:
        self.found = found
        self._show(result=found_payload(found))
        self.show_labels()
