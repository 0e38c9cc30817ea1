"""Percentiles: measured unasked where that is quick, and under the instruction on screen."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import QUERY, Browser, FakeCatalogue
from workbench.panels.sources import unrelated_samples
from workbench.panels.state import Unrelated
from workbench.panels.yardstick import BUDGET_S

KINDS = ("en", "zh", "code")


def unrelated_pairs() -> Unrelated:
    count = 60
    return Unrelated(
        texts=[f"{at} unrelated" for at in range(count)],
        kinds=[KINDS[at % 3] for at in range(count)],  # type: ignore[misc]
        topics=[str(at) for at in range(count)],
    )


def characters() -> int:
    return sum(map(len, unrelated_pairs().texts))


def measured(browser: Browser) -> bool:
    panel = browser.panel
    shown = panel.percentiles
    return "percent" in shown and shown["serial"] == panel.table["serial"]


def test_percentiles_are_where_the_cosine_stands_among_unrelated_pairs(open_panel: Open) -> None:
    panel = open_panel(unrelated=unrelated_pairs).panel
    assert panel.view is not None
    assert panel.view.background is not None
    shape = panel.percentiles["percent"]["shape"]
    percent = np.frombuffer(panel.percentiles["percent"]["buffer"], np.float32).reshape(shape)
    pairs = np.frombuffer(panel.percentiles["pairs"]["buffer"], np.int32).reshape(shape)
    kinds = [item.kind for item in panel.view.request.parsed.items]
    comparison = panel.view.comparison
    near = int(comparison.indices[0, 0])
    key = tuple(sorted((kinds[0], kinds[near])))
    known = panel.view.background.cosines[key]  # type: ignore[index]
    expected = 100 * np.mean(known < comparison.scores[0, 0])
    assert percent[0, 0] == pytest.approx(expected, abs=1e-4)
    assert pairs[0, 0] == len(known)


def test_percentiles_are_measured_under_the_instruction_on_screen(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel(unrelated=unrelated_pairs)
    browser.press_and_wait(prompt=QUERY)
    assert catalogue.embedders["near"].calls[-1][0] == "Query: 0 unrelated"
    assert measured(browser)


def test_no_percentiles_where_they_would_take_longer_than_the_budget(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    embedder = catalogue.embedders["near"]
    embedder.seconds = 1.01 * BUDGET_S / characters() * len("".join(FRUIT))
    browser = open_panel(unrelated=unrelated_pairs)
    assert len(embedder.calls) == 1, "the unrelated texts must not be embedded"
    assert "about 20 s" in browser.panel.percentiles["why"]
    assert browser.panel.status["phase"] == "done"


def test_percentiles_where_they_just_fit_the_budget(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    embedder = catalogue.embedders["near"]
    embedder.seconds = 0.99 * BUDGET_S / characters() * len("".join(FRUIT))
    assert measured(open_panel(unrelated=unrelated_pairs))


def test_texts_from_the_cache_do_not_make_a_slow_model_quick(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    embedder = catalogue.embedders["near"]
    embedder.caches, embedder.seconds = True, 10 * BUDGET_S
    browser = open_panel(unrelated=unrelated_pairs)
    assert len(embedder.calls) == 1
    browser.press_and_wait()  # the same again: all from the cache, in no time
    assert len(embedder.calls) == 2, "the unrelated texts are as slow as before"


def test_a_new_press_does_not_wait_for_percentiles(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser, embedder = open_panel(unrelated=unrelated_pairs), catalogue.embedders["near"]
    embedder.before_gate = 10  # the six texts pass, the sixty do not
    embedder.gate.shut()
    browser.press(prompt=QUERY)
    assert embedder.gate.reached.wait(10)
    assert browser.panel.status["phase"] == "done", "the picture does not wait for percentiles"
    browser.press("two\ntexts")
    embedder.gate.open()
    browser.rest()
    assert browser.panel.texts == ("two", "texts")
    assert measured(browser)


def test_percentiles_of_the_run_before_are_not_shown_as_the_present_ones(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser, embedder = open_panel(unrelated=unrelated_pairs), catalogue.embedders["near"]
    assert measured(browser)
    embedder.seconds = 100 * BUDGET_S
    browser.press_and_wait(prompt=QUERY)
    assert not measured(browser)


def test_a_corrected_kind_measures_against_pairs_of_that_kind(open_panel: Open) -> None:
    browser = open_panel(unrelated=unrelated_pairs)
    before = bytes(browser.panel.percentiles["pairs"]["buffer"])
    browser.send("kind", index=0, kind="mixed")  # there are no unrelated pairs of mixed texts
    pairs = np.frombuffer(browser.panel.percentiles["pairs"]["buffer"], np.int32)
    assert bytes(browser.panel.percentiles["pairs"]["buffer"]) != before
    assert (pairs[:5] == 0).all()
    plain = {key: value for key, value in browser.panel.percentiles.items() if key == "serial"}
    json.dumps(plain, allow_nan=False)


def test_the_project_s_own_unrelated_texts_have_many_topics() -> None:
    unrelated = unrelated_samples()
    assert len(unrelated.texts) == len(unrelated.kinds) == len(unrelated.topics) == 131
    assert len(set(unrelated.topics)) == 21


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://localhost:30000/v1", None),
        ("http://127.0.0.1:9/v1", None),
        ("http://[::1]:9/v1", None),
        ("https://api.example.org/v1", "api.example.org"),
        ("http://10.0.0.7:9/v1", "10.0.0.7"),
        ("http://localhost.example.org/v1", "localhost.example.org"),
        (None, "another machine"),
    ],
)
def test_another_machine_is_asked_for_unrelated_texts_only_once_the_user_says_so(
    open_panel: Open, catalogue: FakeCatalogue, address: str | None, host: str | None
) -> None:
    embedder = catalogue.embedders["near"]
    embedder.info = replace(embedder.info, backend="remote", base_url=address)
    browser = open_panel(unrelated=unrelated_pairs)
    assert measured(browser) == (host is None)
    if host is None:
        return
    assert len(embedder.calls) == 1
    assert browser.panel.percentiles["why"] == f"measuring would send 60 more texts to {host}"
    browser.send("measure")
    browser.rest()
    assert measured(browser)
    browser.press_and_wait("other\ntexts")
    assert measured(browser), "said once for this model and prompt: they are known from now on"
    browser.press_and_wait("other\ntexts", prompt=QUERY)
    assert not measured(browser), "another prompt would ask for them anew"
