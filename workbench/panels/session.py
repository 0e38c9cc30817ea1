"""From a request to a view: load, embed, compare, map; in worker threads, newest first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderCatalogue,
    Embeddings,
    Kind,
    check_cancel,
)
from workbench.errors import Cancelled, InputError
from workbench.panels.describe import embedding_facts, size_words
from workbench.panels.reports import report_failure, report_progress
from workbench.panels.state import Layout, Request, Status, View
from workbench.panels.views import build_view, extras_of, old_points
from workbench.panels.worker import Worker
from workbench.studies import measure_background, project

ShowFn: TypeAlias = Callable[[View, frozenset[str]], None]
TellFn: TypeAlias = Callable[[Status], None]

BACKGROUND_BUDGET_S = 20.0
"""Percentiles are measured unasked only where the sample texts take less than this to embed."""


@dataclass(frozen=True)
class Unrelated:
    """Texts of known topics: two of different topics are an unrelated pair."""

    texts: Sequence[str]
    kinds: Sequence[Kind]
    topics: Sequence[str]


class Session:
    """Owns the embedders and the present view; knows no widget.

    Two threads: one embeds, one lays out the map, so that a new request never waits for UMAP.

    Args:
        catalogue: Where embedders come from.
        show: Called with each new view and the names of its parts that changed
            ("texts", "map", "percentiles"); from a worker thread.
        tell: Called with each new status; from any thread.
        unrelated: Gives the sample texts that percentiles are measured on; None: no percentiles.
        lock: Held while the view changes; None: one of its own.
    """

    def __init__(
        self,
        catalogue: EmbedderCatalogue,
        *,
        show: ShowFn,
        tell: TellFn,
        unrelated: Callable[[], Unrelated] | None = None,
        lock: threading.RLock | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.layout = Layout()
        self.view: View | None = None
        self.status = Status()
        self.failure: BaseException | None = None
        self.wants: frozenset[str] = frozenset()
        self._seconds_a_text: dict[str, float] = {}
        self._show = show
        self._tell = tell
        self._unrelated = unrelated
        self.lock = lock or threading.RLock()
        self._embedding = Worker("workbench-embed", self._crashed)
        self._mapping = Worker("workbench-map", self._crashed)
        self._errands = ThreadPoolExecutor(1, thread_name_prefix="workbench-errand")

    def embed(self, make: Callable[[], Request]) -> None:
        """Start the request that ``make`` gives; one that still runs is cancelled and replaced."""
        self._embedding.submit(lambda cancel: self._guard(make, cancel))

    def relayout(self, layout: Layout) -> None:
        """Lay out the present view's map anew, from where its points are."""
        self.layout = layout
        view = self.view
        if view is not None:
            start = None if view.projection is None else view.projection.points
            view = replace(view, before_points=None)  # what moves now is not the toggle's doing
            self._mapping.submit(lambda cancel: self._map(view, cancel, start=start))

    def want(self, part: str) -> None:
        """Add "order" or "clusters" to this view and all that follow."""
        self.wants |= {part}

        def add() -> None:
            view = self.view
            if view is not None and getattr(view, part) is None:
                found = extras_of(view.comparison, frozenset({part}))
                self.replace_view(view.serial, frozenset({part}), **found)

        self.run_errand(add)

    def run_errand(self, errand: Callable[[], None]) -> None:
        """Do something short off the calling thread, in the order asked, without stopping a run."""
        self._errands.submit(self.attempt, errand)

    def attempt(self, work: Callable[[], None]) -> None:
        """Do something in the calling thread; what it raises becomes a message in the panel."""
        try:
            work()
        except Exception as exc:  # noqa: BLE001  (ipywidgets would swallow it)
            self.say(report_failure(exc))

    def end(self) -> None:
        """Stop what runs and let the threads end."""
        self._embedding.end()
        self._mapping.end()
        self._errands.shutdown(wait=False, cancel_futures=True)

    def cancel(self) -> None:
        """Stop what runs; what is on screen stays."""
        self._embedding.cancel()
        self._mapping.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until both threads rest; False when ``timeout_s`` passed first."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._embedding.wait(timeout_s):
            return False
        rest = None if deadline is None else max(0.0, deadline - time.monotonic())
        return self._mapping.wait(rest)

    def replace_view(self, serial: int, parts: frozenset[str], **changes: object) -> None:
        """Change parts of the view of that serial; a view that has been replaced stays as it is."""
        with self.lock:
            if self.view is None or self.view.serial != serial:
                return
            self.view = replace(self.view, **changes)  # type: ignore[arg-type]
            self._show(self.view, parts)

    def say(self, status: Status) -> None:
        """Publish a status."""
        with self.lock:
            self.status = status
            self._tell(status)

    def _guard(self, make: Callable[[], Request], cancel: threading.Event) -> None:
        kept = "" if self.view is None else " What is on screen is the result before."
        self.failure = None
        try:
            self._run(make(), cancel)
        except Cancelled as exc:
            self.say(Status("cancelled", f"{exc}{kept}", exc.done, exc.total))
        except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
            self._crashed(exc, kept)

    def _crashed(self, exc: BaseException, kept: str = "") -> None:
        self.failure = exc
        self.say(report_failure(exc, kept))

    def _run(self, request: Request, cancel: CancelSignal) -> None:
        if not request.parsed.items:
            raise InputError("There is nothing to embed: no text was given. Paste one a line.")
        self.say(Status("loading", "Loading the model…"))
        choice = self.catalogue.describe(request.spec)
        if choice.state == "needs download" and not request.agreed:
            size = choice.download_bytes or self.catalogue.measure_download(request.spec)
            ask = f"{choice.label} is not on this machine: a download of {size_words(size)}."
            self.say(Status("consent", ask, ask_bytes=size))
            return
        embedder = self.catalogue.load(
            request.spec, progress=report_progress(self.say, "loading"), cancel=cancel
        )
        embeddings = embedder.embed(
            request.texts,
            prompt=request.prompt,
            progress=report_progress(self.say, "embedding"),
            cancel=cancel,
        )
        check_cancel(cancel, done=len(embeddings), total=len(embeddings))
        self._present(request, embeddings, choice.label)
        self._measure_background(embedder, request, embeddings, cancel)

    def _present(self, request: Request, embeddings: Embeddings, label: str) -> None:
        self.say(Status("comparing", "Comparing…"))
        started = time.perf_counter()
        view = build_view(self.view, request, embeddings, label=label, wants=self.wants)
        start = old_points(self.view, request)
        with self.lock:
            self.view = view
            self._show(view, frozenset({"texts", "map"}))
        facts = embedding_facts(embeddings, time.perf_counter() - started)
        n = len(embeddings)
        self.say(Status("done", f"{n:,} texts embedded.", n, n, facts=facts))
        self._mapping.submit(lambda cancel: self._map(view, cancel, start=start))

    def _map(self, view: View, cancel: CancelSignal, *, start: NDArray[np.float32] | None) -> None:
        layout = self.layout
        try:
            projection = project(
                view.embeddings.vectors,
                n_neighbors=layout.n_neighbors,
                min_dist=layout.min_dist,
                seed=layout.seed,
                method=layout.method,
                start=start,
                cancel=cancel,
            )
        except Cancelled:
            return
        self.replace_view(
            view.serial, frozenset({"map"}), projection=projection, before_points=view.before_points
        )

    def _measure_background(
        self, embedder: Embedder, request: Request, embeddings: Embeddings, cancel: CancelSignal
    ) -> None:
        view = self.view
        if self._unrelated is None or view is None:
            return
        while not self._mapping.wait(0.05):  # the map is waited for, percentiles are not
            if cancel.is_set():
                return
        computed = int((~embeddings.cached).sum())
        if computed:
            self._seconds_a_text[request.spec] = embeddings.seconds / computed
        unrelated = self._unrelated()
        cost_s = self._seconds_a_text.get(request.spec, 0.0) * len(unrelated.texts)
        if cost_s > BACKGROUND_BUDGET_S:
            return
        try:
            background = measure_background(
                embedder,
                unrelated.texts,
                unrelated.kinds,
                unrelated.topics,
                prompt=request.prompt,
                cancel=cancel,
            )
        except Cancelled:
            return
        self.replace_view(view.serial, frozenset({"percentiles"}), background=background)
