"""What ``serve`` would run, as text to copy: read back by a shell, by systemd, by nginx."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.nginx import check_conf
from workbench.contracts import EngineName, EnginePlan
from workbench.engines import Wishes, plan_engine
from workbench.engines.planning import PROGRAMS

KEY = "sk-never-to-be-seen"
ECHO = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
NAMES: tuple[EngineName, ...] = ("sglang", "vllm", "llamacpp", "infinity")
AWKWARD = ("with space", "it's", 'a"b', "a$HOME", "100%n", "苹果", "back\\slash")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setattr("workbench.engines.planning.find_gpu", lambda: False)


def write_model(folder: Path) -> Path:
    """The smallest directory that every check lets through, a .gguf file with it."""
    folder.mkdir()
    config = {"model_type": "qwen3", "max_position_embeddings": 32768, "head_dim": 128}
    config |= {"num_hidden_layers": 28, "num_key_value_heads": 8}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text('{"post_processor": {"type": "TemplateProcessing"}}')
    (folder / "modules.json").write_text("[]")
    head = b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(4))
    return folder


def plan(
    folder: Path,
    engine: EngineName,
    *,
    program: tuple[str, ...] | None = None,
    key_env: str | None = "MY_KEY",
    matryoshka: bool = False,
    extra: tuple[str, ...] = (),
) -> EnginePlan:
    wishes = Wishes(
        port=18_000,
        program=program or (sys.executable,),
        key_env=key_env,
        matryoshka=matryoshka,
        extra=extra,
    )
    return plan_engine(folder, engine, wishes)


@pytest.mark.parametrize(
    ("engine", "name"),
    [*((engine, "plain") for engine in NAMES), *(("vllm", name) for name in AWKWARD)],
)
def test_a_shell_reads_the_command_back_word_by_word(
    engine: EngineName, name: str, tmp_path: Path
) -> None:
    program = (sys.executable, "-c", ECHO)
    made = plan(write_model(tmp_path / name), engine, program=program, matryoshka=True)
    done = subprocess.run(
        ["bash", "-c", made.forms.command], capture_output=True, text=True, check=True
    )
    words, env = json.loads(done.stdout)
    variable = PROGRAMS[engine].key_variable
    assert words == [*made.argv[3:], *([] if variable else ["--api-key", KEY])]
    assert made.env.items() <= env.items()
    assert variable is None or env[variable] == KEY


@pytest.mark.parametrize("engine", NAMES)
def test_no_form_and_no_plan_holds_the_key(engine: EngineName, tmp_path: Path) -> None:
    made = plan(write_model(tmp_path / "model"), engine)
    assert KEY not in repr(made)
    assert "$MY_KEY" in made.forms.command
    assert "$MY_KEY" in made.forms.docker


@pytest.mark.parametrize("engine", NAMES)
def test_docker_publishes_to_this_machine_only_and_mounts_the_model_unwritable(
    engine: EngineName, tmp_path: Path
) -> None:
    made = plan(write_model(tmp_path / "model"), engine)
    lines = made.forms.docker.splitlines()
    words = shlex.split("\n".join(line for line in lines if not line.startswith("#")))
    assert words[words.index("-p") + 1] == "127.0.0.1:18000:18000"
    assert words[words.index("-v") + 1] == f"{tmp_path / 'model'}:/model:ro"
    assert words[words.index("--host") + 1] == "0.0.0.0"
    assert any(word == "/model" for word in words[words.index("-v") + 2 :])


def test_docker_mounts_the_whole_folder_of_a_hubs_cache_whose_files_are_links(
    tmp_path: Path,
) -> None:
    snapshots = tmp_path / "models--Qwen--Qwen3-Embedding-0.6B" / "snapshots"
    snapshots.mkdir(parents=True)
    made = plan(write_model(snapshots / "97b0c614"), "vllm")
    assert made.served_name == "Qwen3-Embedding-0.6B"
    assert f"-v {snapshots.parent}:/model:ro" in made.forms.docker
    assert "--model /model/snapshots/97b0c614" in made.forms.docker


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize(
    ("engine", "name"),
    [("sglang", "plain"), *(("vllm", name) for name in ("with space", "100%n", 'a"b', "a$HOME"))],
)
def test_systemd_finds_no_fault_in_the_unit(engine: EngineName, name: str, tmp_path: Path) -> None:
    made = plan(write_model(tmp_path / name), engine, matryoshka=True)
    unit = tmp_path / "embeddings.service"
    unit.write_text(made.forms.systemd)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("engine", NAMES)
def test_nginx_finds_no_fault_in_its_form(engine: EngineName, tmp_path: Path) -> None:
    made = plan(write_model(tmp_path / "model"), engine)
    check_conf(made.forms.nginx, tmp_path)


WORDS = {
    "sglang": ("--is-embedding", '--json-model-override-args {"is_matryoshka": true}'),
    "vllm": ("--runner pooling", '--hf-overrides {"is_matryoshka": true}'),
    "infinity": ("--url-prefix /v1", "--engine torch"),
}


@pytest.mark.parametrize("engine", WORDS)
def test_what_makes_an_engine_embed_is_in_its_command(engine: EngineName, tmp_path: Path) -> None:
    words = " ".join(plan(write_model(tmp_path / "model"), engine, matryoshka=True).argv)
    assert [word for word in WORDS[engine] if word in words] == list(WORDS[engine])


def test_matryoshka_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    assert not any("is_matryoshka" in word for word in plan(folder, "vllm").argv)


def write_vllm(folder: Path, source: str) -> Path:
    """An interpreter whose vllm has this source; it is the present one with another path."""
    (folder / "vllm" / "engine").mkdir(parents=True)
    (folder / "vllm" / "__init__.py").touch()
    (folder / "vllm" / "engine" / "arg_utils.py").write_text(source)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(
    ("source", "words"),
    [('add("--runner")', "--runner pooling"), ('add("--task")', "--task embed")],
    ids=["new", "old"],
)
def test_vllm_is_asked_in_the_words_of_the_installed_version(
    source: str, words: str, tmp_path: Path
) -> None:
    python = write_vllm(tmp_path / "site", source)
    made = plan_engine(write_model(tmp_path / "model"), "vllm", Wishes(python=str(python)))
    assert made.argv[:3] == (str(python), "-m", "vllm.entrypoints.openai.api_server")
    assert words in " ".join(made.argv)


def test_vllm_on_a_processor_gets_cache_for_the_longest_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    made = plan(write_model(tmp_path / "model"), "vllm")
    # 32,768 tokens of 28 layers, 2 (keys and values) of 8 heads of 128 numbers of 2 bytes
    one_text = 32_768 * 28 * 2 * 8 * 128 * 2
    assert int(made.env["VLLM_CPU_KVCACHE_SPACE"]) * 2**30 >= 2 * one_text
    assert any("VLLM_CPU_KVCACHE_SPACE" in note for note in made.notes)


def test_the_folder_of_an_environment_is_as_good_as_its_interpreter(tmp_path: Path) -> None:
    python = write_vllm(tmp_path / "site", "")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(python)
    folder = str(tmp_path / "venv")
    made = plan_engine(write_model(tmp_path / "model"), "vllm", Wishes(python=folder))
    assert made.argv[0] == f"{folder}/bin/python"


def test_what_the_user_adds_has_the_last_word(tmp_path: Path) -> None:
    made = plan(write_model(tmp_path / "model"), "vllm", extra=("--dtype", "float32"))
    assert made.argv[-2:] == ("--dtype", "float32")


@pytest.mark.parametrize(
    ("engine", "port"), [("sglang", 30000), ("vllm", 8000), ("llamacpp", 8080), ("infinity", 7997)]
)
def test_each_engine_has_its_own_port(engine: EngineName, port: int, tmp_path: Path) -> None:
    made = plan_engine(write_model(tmp_path / "model"), engine, Wishes())
    assert made.base_url == f"http://127.0.0.1:{port}/v1"


def test_an_address_that_others_reach_is_said_to_be_one(tmp_path: Path) -> None:
    made = plan_engine(write_model(tmp_path / "model"), "vllm", Wishes(host="0.0.0.0"))
    assert made.base_url == "http://127.0.0.1:8000/v1"
    assert "0.0.0.0 can be reached from other machines without a key" in made.notes[0]


def test_a_plan_changes_nothing_on_this_machine(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    environment = dict(os.environ)
    for engine in NAMES:
        plan(folder, engine)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert dict(os.environ) == environment
