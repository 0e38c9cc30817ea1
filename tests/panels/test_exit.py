"""Python ends when it is asked to, whatever the panel is at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
WORK = {
    "a run that waits for ever": """
catalogue = FakeCatalogue()
panel = Explorer(catalogue, texts=["a", "b"], spec="near", unrelated=None)
panel.wait()
catalogue.embedders["near"].gate.shut()
panel.run(pasted="c\\nd")
assert catalogue.embedders["near"].gate.reached.wait(10)
""",
    "a load that waits for ever": """
catalogue = FakeCatalogue()
catalogue.load_gate.shut()
panel = Explorer(catalogue, texts=["a", "b"], spec="near", unrelated=None)
assert catalogue.load_gate.reached.wait(10)
""",
    "a pass through a real model": """
import time
import workbench as wb
panel = wb.explore([f"text number {i} about apples" for i in range(2_000)])
while panel.status["phase"] != "embedding" or panel.status["done"] == 0:
    time.sleep(0.01)
assert panel.busy  # inside torch, which aborts a process whose main thread has gone
""",
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_python_ends_at_once(work: str) -> None:
    code = f"""
from tests.panels.fakes import FakeCatalogue
from workbench.panels.explorer import Explorer
{work}
print("at the end")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.stdout == "at the end\n", ended.stderr
    assert ended.returncode == 0, ended.stderr
    assert "Fatal Python error" not in ended.stderr
