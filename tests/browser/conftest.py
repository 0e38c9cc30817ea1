"""A JupyterLab and a browser for this folder, and a page that shows an Explorer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import CHROMIUM_ARGS, Lab, find_chromium
from tests.browser.server import LabServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def give_up(why: str) -> NoReturn:
    """Skip aloud; fail where a browser was promised."""
    if os.environ.get("WORKBENCH_REQUIRE_BROWSER") == "1":
        pytest.fail(f"WORKBENCH_REQUIRE_BROWSER=1, but {why}", pytrace=False)
    pytest.skip(why)


# this folder's and no longer: Playwright keeps an event loop running in this thread, where other
# tests (nbval's among them) start their own
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        give_up("Playwright is not installed: pip install -e '.[test]'")
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium)
        if path is None:
            give_up("there is no Chromium: install the package chromium, or set $CHROMIUM")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    server = LabServer(tmp_path_factory.mktemp("lab"))
    server.wait()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def lab(browser: Browser, lab_server: LabServer) -> Lab:
    return Lab(lab_server, browser)


@pytest.fixture(scope="package")
def warm_page(lab: Lab) -> Iterator[ExplorerPage]:
    """A page with a model in its kernel that many panels can share."""
    with lab.notebook([ExplorerPage.SETUP, ExplorerPage.SHOW], app="doc") as notebook:
        notebook.run_one(0)
        yield ExplorerPage(notebook)


@pytest.fixture
def explorer(warm_page: ExplorerPage) -> Iterator[ExplorerPage]:
    """A fresh panel that shows the starter sample, its map laid out."""
    warm_page.show()
    yield warm_page
    warm_page.close()
    errors = list(warm_page.notebook.errors)
    warm_page.notebook.errors.clear()
    assert not errors, "\n".join(errors)
