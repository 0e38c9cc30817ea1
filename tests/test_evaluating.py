"""``workbench evaluate``: what it says of a second run, where a key goes, how Ctrl-C ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import workbench as wb
from tests.studies.evaluation.tasks import NoiseEmbedder
from workbench.cli import app

KEY = "sk-nobody-reads-this"
CLOSED = "http://127.0.0.1:9/v1#m"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tsv"
    lines = [f"{n % 6}.0\tapple {n}\t{'apple' if n % 6 > 2 else 'tax'} {n}" for n in range(24)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_manifest(pairs: Path, **changes: Any) -> Path:
    manifest = dict(wb.evaluate("lexical", pairs, cost=False, draws=100).manifest)
    path = pairs.with_name("manifest.json")
    path.write_text(json.dumps(manifest | changes), encoding="utf-8")
    return path


def run(*given: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, given)])


def test_a_second_run_says_what_is_different_now(pairs: Path) -> None:
    path = write_manifest(pairs)
    assert "models and main scores are what they were" in run("--again", path).stderr
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["versions"]["numpy"] = "1.0.0"
    kept["scores"]["lexical"]["mine"]["value"] -= 0.25
    path.write_text(json.dumps(kept), encoding="utf-8")
    done = run("--again", path)
    assert done.exit_code == 0
    assert "different now: versions.numpy: was '1.0.0', is '" in done.stderr
    assert "different now: scores.lexical.mine.value: was 0." in done.stderr


@pytest.mark.parametrize("option", ["--model", "--task", "--kind", "--columns", "--prompt"])
def test_what_the_manifest_says_is_not_said_twice(option: str, pairs: Path) -> None:
    done = run("--again", write_manifest(pairs), option, "x")
    assert done.exit_code == 2
    assert f"{option} stands beside --again" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", "holds no manifest"), ("{", "cannot be read"), ('{"format": 9}', "9"), ("{}", "None")],
)
def test_what_is_no_manifest_is_refused(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content, encoding="utf-8")
    done = run("--again", path)
    assert done.exit_code == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_an_object_of_the_caller_has_to_be_passed_again(pairs: Path) -> None:
    mine = NoiseEmbedder()
    first = wb.evaluate({"mine": mine}, pairs, cost=False, draws=100)
    with pytest.raises(wb.InputError, match="'mine' was handed in as an object"):
        wb.rerun(first.manifest)
    with pytest.raises(wb.InputError, match="'other' is in no embedder's place"):
        wb.rerun(first.manifest, embedders={"other": mine})
    again = wb.rerun(first.manifest, embedders={"mine": mine})
    assert again.embedders[0].tasks[0].main.value == first.embedders[0].tasks[0].main.value


def test_a_key_goes_with_an_endpoint_of_the_manifest_and_is_never_shown(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    path = write_manifest(pairs, embedders=[{"label": "m", "asked": CLOSED}])
    done = run("--again", path, "--key-from", "MY_KEY")
    assert done.exit_code == 2
    assert "127.0.0.1:9" in done.stderr and "is no endpoint" not in done.stderr
    assert KEY not in done.output


def test_a_key_is_not_sent_to_two_hosts(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    other = "http://127.0.0.1:10/v1#m"
    done = run("--model", CLOSED, "--model", other, "--task", pairs, "--key-from", "MY_KEY")
    assert done.exit_code == 2
    assert "2 hosts are asked (127.0.0.1:10, 127.0.0.1:9)" in done.stderr
    assert KEY not in done.output


def test_a_wrong_name_is_found_before_anything_is_embedded_where_all_are_held() -> None:
    mine = NoiseEmbedder()
    with pytest.raises(wb.UnknownModelError, match="nosuch"):
        wb.evaluate({"mine": mine, "other": "nosuch"}, "sts-en", draws=100)
    assert mine.asked == []


def test_short_names_are_each_given_once_and_prompts_of_roles_reach_all(pairs: Path) -> None:
    first, second = NoiseEmbedder(), NoiseEmbedder(seed=1)
    found = wb.evaluate(
        [first, first, second], pairs, cost=False, draws=100, prompts={"text": "say: "}
    )
    assert [one.label for one in found.embedders] == ["noise 0", "noise 0 (2)", "noise 1"]
    assert all(string.startswith("say: ") for string in second.asked[0])
    with pytest.raises(wb.InputError, match="mix short names"):
        wb.evaluate(first, pairs, prompts={"text": "a", "noise 0": {"text": "b"}})  # type: ignore[arg-type]


INTERRUPTED = """
import os, signal
from workbench import evaluation
from workbench.cli import app
real, sent = evaluation.evaluate, []
def evaluate(*given, progress, **more):
    def tell(step):
        progress(step)
        if step.stage == "evaluate" and 0 < step.done < step.total and not sent:
            sent.append(step)
            os.kill(os.getpid(), signal.SIGINT)
    return real(*given, progress=tell, **more)
evaluation.evaluate = evaluate
app()
"""


def test_ctrl_c_ends_a_real_process_with_130_and_no_report(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    given = ["evaluate", "--model", "bundled", "--task", "sts-en", "--html", str(report)]
    done = subprocess.run(  # noqa: PLW1510  (the code is what is asked about)
        [sys.executable, "-c", INTERRUPTED, *given], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 130
    assert done.stdout == "" and not report.exists()
    assert "Traceback" not in done.stderr
