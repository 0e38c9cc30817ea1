"""Files into the Explorer and out of it, through the browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Download

from tests.browser.explorer_page import ExplorerPage
from tests.browser.harness import Lab

ROWS = {"text": ["苹果", "a line\nand another", "x = 1"], "label": ["fruit", "prose", "code"]}


def upload(explorer: ExplorerPage, path: Path) -> None:
    """Choose a file in the dialog that "Open file…" opens."""
    with explorer.page.expect_file_chooser() as opened:
        explorer.find("button.ewb-upload").click()
    opened.value.set_files(path)


def export(explorer: ExplorerPage, what: str) -> Download:
    with explorer.page.expect_download() as begun:
        explorer.find("select.ewb-export").select_option(what)
    return begun.value


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_opened_table_is_embedded_to_the_letter(
    explorer: ExplorerPage, tmp_path: Path, suffix: str
) -> None:
    frame, path = pd.DataFrame(ROWS), tmp_path / f"my texts.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    before = explorer.serial
    upload(explorer, path)
    explorer.settled(before, method="")
    assert explorer.python("panel.texts") == ROWS["text"]
    assert f"my texts.{suffix}" in explorer.find(".ewb-source").inner_text()


def test_a_file_whose_column_cannot_be_told_asks_for_its_name(
    explorer: ExplorerPage, tmp_path: Path
) -> None:
    path = tmp_path / "two.csv"
    path.write_text("left,right\na b,c d\ne f,g h\n")
    upload(explorer, path)
    explorer.wait_phase("error")
    assert "left" in explorer.status.inner_text() and "right" in explorer.status.inner_text()
    before = explorer.serial
    explorer.find("input.ewb-column").fill("right")
    upload(explorer, path)
    explorer.settled(before, method="")
    assert explorer.python("panel.texts") == ["c d", "g h"]


def test_a_file_that_is_no_text_is_refused_and_the_panel_goes_on(
    explorer: ExplorerPage, tmp_path: Path
) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(bytes(range(256)) * 4)
    upload(explorer, path)
    explorer.wait_phase("error")
    assert "picture.txt" in explorer.status.inner_text()
    explorer.embed("still\nalive")


def test_exported_vectors_are_those_on_screen(explorer: ExplorerPage, tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    export(explorer, "npz").save_as(path)
    explorer.notebook.run_code(f"import numpy; written = numpy.load({str(path)!r})")
    assert explorer.python("bool((written['vectors'] == panel.embeddings.vectors).all())")
    with np.load(path) as written:
        items = json.loads(written["items"].tobytes())
    assert [item["text"] for item in items] == explorer.python("panel.texts")


def test_an_exported_page_draws_its_figures_on_its_own(
    explorer: ExplorerPage, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    export(explorer, "html").save_as(path)
    page = explorer.page.context.browser.new_page()  # type: ignore[union-attr]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert page.locator(".js-plotly-plot").count() == 2
    assert "苹果" in page.content()
    assert not [url for url in asked if url.startswith("http")]
    assert not page.locator("[data-title*=hare], [data-attr=sendDataToCloud]").count()
    page.close()


def test_every_export_downloads_a_file(explorer: ExplorerPage) -> None:
    options = explorer.find("select.ewb-export option").evaluate_all(
        "all => all.map(el => el.value).filter(value => value)"
    )
    assert len(options) == 6
    for what in options:
        done = export(explorer, what)
        assert Path(done.path()).stat().st_size > 100
    assert explorer.find("select.ewb-export").input_value() == ""


def test_one_file_is_downloaded_where_a_panel_is_shown_twice(lab: Lab) -> None:
    cell = "import workbench as wb\npanel = wb.explore(embedder='lexical')\npanel"
    with lab.notebook([cell, "panel"], app="doc") as notebook:
        notebook.run_all()
        page = notebook.page
        page.locator(".ewb-plot-map .main-svg").nth(1).wait_for(state="attached")
        downloads: list[str] = []
        page.on("download", lambda begun: downloads.append(begun.url))
        menus = page.locator("select.ewb-export")
        for at in range(menus.count()):
            with page.expect_download():
                menus.nth(at).select_option("npz")
            page.wait_for_timeout(500)
        assert menus.count() == len(downloads) == 2
        ids = page.locator(".ewb [id]").evaluate_all("all => all.map(el => el.id)")
        assert len(ids) == len(set(ids))
