"""What a press of Embed does, done by code: it waits, and it raises."""

from __future__ import annotations

import pytest

from tests.panels.conftest import Open
from tests.panels.fakes import FakeCatalogue
from workbench.errors import InputError, ModelError


def test_embed_in_code_waits_and_returns_the_view(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    panel = open_panel().panel
    view = panel.embed(["x", "y"], prompt="query", embedder="other")
    assert view is panel.view
    assert view is not None
    assert view.projection is not None
    assert panel.texts == ("x", "y")
    assert catalogue.embedders["other"].calls == [("Query: x", "Query: y")]
    assert panel.options["spec"] == "other"
    assert panel.options["prompt"] == {"choice": "query", "own": "", "exact": False}


def test_embed_in_code_raises_what_failed(open_panel: Open, catalogue: FakeCatalogue) -> None:
    panel = open_panel().panel
    before = panel.view
    catalogue.load_failure = ModelError("the weights are broken")
    with pytest.raises(ModelError, match="the weights are broken"):
        panel.embed(["x", "y"])
    assert panel.view is before
    with pytest.raises(InputError, match="no text was given"):
        panel.embed([])


def test_embed_in_code_takes_a_download_as_agreed(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    panel = open_panel().panel
    panel.embed(embedder="far")
    assert catalogue.loads[-1] == "far"
    assert panel.status["phase"] == "done"


def test_a_wait_with_a_limit_says_that_it_was_not_enough(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    panel, embedder = open_panel().panel, catalogue.embedders["near"]
    embedder.gate.shut()
    panel.run(pasted="a\nb")
    assert not panel.wait(0.05)
    embedder.gate.open()
    assert panel.wait(30)
