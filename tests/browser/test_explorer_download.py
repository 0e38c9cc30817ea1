"""A model that is not on this machine: asked for with its size, fetched, stopped, embedded with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import Lab
from tests.embedders.fake_hub import Hub, run_hub

NAME = "Qwen/Qwen3-Embedding-0.6B"
BUTTON = "button.ewb-go:not(.ewb-agree)"


@pytest.fixture(scope="module")
def hub(tiny_qwen3: Path) -> Hub:
    """A hub that serves a tiny model under the name of a large one."""
    return Hub({NAME: tiny_qwen3})


@pytest.fixture(scope="module")
def page(lab: Lab, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExplorerPage]:
    """A page whose kernel knows that hub alone and has downloaded nothing."""
    home = tmp_path_factory.mktemp("hub")
    with run_hub(hub) as url:
        environ = {"HF_ENDPOINT": url, "HF_HOME": str(home)}
        setup = f"import os\nos.environ.update({environ!r})\n{ExplorerPage.SETUP}"
        with lab.notebook([setup, ExplorerPage.SHOW], app="doc") as notebook:
            notebook.run_one(0)
            yield ExplorerPage(notebook)


@pytest.fixture
def explorer(page: ExplorerPage, hub: Hub) -> Iterator[ExplorerPage]:
    page.show()
    yield page
    page.close()
    hub.bytes_per_second = None


def test_a_download_is_asked_for_with_its_size_and_can_wait(
    explorer: ExplorerPage, hub: Hub
) -> None:
    before, asked = explorer.serial, len(hub.requests)
    explorer.embedder.select_option(NAME)
    explorer.wait_phase("consent")
    assert "1.2 GB" in explorer.status.inner_text()
    assert "1.2 GB" in explorer.find("button.ewb-agree").inner_text()
    explorer.embedder.select_option("")
    assert not explorer.find("button.ewb-agree").count(), "another is being chosen"
    explorer.embedder.select_option(NAME)
    explorer.find("button.ewb-agree").wait_for()
    explorer.find("button.ewb-decline").click()
    explorer.wait_phase("idle")
    assert explorer.embedder.input_value() == "given"
    assert explorer.find(".ewb-radio input[value=none]").is_checked()
    assert (explorer.serial, len(hub.requests)) == (before, asked)
    explorer.embed("the\nmodel\nbefore")
    assert explorer.python("panel.embeddings.info.name").endswith("all-MiniLM-L6-v2")


def test_a_download_shows_its_progress_and_can_be_cancelled(
    explorer: ExplorerPage, hub: Hub
) -> None:
    before = explorer.serial
    hub.bytes_per_second = 150_000
    explorer.embedder.select_option(NAME)
    explorer.find("button.ewb-agree").click()
    explorer.page.wait_for_function(
        """() => {
            const bar = document.querySelector('.ewb .ewb-progress');
            const line = document.querySelector('.ewb .ewb-status').textContent;
            return bar.value > 0 && bar.value < bar.max && /\\d kB\\/s · \\d+ s left/.test(line);
        }""",
        timeout=20_000,
    )
    explorer.find("button.ewb-cancel").click()
    explorer.wait_phase("cancelled", timeout_s=10)
    assert "bytes" in explorer.status.inner_text()
    assert explorer.serial == before


def test_an_agreed_download_ends_in_a_picture_and_the_models_instructions(
    explorer: ExplorerPage,
) -> None:
    before = explorer.serial
    explorer.embedder.select_option(NAME)
    explorer.find("button.ewb-agree").click()
    loaded = explorer.settled(before, method="")
    assert explorer.python("panel.embeddings.info.name") == NAME
    assert "ready" in explorer.embedder.locator("option:checked").inner_text()
    explorer.choose_prompt("query")
    explorer.settled(loaded, method="")
    assert explorer.find(".ewb-preview").inner_text().startswith("Instruct: Given a web search")
    assert explorer.python("panel.embeddings.prompt.name") == "query"
