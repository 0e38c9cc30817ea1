"""Several panels in one process: what they share, and what ends with a panel."""

from __future__ import annotations

import threading

import pytest

import workbench as wb
from tests.panels.fakes import FakeEmbedder, Gate
from workbench.catalogue import Catalogue
from workbench.contracts import Embedder
from workbench.embedders import CachedEmbedder
from workbench.embedders.pool import LoadedModels
from workbench.errors import Cancelled


def panel_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("workbench-")}


def test_a_cell_that_is_run_again_loads_no_model_twice() -> None:
    first = wb.explore(["a text"], embedder="lexical")
    assert first.wait(60)
    second = wb.explore(["a text"], embedder="lexical")
    assert second.wait(60)
    assert first.catalogue.load("lexical") is second.catalogue.load("lexical")
    assert second.embeddings is not None and second.embeddings.cached.all()


def test_a_closed_panel_leaves_no_thread_behind() -> None:
    before = panel_threads()
    panel = wb.explore(["a", "b"], embedder="lexical")
    assert panel.wait(60)
    assert panel_threads() > before
    panel.close()
    for thread in panel_threads() - before:
        thread.join(10)
    assert panel_threads() <= before


def test_a_model_that_must_be_downloaded_is_asked_about_when_the_panel_opens() -> None:
    panel = wb.explore(["a"], embedder="Qwen/Qwen3-Embedding-4B")
    assert panel.wait(60)
    assert panel.status["phase"] == "consent"
    assert panel.status["ask_bytes"] > 8e9
    assert panel.view is None


def test_a_panel_opens_with_the_prompt_its_model_applies_by_default() -> None:
    panel = wb.explore(["a"], embedder="intfloat/multilingual-e5-small")
    assert panel.options["prompt"] == {"choice": "query", "own": "", "exact": False}


def test_two_panels_that_load_one_model_at_once_end_with_the_same() -> None:
    models, found = LoadedModels(), list[Embedder]()
    loading = [
        threading.Thread(target=lambda: found.append(Catalogue(models=models).load("lexical")))
        for _ in range(4)
    ]
    for thread in loading:
        thread.start()
    for thread in loading:
        thread.join(60)
    assert len(found) == 4 and len(set(map(id, found))) == 1
    assert len(found[0].embed(["still loaded"])) == 1


def test_who_waits_for_a_shared_embedder_can_cancel() -> None:
    slow = FakeEmbedder()
    slow.gate = gate = Gate()
    gate.shut()
    shared = CachedEmbedder(slow)
    running = threading.Thread(target=lambda: shared.embed(["a", "b", "c"]))
    running.start()
    assert gate.reached.wait(10)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled, match="Cancelled after 0 of 1 texts"):
        shared.embed(["d"], cancel=cancel)
    gate.open()
    running.join(10)
