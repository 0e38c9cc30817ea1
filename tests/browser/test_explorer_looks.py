"""What the Explorer looks like: themes, widths, fonts; and what a keyboard or a reader meets."""

from __future__ import annotations

import re

import pytest

from tests.browser.explorer_page import ExplorerPage

COLOURS = """() => {
    const style = selector => getComputedStyle(document.querySelector(`.ewb ${selector}`));
    return {
        page: getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor,
        card: style('.ewb-card').backgroundColor,
        text: style('.ewb-status').color,
        tick: style('.ewb-plot-matrix .ytick text').fill,
        legend: style('.ewb-plot-map .legendtext').fill,
        box: style('.ewb-texts').color,
    };
}"""


def brightness(colour: str) -> float:
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def test_text_in_panel_and_plots_follows_the_theme_live(explorer: ExplorerPage) -> None:
    for theme in ("Dark", "Light"):
        explorer.set_theme(theme)
        found = explorer.page.evaluate(COLOURS)
        ground = brightness(found["card"])
        assert (ground > 0.5) == (theme == "Light")
        for name in ("text", "tick", "legend", "box"):
            assert abs(brightness(found[name]) - ground) > 0.5, (theme, name, found)
        explorer.notebook.shot(f"explorer-{theme.lower()}")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (900, 700)])
def test_nothing_is_wider_than_its_place(explorer: ExplorerPage, width: int, height: int) -> None:
    explorer.page.set_viewport_size({"width": width, "height": height})
    try:
        explorer.page.wait_for_function(
            """() => {
                const wide = document.querySelector('.ewb').clientWidth;
                const plot = document.querySelector('.ewb .ewb-plot-map');
                return plot._fullLayout.width === plot.clientWidth && plot.clientWidth <= wide;
            }"""
        )
        wider = explorer.page.evaluate(
            """() => {
                const area = document.querySelector('.ewb').closest('.jp-OutputArea-output');
                const edge = area.getBoundingClientRect().right + 1;
                const free = '.ewb-scroll, .ewb-texts, .js-plotly-plot, [hidden]';
                const wider = [...area.querySelectorAll('.ewb *')].filter(el =>
                    !el.closest(free) && el.getBoundingClientRect().right > edge);
                if (area.scrollWidth > area.clientWidth) wider.push(area);
                return wider.map(el => el.className);
            }"""
        )
        assert not wider
        explorer.notebook.shot(f"explorer-{width}")
    finally:
        explorer.page.set_viewport_size({"width": 1280, "height": 800})


def test_chinese_is_drawn_with_glyphs_and_not_with_boxes(explorer: ExplorerPage) -> None:
    inked = explorer.page.evaluate(
        """() => {
            const font = getComputedStyle(
                document.querySelector('.ewb .ewb-plot-matrix .ytick text')).fontFamily;
            const draw = sign => {
                const canvas = document.createElement('canvas');
                Object.assign(canvas, {width: 40, height: 40});
                const pen = canvas.getContext('2d');
                pen.font = `28px ${font}`;
                pen.fillText(sign, 2, 32);
                return canvas.toDataURL();
            };
            return ['苹', '果', '螺', '\\u{10FFFD}'].map(draw);
        }"""
    )
    assert len(set(inked)) == 4, "each sign has its own glyph, none that of a missing one"


def test_tab_walks_from_embedder_to_texts_to_embed(explorer: ExplorerPage) -> None:
    explorer.embedder.focus()
    met = []
    for _ in range(12):
        met.append(
            explorer.page.evaluate(
                "() => [...document.activeElement.classList].find(c => c.startsWith('ewb-'))"
                " ?? document.activeElement.type"
            )
        )
        if "ewb-button" in met[-1:] and explorer.page.evaluate(
            "document.activeElement.classList.contains('ewb-go')"
        ):
            break
        explorer.page.keyboard.press("Tab")
    assert met == [
        "ewb-embedder", "ewb-texts", "ewb-mode", "ewb-sample", "ewb-button", "radio", "ewb-button",
    ]  # fmt: skip


def test_every_control_has_a_name_that_a_screen_reader_says(explorer: ExplorerPage) -> None:
    explorer.open_tab("texts")
    explorer.find(".ewb-more summary").click()
    roles = "button|combobox|textbox|radio|radiogroup|spinbutton|tab|tablist|tabpanel|progressbar"
    lines = explorer.root.aria_snapshot().splitlines()
    controls = [line.strip() for line in lines if re.match(rf"\s*- ({roles})\b", line)]
    assert len(controls) > 30
    assert not [line for line in controls if '"' not in line and "tablist" not in line]
    explorer.find(".ewb-more summary").click()
