"""The Explorer's way from pasted texts to pictures, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import DESKTOP_DARK, Lab

MIXED = "苹果\nfruit\n```python\ndef f(x):\n    return x\n```\n  ends with a space \n螺丝刀"
MIXED_TEXTS = ["苹果", "fruit", "def f(x):\n    return x", "  ends with a space ", "螺丝刀"]
ACTIVE = "window.jupyterapp.shell.currentWidget.content"


def cell_runs(explorer: ExplorerPage) -> list[int]:
    found: list[int] = explorer.page.evaluate(
        f"() => [...{ACTIVE}.model.cells].map(cell => cell.executionCount)"
    )
    return found


def test_running_the_cell_shows_matrix_and_map_of_the_starter_sample(lab: Lab) -> None:
    cell = "import workbench as wb\npanel = wb.explore()\npanel"
    with lab.notebook([cell], screen=DESKTOP_DARK, app="doc") as notebook:
        notebook.run_all()
        explorer = ExplorerPage(notebook)
        explorer.settled(0, method="")
        rows, columns = explorer.page.evaluate(
            "() => { const {z} = document.querySelector('.ewb-plot-matrix').data[0];"
            " return [z.length, z[0].length]; }"
        )
        assert rows == columns == len(explorer.points()) == 24
        assert "all-MiniLM-L6-v2" in explorer.find(".ewb-facts").inner_text()
        notebook.shot("explorer-opened")


def test_umap_takes_the_place_of_the_first_map(explorer: ExplorerPage) -> None:
    assert explorer.map.get_attribute("data-method") == "umap"
    assert explorer.python("panel.view.projection.method") == "umap"
    assert "UMAP" in explorer.find(".ewb-map .ewb-sub").inner_text()


def test_a_paste_of_chinese_english_and_code_is_embedded_to_the_letter(
    explorer: ExplorerPage,
) -> None:
    explorer.embed(MIXED)
    assert explorer.python("panel.texts") == MIXED_TEXTS
    explorer.open_tab("texts")
    kinds = explorer.find(".ewb-kindpick").evaluate_all("all => all.map(el => el.value)")
    assert kinds == ["zh", "en", "code", "en", "zh"]


def test_what_is_cut_and_pasted_with_the_keyboard_lands_in_the_box(explorer: ExplorerPage) -> None:
    cells = len(cell_runs(explorer))
    explorer.box.fill("一二\nthree")
    for keys in ("Control+a", "Control+x", "Control+v", "Control+v"):
        explorer.box.press(keys)
    assert explorer.box.input_value() == "一二\nthree" * 2
    assert len(cell_runs(explorer)) == cells


def test_ctrl_enter_embeds_and_leaves_the_cells_alone(explorer: ExplorerPage) -> None:
    runs, before = cell_runs(explorer), explorer.serial
    explorer.box.fill("one\ntwo\nthree")
    explorer.box.press("Control+Enter")
    explorer.settled(before, method="")
    assert explorer.python("panel.texts") == ["one", "two", "three"]
    assert cell_runs(explorer) == runs
    assert explorer.box.input_value() == "one\ntwo\nthree"


def test_embed_takes_the_text_of_the_moment_it_is_pressed(explorer: ExplorerPage) -> None:
    for n in range(5):
        explorer.embed(f"round {n}\nand 第{n}轮")
        assert explorer.python("panel.texts") == [f"round {n}", f"and 第{n}轮"]
    explorer.notebook.wait_until("panel.text == 'round 4\\nand 第4轮'")
    assert explorer.box.input_value() == "round 4\nand 第4轮"


def test_an_own_prefix_is_previewed_embedded_and_compared_with_none(
    explorer: ExplorerPage,
) -> None:
    first = explorer.embed("apple\nfruit\nhammer\nscrewdriver")
    explorer.notebook.run_code("without = panel.embeddings.vectors")
    explorer.choose_prompt("own")
    explorer.own.fill("query: ")
    preview = explorer.find(".ewb-preview")
    explorer.page.wait_for_function(
        "() => document.querySelector('.ewb .ewb-preview').textContent === 'query: apple'"
    )
    explorer.find("button.ewb-go").click()
    second = explorer.settled(first, method="")
    assert second == first + 1
    assert explorer.python("panel.embeddings.prompt.prefix") == "query: "
    assert explorer.find(".ewb-tab-changes").get_attribute("aria-selected") == "true"
    assert explorer.find(".ewb-plot-changes .heatmaplayer image").count() == 1
    assert explorer.python("bool((without != panel.embeddings.vectors).any())")
    explorer.choose_prompt("none")
    explorer.settled(second, method="")
    assert preview.inner_text() == "apple"
    assert explorer.python("bool((without == panel.embeddings.vectors).all())")


def test_a_directory_typed_by_hand_brings_its_own_query_instruction(
    explorer: ExplorerPage, tiny_qwen3: Path
) -> None:
    before = explorer.serial
    explorer.embedder.select_option("")
    explorer.spec.fill(str(tiny_qwen3))
    explorer.spec.press("Enter")
    loaded = explorer.settled(before, method="")
    explorer.notebook.run_code("without = panel.embeddings.vectors")
    explorer.choose_prompt("query")
    explorer.settled(loaded, method="")
    shown = explorer.find(".ewb-preview").inner_text()
    task = "Given a web search query, retrieve relevant passages that answer the query"
    assert shown == f"Instruct: {task}⏎\nQuery:苹果"
    assert explorer.python("panel.embeddings.prompt.prefix") == f"Instruct: {task}\nQuery:"
    assert explorer.python("bool((without != panel.embeddings.vectors).any())")


def test_no_button_sends_a_plot_to_a_cloud(explorer: ExplorerPage) -> None:
    titles = explorer.find(".modebar-btn").evaluate_all(
        "all => all.map(el => `${el.dataset.title} ${el.dataset.attr} ${el.textContent}`)"
    )
    assert len(titles) > 6, "the plots have buttons"
    for word in ("share", "cloud", "chart studio", "edit"):
        assert not [title for title in titles if word in title.lower()]


@pytest.mark.parametrize("sample", ["mixed", "starter"])
def test_a_sample_is_one_choice_away(explorer: ExplorerPage, sample: str) -> None:
    before = explorer.serial
    explorer.find("select.ewb-sample").select_option(sample)
    explorer.settled(before, method="")
    assert explorer.python(f"list(panel.texts) == wb.samples({sample!r})['text'].tolist()")
    assert f"sample {sample}" in explorer.find(".ewb-source").inner_text()
