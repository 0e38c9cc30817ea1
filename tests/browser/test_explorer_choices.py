"""What is chosen and not embedded yet, and the preview of the exact string."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import Lab

TEMPLATED = "Instruct: {}⏎\nQuery:"


def expect_preview(explorer: ExplorerPage, text: str) -> None:
    explorer.page.wait_for_function(
        """text => [...document.querySelector('.ewb .ewb-preview').childNodes]
            .slice(0, 2).map(el => el.textContent).join('') === text""",
        arg=text,
        timeout=10_000,
    )


@pytest.fixture
def qwen(explorer: ExplorerPage, tiny_qwen3: Path) -> ExplorerPage:
    """A panel whose picker offers a model with an instruction template, not chosen now."""
    before = explorer.serial
    explorer.notebook.run_code(f"template = {str(tiny_qwen3)!r}")
    explorer.notebook.run_code(
        "panel.set_options(choices=[*panel.options['choices'], *panel.list_choices(template)[:1]])"
    )
    assert explorer.serial == before
    return explorer


def test_what_is_chosen_and_not_embedded_yet_outlives_other_changes(
    explorer: ExplorerPage,
) -> None:
    explorer.find("select.ewb-mode").select_option("csv")
    explorer.find("input.ewb-column").fill("text")
    explorer.choose_prompt("own")
    explorer.own.fill("Find the fruit")
    explorer.embedder.select_option("")
    explorer.spec.fill("some/model")
    explorer.find("select.ewb-colour").select_option("label")
    explorer.find("select.ewb-order").select_option("clustered")
    explorer.notebook.wait_until("panel.options['order'] == 'clustered'")
    explorer.page.wait_for_timeout(300)
    assert explorer.find("select.ewb-mode").input_value() == "csv"
    assert explorer.find("input.ewb-column").input_value() == "text"
    assert explorer.find(".ewb-radio input[value=own]").is_checked()
    assert explorer.own.input_value() == "Find the fruit"
    assert explorer.embedder.input_value() == ""
    assert explorer.spec.input_value() == "some/model" and explorer.spec.is_visible()


def test_an_instruction_set_by_code_is_previewed(explorer: ExplorerPage) -> None:
    explorer.notebook.run_code("panel.embed(prompt='Which fruit is meant: ')")
    assert explorer.find(".ewb-radio input[value=own]").is_checked()
    expect_preview(explorer, "Which fruit is meant: 苹果")


def test_an_own_instruction_is_previewed_anew_for_another_model(qwen: ExplorerPage) -> None:
    qwen.choose_prompt("own")
    qwen.own.fill("Find the fruit")
    expect_preview(qwen, "Find the fruit: 苹果")
    before = qwen.serial
    qwen.embedder.select_option(qwen.python("template"))
    qwen.settled(before, method="")
    expect_preview(qwen, TEMPLATED.format("Find the fruit") + "苹果")
    prefix = "Instruct: Find the fruit\nQuery:"
    assert qwen.python("panel.embeddings.prompt.prefix") == prefix


def test_a_prefix_to_the_letter_stays_one_until_it_is_edited(qwen: ExplorerPage) -> None:
    qwen.notebook.run_code(
        "from workbench.contracts import Prompt\n"
        "panel.embed(prompt=Prompt.from_prefix('x'), embedder=template)"
    )
    expect_preview(qwen, "x苹果")
    before = qwen.serial
    qwen.find("button.ewb-go").click()
    before = qwen.settled(before, method="")
    assert qwen.python("panel.embeddings.prompt.prefix") == "x"
    qwen.own.fill("xy")
    expect_preview(qwen, TEMPLATED.format("xy") + "苹果")
    qwen.own.press("Enter")
    qwen.settled(before, method="")
    assert qwen.python("panel.embeddings.prompt.prefix") == "Instruct: xy\nQuery:"


def test_an_edited_box_is_previewed_by_its_first_line(explorer: ExplorerPage) -> None:
    explorer.notebook.run_code("panel.selection = [3]")
    expect_preview(explorer, "fruit")
    explorer.box.fill("\n  new text\nanother")
    expect_preview(explorer, "  new text")
    before = explorer.serial
    explorer.find("button.ewb-go").click()
    explorer.settled(before, method="")
    explorer.notebook.run_code("panel.selection = [1]")
    expect_preview(explorer, "another")
    explorer.box.fill("```\ncode\n```")
    expect_preview(explorer, "the text")


def test_an_emptied_number_changes_nothing(explorer: ExplorerPage) -> None:
    explorer.find(".ewb-more summary").click()
    field = explorer.find("input.ewb-nn")
    before = explorer.python("panel.options['layout']")
    for value in ("", "1"):
        field.fill(value)
        field.press("Tab")
    explorer.page.wait_for_timeout(300)
    assert explorer.python("panel.options['layout']") == before
    field.fill("7")
    field.press("Tab")
    explorer.notebook.wait_until("panel.session.layout.n_neighbors == 7")
    assert explorer.python("panel.session.layout.method") == "umap"


def test_kinds_are_called_the_same_in_map_and_tables(explorer: ExplorerPage) -> None:
    legend = set(explorer.find(".ewb-plot-map .legendtext").all_text_contents())
    chips = set(explorer.find(".ewb-chip").all_inner_texts())
    assert chips and chips <= legend
    explorer.open_tab("texts")
    names = set(explorer.find(".ewb-kindpick").first.locator("option").all_inner_texts())
    assert legend <= names


def test_plots_wait_for_a_kernel_that_is_busy_and_take_them_from_any(lab: Lab) -> None:
    opening = "import workbench as wb\npanel = wb.explore(['a', 'b', 'c'], embedder='lexical')\n"
    deaf = f"{opening}panel.session.run_errand = print\npanel"
    with lab.notebook([deaf, f"{opening}panel"], app="doc") as notebook:
        notebook.run_one(0)
        waiting = notebook.page.locator(".ewb-waiting")
        assert waiting.inner_text() == "Waiting for the kernel…"
        assert not notebook.page.locator(".ewb .main-svg").count()
        notebook.run_one(1)
        notebook.page.wait_for_function(
            "() => document.querySelectorAll('.ewb-plot-matrix .main-svg').length >= 2"
        )
        assert not waiting.count(), "both are drawn"
