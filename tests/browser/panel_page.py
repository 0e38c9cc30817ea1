"""What tests of the small panels share: find in one, wait for it, take its picture."""

from __future__ import annotations

import os
from dataclasses import dataclass

from playwright.sync_api import Locator

from tests.browser.harness import NotebookPage

_WIDE = 1500
"""Pixels: the dark screen is wider, the light one is not."""


@dataclass(frozen=True)
class PanelPage:
    """A panel on a notebook page.

    Attributes:
        name: "doctor" for the class ``ewb-doctor``.
        timeout_ms: Of waiting for a phase.
    """

    name: str
    timeout_ms: int = 30_000

    def find(self, notebook: NotebookPage, selector: str) -> Locator:
        """Elements of the panel."""
        return notebook.page.locator(f".ewb-{self.name} {selector}")

    def wait_phase(self, notebook: NotebookPage, phase: str) -> str:
        """The words of the status line once it is in this phase."""
        line = self.find(notebook, f".ewb-status[data-phase={phase}]")
        line.wait_for(state="attached", timeout=self.timeout_ms)
        return line.inner_text()

    def shot(self, notebook: NotebookPage, name: str) -> None:
        """Keep a picture of the whole panel, for which the window grows as tall as it."""
        if not os.environ.get("WORKBENCH_SHOTS"):
            return
        page, root = notebook.page, notebook.page.locator(f".ewb-{self.name}")
        size, box = page.viewport_size, root.bounding_box()
        assert size is not None and box is not None
        page.set_viewport_size({"width": size["width"], "height": int(box["height"]) + 300})
        page.wait_for_timeout(800)
        screen = "dark" if size["width"] > _WIDE else "light"
        notebook.shot(f"{self.name}-{name}-{screen}", root)
        page.set_viewport_size(size)
