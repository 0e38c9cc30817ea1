"""What a person is told when an engine does not come to embed: the cause, and the mend."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from tests.engines.test_forms import write_model
from workbench.contracts import EngineName
from workbench.engines import serve
from workbench.engines.deaths import explain_end, pick_last_errors
from workbench.errors import Cancelled, EngineError, InputError

# what stands in for an engine's own program where that cannot be made to fail in this way
SERVER = """
import http.server, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = {body!r}.encode()
        self.send_response({status})
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def find_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def start(
    model: Path, code: str, *, engine: EngineName = "vllm", timeout_s: float = 60.0
) -> EngineError:
    """The error of a start that runs this code in the place of the engine."""
    program = (sys.executable, "-c", code)
    with pytest.raises(EngineError) as caught:
        serve(model, engine=engine, program=program, port=find_port(), timeout_s=timeout_s)
    return caught.value


@pytest.mark.parametrize(
    ("engine", "package"),
    [("sglang", "sglang"), ("vllm", "vllm"), ("infinity", "'infinity-emb[server,torch]'")],
)
def test_a_missing_program_is_answered_with_the_line_that_installs_it(
    engine: EngineName, package: str, model: Path, tmp_path: Path
) -> None:
    python = tmp_path / "python"  # an interpreter without packages
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    with pytest.raises(EngineError, match=r"is not installed in ") as caught:
        serve(model, engine=engine, python=str(python))
    assert f"bin/pip install {package}," in str(caught.value)
    assert f"--python ~/{engine}/bin/python" in str(caught.value)


def test_an_interpreter_that_is_not_there_is_said_to_have_nothing(model: Path) -> None:
    with pytest.raises(EngineError, match=r"vLLM is not installed in /nowhere/python"):
        serve(model, engine="vllm", python="/nowhere/python")


def test_a_taken_port_is_told_with_who_has_it(model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=rf"Port {port} on 127\.0\.0\.1 is taken") as caught:
            serve(model, engine="vllm", program=(sys.executable,), port=port)
    if sys.platform == "linux":
        assert f"by process {os.getpid()} (" in str(caught.value)


def test_a_port_that_is_none_is_refused(model: Path) -> None:
    with pytest.raises(EngineError, match=r"Port 70000 is none"):
        serve(model, engine="vllm", program=(sys.executable,), port=70_000)


def test_a_key_that_is_not_there_is_asked_for(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(EngineError, match=r"variable NO_SUCH_KEY .* is not set"):
        serve(model, engine="vllm", program=(sys.executable,), key_env="NO_SUCH_KEY")


def test_an_unknown_engine_is_answered_with_the_known_ones(model: Path) -> None:
    with pytest.raises(InputError, match=r"'ollama'; known are sglang, vllm, llamacpp, infinity"):
        serve(model, engine="ollama")  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [("--api-key", "sk-secret"), ("--api-key=sk-secret",)])
def test_a_key_among_the_arguments_is_refused_and_not_repeated(
    words: tuple[str, ...], model: Path
) -> None:
    with pytest.raises(EngineError, match=r"Pass --api-key-env with the name") as caught:
        serve(model, engine="vllm", program=(sys.executable,), port=find_port(), extra=words)
    assert "sk-secret" not in str(caught.value)


def test_a_port_among_the_arguments_is_refused(model: Path) -> None:
    with pytest.raises(EngineError, match=r"Pass --port before the --"):
        serve(model, engine="vllm", program=(sys.executable,), extra=("--port", "9"))


def test_every_problem_is_told_at_once(model: Path) -> None:
    (model / "config.json").unlink()
    (model / "tokenizer.json").unlink()
    with pytest.raises(EngineError) as caught:
        serve(model, engine="vllm", python="/nowhere/python")
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "model",
        "model",
        "vLLM",
    ]


def test_a_program_that_ends_is_quoted_with_its_last_error(model: Path) -> None:
    error = start(model, "print('loading'); raise OSError('a thing of its own')")
    assert "vLLM ended before it was ready (exit code 1, after" in str(error)
    assert str(error).endswith("The last of its log: OSError: a thing of its own")


def test_a_program_that_is_killed_is_said_to_have_been_short_of_memory(model: Path) -> None:
    error = start(model, "import os; os.kill(os.getpid(), 9)")
    assert "(signal 9, after" in str(error)
    assert "want of memory" in str(error)


ANSWERS = {
    "no-embedding-model": (
        *(400, '{"message": "Please add `--is-embedding` when launching the server"}'),
        "was started without --is-embedding",
    ),
    "key": (401, '{"error":"Unauthorized"}', "name the variable that holds it with --api-key-env"),
    "path": (404, '{"detail":"Not Found"}', "leave its URL prefix"),
    "no-vector": (200, '{"data": []}', "an answer without a vector"),
    "page": (200, "<html>", "an answer without a vector"),
    "empty": (200, '{"data": [{"embedding": []}]}', "an empty vector"),
    "zeros": (200, '{"data": [{"embedding": [0.0, 0.0]}]}', "a vector of zeros"),
    "nan": (200, '{"data": [{"embedding": [1.0, NaN]}]}', "a vector with NaN"),
}


@pytest.mark.parametrize(("status", "body", "words"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_vector_is_no_readiness(
    status: int, body: str, words: str, model: Path
) -> None:
    error = start(model, SERVER.format(status=status, body=body))
    assert "vLLM runs, but does not embed" in str(error)
    assert words in str(error)


def test_a_program_that_never_gets_ready_is_ended_when_time_is_up(model: Path) -> None:
    code = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
    error = start(model, code, timeout_s=1.0)
    assert "did not embed within 1 s: its port never opened" in str(error)
    pid = str(error).partition("pid ")[2].split()[0].rstrip(".")
    assert not Path("/proc", pid).exists()


def test_a_program_that_loads_for_ever_is_quoted_with_its_answer(model: Path) -> None:
    error = start(model, SERVER.format(status=503, body="Loading model"), timeout_s=2.0)
    assert "it kept answering HTTP 503 'Loading model'" in str(error)


def test_a_start_that_is_cancelled_leaves_nothing(model: Path) -> None:
    cancel, pids = threading.Event(), list[int]()

    def watch(step: object) -> None:
        line = getattr(step, "line", "")
        if line.startswith("pid "):
            pids.append(int(line.split()[1]))
            cancel.set()

    code = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
    program = (sys.executable, "-c", code)
    with pytest.raises(Cancelled, match=r"of 300 seconds"):
        serve(
            *(model,), engine="vllm", program=program, port=find_port(), progress=watch,
            cancel=cancel,
        )  # fmt: skip
    (pid,) = pids
    assert not Path(f"/proc/{pid}").exists()


def test_an_interrupted_start_leaves_nothing(model: Path) -> None:
    pids = list[int]()

    def interrupt(step: object) -> None:
        line = getattr(step, "line", "")
        if line.startswith("pid "):
            pids.append(int(line.split()[1]))
            raise KeyboardInterrupt

    code = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
    program = (sys.executable, "-c", code)
    with pytest.raises(KeyboardInterrupt):
        serve(model, engine="vllm", program=program, port=find_port(), progress=interrupt)
    (pid,) = pids
    assert not Path(f"/proc/{pid}").exists()


LOGS = {
    "head-size": (
        "(EngineCore pid=7) ERROR 11-26 11:56:19 [core.py:1512] RuntimeError: Worker failed with "
        "error 'Unsupported CPU attention configuration: head_dim=16 isa=2 kv_cache_idx=0'",
        "does not know this model's head_dim=16",
    ),
    "memory": (
        "ValueError: Available memory on node 0 (15.13/16.46 GiB) on startup is less than desired",
        "Too little memory is free (15.13/16.46 GiB)",
    ),
    "gpu-memory": (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "nvidia-smi",
    ),
    "gpu-taken": (
        "ValueError: Free memory on device cuda:0 (3.1/79.1 GiB) on startup is less than desired",
        "nvidia-smi",
    ),
    "torchvision": (
        "RuntimeError: operator torchvision::nms does not exist",
        "pip uninstall torchvision",
    ),
    "port": ("[Errno 98] error while attempting to bind: address already in use", "another --port"),
    "old-transformers": ("    raise KeyError(key)\nKeyError: 'qwen3'", "too old for Qwen3"),
    "weights": (
        "ValueError: There is no module or parameter named 'embed_tokens' in Qwen3ForCausalLM",
        "Leave out --runner generate",
    ),
    "package": ("ModuleNotFoundError: No module named 'uvloop'", "lacks the package uvloop"),
    "kernels": ("ModuleNotFoundError: No module named 'sgl_kernel'", "SGLang's kernels"),
    "option": ("api_server.py: error: unrecognized arguments: --runer", "the option --runer"),
    "no-gpu": ("RuntimeError: Found no NVIDIA driver on your system.", "wants a GPU"),
    "cut-off": ("safetensors_rust.SafetensorError: Error while deserializing", "cut off or broken"),
}


@pytest.mark.parametrize(("log", "words"), LOGS.values(), ids=LOGS)
def test_a_known_death_is_explained(log: str, words: str) -> None:
    assert words in explain_end(1, ["INFO: starting", *log.splitlines(), "INFO: bye"])


def test_an_unknown_death_is_quoted_without_the_frames_of_its_traceback() -> None:
    log = [
        "(APIServer pid=7) INFO 11-26 11:56:19 [a.py:1] starting",
        "(EngineCore pid=8) ERROR 11-26 11:56:19 [core.py:1512] Traceback (most recent call last):",
        '(EngineCore pid=8) ERROR 11-26 11:56:19 [core.py:1512]   File "core.py", line 1, in run',
        "(EngineCore pid=8) ERROR 11-26 11:56:19 [core.py:1512]     raise OddError()",
        "(EngineCore pid=8) ERROR 11-26 11:56:19 [core.py:1512] pkg.OddError: it is odd",
        "INFO: bye",
    ]
    assert pick_last_errors(log) == ("pkg.OddError: it is odd",)
    assert explain_end(1, ["hello", "bye"]) == "The last of its log: hello | bye"
