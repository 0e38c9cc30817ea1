"""What the controls send and are told: instructions, a declined download, the map's settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panels.conftest import Open
from tests.panels.fakes import NONE, OWN, QUERY, FakeCatalogue
from workbench.panels import screen


def test_a_prefix_given_to_the_letter_is_embedded_to_the_letter(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    exact = {"choice": "own", "own": "no colon\r", "exact": True}
    browser.send("preview", spec="near", prompt=exact)
    assert browser.panel.preview["prefix"] == "no colon\r"
    browser.press_and_wait(prompt=exact)
    assert catalogue.embedders["near"].calls[-1][0] == "no colon\rapple"


@pytest.mark.parametrize(
    "shown",
    [NONE, QUERY, OWN, {"choice": "own", "own": "to the letter", "exact": True}],
    ids=["none", "named", "instruction", "prefix"],
)
def test_no_to_a_download_brings_back_embedder_and_instruction_of_the_screen(
    open_panel: Open, shown: dict[str, Any]
) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=shown)
    browser.press_and_wait(spec="far", prompt={"choice": "document", "own": ""})
    assert browser.panel.status["phase"] == "consent"
    assert browser.panel.status["ask_spec"] == "far"
    browser.send("decline")
    assert browser.panel.options["spec"] == "near"
    assert browser.panel.options["prompt"] == {"exact": False, **shown}


@pytest.mark.parametrize(
    "asked",
    [
        {"n_neighbors": 0},
        {"n_neighbors": 2.5},
        {"min_dist": 1},
        {"min_dist": -0.1},
        {"seed": -1},
        {"method": "tsne"},
    ],
    ids=lambda asked: "-".join(map(str, *asked.items())),
)
def test_a_map_that_cannot_be_laid_out_is_refused_and_the_settings_stay(
    open_panel: Open, asked: dict[str, Any]
) -> None:
    browser = open_panel()
    before, shown = browser.panel.session.layout, browser.panel.options["layout"]
    browser.send("layout", **asked)
    assert browser.panel.status["phase"] == "error"
    (name, value) = next(iter(asked.items()))
    assert f"{name}={value!r}" in browser.panel.status["message"]
    assert "a whole number of neighbours from 2" in browser.panel.status["message"]
    assert browser.panel.session.layout == before
    assert browser.panel.options["layout"] == shown


@pytest.mark.parametrize(
    ("do", "value", "part"),
    [("order", "clustered", "matrix"), ("colour", "cluster", "map")],
    ids=["order", "colour"],
)
def test_a_part_that_is_computed_first_is_drawn_once(
    open_panel: Open, monkeypatch: pytest.MonkeyPatch, do: str, value: str, part: str
) -> None:
    browser = open_panel()
    drawn: list[dict[str, Any]] = []
    make = getattr(screen, f"{part}_payload")

    def count(*args: Any, **settings: Any) -> dict[str, Any]:
        drawn.append(make(*args, **settings))
        return drawn[-1]

    def send(value: str) -> None:
        browser.panel._handle_custom_msg({"do": do, do: value}, [])

    monkeypatch.setattr(screen, f"{part}_payload", count)
    send(value)
    browser.rest()
    assert drawn == [getattr(browser.panel, part)]
    send({"order": "given", "colour": "kind"}[do])
    send(value)
    browser.rest()
    assert len(drawn) == 3, "what has been computed is drawn anew"
