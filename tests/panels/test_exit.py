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
    "a map that is being drawn": """
import sys, time
catalogue = FakeCatalogue()
panel = Explorer(catalogue, texts=[f"text {i}" for i in range(50)], spec="near", unrelated=None)
while "umap.layouts" not in sys.modules:
    time.sleep(0.05)
time.sleep(1)  # numba compiles for seconds, and ends a process that leaves it in the middle
assert panel.session._mapping.busy
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
