"""The panel that starts servers, with a real llama.cpp; and the Explorer on what it started."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import DESKTOP_DARK, LAPTOP, Lab, NotebookPage, Screen
from tests.browser.panel_page import PanelPage
from tests.browser.server import free_port
from tests.embedders.tiny_qwen3 import Shape, build_qwen3
from tests.engines.environments import engine_python
from tests.engines.gguf import write_gguf

KEY = "sk-nobody-may-read-this-7f3a"
CELLS = [
    "import os\nimport workbench as wb\nserver = wb.serve_panel()\nserver",
    "panel = wb.explore(embedder='lexical')\npanel",
]
PANEL = PanelPage("serve", timeout_ms=60_000)
find, wait_phase = PANEL.find, PANEL.wait_phase


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_qwen3(tmp_path_factory.mktemp("gguf") / "tiny", shape=Shape(positions=1024))
    return write_gguf(folder, folder.parent / "tiny-qwen3.gguf")


@pytest.fixture(scope="module")
def python() -> str:
    return engine_python("xllamacpp")


def answers(url: str) -> bool:
    """Whether a server listens there."""
    with suppress(URLError, ConnectionError):
        try:
            urlopen(f"{url}/models", timeout=5).close()
        except HTTPError as error:
            error.close()
        return True
    return False


@pytest.fixture(params=[LAPTOP, DESKTOP_DARK], ids=str)
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[NotebookPage]:
    """A page with the panel; whatever it started is stopped at the end."""
    screen: Screen = request.param
    with lab.notebook(CELLS, screen=screen, app="doc") as notebook:
        notebook.run_code(f"import os; os.environ['TEST_KEY'] = {KEY!r}")
        notebook.run_one(0)
        yield notebook
        notebook.run_code("server.close()")


def test_a_real_server_is_planned_started_used_and_stopped(
    notebook: NotebookPage, gguf: Path, python: str
) -> None:
    port = free_port()
    screen = "dark" if notebook.page.evaluate("innerWidth") > 1500 else "light"
    find(notebook, ".ewb-engine").select_option("vllm")
    find(notebook, ".ewb-path").fill(str(gguf.parent / "tiny"))
    find(notebook, ".ewb-problems li").first.wait_for(timeout=10_000)
    assert "vLLM is not installed" in find(notebook, ".ewb-problems").inner_text()
    assert "pip install" in find(notebook, ".ewb-problems").inner_text()
    notebook.shot(f"serve-problem-{screen}")

    find(notebook, ".ewb-engine").select_option("llamacpp")
    find(notebook, ".ewb-path").fill(str(gguf))
    find(notebook, ".ewb-port").fill(str(port))
    find(notebook, ".ewb-python").fill(python)
    find(notebook, ".ewb-keyenv").fill("TEST_KEY")
    find(notebook, ".ewb-problems").wait_for(state="hidden", timeout=10_000)
    for form, sign in (("docker", "docker run"), ("systemd", "[Service]"), ("nginx", "location")):
        find(notebook, f".ewb-tab-{form}").click()
        assert sign in find(notebook, ".ewb-plan .ewb-snippet").inner_text()
    find(notebook, ".ewb-tab-nginx").press("ArrowRight")
    assert f"--port {port}" in find(notebook, ".ewb-plan .ewb-snippet").inner_text()

    find(notebook, ".ewb-go").click()
    url = f"http://127.0.0.1:{port}/v1"
    said = wait_phase(notebook, "ready")
    assert url in said and "64 dimensions" in said
    assert find(notebook, ".ewb-go").is_disabled()
    assert answers(url)
    connect = find(notebook, ".ewb-run .ewb-code .ewb-snippet").first.inner_text()
    assert "os.environ['TEST_KEY']" in connect
    made = notebook.run_code(f"made = {connect.splitlines()[-1]}; print(made.info.dim)")
    assert made == "64\n"
    notebook.run_code("made.unload()")
    assert find(notebook, ".ewb-log").inner_text().count("\n") > 3
    notebook.shot(f"serve-{screen}")

    notebook.run_one(1)
    explorer = ExplorerPage(notebook)
    explorer.root = notebook.page.locator(".ewb:not(.ewb-serve)")
    explorer.page.wait_for_function(
        "() => document.querySelector('.ewb:not(.ewb-serve) .ewb-status').dataset.phase === 'done'",
        timeout=60_000,
    )
    explorer.find("select.ewb-embedder").select_option("endpoint:")
    explorer.find(".ewb-url").fill(url)
    explorer.find(".ewb-key").fill(KEY)
    explorer.find(".ewb-connect").click()
    notebook.wait_until("panel.view is not None and '#' in panel.view.request.spec")
    assert explorer.python("panel.view.embeddings.vectors.shape[1]") == 64
    notebook.shot(f"serve-explored-{screen}", explorer.root)
    notebook.run_code("panel.cancel(); panel.wait(); panel.close()")

    find(notebook, ".ewb-stop").click()
    wait_phase(notebook, "stopped")
    assert not answers(url)
    assert KEY not in json.dumps(notebook.save())
    assert KEY not in notebook.page.content()
    assert KEY not in find(notebook, ".ewb-log").inner_text()


def test_a_death_is_told_with_what_mends_it_and_closing_the_kernel_stops_a_server(
    lab: Lab, gguf: Path, python: str
) -> None:
    broken, port = gguf.with_name("<b>broken.gguf"), free_port()
    broken.write_bytes(gguf.read_bytes()[:200_000])
    url = f"http://127.0.0.1:{port}/v1"
    with lab.notebook(CELLS[:1], app="doc") as notebook:
        notebook.run_one(0)
        find(notebook, ".ewb-engine").select_option("llamacpp")
        find(notebook, ".ewb-path").fill(str(broken))
        find(notebook, ".ewb-port").fill(str(port))
        find(notebook, ".ewb-python").fill(python)
        find(notebook, ".ewb-go").click()
        wait_phase(notebook, "error")
        shown = find(notebook, ".ewb-serveright")
        assert not shown.locator(".ewb-status details").count(), "no traceback of ours"
        assert "<b>broken" in shown.inner_text() and not shown.locator("b").count()
        notebook.shot("serve-death")
        find(notebook, ".ewb-path").fill(str(gguf))
        find(notebook, ".ewb-path").press("Enter")
        wait_phase(notebook, "ready")
        assert answers(url)
    end = time.monotonic() + 20
    while answers(url):
        assert time.monotonic() < end, "the server outlived its kernel"
        time.sleep(0.1)
