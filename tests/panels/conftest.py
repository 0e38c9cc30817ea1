"""A panel on a fake catalogue, and no exception of a handler lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ipywidgets.widgets.widget import CallbackDispatcher

from tests.panels.fakes import Browser, FakeCatalogue
from workbench.panels.explorer import Explorer
from workbench.panels.sources import TextsArgument
from workbench.panels.state import Layout, Unrelated

FRUIT = ["apple", "banana", "苹果", "香蕉", "def peel(): ...", "screwdriver"]
Open = Callable[..., Browser]


@pytest.fixture(autouse=True)
def raise_what_handlers_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """ipywidgets writes an exception of a callback to a log and goes on: a test must see it."""

    def call(self: CallbackDispatcher, *args: object) -> None:
        for callback in self.callbacks:
            callback(*args)

    monkeypatch.setattr(CallbackDispatcher, "__call__", call)


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture
def open_panel(catalogue: FakeCatalogue) -> Iterator[Open]:
    """Opens panels on the fake catalogue; the first picture is awaited unless ``wait=False``.

    Maps are drawn by PCA: UMAP compiles for seconds in each process.
    """
    opened: list[Explorer] = []

    def open_one(
        texts: TextsArgument = FRUIT,
        *,
        spec: str = "near",
        unrelated: Callable[[], Unrelated] | None = None,
        wait: bool = True,
    ) -> Browser:
        catalogue.load_gate.shut()
        panel = Explorer(catalogue, texts=texts, spec=spec, unrelated=unrelated)
        panel.session.layout = Layout(method="pca")
        browser = Browser(panel)
        opened.append(panel)
        if wait:
            catalogue.load_gate.open()
            browser.rest()
        return browser

    yield open_one
    for embedder in catalogue.embedders.values():
        embedder.gate.open()
    catalogue.load_gate.open()
    for panel in opened:
        panel.cancel()
        panel.wait(30)
        panel.close()


@pytest.fixture
def many() -> list[str]:
    return [f"{'水果fruit'[i % 7]} {i}" for i in range(2_000)]
