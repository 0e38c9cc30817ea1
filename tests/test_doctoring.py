"""``workbench doctor``: what is printed where, its files, and exit codes like no other's."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import workbench as wb
from tests.studies.doctor.diagnoses import FAULTY, make_diagnosis
from workbench import doctor
from workbench.cli import app
from workbench.contracts import Diagnosis, Progress, Status, check_cancel
from workbench.errors import AddressError, UnknownModelError

URL = "http://127.0.0.1:9/v1"


class Doctor:
    """Takes the place of ``diagnose``: tells its findings, then does what the test says."""

    def __init__(self, diagnosis: Diagnosis | None = None) -> None:
        self.diagnosis = diagnosis or make_diagnosis()
        self.failure: BaseException | None = None
        self.interrupt = False
        self.asked: dict[str, Any] = {}

    def __call__(self, base_url: str, **asked: Any) -> Diagnosis:
        self.asked = {"base_url": base_url, **asked}
        if self.failure is not None:
            raise self.failure
        for place, finding in enumerate(self.diagnosis.findings):
            asked["progress"](Progress("load", place, 6, f"trying {finding.probe}"))
            asked["tell"](finding)
            if self.interrupt and place == 2:
                os.kill(os.getpid(), signal.SIGINT)
            check_cancel(asked["cancel"], done=place, total=6, unit="probes")
        return self.diagnosis


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Doctor:
    fake = Doctor()
    monkeypatch.setattr(doctor, "diagnose", fake)
    return fake


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *args])


@pytest.mark.usefixtures("fake")
def test_the_bound_is_said_first_then_findings_as_they_come_and_the_verdict_last() -> None:
    result = run(URL)
    first, *lines = result.stderr.splitlines()
    assert first == f"Examining {URL}: at most 200 requests and 60,000 tokens."
    assert lines[0].startswith("✓ ok") and lines[0].endswith("It answers.")
    assert len(lines) >= len(FAULTY)
    assert result.stdout.startswith("✗ The end token is missing. Append <|endoftext|>")
    assert "cosine to the right recipe: 0.81 at the least" in result.stdout


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warn", 1), ("fail", 2), ("unknown", 3)])
def test_the_exit_code_is_the_diagnosis(fake: Doctor, status: Status, code: int) -> None:
    fake.diagnosis = make_diagnosis(status=status)
    assert run(URL).exit_code == code
    assert run(URL, "--json").exit_code == code


def test_json_is_all_there_is_on_standard_output(fake: Doctor) -> None:
    result = run(URL, "--json")
    assert json.loads(result.stdout)["cause"] == "end_token_missing"
    assert result.stdout.count("\n{") == 0
    assert fake.asked["base_url"] == URL


def test_every_option_reaches_the_doctor(
    fake: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-nobody-reads-this")
    result = run(
        URL, "--model", "m", "--reference", "dir", "--save", str(tmp_path / "g.json"), "--deep",
        "--key-from", "MY_KEY", "--accept", "dimensions", "--accept", "limits",
    )  # fmt: skip
    asked = fake.asked
    assert (asked["model"], asked["reference"], asked["against"]) == ("m", "dir", None)
    assert (asked["deep"], asked["accept"]) == (True, ("dimensions", "limits"))
    assert asked["save"] == tmp_path / "g.json"
    assert asked["key"].reveal() == "sk-nobody-reads-this"
    assert "at most 600 requests" in result.stderr
    assert "sk-nobody" not in result.output


@pytest.mark.usefixtures("fake")
def test_the_reports_are_written_beside_what_is_printed(tmp_path: Path) -> None:
    page, notes = tmp_path / "report.html", tmp_path / "report.md"
    result = run(URL, "--html", str(page), "--markdown", str(notes))
    assert result.exit_code == 2
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert notes.read_text(encoding="utf-8").startswith("# ✗ Wrong: Qwen/Qwen3")
    assert f"Wrote {page}" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Missing argument"),
        ([URL, "--no-such-option"], "no-such-option"),
        ([URL, "--key-from", "UNSET_VARIABLE"], "UNSET_VARIABLE"),
        ([URL, "--html", "no-such-folder/x.html"], "folder that does not exist"),
        ([URL, "--markdown", "."], "is a directory"),
    ],
)
def test_a_command_that_examined_nothing_has_a_code_of_its_own(
    fake: Doctor, args: list[str], said: str
) -> None:
    result = run(*args)
    assert result.exit_code == 64
    assert said in result.output
    assert not fake.asked and not result.stdout


def test_a_password_in_the_address_is_refused_before_it_is_shown(fake: Doctor) -> None:
    result = run("http://me:pa55word@host.example/v1")
    assert result.exit_code == 64 and not fake.asked
    assert "user and password" in result.output and "pa55word" not in result.output


@pytest.mark.parametrize(
    "failure",
    [AddressError("'x' is no address."), UnknownModelError("No model 'x'."), RuntimeError("odd")],
    ids=lambda failure: type(failure).__name__,
)
def test_an_error_is_not_mistaken_for_a_diagnosis(fake: Doctor, failure: Exception) -> None:
    fake.failure = failure
    result = run(URL, "--json")
    assert result.exit_code == 64
    assert str(failure) in result.stderr
    assert not result.stdout
    assert ("Traceback" in result.stderr) == isinstance(failure, RuntimeError)


def test_ctrl_c_shows_what_was_found_so_far(fake: Doctor) -> None:
    fake.interrupt = True
    result = run(URL)
    assert result.exit_code == 130
    assert "Interrupted after 3 probes: no verdict." in result.stderr
    assert "cosine to the right recipe: 0.81 at the least" in result.stdout
    assert "latency" not in result.stdout


def test_ctrl_c_leaves_no_half_of_a_json_document(fake: Doctor) -> None:
    fake.interrupt = True
    result = run(URL, "--json")
    assert (result.exit_code, result.stdout) == (130, "")


def test_what_a_server_says_reaches_no_terminal_as_a_command(fake: Doctor) -> None:
    finding = FAULTY[0].__class__("reach", "fail", "\x1b[2Jgone [bold]x[/bold] :smile:")
    fake.diagnosis = make_diagnosis(finding, verdict="\x1b]0;title\x07verdict", status="fail")
    result = run(URL)
    assert "\x1b[2J" not in result.output and "\x1b]0" not in result.output
    assert "gone [bold]x[/bold] :smile:" in result.stdout


SCRIPT = """
import sys
from workbench import doctor
from workbench.cli import app
from tests.studies.doctor.diagnoses import make_diagnosis
def diagnose(url, **asked):
    for finding in make_diagnosis().findings:
        asked["tell"](finding)
    return make_diagnosis()
doctor.diagnose = diagnose
sys.argv = ["workbench", "doctor", "http://127.0.0.1:9/v1"]
app()
"""


def run_script(**streams: Any) -> subprocess.Popen[bytes]:
    root = Path(__file__).parent.parent
    return subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=root, **streams)


def test_on_a_terminal_there_is_a_table_with_signs_besides_colours() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "110"}
    environment.pop("NO_COLOR", None)
    with run_script(stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as running:
        os.close(theirs)
        shown = _read_all(lambda: os.read(ours, 65_536))
        assert running.wait(60) == 2
    os.close(ours)
    assert "\x1b[" in shown
    table = next(line for line in shown.splitlines() if "parity" in line)
    assert "✗ wrong" in table and "16 of 16 texts" in table


def _read_all(read: Callable[[], bytes]) -> str:
    parts = []
    while True:
        try:
            part = read()
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode("utf-8")


def test_a_stream_of_few_characters_gets_escapes_and_no_traceback() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with run_script(stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as running:
        out, err = running.communicate(timeout=60)
        assert running.returncode == 2
    assert out.decode("utf-8").startswith("✗ The end token")
    assert b"\\u2717 wrong" in err
    assert b"Traceback" not in err


def test_a_real_endpoint_is_examined_from_the_command_line_to_its_cause(tmp_path: Path) -> None:
    embedder = wb.load()
    page = tmp_path / "report.html"
    with wb.serve_wrongly(embedder, "half_the_width") as server:
        result = run(server.base_url, "--reference", "bundled", "--json", "--html", str(page))
    embedder.unload()
    assert result.exit_code == 2, result.stderr
    assert json.loads(result.stdout)["cause"] == "sliced"
    assert "192 of 384" in page.read_text(encoding="utf-8")
    assert run(server.base_url, "--accept", "no-such-probe").exit_code == 64
    assert run("no address at all").exit_code == 64
