"""What the browser sees of the Explorer: one widget, one trait a part, set under one lock."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import anywidget
import traitlets

from workbench.contracts import EmbedderChoice
from workbench.panels import assets
from workbench.panels.endpoints import verdict_payload
from workbench.panels.notices import banner_payload, issues_payload, status_payload
from workbench.panels.payloads import (
    changes_payload,
    map_payload,
    matrix_payload,
    percentile_payload,
    texts_payload,
)
from workbench.panels.state import BUSY, Status, View
from workbench.panels.wire import Payload


class Screen(anywidget.AnyWidget):
    """Traits that the script in ``assets`` draws; worker threads and the kernel's thread set them.

    Attributes:
        lock: Held while traits change, whichever thread does it: ipywidgets has no lock of its
            own, and what a worker sets while the browser's changes are taken could be lost.
        instead: What to say while "lexical" stands in for a model that is not installed.
    """

    _esm: ClassVar[str] = assets.script()
    _css: ClassVar[str] = assets.style()

    text = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict(status_payload(Status())).tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    preview: traitlets.Dict[str, Any] = traitlets.Dict({"prefix": "", "note": "", "error": ""}).tag(
        sync=True
    )
    banner = traitlets.Dict({"message": ""}).tag(sync=True)
    issues: traitlets.List[Any] = traitlets.List().tag(sync=True)
    table: traitlets.Dict[str, Any] = traitlets.Dict({"texts": []}).tag(sync=True)
    percentiles = traitlets.Dict().tag(sync=True)
    matrix = traitlets.Dict().tag(sync=True)
    map = traitlets.Dict().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)
    endpoint: traitlets.Dict[str, Any] = traitlets.Dict(verdict_payload("none")).tag(sync=True)
    code: traitlets.List[Any] = traitlets.List().tag(sync=True)
    selection = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, **traits: object) -> None:
        self.lock = threading.RLock()
        self.instead = ""
        self._shown: View | None = None
        super().__init__(**traits)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser changed; not while a worker thread shows a result."""
        with self.lock:
            super().set_state(sync_data)

    def say(self, status: Status) -> None:
        """Show how far the work is."""
        self.status = status_payload(status)
        self.busy = status.phase in BUSY

    def show_endpoint(self, verdict: Payload) -> None:
        """Say in the form what a try to connect came to."""
        with self.lock:
            self.endpoint = verdict

    def show_matrix(self, window: tuple[slice, slice] | None = None) -> None:
        """Send the matrix, or a window of it in full."""
        view = self._shown
        if view is not None:
            payload = matrix_payload(view, order=self.options["order"], window=window)
            with self.lock:
                if self._shown is not None and self._shown.serial == view.serial:
                    self.matrix = payload

    def show(self, view: View, parts: frozenset[str], *, recommended: EmbedderChoice) -> None:
        """Show those parts of a view that changed.

        Args:
            view: What is on screen from now on.
            parts: Of "texts", "map", "order", "clusters", "kinds", "percentiles".
            recommended: What the warning about a language offers.
        """
        before, self._shown = self._shown, view
        same = before is not None and before.request.texts == view.request.texts
        if parts & {"texts", "kinds"}:
            self.table = texts_payload(view)
        if "texts" in parts:
            if not same:
                self.selection = []
            self.issues = issues_payload(view)
            self.banner = banner_payload(view, recommended)
            if self.instead and view.request.spec == "lexical":
                self.banner = {"message": self.instead}
            fresh = view.change is not None and (before is None or before.change is not view.change)
            self.changes = changes_payload(view, fresh=fresh)
        if parts & {"texts", "order"}:
            self.matrix = matrix_payload(view, order=self.options["order"])
        if parts & {"texts", "map", "clusters"}:
            self.map = map_payload(view, colour=self.options["colour"], same=same)
        if "percentiles" in parts:
            self.percentiles = percentile_payload(view)
