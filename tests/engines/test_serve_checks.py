"""What is wrong with a model directory or a .gguf file is said before an engine is started."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.test_forms import write_model
from workbench.contracts import EngineName
from workbench.engines import Wishes, plan_engine
from workbench.engines.checks import look_at_model

Scalars = dict[str, str | int | bool]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def write_gguf(path: Path, entries: Scalars) -> Path:
    """A head of a GGUF file, version 3, with a vocabulary to be passed over."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    content = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries) + 2)
    content += (
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("苹果")
    )
    content += text("tokenizer.ggml.types") + struct.pack("<IIQ", 9, 5, 3) + bytes(12)
    for key, value in entries.items():
        content += text(key)
        if isinstance(value, bool):
            content += struct.pack("<I?", 7, value)
        elif isinstance(value, int):
            content += struct.pack("<II", 4, value)
        else:
            content += struct.pack("<I", 8) + text(value)
    path.write_bytes(content)
    return path


QWEN: Scalars = {
    "general.architecture": "qwen3",
    "qwen3.context_length": 32768,
    "qwen3.pooling_type": 3,
    "tokenizer.ggml.add_eos_token": True,
}


def test_a_whole_directory_has_no_problem_and_no_remark(model: Path) -> None:
    look = look_at_model(model, wants_gguf=False)
    assert (look.problems, look.notes) == ([], [])
    assert (look.architecture, look.context) == ("qwen3", 32768)


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def write_pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")


def write_index(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "config": (lambda folder: (folder / "config.json").unlink(), "lacks config.json"),
    "no-json": (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
    "tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "lacks its tokenizer"),
    "weights": (lambda folder: (folder / "model.safetensors").unlink(), "lacks its weights"),
    "cut-off": (cut, "is cut off: 72 of 73 bytes"),
    "empty": (lambda folder: (folder / "model.safetensors").write_bytes(b""), "is cut off"),
    "pointer": (write_pointer, "is a Git LFS pointer"),
    "shard": (write_index, "model-00002-of-00002.safetensors of model is missing"),
}


@pytest.mark.parametrize(("break_it", "words"), BROKEN.values(), ids=BROKEN)
def test_what_a_directory_lacks_is_said(
    break_it: Callable[[Path], object], words: str, model: Path
) -> None:
    break_it(model)
    (problem,) = look_at_model(model, wants_gguf=False).problems
    assert words in problem


def test_the_revision_from_before_the_end_token_is_recognised(model: Path) -> None:
    (model / "modules.json").unlink()
    look = look_at_model(model, wants_gguf=False)
    assert look.problems == []
    assert "before its tokenizer appended the end token" in look.notes[0]


def test_a_tokenizer_without_the_end_token_is_recognised(model: Path) -> None:
    (model / "tokenizer.json").write_text("{}")
    assert "appends no end token" in look_at_model(model, wants_gguf=False).notes[0]


def test_a_name_of_a_hub_is_answered_with_the_command_that_downloads_it() -> None:
    (problem,) = look_at_model("Qwen/Qwen3-Embedding-0.6B", wants_gguf=False).problems
    assert "hf download Qwen/Qwen3-Embedding-0.6B --local-dir Qwen3-Embedding-0.6B" in problem


def test_llama_cpp_is_given_the_command_that_converts_a_directory(model: Path) -> None:
    (problem,) = look_at_model(model, wants_gguf=True).problems
    assert f"convert_hf_to_gguf.py {model} --outfile {model}.gguf" in problem


def test_the_one_gguf_of_a_directory_is_taken_and_two_are_asked_about(model: Path) -> None:
    one = write_gguf(model / "f16.gguf", QWEN)
    look = look_at_model(model, wants_gguf=True)
    assert (look.path, look.problems) == (one, [])
    write_gguf(model / "q8.gguf", QWEN)
    (problem,) = look_at_model(model, wants_gguf=True).problems
    assert "f16.gguf, q8.gguf" in problem


def test_a_file_is_no_model_of_the_engines_that_read_directories(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", QWEN)
    (problem,) = look_at_model(path, wants_gguf=False).problems
    assert "--engine llamacpp" in problem


@pytest.mark.parametrize("length", (0, 3, 20, 100))
def test_a_gguf_that_ends_too_early_is_told(length: int, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", QWEN)
    path.write_bytes(path.read_bytes()[:length])
    (problem,) = look_at_model(path, wants_gguf=True).problems
    assert "cannot be read as GGUF" in problem


def test_a_gguf_says_what_makes_its_vectors_wrong(tmp_path: Path) -> None:
    good = look_at_model(write_gguf(tmp_path / "good.gguf", QWEN), wants_gguf=True)
    assert (good.notes, good.pooling, good.context) == ([], "last_token", 32768)
    changed = {**QWEN, "qwen3.pooling_type": 1, "tokenizer.ggml.add_eos_token": False}
    bad = look_at_model(write_gguf(tmp_path / "bad.gguf", changed), wants_gguf=True)
    assert bad.pooling == "last_token"
    assert "says pooling mean" in bad.notes[0]
    assert "add_eos_token" in bad.notes[1]


POOLED: dict[str, tuple[Scalars, str]] = {
    "qwen3": (QWEN, "--pooling last"),
    "mean": ({"general.architecture": "bert", "bert.pooling_type": 1}, "--pooling mean"),
    "cls": ({"general.architecture": "bert", "bert.pooling_type": 2}, "--pooling cls"),
    "qwen3-unsaid": ({"general.architecture": "qwen3"}, "--pooling last"),
}


@pytest.mark.parametrize(("entries", "words"), POOLED.values(), ids=POOLED)
def test_llama_cpp_pools_as_the_model_does(entries: Scalars, words: str, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", entries)
    assert words in " ".join(plan_engine(path, "llamacpp", Wishes()).argv)


def test_llama_cpp_pools_as_the_directory_beside_a_gguf_says(model: Path) -> None:
    write_gguf(model / "m.gguf", {"general.architecture": "bert"})
    (model / "1_Pooling").mkdir()
    modes = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (model / "1_Pooling" / "config.json").write_text(json.dumps(modes))
    assert "--pooling cls" in " ".join(plan_engine(model, "llamacpp", Wishes()).argv)


def test_infinity_is_warned_of_a_config_saved_by_transformers_5(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "rope_parameters": {}}))
    notes = plan_engine(model, "infinity", Wishes()).notes
    assert any("saved by transformers 5" in note for note in notes)


@pytest.mark.parametrize("engine", ("sglang", "vllm", "infinity"))
def test_a_plan_for_a_broken_model_names_the_problem(engine: EngineName, model: Path) -> None:
    (model / "config.json").unlink()
    problems = plan_engine(model, engine, Wishes()).problems
    assert "lacks config.json" in problems[0]
