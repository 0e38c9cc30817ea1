"""The panel that starts engines, by its public name."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench as wb
from workbench.errors import InputError


def test_it_opens_on_what_is_asked_for_and_on_the_first_engine_otherwise() -> None:
    for panel, model, engine in (
        (wb.serve_panel(), "", "sglang"),
        (wb.serve_panel(Path("models") / "mine", engine="vllm"), str(Path("models/mine")), "vllm"),
    ):
        assert (panel.options["model"], panel.options["engine"]) == (model, engine)
        offered = [choice["name"] for choice in panel.options["engines"]]
        assert offered == ["sglang", "vllm", "llamacpp", "infinity"]
        panel.close()


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="sglang, vllm, llamacpp, infinity"):
        wb.serve_panel(engine="ollama")  # type: ignore[arg-type]
