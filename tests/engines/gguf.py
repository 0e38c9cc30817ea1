"""A tiny Qwen3-Embedding directory as a .gguf file, rightly made or with a known fault.

The header is written by hand after the format's description (ggml's docs/gguf.md, version 3), so
that no engine's environment is needed for it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 32
UINT32, FLOAT32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
NORMAL, CONTROL, UNUSED, INT32 = 1, 3, 5, 5
Weights: TypeAlias = Literal["F32", "F16", "BF16", "Q8_0", "Q4_0"]
TENSOR_TYPES: dict[Weights, tuple[int, int]] = {
    "F32": (0, 0),
    "F16": (1, 1),
    "BF16": (30, 32),
    "Q8_0": (8, 7),
    "Q4_0": (2, 2),
}
"""How the format numbers them: as the type of a tensor, and as that of most of a file."""
BLOCK = 32
POOLING = {"none": 0, "mean": 1, "cls": 2, "last": 3}
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(
    model: Path,
    out: Path,
    *,
    end_token: bool = True,
    pooling: Literal["last", "mean", "cls", "none"] = "last",
    weights: Weights = "F32",
    rope_base: float | None = None,
) -> Path:
    """Turn a directory of ``tests.embedders.tiny_qwen3`` into a .gguf file.

    Args:
        model: The directory.
        out: The file to write.
        end_token: Whether the file says that the end token is appended; converters forgot it.
        pooling: What the file says of pooling.
        weights: The type of the matrices.
        rope_base: What the file says of positions; None: the model's own.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    if rope_base is not None:
        config["rope_theta"] = rope_base
    pairs = [
        *_architecture(config, pooling, weights),
        *_vocabulary(model, config, end_token=end_token),
    ]
    return write_file(out, pairs, _tensors(model), weights)


def write_file(
    out: Path,
    pairs: Sequence[bytes],
    tensors: Mapping[str, NDArray[np.float32]],
    weights: Weights = "F32",
) -> Path:
    """Write a .gguf file of packed pairs and tensors, its matrices in a type of their own."""
    blocks = {name: pack_weights(array, weights) for name, array in tensors.items()}
    with out.open("wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs)))
        file.write(b"".join(pairs))
        offset = 0
        for name, (kind, raw) in blocks.items():
            shape = tensors[name].shape[::-1]  # fastest dimension first
            file.write(pack_text(name) + struct.pack("<I", len(shape)))
            file.write(struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset))
            offset += -(-len(raw) // ALIGNMENT) * ALIGNMENT
        for _, raw in blocks.values():
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            file.write(raw)
    return out


def pack_weights(array: NDArray[np.float32], weights: Weights) -> tuple[int, bytes]:
    """A tensor's type in a .gguf file, and its bytes; what is no matrix stays in float32."""
    if array.ndim < 2 or weights == "F32":
        return TENSOR_TYPES["F32"][0], array.tobytes()
    return TENSOR_TYPES[weights][0], _PACKERS[weights](array)


def _pack_q8_0(array: NDArray[np.float32]) -> bytes:
    """Blocks of 32: a float16 scale, then 32 signed bytes (ggml's ``block_q8_0``)."""
    blocks = array.reshape(-1, BLOCK)  # (n, 32)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127  # (n, 1)
    steps = np.rint(blocks / np.where(scale == 0, 1, scale)).astype(np.int8)
    return np.hstack([scale.astype("<f2").view(np.int8), steps]).tobytes()


def _pack_q4_0(array: NDArray[np.float32]) -> bytes:
    """Blocks of 32: a float16 scale, then 16 bytes of two steps each (ggml's ``block_q4_0``)."""
    blocks = array.reshape(-1, BLOCK)  # (n, 32)
    place = np.abs(blocks).argmax(axis=1)[:, None]
    scale = np.take_along_axis(blocks, place, axis=1) / -8  # (n, 1)
    steps = np.clip(np.floor(blocks / np.where(scale == 0, 1, scale) + 8.5), 0, 15)
    low, high = np.hsplit(steps.astype(np.uint8), 2)
    return np.hstack([scale.astype("<f2").view(np.uint8), low | (high << 4)]).tobytes()


def _pack_bf16(array: NDArray[np.float32]) -> bytes:
    bits = array.view("<u4")
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)  # to the nearest, ties to even
    halves: NDArray[np.uint16] = (rounded >> 16).astype("<u2")
    return halves.tobytes()


_PACKERS: dict[str, Callable[[NDArray[np.float32]], bytes]] = {
    "F16": lambda array: array.astype("<f2").tobytes(),
    "BF16": _pack_bf16,
    "Q8_0": _pack_q8_0,
    "Q4_0": _pack_q4_0,
}


def _architecture(config: dict[str, Any], pooling: str, weights: Weights) -> list[bytes]:
    whole = {
        "general.file_type": TENSOR_TYPES[weights][1],
        "qwen3.block_count": config["num_hidden_layers"],
        "qwen3.context_length": config["max_position_embeddings"],
        "qwen3.embedding_length": config["hidden_size"],
        "qwen3.feed_forward_length": config["intermediate_size"],
        "qwen3.attention.head_count": config["num_attention_heads"],
        "qwen3.attention.head_count_kv": config["num_key_value_heads"],
        "qwen3.attention.key_length": config["head_dim"],
        "qwen3.attention.value_length": config["head_dim"],
        "qwen3.pooling_type": POOLING[pooling],
    }
    real = {
        "qwen3.attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
        "qwen3.rope.freq_base": config["rope_theta"],
    }
    return [
        pack_pair("general.architecture", STRING, pack_text("qwen3")),
        pack_pair("general.name", STRING, pack_text("tiny-qwen3-embedding")),
        *(pack_pair(key, UINT32, struct.pack("<I", value)) for key, value in whole.items()),
        *(pack_pair(key, FLOAT32, struct.pack("<f", value)) for key, value in real.items()),
    ]


def _vocabulary(model: Path, config: dict[str, Any], *, end_token: bool) -> list[bytes]:
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    size = config["vocab_size"]
    tokens = [f"[PAD{place}]" for place in range(size)]
    kinds = [UNUSED] * size
    for token, place in tokenizer["model"]["vocab"].items():
        tokens[place], kinds[place] = token, NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]], kinds[added["id"]] = added["content"], CONTROL
    merges = [
        merge if isinstance(merge, str) else " ".join(merge)
        for merge in tokenizer["model"]["merges"]
    ]
    end = struct.pack("<I", config["eos_token_id"])
    return [
        pack_pair("tokenizer.ggml.model", STRING, pack_text("gpt2")),
        pack_pair("tokenizer.ggml.pre", STRING, pack_text("qwen2")),
        pack_pair("tokenizer.ggml.tokens", ARRAY, pack_texts(tokens)),
        pack_pair(
            "tokenizer.ggml.token_type", ARRAY, struct.pack(f"<IQ{size}i", INT32, size, *kinds)
        ),
        pack_pair("tokenizer.ggml.merges", ARRAY, pack_texts(merges)),
        pack_pair("tokenizer.ggml.eos_token_id", UINT32, end),
        pack_pair("tokenizer.ggml.padding_token_id", UINT32, end),
        pack_pair("tokenizer.ggml.add_bos_token", BOOL, b"\0"),
        pack_pair("tokenizer.ggml.add_eos_token", BOOL, bytes([end_token])),
    ]


def _tensors(model: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors.torch import load_file

    found = {}
    for name, tensor in load_file(model / "model.safetensors").items():
        found[_rename(name)] = np.ascontiguousarray(tensor.float().numpy())
    return found


def _rename(name: str) -> str:
    if name == "embed_tokens.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{_NAMES[rest.removesuffix('.weight')]}.weight"


def pack_pair(key: str, kind: int, value: bytes) -> bytes:
    return pack_text(key) + struct.pack("<I", kind) + value


def pack_text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def pack_texts(texts: Sequence[str]) -> bytes:
    return struct.pack("<IQ", STRING, len(texts)) + b"".join(map(pack_text, texts))
