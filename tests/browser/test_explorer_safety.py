"""Pasted text is data: shown to the letter, run nowhere, saved nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import Lab

HOSTILE = [
    "<script>window.pwned=1</script>",
    '<img src=x onerror="window.pwned=1">',
    "<b>bold</b>",
    '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    '<a href="javascript:window.pwned=1">link</a>',
    "$x^2$",
    "%{x} %{customdata}",
    "&lt;b&gt; &amp;amp; &#36;",
    "<br><i>markup</i>",
]


@pytest.fixture(scope="module")
def hostile(lab: Lab) -> Iterator[ExplorerPage]:
    """A page whose panel shows hostile texts, one of them twice."""
    cell = f"import workbench as wb\npanel = wb.explore({HOSTILE!r}, embedder='lexical')\npanel"
    with lab.notebook([cell], app="doc") as notebook:
        notebook.run_all()
        explorer = ExplorerPage(notebook)
        explorer.settled(0)
        yield explorer


def made_elements(explorer: ExplorerPage) -> list[str]:
    """What a browser would have made of the texts, had it read them as markup."""
    found = explorer.find("script, img, iframe, a[href], br, .ewb-table b, .ewb-status b")
    markup: list[str] = found.evaluate_all("all => all.map(el => el.outerHTML.slice(0, 200))")
    inside = explorer.find("svg text b, svg text i").evaluate_all(
        "all => all.map(el => el.outerHTML)"
    )
    assert explorer.page.evaluate("window.pwned") is None
    return [text for text in [*markup, *inside] if "modebar" not in text]


def test_axis_labels_show_markup_to_the_letter(hostile: ExplorerPage) -> None:
    shown = hostile.find(".ewb-plot-matrix .yaxislayer-above text").evaluate_all(
        "all => all.map(el => el.textContent)"
    )
    assert len(shown) == len(HOSTILE)
    for text, label in zip(HOSTILE, shown, strict=True):
        assert text.startswith(label.rstrip("…")) or label == text
        assert len(label) > 4
    assert not made_elements(hostile)


def test_the_readout_shows_markup_to_the_letter(hostile: ExplorerPage) -> None:
    for row, text in enumerate(HOSTILE):
        x, y = hostile.cell_at(row, 0)
        hostile.page.mouse.move(x, y - 2)
        hostile.page.mouse.move(x, y, steps=2)
        first = hostile.find(".ewb-matrix .ewb-readout .ewb-name").first
        first.get_by_text(text[:50]).wait_for(timeout=5000)
    assert not made_elements(hostile)


def test_the_maps_hover_box_shows_markup_to_the_letter(hostile: ExplorerPage) -> None:
    points = hostile.points()
    for index, text in enumerate(HOSTILE):
        hostile.page.mouse.move(*points[index])
        hostile.page.wait_for_function(
            """text => [...document.querySelectorAll('.ewb .hovertext text')]
                .some(el => el.textContent.replaceAll('\\u00a0', ' ').startsWith(text))""",
            arg=text[:20],
            timeout=5000,
        )
        assert not made_elements(hostile)
        hostile.page.mouse.move(5, 5)


@pytest.mark.parametrize("tab", ["neighbours", "texts"])
def test_tables_and_titles_show_markup_to_the_letter(hostile: ExplorerPage, tab: str) -> None:
    hostile.open_tab(tab)
    cells = hostile.find(".ewb-tabpanel .ewb-text")
    shown = cells.evaluate_all("all => all.map(el => [el.textContent, el.title])")
    assert {text for text, _ in shown} | {HOSTILE[0]} == set(HOSTILE)
    assert all(text == title for text, title in shown)
    assert HOSTILE[0] in (hostile.find(".ewb-wide").inner_text() + HOSTILE[0] * (tab == "texts"))
    assert not made_elements(hostile)


def test_preview_and_changes_show_markup_to_the_letter(hostile: ExplorerPage) -> None:
    before = hostile.embed("\n".join(HOSTILE))
    hostile.choose_prompt("own")
    hostile.own.fill(f"{HOSTILE[2]}: ")
    hostile.own.press("Enter")
    hostile.settled(before, method="")
    assert hostile.find(".ewb-preview").inner_text() == f"{HOSTILE[2]}: {HOSTILE[0]}"
    assert hostile.find(".ewb-tab-changes").get_attribute("aria-selected") == "true"
    assert HOSTILE[2] in hostile.find(".ewb-tabpanel .ewb-hint").inner_text()
    assert not made_elements(hostile)


def test_what_was_noticed_shows_markup_to_the_letter(hostile: ExplorerPage) -> None:
    hostile.find("select.ewb-mode").select_option("csv")
    hostile.embed("text,kind\napple,<b>fruit</b>\nhammer,en\n")
    hostile.find(".ewb-issues summary").click()
    assert "<b>fruit</b>" in hostile.find(".ewb-issues li").inner_text()
    assert not made_elements(hostile)


def test_the_status_line_shows_markup_to_the_letter(hostile: ExplorerPage) -> None:
    name = '<img src=x onerror="window.pwned=1">'
    hostile.embedder.select_option("")
    hostile.spec.fill(name)
    hostile.spec.press("Enter")
    hostile.wait_phase("error")
    assert name in hostile.status.inner_text()
    assert not made_elements(hostile)


def test_the_warning_about_a_language_shows_markup_to_the_letter(explorer: ExplorerPage) -> None:
    twins = [f"<b>漢字{sign}</b>" for sign in "苹橘螺锤"] + ["<img src=x onerror=alert(1)>鑫鑫"]
    explorer.embed("\n".join(twins))
    banner = explorer.find(".ewb-banner")
    assert "[UNK]" in banner.inner_text()
    assert not banner.locator("b, img").count()


def test_a_saved_notebook_holds_neither_widgets_nor_pasted_texts(explorer: ExplorerPage) -> None:
    secret = "a sentence that nobody but me may read 秘密"
    explorer.embed(f"{secret}\nanother")
    explorer.notebook.wait_until("panel.text.startswith('a sentence')")
    saved = explorer.notebook.save()
    assert "widgets" not in saved["metadata"]
    written = json.dumps(saved, ensure_ascii=False)
    assert "wb.explore" in written
    assert secret not in written and "秘密" not in written
    assert "苹果" not in written, "the sample's texts are in the widget, not in the notebook"
