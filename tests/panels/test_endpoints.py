"""Connecting from the panel: what a press does, where its key goes, and what its failure says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import NONE, QUERY, URL, Browser, FakeCatalogue, wait_until
from workbench.panels.endpoints import Address, hide

KEY = "sk-nobody-may-read-this"


def connect(browser: Browser, url: str = URL, **press: Any) -> dict[str, Any]:
    """Press Connect, wait, and give what the form shows."""
    browser.connect(url, **press)
    browser.rest()
    shown: dict[str, Any] = browser.panel.endpoint
    return shown


def test_an_endpoint_that_embeds_is_chosen_and_the_texts_are_embedded_with_it(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    shown = connect(browser)
    spec = f"{URL}#tiny"
    assert shown["state"] == "ok" and shown["spec"] == spec
    assert shown["notes"] == ["The only model was chosen."]
    assert browser.panel.options["spec"] == spec
    assert spec in [choice["spec"] for choice in browser.panel.options["choices"]]
    assert catalogue.embedders[spec].calls == [tuple(FRUIT)]
    assert browser.panel.view is not None and browser.panel.view.request.spec == spec
    facts = dict(browser.panel.status["facts"])
    assert (facts["endpoint"], facts["server"]) == (URL, "fake 1.0")
    assert "device" not in facts


def test_the_texts_are_those_of_the_press(open_panel: Open, catalogue: FakeCatalogue) -> None:
    browser = open_panel()
    connect(browser, text="edited\ntexts")
    assert catalogue.embedders[f"{URL}#tiny"].calls == [("edited", "texts")]


@pytest.mark.parametrize(
    ("asked", "shown", "string"),
    [
        (QUERY, "query", "Query: apple"),
        (NONE, "none", "apple"),
        ({"choice": "document", "own": ""}, "none", "apple"),
        ({"choice": "own", "own": "Fruit: "}, "own", "Fruit: apple"),
    ],
    ids=["kept", "none", "lacking", "own"],
)
def test_an_instruction_that_the_endpoint_lacks_is_left_out_in_sight(
    open_panel: Open, catalogue: FakeCatalogue, asked: dict[str, str], shown: str, string: str
) -> None:
    browser = open_panel()
    connect(browser, prompt=asked)
    assert browser.panel.options["prompt"]["choice"] == shown
    assert catalogue.embedders[f"{URL}#tiny"].calls[-1][0] == string


def test_the_status_says_connecting_and_the_kernel_is_free_meanwhile(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    catalogue.connect_gate.shut()
    browser.connect()
    assert catalogue.connect_gate.reached.wait(10)
    assert browser.panel.status["message"] == "Connecting…"
    assert browser.panel.busy and browser.panel.endpoint["state"] == "connecting"
    browser.send("order", order="given")
    catalogue.connect_gate.open()
    browser.rest()
    assert browser.panel.endpoint["state"] == "ok"


def test_cancel_ends_a_try_and_leaves_everything_as_it_was(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    before = browser.panel.view
    catalogue.connect_gate.shut()
    browser.connect(key=KEY)
    assert catalogue.connect_gate.reached.wait(10)
    browser.send("cancel")
    browser.rest()
    assert browser.panel.status["phase"] == "cancelled"
    assert browser.panel.endpoint["state"] == "none"
    assert browser.panel.view is before and browser.panel.options["spec"] == "near"


def test_embed_takes_the_place_of_a_try(open_panel: Open, catalogue: FakeCatalogue) -> None:
    browser = open_panel()
    catalogue.connect_gate.shut()
    browser.connect()
    assert catalogue.connect_gate.reached.wait(10)
    browser.press_and_wait("a\nb")
    assert browser.panel.texts == ("a", "b")
    assert browser.panel.options["spec"] == "near"


def test_nothing_listening_is_a_verdict_and_an_error(open_panel: Open) -> None:
    browser = open_panel()
    shown = connect(browser, "http://127.0.0.1:1/v1")
    assert shown["state"] == "failed"
    assert shown["message"] == "Nothing listens at http://127.0.0.1:1/v1."
    assert browser.panel.status["phase"] == "error"
    assert browser.panel.options["spec"] == "near"


def test_of_several_models_one_is_asked_for_and_the_key_is_kept_for_it(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.served, catalogue.key = ("small", "large"), KEY
    browser = open_panel()
    shown = connect(browser, key=KEY)
    assert shown["state"] == "ask" and shown["served"] == ["small", "large"] and shown["kept"]
    assert browser.panel.status["phase"] == "idle"
    assert connect(browser, model="large")["state"] == "ok"
    assert catalogue.tried[-1] == (URL, "large", KEY)
    assert browser.panel.options["spec"] == f"{URL}#large"


def test_a_model_that_is_not_served_is_a_failure_that_offers_those_that_are(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.served = ("small", "large")
    shown = connect(open_panel(), model="tiny")
    assert shown["state"] == "failed" and shown["served"] == ["small", "large"]


def test_a_key_goes_to_no_other_address_and_a_refused_one_is_forgotten(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.served, catalogue.key = ("small", "large"), KEY
    browser = open_panel()
    connect(browser, key=KEY)
    connect(browser, "http://127.0.0.1:1/v1")
    assert catalogue.tried[-1][2] is None
    assert not connect(browser, key="sk-wrong-one")["kept"]
    connect(browser)
    assert catalogue.tried[-1][2] is None


@pytest.fixture
def states(open_panel: Open, catalogue: FakeCatalogue) -> Iterator[tuple[Browser, list[str]]]:
    """A panel on an endpoint with a key, and all it ever sent to the page."""
    catalogue.key = KEY
    browser = open_panel()
    seen: list[str] = []
    send_state = browser.panel.send_state

    def keep(key: Any = None) -> None:
        seen.append(repr(browser.panel.get_state(key)))
        send_state(key)

    browser.panel.send_state = keep
    browser.panel.observe(lambda change: seen.append(repr(change["new"])))
    yield browser, seen
    seen += [repr(browser.panel.get_state()), repr(browser.sent), repr(browser.panel)]
    seen.append(repr(vars(browser.panel.connector)["_session"]))
    assert len(seen) > 3
    assert not [text for text in seen if KEY in text]


def test_the_key_reaches_the_endpoint_and_nothing_that_is_shown_or_saved(
    states: tuple[Browser, list[str]], catalogue: FakeCatalogue
) -> None:
    browser, _ = states
    shown = connect(browser, key=KEY)
    assert catalogue.tried == [(URL, None, KEY)]
    assert shown["message"] == "fake 1.0 embeds with key •••."
    for what in ("csv", "html", "npz"):
        browser.send("export", what=what)
    browser.rest()
    contents = [part for _, buffers in browser.sent for part in buffers]
    assert len(contents) == 3 and not any(KEY.encode() in part for part in contents)


def test_a_refused_key_is_not_said(
    states: tuple[Browser, list[str]], catalogue: FakeCatalogue
) -> None:
    catalogue.key = "another"
    assert connect(states[0], key=KEY)["message"] == "The server wants another key than •••."


def test_an_unforeseen_failure_is_said_without_the_key(
    states: tuple[Browser, list[str]], catalogue: FakeCatalogue
) -> None:
    browser, _ = states
    catalogue.connect_failure = ValueError(f"Illegal header value b'Bearer {KEY}'")
    shown = connect(browser, key=KEY)
    assert shown["message"] == "ValueError: Illegal header value b'Bearer •••'."
    assert "Traceback" in browser.panel.status["details"]
    assert connect(browser, key=KEY)["state"] == "ok", "the panel goes on"


@pytest.mark.parametrize(
    ("key", "url", "text", "said"),
    [
        ("sk-123", URL, "key sk-123.", "key •••."),
        ("sk-1\n23", URL, repr("Bearer sk-1\n23"), "'Bearer •••'"),
        ("a", URL, "a sentence", "a sentence"),
        ("", "http://me:hunter2@host/v1", "no http://me:hunter2@host/v1", "no http://me:•••@host/v1"),
        ("", "http://[oops", "no address", "no address"),
    ],
    ids=["plain", "escaped", "short", "in the address", "no address"],
)  # fmt: skip
def test_a_key_is_hidden_wherever_it_stands(key: str, url: str, text: str, said: str) -> None:
    assert hide(text, Address(url, key=key)) == said


def test_an_address_does_not_show_its_key() -> None:
    assert KEY not in repr(replace(Address(URL), key=KEY))


def test_servers_are_offered_with_what_one_should_know(open_panel: Open) -> None:
    presets = open_panel().panel.options["presets"]
    assert [preset["label"] for preset in presets] == ["SGLang", "OpenAI"]
    assert presets[1]["key_env"] == "EXAMPLE_API_KEY"


def test_a_catalogue_without_endpoints_offers_none_and_says_so(
    open_panel: Open, catalogue: FakeCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(FakeCatalogue, "connect")
    browser = open_panel()
    assert browser.panel.options["presets"] is None
    browser.connect()
    assert "connects to no endpoints" in browser.panel.status["message"]


def test_the_code_does_what_was_done_and_follows_the_toggle(open_panel: Open) -> None:
    browser = open_panel()
    assert browser.panel.code == [
        {"language": "python", "code": "wb.load('near').embed(['apple'])"}
    ]
    browser.press_and_wait(prompt=QUERY)
    assert "'Query: apple'" in browser.panel.code[0]["code"]
    browser.press_and_wait("x" * 5_000)
    assert len(browser.panel.code[0]["code"]) < 300
    browser.press_and_wait(spec="other")
    assert browser.panel.code == [], "where there is no code, none is shown"


def test_code_and_verdict_are_plain_values(open_panel: Open) -> None:
    browser = open_panel()
    connect(browser)
    json.dumps([browser.panel.code, browser.panel.endpoint, browser.panel.options["presets"]])
    wait_until(lambda: not browser.panel.busy)


def test_a_connector_is_no_way_to_the_key_by_its_repr(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.served, catalogue.key = ("a", "b"), KEY
    browser = open_panel()
    assert connect(browser, key=KEY)["kept"]
    assert KEY not in repr(browser.panel.connector)
