"""The map in jupyter-scatter: the same texts, one selection."""

from __future__ import annotations

import sys

import pytest

import workbench as wb
from workbench.errors import DependencyError, InputError
from workbench.figures import KIND_NAMES
from workbench.panels.explorer import Explorer
from workbench.texts import samples


@pytest.fixture(scope="module")
def panel() -> Explorer:
    panel = wb.explore(samples("starter"), embedder="lexical")
    assert panel.wait(120)
    return panel


def test_every_text_is_a_point_coloured_by_its_kind(panel: Explorer) -> None:
    pytest.importorskip("jscatter", reason="the extra 'scatter' is not installed")
    scatter = panel.scatter()
    assert len(scatter.widget.points) == len(panel.texts)
    assert panel.view is not None
    kinds = [KIND_NAMES[item.kind] for item in panel.view.request.parsed.items]
    assert scatter._data["kind"].tolist() == kinds


def test_selecting_in_one_selects_in_the_other(panel: Explorer) -> None:
    pytest.importorskip("jscatter", reason="the extra 'scatter' is not installed")
    panel.selection = [5]
    scatter = panel.scatter()
    assert scatter.selection().tolist() == [5]
    panel.selection = [1, 2]
    assert scatter.selection().tolist() == [1, 2]
    scatter.selection([4])
    assert panel.selection == [4]


def test_a_view_of_texts_that_are_gone_is_no_longer_linked() -> None:
    pytest.importorskip("jscatter", reason="the extra 'scatter' is not installed")
    panel = wb.explore(["apple", "banana", "cherry"], embedder="lexical")
    assert panel.wait(120)
    scatter = panel.scatter()
    panel.selection = [2]
    panel.embed(["one", "two"])
    scatter.selection([1])
    assert panel.selection == []
    panel.selection = [0]
    assert scatter.selection().tolist() == [1]
    panel.close()


def test_a_point_tells_its_text(panel: Explorer) -> None:
    pytest.importorskip("jscatter", reason="the extra 'scatter' is not installed")
    scatter = panel.scatter()
    assert scatter.widget.tooltip_enable
    assert scatter.widget.tooltip_properties == ["text"]
    assert scatter._data["text"].tolist() == list(panel.texts)


def test_without_the_extra_the_error_says_how_to_install_it(
    panel: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jscatter", None)
    with pytest.raises(DependencyError, match=r"pip install 'embedding-workbench\[scatter\]'"):
        panel.scatter()


def test_there_is_no_view_of_a_map_that_does_not_stand_yet() -> None:
    panel = wb.explore(["a"], embedder="Qwen/Qwen3-Embedding-4B")
    with pytest.raises(InputError, match="There is no map yet"):
        panel.scatter()
