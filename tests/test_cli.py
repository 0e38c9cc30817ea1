"""The ``workbench`` command, as a person and as a script use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import workbench
from tests.browser.server import free_port, write_notebook
from workbench import embedders
from workbench.cli import app
from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    Progress,
    ProgressFn,
    Prompt,
    check_cancel,
)
from workbench.terminal import cancel_on_ctrl_c, report_issues


class Counting:
    """An embedder whose vector is (length of the text, 1); ``interrupt``: Ctrl-C on the way."""

    info = EmbedderInfo("counting", "local", 2, 2, normalized=False, tolerance=0, max_tokens=9)

    def __init__(self, *, interrupt: bool = False) -> None:
        self.interrupt = interrupt

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        return Prompt.from_prefix(str(prompt or ""))

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        n = len(texts)
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        if progress is not None:
            progress(Progress("embed", n, n))
        if self.interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            check_cancel(cancel, done=1, total=n)
        return Embeddings(
            vectors=np.stack([lengths, np.ones(n)], axis=1).astype(np.float32),  # (n, 2)
            tokens=lengths,
            truncated=lengths > 9,
            unknown=np.zeros(n, dtype=np.float32),
            prompt=self.resolve_prompt(prompt),
            info=self.info,
            seconds=0.1,
            cached=np.zeros(n, dtype=np.bool_),
        )

    def unload(self) -> None:
        pass


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of three texts and an empty line, in the current folder; ``load`` is replaced."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(embedders, "load", lambda *_, **__: Counting())
    path = tmp_path / "texts.txt"
    path.write_text("苹果\n\nfruit\na text that is too long\n", encoding="utf-8")
    return path


def call(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, words, input=stdin)


def test_the_version_is_printed() -> None:
    assert call("--version").stdout.strip() == workbench.__version__


def test_without_a_command_the_help_names_them_all() -> None:
    assert all(name in call().output for name in ("lab", "models", "embed"))


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv", ".jsonl"])
def test_a_file_of_texts_becomes_a_file_of_vectors(suffix: str, texts: Path) -> None:
    result = call("embed", "texts.txt", "-o", f"out{suffix}")
    assert result.exit_code == 0, result.output
    assert f"Wrote out{suffix}" in result.stderr
    assert (texts.parent / f"out{suffix}").stat().st_size > 0
    assert not list(texts.parent.glob(".workbench-*"))


def test_what_was_done_is_said_with_line_numbers(texts: Path) -> None:
    said = call("embed", "texts.txt", "-o", "out.npz", "--prompt", "query: ").stderr
    assert "3 texts, 2 dimensions, 30 tokens, 1 truncated" in said
    assert "prompt 'query: '" in said
    assert "Line 2 is empty" in said
    assert "line 4" in said


def test_how_a_model_is_loaded_is_handed_on(texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del texts
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        embedders, "load", lambda *_, **options: given.update(options) or Counting()
    )
    words = ("--device", "cpu", "--dtype", "bfloat16", "--compile", "--dim", "2")
    assert call("embed", "texts.txt", "-o", "out.npz", *words).exit_code == 0
    wanted = {"device": "cpu", "dtype": "bfloat16", "compile": True, "dim": 2}
    assert {name: given[name] for name in wanted} == wanted


def test_what_is_no_local_model_is_not_compiled(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    result = call(
        "embed", str(texts), "-o", str(texts.parent / "out.npz"), "--model", "lexical", "--compile"
    )
    assert result.exit_code == 2
    assert "compile" in result.stderr


def test_standard_output_holds_vectors_alone(texts: Path) -> None:
    del texts
    result = call("embed", "-", stdin="苹果\nfruit\n")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["text"], line["vector"]) for line in lines] == [
        ("苹果", [2, 1]),
        ("fruit", [5, 1]),
    ]


def test_an_existing_file_is_kept_unless_forced(texts: Path) -> None:
    out = texts.parent / "out.jsonl"
    out.write_text("precious")
    refused = call("embed", "texts.txt", "-o", "out.jsonl")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text() == "precious"
    assert call("embed", "texts.txt", "-o", "out.jsonl", "--force").exit_code == 0
    assert "苹果" in json.loads(out.read_text().splitlines()[0])["text"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("embed", "none.txt", "-o", "out.npz"), "none.txt does not exist"),
        (("embed", "texts.txt", "-o", "out.xls"), "must end in one of .npz, .parquet"),
        (("embed", "texts.txt", "-o", "no/out.npz"), "a folder that does not exist"),
        (("embed", "texts.txt", "-o", "out.npz", "--column", "a"), "needs columns"),
        (("lab", "99_none"), "No notebook '99_none'"),
    ],
    ids=["missing", "suffix", "folder", "column", "notebook"],
)
def test_an_error_is_one_message_without_a_traceback(
    words: tuple[str, ...], message: str, texts: Path
) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert [path.name for path in texts.parent.iterdir()] == ["texts.txt"]


def test_debug_shows_the_error_itself(texts: Path) -> None:
    del texts
    result = call("--debug", "embed", "none.txt", "-o", "out.npz")
    assert isinstance(result.exception, workbench.InputError)


def test_ctrl_c_ends_the_work_and_leaves_no_file(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedders, "load", lambda *_, **__: Counting(interrupt=True))
    result = call("embed", "texts.txt", "-o", "out.npz")
    assert result.exit_code == 130
    assert "Cancelled after 1 of 3 texts." in result.stderr
    assert [path.name for path in texts.parent.iterdir()] == ["texts.txt"]


def test_a_second_ctrl_c_does_not_wait_for_the_work() -> None:
    with pytest.raises(KeyboardInterrupt), cancel_on_ctrl_c() as cancel:
        os.kill(os.getpid(), signal.SIGINT)
        assert cancel.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_many_remarks_are_counted_and_not_all_shown(capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.contracts import Issue

    report_issues([Issue(line, "empty", f"Line {line} is empty.") for line in range(1, 31)])
    said = capsys.readouterr().err.splitlines()
    assert said[19:] == ["Line 20 is empty.", "... and 10 more remarks."]


def test_the_models_are_listed_for_people_and_for_programs() -> None:
    listed = json.loads(call("models", "--json").stdout)
    names = [str(model["name"]) for model in listed]
    assert "Qwen/Qwen3-Embedding-0.6B" in names
    shown = CliRunner().invoke(app, ["models"], env={"COLUMNS": "300"})
    assert all(name in shown.stdout for name in names)


def test_ctrl_c_ends_the_lab_cleanly(tmp_path: Path) -> None:
    notebook, port = write_notebook(tmp_path / "a.ipynb", []), free_port()
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    words = ["lab", str(notebook), "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-c", "from workbench.cli import app; app()", *words],
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(f"http://127.0.0.1:{port}/api", process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert said.startswith(f"Opening {notebook}")
    assert f"127.0.0.1:{port}/lab/tree/a.ipynb?token=" in said
    assert process.returncode == 0


def wait_for(url: str, process: subprocess.Popen[str], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer; exit code {process.poll()}")
