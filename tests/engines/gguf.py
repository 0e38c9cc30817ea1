"""A tiny Qwen3-Embedding directory as a .gguf file, rightly made or with a known fault.

The header is written by hand after the format's description (ggml's docs/gguf.md, version 3), so
that no engine's environment is needed for it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 32
UINT32, FLOAT32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
NORMAL, CONTROL, UNUSED, INT32 = 1, 3, 5, 5
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
) -> Path:
    """Turn a directory of ``tests.embedders.tiny_qwen3`` into a float32 .gguf file.

    Args:
        model: The directory.
        out: The file to write.
        end_token: Whether the file says that the end token is appended; converters forgot it.
        pooling: What the file says of pooling.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    pairs = [*_architecture(config, pooling), *_vocabulary(model, config, end_token=end_token)]
    return write_file(out, pairs, _tensors(model))


def write_file(
    out: Path, pairs: Sequence[bytes], tensors: Mapping[str, NDArray[np.float32]]
) -> Path:
    """Write a .gguf file of packed pairs and float32 tensors."""
    with out.open("wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs)))
        file.write(b"".join(pairs))
        offset = 0
        for name, array in tensors.items():
            shape = array.shape[::-1]  # fastest dimension first
            file.write(pack_text(name) + struct.pack("<I", len(shape)))
            file.write(struct.pack(f"<{len(shape)}QIQ", *shape, 0, offset))  # 0: float32
            offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        for array in tensors.values():
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            file.write(array.tobytes())
    return out


def _architecture(config: dict[str, Any], pooling: str) -> list[bytes]:
    whole = {
        "general.file_type": 0,
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
