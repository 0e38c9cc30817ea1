"""``serve`` with llama.cpp's own server, which starts in half a second."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from tests.engines.test_serve_failures import find_port
from tests.engines.test_serve_process import runs, wait_until
from workbench.contracts import EngineProgress, EngineStarter, RunningEngine
from workbench.engines import Engine, Engines, serve
from workbench.errors import Cancelled, EngineError

KEY = "sk-never-to-be-seen"
Start = Callable[..., Engine]


@pytest.fixture
def start(tiny_gguf: Path, xllamacpp_python: str) -> Start:
    def run(**options: Any) -> Engine:
        return serve(
            tiny_gguf, engine="llamacpp", python=xllamacpp_python, port=find_port(), **options
        )

    return run


def ask(engine: RunningEngine, *, key: str = "") -> int:
    connection = HTTPConnection("127.0.0.1", engine.plan.port, timeout=30)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = json.dumps({"input": ["苹果"], "model": engine.served_name}).encode()
    connection.request("POST", "/v1/embeddings", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_is_handed_over_embeds_and_is_gone_after_the_block(start: Start) -> None:
    steps = list[EngineProgress]()
    with start(progress=steps.append) as engine:
        assert ask(engine) == 200
        assert (engine.dim, engine.alive) == (64, True)
        assert repr(engine).startswith(f"<Engine llamacpp {engine.base_url} 'tiny")
        pid = engine.pid
    assert not runs(pid)
    assert not engine.alive
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases == ["starting", "loading", "listening", "ready"]
    assert any("listening on" in step.line for step in steps)


def test_a_client_connects_to_what_is_served(start: Start) -> None:
    with start() as engine:
        embedder = wb.load(f"{engine.base_url}#{engine.served_name}")
        assert embedder.embed(["苹果", "fruit"], prompt=None).vectors.shape == (2, engine.dim)


def test_two_engines_run_at_once_and_one_ends_alone(start: Start) -> None:
    with start() as first:
        with start() as second:
            assert (ask(first), ask(second)) == (200, 200)
        assert not second.alive
        assert ask(first) == 200


def test_the_key_is_asked_for_and_seen_nowhere(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with start(key_env="MY_KEY") as engine:
        assert (ask(engine), ask(engine, key=KEY)) == (401, 200)
        seen = [repr(engine), repr(engine.plan), *engine.log(1_000)]
        for words in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(words.read_text(errors="replace"))
            except OSError:
                continue
        assert not [text for text in seen if KEY in text]


def test_a_start_is_cancelled_while_the_engine_loads(start: Start) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        start(progress=lambda _: cancel.set(), cancel=cancel)


def test_an_engine_that_dies_later_says_so(start: Start) -> None:
    with start() as engine:
        os.kill(engine.pid, signal.SIGKILL)
        lines = list(engine.follow())  # ends with the engine
        wait_until(lambda: not engine.alive, "the engine ends")
        assert isinstance(lines, list)
        assert re.match(
            r"llama\.cpp ended by itself \(signal 9, .*want of memory", str(engine.explain_end())
        )


def test_a_file_that_is_no_model_dies_with_its_cause(
    tiny_gguf: Path, xllamacpp_python: str, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny_gguf.read_bytes()[:-400_000])
    with pytest.raises(EngineError, match=r"llama\.cpp ended .* cannot load the file"):
        serve(cut, engine="llamacpp", python=xllamacpp_python, port=find_port())


KERNEL = """
import sys, time
import workbench as wb
engine = wb.serve(sys.argv[1], engine="llamacpp", python=sys.argv[2], port=int(sys.argv[3]))
print(engine.pid, flush=True)
time.sleep(600)
"""


def test_a_kernel_that_is_killed_leaves_no_engine(tiny_gguf: Path, xllamacpp_python: str) -> None:
    port = find_port()
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(tiny_gguf), xllamacpp_python, str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert kernel.stdout is not None
    engine = int(kernel.stdout.readline())
    keeper = int(Path(f"/proc/{engine}/stat").read_text().rpartition(")")[2].split()[1])
    assert runs(engine)
    kernel.send_signal(signal.SIGKILL)
    kernel.wait(30)
    kernel.stdout.close()
    wait_until(lambda: not runs(engine) and not runs(keeper), "engine and keeper end")


def test_a_panel_plans_and_starts_through_the_contract(
    tiny_gguf: Path, xllamacpp_python: str
) -> None:
    starter: EngineStarter = Engines()
    assert [choice.name for choice in starter.engines()] == [
        *("sglang", "vllm", "llamacpp", "infinity")
    ]
    plan = starter.plan(tiny_gguf, engine="llamacpp", port=find_port(), python=xllamacpp_python)
    assert plan.problems == ()
    assert plan.version
    running: RunningEngine = starter.start(plan)
    running.stop()
    assert not running.alive


def run_command(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from workbench.cli import app; app()", "serve", *words]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_command_says_what_it_runs_then_ready_and_ctrl_c_ends_it(
    tiny_gguf: Path, xllamacpp_python: str
) -> None:
    port = find_port()
    process = run_command(
        *(str(tiny_gguf), "--engine", "llamacpp", "--python", xllamacpp_python),
        *("--port", str(port), "--", "--threads", "1"),
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=60)
    assert re.fullmatch(
        rf"ready: http://127\.0\.0\.1:{port}/v1, model \S+, 64 dims, first embedding in [\d.]+ s\n",
        ready,
    )
    assert (rest, process.returncode) == ("", 130)
    first = said.split("\n   0 s")[0]
    assert first.startswith(xllamacpp_python)
    assert first.endswith("--threads 1")
    assert "listening on" in said


def test_the_command_passes_an_engines_death_on(tiny_gguf: Path, xllamacpp_python: str) -> None:
    process = run_command(
        *(str(tiny_gguf), "--engine", "llamacpp", "--python", xllamacpp_python),
        *("--port", str(find_port()), "--", "--no-such-option"),
    )
    out, said = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 2)
    assert "does not know the option --no-such-option" in said.splitlines()[-1]


def test_the_command_prints_a_form_and_starts_nothing(tmp_path: Path) -> None:
    process = run_command(
        *(str(tmp_path / "absent"), "--engine", "vllm", "--print", "nginx", "--port", "8123")
    )
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "server 127.0.0.1:8123;" in out
    assert "it would not start here: There is no model directory" in said


def test_the_last_words_of_a_stopped_engine_stay_readable(start: Start) -> None:
    engine = start()
    engine.stop()
    engine.stop()
    time.sleep(0)
    assert any("listening on" in line for line in engine.log())
