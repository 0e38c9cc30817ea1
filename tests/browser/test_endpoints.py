"""An endpoint as embedder: its form, its key, what it refuses, and how it dies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import (
    DESKTOP,
    DESKTOP_DARK,
    LAPTOP,
    LAPTOP_DARK,
    Lab,
    NotebookPage,
    Screen,
)
from tests.embedders.remote.fault_server import MODEL, Call, FaultServer, Reply, as_json

KEY = "sk-nobody-may-read-this-7f3a"
CELL = "import workbench as wb\npanel = wb.explore(embedder='lexical')\npanel"
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings"


def wants_key(_: FaultServer, call: Call) -> Reply | None:
    """No vector and no list of models without the key, as real servers have it."""
    if call.headers.get("authorization") == f"Bearer {KEY}":
        return None
    return as_json({"error": "Unauthorized"}, status=401)


def refuses_long(_: FaultServer, call: Call) -> Reply | None:
    """A text that is too long fails its whole batch."""
    if not any("long" in text for text in call.texts):
        return None
    message = "This model's maximum context length is 8 tokens. <b>You</b> asked for 24."
    return as_json({"error": {"message": message, "code": 400}}, status=400)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def form(explorer: ExplorerPage) -> Iterator[ExplorerPage]:
    """A panel whose form for an endpoint is open; the page's theme and size are put back."""
    explorer.embedder.select_option("endpoint:")
    yield explorer
    explorer.page.set_viewport_size({"width": LAPTOP.width, "height": LAPTOP.height})
    if explorer.page.locator("body[data-jp-theme-light=false]").count():
        explorer.set_theme("Light")


@contextmanager
def opened(lab: Lab) -> Iterator[ExplorerPage]:
    """The same on a page of its own, whose notebook may be saved."""
    with lab.notebook([CELL], app="doc") as notebook:
        notebook.run_all()
        explorer = ExplorerPage(notebook)
        explorer.settled(0)
        explorer.embedder.select_option("endpoint:")
        yield explorer


def press_connect(explorer: ExplorerPage, url: str, *, key: str = "", model: str = "") -> None:
    """Fill the form and press Enter in the key's field."""
    explorer.find(".ewb-url").fill(url)
    if model:
        explorer.find(".ewb-modelname").fill(model)
    explorer.find(".ewb-key").fill(key)
    explorer.find(".ewb-key").press("Enter")


def verdict(explorer: ExplorerPage, state: str) -> str:
    """Wait for a verdict, and read it."""
    found = explorer.find(f".ewb-verdict[data-state={state}]")
    found.wait_for(state="attached", timeout=30_000)
    return str(found.text_content())


@contextmanager
def saving_state(lab: Lab) -> Iterator[None]:
    """With "Save Widget State Automatically" on."""
    path = lab.server.settings / SAVE_STATE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"saveState": True}))
    try:
        yield
    finally:
        path.unlink()


def find_key(lab: Lab, notebook: NotebookPage) -> list[str]:
    """Where the key can be read: files of the server, outputs, the page's own text and fields."""
    home = lab.server.folder.parent
    found = [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    page = notebook.page.evaluate(
        "() => document.documentElement.outerHTML"
        " + [...document.querySelectorAll('input, textarea')].map(el => el.value).join()"
    )
    shown = {"outputs": str(notebook.outputs()), "the page": page}
    shown["state"] = notebook.run_code("print(panel.get_state())")
    return found + [name for name, text in shown.items() if KEY in text]


def test_a_key_is_typed_used_and_nowhere_to_be_read_again(lab: Lab, server: FaultServer) -> None:
    server.fault = server.other_fault = wants_key
    with saving_state(lab), opened(lab) as explorer:
        before = explorer.serial
        press_connect(explorer, server.base_url, key=KEY)
        explorer.settled(before)
        spec = f"{server.base_url}#{MODEL}"
        assert explorer.python("panel.view.request.spec") == spec
        assert explorer.embedder.input_value() == spec
        assert len(server.texts) > 20, "the endpoint has embedded the texts"
        assert server.base_url in explorer.find(".ewb-facts").inner_text()
        saved = explorer.notebook.save()
        assert MODEL in json.dumps(saved["metadata"]["widgets"]), "the widget's state is saved"
        assert not find_key(lab, explorer.notebook)


def test_a_wrong_key_is_refused_and_not_echoed(lab: Lab, server: FaultServer) -> None:
    server.fault = server.other_fault = lambda *_: as_json({"error": "Unauthorized"}, status=401)
    with saving_state(lab), opened(lab) as explorer:
        before = explorer.serial
        press_connect(explorer, server.base_url, key=KEY)
        assert "key" in verdict(explorer, "failed")
        explorer.wait_phase("error")
        assert explorer.find(".ewb-key").input_value() == ""
        assert explorer.find(".ewb-verdict.ewb-bad").is_visible()
        assert explorer.serial == before
        assert explorer.notebook.save()["metadata"]["widgets"]
        assert not find_key(lab, explorer.notebook)


def test_of_several_models_one_is_chosen_and_the_key_is_not_asked_for_again(
    form: ExplorerPage, server: FaultServer
) -> None:
    def two(server: FaultServer, call: Call) -> Reply | None:
        card = {"object": "model", "created": 0, "owned_by": "tests"}
        models = {"object": "list", "data": [{"id": "first", **card}, {"id": MODEL, **card}]}
        is_list = call.target.endswith("/v1/models")
        return wants_key(server, call) or (as_json(models) if is_list else None)

    server.fault, server.other_fault = wants_key, two
    before = form.serial
    press_connect(form, server.base_url, key=KEY)
    verdict(form, "ask")
    served = form.find(".ewb-served")
    assert served.locator("option").all_inner_texts() == ["first", MODEL, "another name…"]
    assert served.evaluate("el => el === document.activeElement")
    assert form.find(".ewb-key").get_attribute("placeholder") == "as given before"
    form.notebook.shot("endpoint-ask")
    served.select_option(MODEL)
    served.press("Enter")
    form.settled(before, method="")
    assert form.python("panel.view.request.spec").endswith(f"#{MODEL}")


def test_a_try_can_be_cancelled_and_the_page_is_free_meanwhile(
    form: ExplorerPage, server: FaultServer
) -> None:
    def wait(server: FaultServer, _: Call) -> Reply | None:
        server.over.wait(60)
        return None

    server.other_fault = wait
    before = form.serial
    press_connect(form, server.base_url)
    form.wait_phase("connecting")
    assert form.status.inner_text() == "Connecting…"
    form.box.fill("typed meanwhile")
    assert form.notebook.run_code("print(6 * 7)") == "42\n"
    assert form.status.get_attribute("data-phase") == "connecting"
    form.find("button.ewb-cancel").click()
    form.wait_phase("cancelled", timeout_s=10)
    assert form.serial == before
    form.embedder.select_option("lexical")
    form.settled(before, method="")
    assert form.python("panel.texts") == ["typed meanwhile"]


def test_refused_texts_are_listed_by_line_and_a_dead_server_is_asked_for_the_rest_only(
    form: ExplorerPage, server: FaultServer
) -> None:
    server.fault = refuses_long
    before = form.serial
    press_connect(form, server.base_url)
    before = form.settled(before, method="")
    before = form.embed("apple\n\na long text\n苹果\nanother long one\nfruit")
    assert form.python("panel.texts") == ["apple", "苹果", "fruit"]
    assert "2 of 5 texts were refused, see below." in form.status.inner_text()
    listed = form.find(".ewb-issues li").all_inner_texts()
    assert [re.findall(r"line \d", line, re.I) for line in listed] == [
        ["Line 2"], ["line 3"], ["line 5"],
    ]  # fmt: skip
    assert "<b>You</b> asked for 24" in listed[1], "a server's words are text"
    assert form.find(".ewb-issues li").first.is_visible()

    def die_later(server: FaultServer, call: Call) -> Reply | None:
        if lines[0] in call.texts:
            return None
        server.over.wait(1)  # the first batch is back by then
        server.die()
        return Reply(silent=True)

    lines = [f"text number {n}" for n in range(400)]
    server.fault = die_later
    form.put("\n".join(lines))
    form.find("button.ewb-go").click()
    form.wait_phase("error", timeout_s=90)
    said = form.status.inner_text()
    found = re.match(r"(\d+) of 400 texts came through: ", said)
    assert found and 0 < int(found[1]) < 400, said
    assert "They are kept: press Embed to ask for the rest." in said
    assert form.serial == before
    server.forget()
    server.fault = None
    server.listen()
    form.find("button.ewb-go").click()
    form.settled(before, method="")
    assert len(form.python("panel.texts")) == 400
    asked = set(server.texts) & set(lines)
    assert len(asked) == 400 - int(found[1])


def test_nothing_listening_is_said_in_a_sentence(form: ExplorerPage, server: FaultServer) -> None:
    server.die()
    press_connect(form, server.base_url)
    said = verdict(form, "failed")
    assert str(server.port) in said and "Traceback" not in said
    assert not form.find(".ewb-status details").count()


@pytest.mark.parametrize("screen", [LAPTOP, LAPTOP_DARK, DESKTOP, DESKTOP_DARK], ids=str)
def test_the_form_fits_its_column_and_is_read_in_both_themes(
    form: ExplorerPage, server: FaultServer, screen: Screen
) -> None:
    def nowhere_else(_: FaultServer, call: Call) -> Reply | None:
        return as_json({"detail": "Not Found"}, status=404) if "/long/" in call.target else None

    server.fault = nowhere_else
    form.page.set_viewport_size({"width": screen.width, "height": screen.height})
    form.set_theme("Dark" if screen.dark else "Light")
    form.find(".ewb-server").select_option(label="OpenAI")
    assert "OPENAI_API_KEY" in str(form.find(".ewb-key").get_attribute("placeholder"))
    press_connect(form, f"{server.base_url}/a/very/long/path/that/does/not/fit", model="x" * 80)
    verdict(form, "failed")
    form.notebook.shot(f"endpoint-failed-{screen}")
    wider = form.page.evaluate(
        """() => {
            const card = document.querySelector('.ewb .ewb-left').getBoundingClientRect();
            return [...document.querySelectorAll('.ewb .ewb-left *')].filter(el =>
                el.getBoundingClientRect().right > card.right + 1).map(el => el.className);
        }"""
    )
    assert not wider
    contrast = form.page.evaluate(
        """() => ['.ewb-url', '.ewb-verdict', '.ewb-form .ewb-label'].map(selector => {
            const light = colour => colour.match(/[0-9.]+/g).slice(0, 3)
                .reduce((sum, part) => sum + Number(part), 0) / 765;
            const ink = getComputedStyle(document.querySelector(`.ewb ${selector}`)).color;
            const card = getComputedStyle(document.querySelector('.ewb .ewb-card'));
            return Math.abs(light(ink) - light(card.backgroundColor));
        })"""
    )
    assert min(contrast) > 0.25, contrast
    before = form.serial
    form.find(".ewb-modelname").fill("")
    press_connect(form, server.base_url)
    form.settled(before)
    form.find(".ewb-codebox summary").click()
    form.notebook.shot(f"endpoint-{screen}")


def test_the_form_is_walked_by_tab_and_each_field_has_a_name(form: ExplorerPage) -> None:
    assert form.find(".ewb-url").evaluate("el => el === document.activeElement")
    form.find(".ewb-server").focus()
    met = []
    for _ in range(5):
        met.append(form.page.evaluate("document.activeElement.classList[0]"))
        form.page.keyboard.press("Tab")
    assert met == ["ewb-server", "ewb-url", "ewb-key", "ewb-modelname", "ewb-button"]
    read = form.find(".ewb-form").aria_snapshot()
    for name in ("Server", "URL", "Key", "Model", "Connect"):
        assert f'"{name}"' in read, read
    assert form.find(".ewb-key").get_attribute("autocomplete") == "off"
    assert form.find(".ewb-key").get_attribute("type") == "password"


@pytest.mark.parametrize("allowed", [True, False], ids=["clipboard", "without-clipboard"])
def test_code_is_copied_to_the_letter_and_runs(
    form: ExplorerPage, server: FaultServer, allowed: bool
) -> None:
    page, before = form.page, form.serial
    if allowed:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # as on a page that is not served securely
        page.evaluate(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
        )
    try:
        press_connect(form, server.base_url)
        form.settled(before, method="")
        form.embed("<b>苹果</b> 'quoted' \\n\nfruit")
        form.find(".ewb-codebox summary").click()
        names = form.find(".ewb-codebox .ewb-label").all_inner_texts()
        assert names == ["curl", "Python"]
        code = str(form.find(".ewb-snippet").last.text_content())
        assert "<b>苹果</b>" in code and not form.find(".ewb-snippet *").count()
        button = form.find(".ewb-copy").last
        button.click()
        button.get_by_text("Copied").wait_for(timeout=5000)
        form.box.fill("")
        form.box.focus()
        page.keyboard.press("Control+v")
        assert form.box.input_value() == code
        assert form.notebook.run_code(f"{code}\nprint(len(vector))") == "16\n"
    finally:
        page.evaluate("delete navigator.clipboard")
