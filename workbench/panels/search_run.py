"""One search from press to picture: load, embed passages, rank, mark sentences, measure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderCatalogue,
    Progress,
    Prompt,
    size_words,
)
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.panels.describe import host_elsewhere
from workbench.panels.search_passages import Passages
from workbench.panels.sources import unrelated_samples
from workbench.panels.yardstick import BUDGET_S
from workbench.studies import Background
from workbench.studies.found import SearchResult
from workbench.studies.highlights import Highlight, highlight
from workbench.studies.search import SearchIndex
from workbench.studies.search_background import measure_search_background

MOST_HITS = 100


@dataclass(frozen=True)
class Query:
    """One press of Search.

    Attributes:
        text: The query, to the letter.
        spec: The embedder.
        prompt: The instruction, as in ``Embedder.embed``; "": none, so nothing to compare.
        k: Passages wanted, 1 to ``MOST_HITS``.
        agreed: The download that this embedder needs was agreed to.
    """

    text: str
    spec: str
    prompt: str | Prompt | None = ""
    k: int = 10
    agreed: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InputError("The query is empty. Type what to look for, then press Enter.")
        if not 1 <= self.k <= MOST_HITS:
            raise InputError(f"k is {self.k!r}; 1 to {MOST_HITS} passages can be shown.")


@dataclass(frozen=True)
class Found:
    """What is on screen.

    Attributes:
        index: What was searched.
        results: Without instruction, and with it where one was asked for.
        lights: Nearest sentences, for each hit of each result.
        label: What the picker calls the embedder.
        backgrounds: Cosines of unrelated pairs for each result; None where not known.
        said: What became of measuring them, or "".
    """

    index: SearchIndex
    results: tuple[SearchResult, ...]
    lights: tuple[tuple[Highlight, ...], ...]
    label: str
    backgrounds: tuple[Background | None, ...]
    said: str = ""


class SearchRunner:
    """Runs searches one after another; keeps the passages' vectors between them.

    Args:
        catalogue: Lists and loads embedders.
        say: Takes phase and message, ``done`` and ``total``.
        show: Takes what was found: once ranked, and once more when percentiles are known.
    """

    def __init__(
        self,
        catalogue: EmbedderCatalogue,
        say: Callable[..., None],
        show: Callable[[Found], None],
    ) -> None:
        self._catalogue, self._say, self._show = catalogue, say, show
        self._kept: tuple[str, Passages, SearchIndex] | None = None
        self._pace_s = 0.0  # seconds a character
        self._backgrounds: dict[tuple[str, str, str], Background] = {}

    def run(self, query: Query, passages: Passages, cancel: CancelSignal) -> None:
        """Search; nothing is shown before the rankings are whole.

        Raises:
            Cancelled: ``cancel`` was set.
            WorkbenchError: It came to nothing.
        """
        embedder = self._load(query, cancel)
        if embedder is None:
            return
        index = self._embed(embedder, query.spec, passages, cancel)
        self._say("searching", "Searching…")
        results = [index.search(query.text, k=query.k, prompt="", cancel=cancel)]
        if query.prompt != "":
            asked = index.search(query.text, k=query.k, prompt=query.prompt, cancel=cancel)
            results += [asked] if asked.prompt.prefix else []
        lights = [
            highlight(
                embedder,
                result.vector,
                [hit.text for hit in result.hits],
                prompt=index.prompt,
                cancel=cancel,
            )
            for result in results
        ]
        label, unknown = self._catalogue.describe(query.spec).label, (None,) * len(results)
        found = Found(index, tuple(results), tuple(lights), label, unknown)
        self._show(found)
        self._say("searching", "Measuring unrelated pairs…")
        self._show(self._measure(embedder, query.spec, found, cancel))
        self._say("done")

    def _load(self, query: Query, cancel: CancelSignal) -> Embedder | None:
        """The embedder; None where a download has to be agreed to first."""
        self._say("loading", "Loading the model…")
        choice = self._catalogue.describe(query.spec)
        if choice.state == "needs download" and not query.agreed:
            size = choice.download_bytes or self._catalogue.measure_download(query.spec)
            ask = f"{choice.label} is not on this machine: a download of {size_words(size)}."
            self._say("consent", ask)
            return None

        def report(step: Progress) -> None:
            self._say("loading", step.message or "Loading…", done=step.done, total=step.total)

        return self._catalogue.load(query.spec, progress=report, cancel=cancel)

    def _embed(
        self, embedder: Embedder, spec: str, passages: Passages, cancel: CancelSignal
    ) -> SearchIndex:
        known = self._kept
        if known is not None and known[:2] == (spec, passages) and known[2].embedder is embedder:
            return known[2]

        def report(step: Progress) -> None:
            self._say("embedding", "Embedding passages…", done=step.done, total=step.total)

        self._say("embedding", "Embedding passages…", total=len(passages.texts))
        started = time.perf_counter()
        index = SearchIndex.build(
            embedder, passages.texts, ids=passages.ids, progress=report, cancel=cancel
        )
        self._pace_s = (time.perf_counter() - started) / sum(map(len, passages.texts))
        self._kept = (spec, passages, index)
        return index

    def _measure(self, embedder: Embedder, spec: str, found: Found, cancel: CancelSignal) -> Found:
        """Percentiles among unrelated pairs, where that is quick and sends nothing elsewhere."""
        texts = unrelated_samples()
        cost_s = 2 * self._pace_s * sum(map(len, texts.texts))
        host = host_elsewhere(embedder.info)
        if host is not None or cost_s > BUDGET_S:
            why = f"send texts to {host}" if host else f"take about {cost_s:.0f} s"
            said = f"Percentiles among unrelated pairs are not measured: that would {why}."
            return replace(found, said=said)
        document, measured = found.index.prompt, []
        for result in found.results:
            key = (spec, result.prompt.prefix, document.prefix)
            try:
                if key not in self._backgrounds:
                    self._backgrounds[key] = measure_search_background(
                        embedder,
                        texts.texts,
                        texts.kinds,
                        texts.topics,
                        query=result.prompt,
                        document=document,
                        cancel=cancel,
                    )
            except Cancelled:
                return replace(found, said="Measuring the unrelated pairs was cancelled.")
            except WorkbenchError as exc:
                return replace(found, said=f"The unrelated pairs could not be measured: {exc}")
            measured.append(self._backgrounds[key])
        return replace(found, backgrounds=tuple(measured))
