"""What ``workbench lab`` sets up, seen in a running JupyterLab."""

from __future__ import annotations

import re
import sys

import pytest

from tests.browser.harness import DESKTOP_DARK, LAPTOP, Lab, Screen
from tests.browser.server import LabServer

BUTTONS = """
import threading
import ipywidgets

seen = []
for name in ("first", "second"):
    button = ipywidgets.Button(description=name).add_class(name)
    button.on_click(lambda button: seen.append((button.description, threading.get_ident())))
    display(button)
"""
SUBSHELLS = "print([t.name for t in threading.enumerate() if t.name.startswith('subshell')])"


def test_clicks_of_two_widgets_arrive_in_order_on_the_kernels_one_thread(lab: Lab) -> None:
    with lab.notebook([BUTTONS]) as notebook:
        notebook.run_all()
        for name in ("first", "second") * 3:
            notebook.page.locator(f"button.{name}").click()
        notebook.wait_until("len(seen) == 6")
        names = notebook.run_code("print([name for name, _ in seen])")
        assert names == f"{['first', 'second'] * 3}\n"
        threads = notebook.run_code(
            "print({thread for _, thread in seen} == {threading.get_ident()})"
        )
        assert threads == "True\n"
        assert notebook.run_code(SUBSHELLS) == "[]\n"


def test_the_kernel_is_this_environments_and_has_the_workbench(lab: Lab) -> None:
    with lab.notebook([]) as notebook:
        prefix = notebook.run_code("import sys, workbench\nprint(sys.prefix)")
        assert prefix == f"{sys.prefix}\n"


def test_lab_opens_on_the_notebook_it_was_started_for(lab: Lab) -> None:
    page = lab.browser.new_page()
    page.goto(f"{lab.server.url}/?token={lab.server.token}")
    page.locator(".jp-NotebookPanel .jp-Notebook").wait_for(timeout=60_000)
    assert re.search(r"/lab/tree/start\.ipynb$", page.url)
    page.close()
    lab.server.end_sessions("start.ipynb")


def test_a_persons_own_setting_wins_over_ours(lab: Lab) -> None:
    own = (
        lab.server.settings / "@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"
    )
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text('{"commsOverSubshells": "perCommTarget"}')
    try:
        with lab.notebook([BUTTONS]) as notebook:
            notebook.run_all()
            notebook.page.locator("button.first").click()
            notebook.wait_until("seen")
            assert "subshell-" in notebook.run_code(SUBSHELLS)
    finally:
        own.unlink()


@pytest.mark.parametrize("screen", [LAPTOP, DESKTOP_DARK], ids=str)
def test_the_window_and_theme_asked_for_are_shown(lab: Lab, screen: Screen) -> None:
    with lab.notebook([], screen=screen) as notebook:
        body = notebook.page.locator("body")
        assert body.get_attribute("data-jp-theme-light") == str(not screen.dark).lower()
        assert notebook.page.viewport_size == {"width": screen.width, "height": screen.height}


def test_a_cell_that_raises_fails_the_run(lab: Lab) -> None:
    with (
        lab.notebook(["1 / 0"]) as notebook,
        pytest.raises(AssertionError, match="ZeroDivisionError"),
    ):
        notebook.run_all()


def test_a_request_to_the_outside_fails_the_test(lab: Lab) -> None:
    leak = 'from IPython.display import HTML\nHTML("<img src=http://192.0.2.1/a.png>")'
    with pytest.raises(AssertionError, match=r"outside this machine.*192\.0\.2\.1"):  # noqa: SIM117
        with lab.notebook([leak]) as notebook:
            notebook.run_all()
            notebook.page.locator(".jp-OutputArea img").wait_for(state="attached")


def test_saving_writes_what_the_cells_showed(lab: Lab) -> None:
    with lab.notebook(["print('苹果')"]) as notebook:
        notebook.run_all()
        saved = notebook.save()
        assert saved["cells"][0]["outputs"][0]["text"] == ["苹果\n"]


def test_stopping_the_server_ends_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = LabServer(tmp_path_factory.mktemp("stop"))
    server.wait()
    assert server.stop() == 0
