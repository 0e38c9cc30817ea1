"""Look at a model directory or a .gguf file before an engine does, and say what is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from workbench.contracts import Pooling
from workbench.engines.gguf import read_gguf_head
from workbench.engines.weights import find_broken_weights, say_lacking

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.txt", "sentencepiece.bpe.model")
GGUF_POOLING: dict[object, Pooling] = {1: "mean", 2: "cls", 3: "last_token"}
POOLING_MODES: dict[str, Pooling] = {
    "pooling_mode_lasttoken": "last_token",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
}


@dataclass
class ModelLook:
    """What was found.

    Attributes:
        path: The directory, or the .gguf file to serve.
        architecture: ``model_type`` of config.json, or the GGUF's architecture; "" where unknown.
        context: Tokens that the model takes; 0 where unknown.
        kv_bytes: Bytes of key/value cache that one token takes at 2 bytes a number; 0: unknown.
        pooling: How its own files pool; None where they do not say.
        problems: Why it cannot be served, each with its mend.
        notes: What will be served, but not as it should be.
    """

    path: Path
    architecture: str = ""
    context: int = 0
    kv_bytes: int = 0
    pooling: Pooling | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_at_model(model: str | Path, *, wants_gguf: bool) -> ModelLook:
    """Check what an engine will read.

    Args:
        model: A model directory or a .gguf file, as the user named it.
        wants_gguf: The engine reads .gguf files (llama.cpp), not directories.
    """
    path = Path(model).expanduser()
    look = ModelLook(path.absolute())
    if not path.exists():
        look.problems.append(_say_missing(model))
    elif path.is_file():
        _look_at_file(look, wants_gguf=wants_gguf)
    elif wants_gguf:
        _look_for_gguf(look)
    else:
        _look_at_directory(look)
    return look


def _say_missing(model: str | Path) -> str:
    words = f"There is no model directory {str(model)!r}."
    if str(model).count("/") == 1 and not str(model).startswith((".", "/", "~")):
        name = str(model).partition("/")[2]
        return (
            f"{words} If it is the name of a model on a hub, download it first and pass the "
            f"directory: hf download {model} --local-dir {name}"
        )
    return f"{words} Pass the directory that holds its config.json."


def _look_at_file(look: ModelLook, *, wants_gguf: bool) -> None:
    if wants_gguf:
        _look_at_gguf(look)
    else:
        look.problems.append(
            f"{look.path.name} is a file; this engine reads a model directory with config.json and "
            "safetensors. Pass that directory, or serve the file with --engine llamacpp."
        )


def _look_for_gguf(look: ModelLook) -> None:
    directory = look.path
    found = sorted(directory.glob("*.gguf"))
    if len(found) == 1:
        look.path = found[0]
        look.notes.append(f"Of {directory.name}, {found[0].name} is served.")
        _look_at_gguf(look)
        look.pooling = look.pooling or _read_pooling(directory)
    elif found:
        names = ", ".join(path.name for path in found)
        look.problems.append(f"{directory.name} holds {len(found)} .gguf files; pass one: {names}.")
    else:
        look.problems.append(
            f"llama.cpp reads a .gguf file, and {directory.name} is a directory without one. "
            "Convert it with the script in llama.cpp's source: python convert_hf_to_gguf.py "
            f"{quote(str(directory))} --outfile {quote(f'{directory}.gguf')} --outtype f16"
        )


def _look_at_gguf(look: ModelLook) -> None:
    try:
        head = read_gguf_head(look.path)
    except (ValueError, OSError) as exc:
        look.problems.append(f"{look.path.name} cannot be read as GGUF: {exc}. Get it once more.")
        return
    look.architecture = str(head.get("general.architecture", ""))
    look.context = int(head.get(f"{look.architecture}.context_length", 0))
    look.pooling = GGUF_POOLING.get(head.get(f"{look.architecture}.pooling_type"))
    if look.architecture == "qwen3":
        if look.pooling not in (None, "last_token"):
            look.notes.append(
                f"{look.path.name} says pooling {look.pooling}; Qwen3-Embedding pools the last "
                "token, so that is asked for."
            )
        look.pooling = "last_token"
        if head.get("tokenizer.ggml.add_eos_token") is not True:
            look.notes.append(
                f"{look.path.name} does not have add_eos_token set: Qwen3-Embedding pools the end "
                "token, and without it the vectors are wrong. Convert the model once more with a "
                "current llama.cpp."
            )


def _look_at_directory(look: ModelLook) -> None:
    config = _read_config(look)
    look.architecture = str(config.get("model_type", ""))
    look.context = int(config.get("max_position_embeddings") or 0)
    look.kv_bytes = _measure_kv(config)
    look.pooling = _read_pooling(look.path)
    if not any((look.path / name).is_file() for name in TOKENIZERS):
        look.problems.append(say_lacking(look.path, "its tokenizer (tokenizer.json)"))
    look.problems += find_broken_weights(look.path)
    if not (look.path / "modules.json").is_file():
        look.notes.append(_say_no_modules(look))
    elif look.architecture == "qwen3" and not _adds_end_token(look.path):
        look.notes.append(
            f"tokenizer.json of {look.path.name} appends no end token, which Qwen3-Embedding pools:"
            " the vectors will be wrong. Take the files of the model's current revision."
        )


def _read_config(look: ModelLook) -> dict[str, Any]:
    try:
        config = json.loads((look.path / "config.json").read_text(encoding="utf-8"))
        if isinstance(config, dict):
            return config
        look.problems.append(f"config.json of {look.path.name} is no JSON object.")
    except FileNotFoundError:
        look.problems.append(say_lacking(look.path, "config.json"))
    except (OSError, ValueError) as exc:
        look.problems.append(f"config.json of {look.path.name} cannot be read: {exc}.")
    return {}


def _measure_kv(config: dict[str, Any]) -> int:
    heads = config.get("num_key_value_heads") or config.get("num_attention_heads") or 0
    width = config.get("head_dim") or (
        (config.get("hidden_size") or 0) // (config.get("num_attention_heads") or 1)
    )
    return int((config.get("num_hidden_layers") or 0) * 2 * heads * width * 2)


def _read_pooling(directory: Path) -> Pooling | None:
    try:
        modes = json.loads((directory / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    on = [word for mode, word in POOLING_MODES.items() if modes.get(mode) is True]
    if not on and modes.get("pooling_mode") in ("lasttoken", "mean", "cls"):
        return "last_token" if modes["pooling_mode"] == "lasttoken" else modes["pooling_mode"]
    return on[0] if len(on) == 1 else None


def _say_no_modules(look: ModelLook) -> str:
    if look.architecture == "qwen3":
        return (
            f"{look.path.name} has no modules.json: these are the files of Qwen3-Embedding from "
            "before its tokenizer appended the end token, and vectors without it are wrong. Take "
            "the current revision: hf download NAME --local-dir DIRECTORY"
        )
    return (
        f"{look.path.name} has no modules.json: the engine will guess how to pool, and may guess "
        "wrongly."
    )


def _adds_end_token(directory: Path) -> bool:
    path = directory / "tokenizer.json"
    return not path.is_file() or b"TemplateProcessing" in path.read_bytes()
