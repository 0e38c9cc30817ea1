"""What the text box holds, and what it must not lose."""

from __future__ import annotations

import workbench as wb
from workbench.panels.explorer import Explorer
from workbench.panels.sources import BOX_CHARACTERS


def press(panel: Explorer, text: str | None, *, mode: str = "lines") -> None:
    asked = {"do": "embed", "text": text, "mode": mode, "column": "", "spec": "lexical"}
    panel._handle_custom_msg(asked | {"prompt": {"choice": "none", "own": ""}}, [])
    assert panel.wait(60)


def test_texts_that_were_not_edited_keep_what_a_browser_would_change() -> None:
    texts = ("one\rtwo", "three\r\nfour", "five")
    panel = wb.explore(list(texts), embedder="lexical")
    press(panel, None)
    assert panel.texts == texts


def test_a_very_long_paste_is_embedded_whole_though_the_box_shows_its_beginning() -> None:
    texts = [f"text {i} " + "x" * 1000 for i in range(400)]
    panel = wb.explore(texts, embedder="lexical")
    assert panel.options["clipped"]
    assert len(panel.text) <= BOX_CHARACTERS < sum(map(len, texts))
    assert panel.text.endswith("\n")
    press(panel, None)
    assert panel.texts == tuple(texts)
    press(panel, None, mode="blocks")
    assert panel.texts == ("\n".join(texts),)
