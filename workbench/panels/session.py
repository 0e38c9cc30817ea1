"""From a request to a view: load, embed, compare, map; in worker threads, newest first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Embedder, EmbedderCatalogue, Kind
from workbench.errors import Cancelled
from workbench.panels.compute import Made, compute
from workbench.panels.describe import embedding_facts
from workbench.panels.reports import report_failure, report_progress
from workbench.panels.state import Layout, Request, Status, Unrelated, View
from workbench.panels.views import build_view, correct_kinds, extras_of, old_points
from workbench.panels.worker import Workers
from workbench.panels.yardstick import Yardstick
from workbench.studies import project

ShowFn: TypeAlias = Callable[[View, frozenset[str]], None]
TellFn: TypeAlias = Callable[[Status], None]


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
        self.kinds: dict[str, Kind] = {}
        self._running = False
        self._show = show
        self._tell = tell
        self._yardstick = None if unrelated is None else Yardstick(unrelated)
        self.lock = lock or threading.RLock()
        self.workers = Workers(self._crashed)

    def embed(self, make: Callable[[], Request]) -> None:
        """Start the request that ``make`` gives; one that still runs is cancelled and replaced."""
        self.workers.embedding.submit(lambda cancel: self._guard(make, cancel))

    def relayout(self, layout: Layout) -> None:
        """Lay out the present view's map anew, from where its points are."""
        self.layout = layout
        view = self.view
        if view is not None:
            start = None if view.projection is None else view.projection.points
            view = replace(view, before_points=None)  # what moves now is not the toggle's doing
            self.workers.mapping.submit(lambda cancel: self._map(view, cancel, start=start))

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
        self.workers.errands.submit(self.attempt, errand)

    def attempt(self, work: Callable[[], None]) -> None:
        """Do something in the calling thread; what it raises becomes a message in the panel."""
        try:
            work()
        except Exception as exc:  # noqa: BLE001  (ipywidgets would swallow it)
            self.say(report_failure(exc))

    def measure(self) -> None:
        """Measure percentiles for what is on screen, however long it takes."""

        def job(cancel: threading.Event) -> None:
            view = self.view
            if view is None or self._yardstick is None:
                return
            self.say(Status("embedding", "Measuring the percentiles…", facts=self.status.facts))
            embedder = self.catalogue.load(view.request.spec, cancel=cancel)
            try:
                changes = self._yardstick.measure(embedder, view, cancel=cancel, patient=True)
            except Cancelled as exc:
                self.say(Status("cancelled", str(exc), exc.done, exc.total))
                return
            self.replace_view(view.serial, frozenset({"percentiles"}), **changes)
            self.say(Status("done", "The percentiles are measured."))

        self.workers.embedding.submit(job)

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
        self._running = True  # the map of the run before says nothing now
        try:
            self._run(make(), cancel)
        except Cancelled as exc:
            self.failure = exc
            self.say(Status("cancelled", f"{exc}{kept}", exc.done, exc.total))
        except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
            self._crashed(exc, kept)

    def _crashed(self, exc: BaseException, kept: str = "") -> None:
        self.failure = exc
        self.say(report_failure(exc, kept))

    def _run(self, request: Request, cancel: CancelSignal) -> None:
        made = compute(self.catalogue, request, say=self.say, cancel=cancel)
        if made is not None:
            self._present(made, cancel)
            self._measure_background(made.embedder, cancel)

    def _present(self, made: Made, cancel: CancelSignal) -> None:
        self.say(Status("comparing", "Comparing…"))
        started = time.perf_counter()
        old, request, embeddings = self.view, made.request, made.embeddings
        view = build_view(
            old, request, embeddings, label=made.label, wants=self.wants, cancel=cancel
        )
        with self.lock:
            # kinds may have been corrected while the run was on its way
            corrected = replace(request, parsed=correct_kinds(request.parsed, self.kinds))
            self.view = view = replace(view, request=corrected)
            self._show(view, frozenset({"texts", "map"}))
            self._running = False
        facts = embedding_facts(embeddings, time.perf_counter() - started)
        message = f"{len(embeddings):,} texts embedded. {made.note}".rstrip()
        self.say(Status("mapping", f"{message} Drawing the map…", facts=facts))
        self.workers.mapping.submit(
            lambda cancel: self._map(view, cancel, start=old_points(old, request), message=message)
        )

    def _map(
        self,
        view: View,
        cancel: CancelSignal,
        *,
        start: NDArray[np.float32] | None,
        message: str = "",
    ) -> None:
        layout, facts = self.layout, self.status.facts

        def say(status: Status) -> None:
            if not self._running:
                self.say(replace(status, facts=facts))

        try:
            projection = project(
                view.embeddings.vectors,
                n_neighbors=layout.n_neighbors,
                min_dist=layout.min_dist,
                seed=layout.seed,
                method=layout.method,
                start=start,
                progress=report_progress(say, "mapping", f"{message} Drawing the map…"),
                cancel=cancel,
            )
        except Cancelled:
            say(Status("done", f"{message} The map was cancelled: it is as it was before."))
            return
        changes = {"projection": projection, "before_points": view.before_points}
        self.replace_view(view.serial, frozenset({"map"}), **changes)
        say(Status("done", message or "The map is drawn."))

    def _measure_background(self, embedder: Embedder, cancel: CancelSignal) -> None:
        view = self.view
        if self._yardstick is None or view is None:
            return
        while not self.workers.mapping.wait(0.05):  # the map is waited for, percentiles are not
            if cancel.is_set():
                return
        try:
            changes = self._yardstick.measure(embedder, view, cancel=cancel)
        except Cancelled:
            return
        self.replace_view(view.serial, frozenset({"percentiles"}), **changes)
