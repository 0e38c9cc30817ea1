"""One selection in matrix, map, tables and Python, whichever of them it is made in."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Literal

import pytest

from tests.browser.explorer_page import ExplorerPage


def expect_selected(explorer: ExplorerPage, wanted: list[int]) -> None:
    """The selection in Python, and what the page marks because of it."""
    explorer.notebook.wait_until(f"sorted(panel.selection) == {sorted(wanted)}", timeout_s=10)
    explorer.page.wait_for_function(
        """wanted => {
            const {data} = document.querySelector('.ewb .ewb-plot-map');
            const marked = data.flatMap(trace =>
                Array.from(trace.selectedpoints ?? [], i => Number(trace.customdata[i])));
            const {shapes} = document.querySelector('.ewb .ewb-plot-matrix').layout;
            return JSON.stringify(marked.sort((a, b) => a - b)) === wanted[0]
                && (shapes ?? []).length === wanted[1];
        }""",
        arg=[
            json.dumps(sorted(wanted), separators=(",", ":")),
            2 * len(wanted),  # a row and a column each
        ],
        timeout=10_000,
    )


def inside(
    points: dict[int, tuple[float, float]], box: tuple[float, float, float, float]
) -> list[int]:
    left, top, right, bottom = box
    return [i for i, (x, y) in points.items() if left < x < right and top < y < bottom]


def halves(explorer: ExplorerPage) -> list[tuple[float, float, float, float]]:
    """Boxes around the left, right, upper and lower part of the map, off every point."""
    points = explorer.points()
    xs, ys = (sorted(point[axis] for point in points.values()) for axis in (0, 1))
    cuts = []
    for places in (xs, ys):
        gaps = [(b - a, (a + b) / 2) for a, b in pairwise(places[5:-5])]
        cuts.append(max(gaps)[1])
    x, y = cuts
    left, top, right, bottom = xs[0] - 9, ys[0] - 9, xs[-1] + 9, ys[-1] + 9
    return [
        (left, top, x, bottom),
        (x, top, right, bottom),
        (left, top, right, y),
        (left, y, right, bottom),
    ]


def lasso_box(explorer: ExplorerPage, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    explorer.lasso([(left, top), (right, top), (right, bottom), (left, bottom)])


def test_a_click_on_a_matrix_cell_selects_both_of_its_texts(explorer: ExplorerPage) -> None:
    explorer.page.mouse.click(*explorer.cell_at(2, 5))
    expect_selected(explorer, [2, 5])
    rows = explorer.find(".ewb-tabpanel tbody tr")
    assert rows.evaluate_all("all => all.map(row => row.dataset.index)") == ["2", "5"]


def test_hovering_over_a_matrix_cell_reads_out_its_cosine_and_texts(
    explorer: ExplorerPage,
) -> None:
    x, y = explorer.cell_at(2, 3)
    explorer.page.mouse.move(x, y - 1)
    explorer.page.mouse.move(x, y)
    explorer.page.wait_for_function(
        """() => [...document.querySelectorAll('.ewb .ewb-matrix .ewb-readout .ewb-name')]
            .map(el => el.textContent).join() === 'apple,fruit'""",
        timeout=10_000,
    )
    cosine = explorer.python("float(wb.similarity(panel.embeddings.vectors)[2, 3])")
    assert explorer.find(".ewb-matrix .ewb-readout b").inner_text() == f"{cosine:.3f}"


def test_a_click_on_a_point_selects_its_text_and_lists_its_neighbours(
    explorer: ExplorerPage,
) -> None:
    explorer.page.mouse.click(*explorer.points()[7])
    expect_selected(explorer, [7])
    assert "hammer" in explorer.find(".ewb-wide .ewb-sub").inner_text()
    nearest = explorer.python("panel.view.comparison.indices[7].tolist()")
    rows = explorer.find(".ewb-tabpanel tbody tr")
    assert rows.evaluate_all("all => all.map(row => Number(row.dataset.index))") == nearest


def test_a_click_on_a_row_selects_its_text(explorer: ExplorerPage) -> None:
    explorer.open_tab("texts")
    explorer.find(".ewb-tabpanel tbody tr[data-index='4'] .ewb-textcell").click()
    expect_selected(explorer, [4])
    assert "ewb-marked" in (
        explorer.find(".ewb-tabpanel tr[data-index='4']").get_attribute("class") or ""
    )


def test_tab_arrows_and_enter_select_a_row_and_keep_the_focus(explorer: ExplorerPage) -> None:
    explorer.open_tab("texts")
    explorer.find(".ewb-tab-texts").focus()
    for _ in range(20):
        explorer.page.keyboard.press("Tab")
        if explorer.page.evaluate("document.activeElement.tagName") == "TR":
            break
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("Enter")
    expect_selected(explorer, [2])
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("Enter")
    expect_selected(explorer, [3])


@pytest.mark.parametrize("keys", ["Shift+Space", "Control+Enter"])
def test_the_keyboard_adds_texts_to_the_selection_and_takes_them_out(
    explorer: ExplorerPage, keys: str
) -> None:
    explorer.open_tab("texts")
    explorer.find(".ewb-tabpanel tr[data-index='0']").focus()
    for key, wanted in (("Enter", [0]), (keys, [0, 1]), (keys, [0, 1, 2]), (keys, [0, 1, 2, 3])):
        explorer.page.keyboard.press(key)
        expect_selected(explorer, wanted)
        explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("ArrowUp")
    explorer.page.keyboard.press(keys)
    expect_selected(explorer, [0, 1, 2])


@pytest.mark.parametrize("held", ["Shift", "Control"])
def test_a_click_with_a_key_held_adds_a_text_to_the_selection(
    explorer: ExplorerPage, held: Literal["Shift", "Control"]
) -> None:
    explorer.open_tab("texts")
    for index, wanted in ((4, [4]), (1, [1, 4]), (4, [1])):
        row = explorer.find(f".ewb-tabpanel tr[data-index='{index}'] .ewb-textcell")
        row.click(modifiers=[] if wanted == [4] else [held])
        expect_selected(explorer, wanted)


def test_arrows_walk_from_tab_to_tab(explorer: ExplorerPage) -> None:
    explorer.find(".ewb-tab-neighbours").focus()
    for key, name in (
        ("ArrowRight", "texts"),
        ("ArrowRight", "neighbours"),
        ("ArrowLeft", "texts"),
    ):
        explorer.page.keyboard.press(key)
        tab = explorer.find(f".ewb-tab-{name}")
        assert tab.get_attribute("aria-selected") == "true"
        assert tab.evaluate("el => el === document.activeElement")
        panel = explorer.find(f"#{tab.get_attribute('aria-controls')}")
        assert panel.get_attribute("aria-labelledby") == tab.get_attribute("id")


def test_a_selection_made_in_python_shows_everywhere(explorer: ExplorerPage) -> None:
    explorer.notebook.run_code("panel.selection = [3]")
    expect_selected(explorer, [3])
    assert "fruit" in explorer.find(".ewb-wide .ewb-sub").inner_text()


def test_no_lasso_that_follows_a_hover_is_lost(explorer: ExplorerPage) -> None:
    for n, box in enumerate([*halves(explorer), halves(explorer)[0]]):
        points = explorer.points()
        explorer.page.mouse.move(*points[n])
        explorer.find(".ewb-plot-map .hoverlayer .hovertext").wait_for()
        lasso_box(explorer, box)
        wanted = inside(points, box)
        assert 3 < len(wanted) < 21
        expect_selected(explorer, wanted)


def test_after_a_lasso_hover_and_click_still_work_inside_its_region(
    explorer: ExplorerPage,
) -> None:
    box = halves(explorer)[0]
    lasso_box(explorer, box)
    points = explorer.points()
    wanted = inside(points, box)
    expect_selected(explorer, wanted)
    explorer.page.mouse.move(*points[wanted[0]])
    explorer.find(".ewb-plot-map .hoverlayer .hovertext").wait_for()
    explorer.page.mouse.click(*points[wanted[0]])
    expect_selected(explorer, [wanted[0]])


def test_a_double_click_in_lasso_mode_selects_nothing(explorer: ExplorerPage) -> None:
    left, top, right, bottom = halves(explorer)[0]
    lasso_box(explorer, (left, top, right, bottom))
    expect_selected(explorer, inside(explorer.points(), (left, top, right, bottom)))
    explorer.page.mouse.dblclick(left + 1, top + 1)
    expect_selected(explorer, [])


def test_a_table_stays_where_it_was_scrolled_when_a_row_is_picked(explorer: ExplorerPage) -> None:
    explorer.open_tab("texts")
    row = explorer.find(".ewb-tabpanel tr[data-index='20']")
    row.scroll_into_view_if_needed()
    scrolled = explorer.find(".ewb-scroll").evaluate("el => el.scrollTop")
    assert scrolled > 50
    row.locator(".ewb-textcell").click()
    expect_selected(explorer, [20])
    assert explorer.find(".ewb-scroll").evaluate("el => el.scrollTop") == scrolled


def test_new_texts_drop_the_selection_and_a_new_instruction_keeps_it(
    explorer: ExplorerPage,
) -> None:
    explorer.notebook.run_code("panel.selection = [1, 2]")
    expect_selected(explorer, [1, 2])
    before = explorer.serial
    explorer.choose_prompt("own")
    explorer.own.fill("query: ")
    explorer.own.press("Enter")
    explorer.settled(before, method="umap")
    expect_selected(explorer, [1, 2])
    explorer.embed("an\nother\ntext")
    expect_selected(explorer, [])


@pytest.mark.parametrize("order", ["given", "clustered"])
def test_a_cell_means_the_same_texts_in_every_order(explorer: ExplorerPage, order: str) -> None:
    if order == "clustered":
        explorer.find("select.ewb-order").select_option("clustered")
        explorer.notebook.wait_until("panel.view.order is not None")
        explorer.page.wait_for_function(
            "wanted => JSON.stringify(document.querySelector('.ewb .ewb-plot-matrix')"
            ".layout.yaxis.ticktext).includes(wanted)",
            arg="hammer",
        )
    place = explorer.python(
        "[1, 4] if panel.view.order is None else panel.view.order[[1, 4]].tolist()"
    )
    explorer.page.wait_for_function(
        """([order, row]) => {
            const {data} = document.querySelector('.ewb .ewb-plot-matrix');
            return data[0].z.length === 24 && order && row !== null;
        }""",
        arg=[order, place[0]],
    )
    explorer.page.mouse.click(*explorer.cell_at(1, 4))
    expect_selected(explorer, place)
