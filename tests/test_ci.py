"""The one script that CI runs says what the README says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

REPO = Path(__file__).parent.parent
SCRIPT = REPO / ".ci" / "run"
COMMAND = "pip install -e '.[test]' && pytest"


def test_readme_and_ci_test_with_the_same_command() -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\s*(?:\$ )?(pip install .*pytest.*?)\s*$", readme, re.MULTILINE)
    assert commands == [COMMAND]
    lines = [line.strip() for line in SCRIPT.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if line][-1] == COMMAND
    assert {"ruff check", "ruff format --check", "mypy"} < set(lines)


def test_the_script_runs_by_itself_and_stops_at_the_first_failure() -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert "set -euo pipefail" in SCRIPT.read_text(encoding="utf-8").splitlines()
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
