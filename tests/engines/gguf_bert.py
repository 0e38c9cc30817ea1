"""A BERT directory of sentence-transformers (all-MiniLM-L6-v2) as a float32 .gguf file.

Keys and names are those of llama.cpp's "bert" architecture; a WordPiece vocabulary is written the
way that its tokenizer reads it: a word's beginning marked by "▁", its continuation by nothing.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.engines.gguf import (
    ARRAY,
    BOOL,
    CONTROL,
    FLOAT32,
    INT32,
    NORMAL,
    POOLING,
    STRING,
    UINT32,
    pack_pair,
    pack_text,
    pack_texts,
    write_file,
)

SPECIAL = {
    "unknown_token_id": "[UNK]",
    "bos_token_id": "[CLS]",
    "cls_token_id": "[CLS]",
    "seperator_token_id": "[SEP]",  # spelt so in the format
    "padding_token_id": "[PAD]",
    "mask_token_id": "[MASK]",
}
OUTER = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
INNER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def write_bert_gguf(model: Path, out: Path, *, pooling: Literal["mean", "cls"] = "mean") -> Path:
    """Turn a directory of BERT's weights and WordPiece tokenizer into a float32 .gguf file.

    Args:
        model: The directory, with config.json, tokenizer.json and model.safetensors.
        out: The file to write.
        pooling: What the file says of pooling.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    pairs = [*_architecture(config, pooling), *_vocabulary(model)]
    return write_file(out, pairs, _tensors(model))


def _architecture(config: dict[str, Any], pooling: str) -> list[bytes]:
    whole = {
        "general.file_type": 0,
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.pooling_type": POOLING[pooling],
    }
    epsilon = struct.pack("<f", config["layer_norm_eps"])
    return [
        pack_pair("general.architecture", STRING, pack_text("bert")),
        pack_pair("general.name", STRING, pack_text("all-MiniLM-L6-v2")),
        *(pack_pair(key, UINT32, struct.pack("<I", value)) for key, value in whole.items()),
        pack_pair("bert.attention.layer_norm_epsilon", FLOAT32, epsilon),
        pack_pair("bert.attention.causal", BOOL, b"\0"),
    ]


def _vocabulary(model: Path) -> list[bytes]:
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    places = tokenizer["model"]["vocab"]
    special = {added["content"] for added in tokenizer["added_tokens"]}
    inside = tokenizer["model"]["continuing_subword_prefix"]
    tokens, kinds = [], []
    for token in sorted(places, key=places.__getitem__):
        known = token in special
        begins = not known and not token.startswith(inside)
        tokens.append("▁" + token if begins else token if known else token.removeprefix(inside))
        kinds.append(CONTROL if known else NORMAL)
    types = struct.pack(f"<IQ{len(kinds)}i", INT32, len(kinds), *kinds)
    return [
        pack_pair("tokenizer.ggml.model", STRING, pack_text("bert")),
        pack_pair("tokenizer.ggml.tokens", ARRAY, pack_texts(tokens)),
        pack_pair("tokenizer.ggml.token_type", ARRAY, types),
        pack_pair("tokenizer.ggml.token_type_count", UINT32, struct.pack("<I", 2)),
        *(
            pack_pair(f"tokenizer.ggml.{key}", UINT32, struct.pack("<I", places[token]))
            for key, token in SPECIAL.items()
        ),
    ]


def _tensors(model: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors.torch import load_file

    found = {}
    for name, tensor in load_file(model / "model.safetensors").items():
        renamed = _rename(name)
        if renamed is not None:
            found[renamed] = np.ascontiguousarray(tensor.float().numpy())
    return found


def _rename(name: str) -> str | None:
    """The format's name; None for what pooling by the mean does not use."""
    stem, _, ending = name.rpartition(".")
    if stem in OUTER:
        return f"{OUTER[stem]}.{ending}"
    if not stem.startswith("encoder.layer."):
        return None
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{INNER[rest]}.{ending}"
