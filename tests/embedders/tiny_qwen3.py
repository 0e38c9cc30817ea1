"""Random Qwen3-Embedding models of the published file layout, small enough for tests.

The tokenizer is either a byte-level BPE of Qwen's kind trained here on a few sentences, or the real
one, rebuilt from ../shared/gold where that is present.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SHARED_GOLD = Path(__file__).parents[3] / "shared" / "gold"
END = "<|endoftext|>"
SPECIAL = (END, "<|im_start|>", "<|im_end|>")
QUERY = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
_SENTENCES = (
    "今天天气真好，适合出门散步。",
    "中国的首都是北京。苹果、香蕉和橘子都是水果。",
    "向量检索把文本映射到高维空间。",
    "What is the capital of China? The capital of China is Beijing.",
    "Given a web search query, retrieve relevant passages that answer the query",
    "Gravity is a force that attracts two bodies towards each other.",
    "def load(path: str) -> dict:\n    return json.loads(path.read_text())\n",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
)
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Shape:
    """The sizes of a Qwen3; the defaults make some 300,000 parameters."""

    hidden: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    inner: int = 128
    positions: int = 512


FULL_SIZE = Shape(
    hidden=1024, layers=28, heads=16, kv_heads=8, head_dim=128, inner=3072, positions=32_768
)


def build_qwen3(
    out: Path,
    *,
    seed: int = 0,
    shape: Shape | None = None,
    tokenizer: Path | None = None,
    dtype: str = "float32",
) -> Path:
    """Write a model directory and return it.

    Args:
        out: Where.
        seed: Of the weights.
        shape: Sizes.
        tokenizer: A directory with tokenizer.json; None: train a tiny one.
        dtype: Of the stored weights.
    """
    sizes = shape or Shape()
    out.mkdir(parents=True, exist_ok=True)
    if tokenizer is None:
        train_tokenizer(out)
    else:
        (out / "tokenizer.json").write_bytes((tokenizer / "tokenizer.json").read_bytes())
    ids = _special_ids(out)
    _write_tokenizer_config(out, ids)
    _write_weights(out, sizes, seed=seed, vocab=max(ids.values()) + 1, dtype=dtype)
    _write_config(out, sizes, vocab=max(ids.values()) + 1, end=ids[END], dtype=dtype)
    _write_layout(out, sizes)
    return out


def train_tokenizer(out: Path) -> None:
    """A byte-level BPE of Qwen's kind that appends the end token."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        trainers,
    )

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), "isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        _SENTENCES * 3,
        trainers.BpeTrainer(
            vocab_size=600,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    )
    tokenizer.save(str(out / "tokenizer.json"))
    append_end_token(out)


def append_end_token(directory: Path) -> None:
    """Give tokenizer.json the post-processor of the published one."""
    path = directory / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    end_id = next(token["id"] for token in content["added_tokens"] if token["content"] == END)
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }
    first = {"Sequence": {"id": "A", "type_id": 0}}
    end = {"SpecialToken": {"id": END, "type_id": 0}}
    template = {
        "type": "TemplateProcessing",
        "single": [first, end],
        "pair": [
            first,
            end,
            {"Sequence": {"id": "B", "type_id": 1}},
            {"SpecialToken": {"id": END, "type_id": 1}},
        ],
        "special_tokens": {END: {"id": END, "ids": [end_id], "tokens": [END]}},
    }
    content["post_processor"] = {"type": "Sequence", "processors": [byte_level, template]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def make_stale(directory: Path) -> None:
    """Turn a model into the revision that forgot the end token and had no modules.json."""
    path = directory / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"] = content["post_processor"]["processors"][0]
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    for name in ("modules.json", "config_sentence_transformers.json", "1_Pooling/config.json"):
        (directory / name).unlink()


def rebuild_real_tokenizer(out: Path) -> Path:
    """The real Qwen3-Embedding tokenizer, from ../shared/gold."""
    script = SHARED_GOLD / "build_qwen3_tokenizer.py"
    subprocess.run(
        [sys.executable, script, SHARED_GOLD / "qwen.tiktoken", out, "--embedding"],
        check=True,
        capture_output=True,
    )
    return out


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _special_ids(out: Path) -> dict[str, int]:
    content = json.loads((out / "tokenizer.json").read_text(encoding="utf-8"))
    return {token["content"]: token["id"] for token in content["added_tokens"]}


def _write_tokenizer_config(out: Path, ids: dict[str, int]) -> None:
    decoder = {
        str(ids[token]): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for token in SPECIAL
    }
    write_json(
        out / "tokenizer_config.json",
        {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": decoder,
            "bos_token": None,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "errors": "replace",
            "model_max_length": 131_072,
            "pad_token": END,
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        },
    )


def _write_weights(out: Path, sizes: Shape, *, seed: int, vocab: int, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        values = torch.randn(rows, columns, generator=generator)
        return values.div(columns**0.5)

    def scale(width: int) -> torch.Tensor:  # near 1, so that a norm left out shows
        return 1 + 0.1 * torch.randn(width, generator=generator)

    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    tensors = {
        "embed_tokens.weight": torch.randn(vocab, sizes.hidden, generator=generator),
        "norm.weight": scale(sizes.hidden),
    }
    for layer in range(sizes.layers):
        name = f"layers.{layer}."
        tensors |= {
            f"{name}input_layernorm.weight": scale(sizes.hidden),
            f"{name}post_attention_layernorm.weight": scale(sizes.hidden),
            f"{name}self_attn.q_proj.weight": matrix(queries, sizes.hidden),
            f"{name}self_attn.k_proj.weight": matrix(keys, sizes.hidden),
            f"{name}self_attn.v_proj.weight": matrix(keys, sizes.hidden),
            f"{name}self_attn.o_proj.weight": matrix(sizes.hidden, queries),
            f"{name}self_attn.q_norm.weight": scale(sizes.head_dim),
            f"{name}self_attn.k_norm.weight": scale(sizes.head_dim),
            f"{name}mlp.gate_proj.weight": matrix(sizes.inner, sizes.hidden),
            f"{name}mlp.up_proj.weight": matrix(sizes.inner, sizes.hidden),
            f"{name}mlp.down_proj.weight": matrix(sizes.hidden, sizes.inner),
        }
    stored = {name: tensor.to(getattr(torch, dtype)) for name, tensor in tensors.items()}
    save_file(stored, out / "model.safetensors", metadata={"format": "pt"})


def _write_config(out: Path, sizes: Shape, *, vocab: int, end: int, dtype: str) -> None:
    write_json(
        out / "config.json",
        {
            "architectures": ["Qwen3ForCausalLM"],
            "attention_bias": False,
            "attention_dropout": 0.0,
            "bos_token_id": end,
            "eos_token_id": end,
            "head_dim": sizes.head_dim,
            "hidden_act": "silu",
            "hidden_size": sizes.hidden,
            "initializer_range": 0.02,
            "intermediate_size": sizes.inner,
            "max_position_embeddings": sizes.positions,
            "max_window_layers": sizes.layers,
            "model_type": "qwen3",
            "num_attention_heads": sizes.heads,
            "num_hidden_layers": sizes.layers,
            "num_key_value_heads": sizes.kv_heads,
            "rms_norm_eps": 1e-06,
            "rope_scaling": None,
            "rope_theta": 1_000_000,
            "sliding_window": None,
            "tie_word_embeddings": True,
            "torch_dtype": dtype,
            "transformers_version": "4.51.3",
            "use_cache": True,
            "use_sliding_window": False,
            "vocab_size": vocab,
        },
    )


def _write_layout(out: Path, sizes: Shape) -> None:
    kinds = (("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))
    write_json(
        out / "modules.json",
        [
            {
                "idx": place,
                "name": str(place),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for place, (kind, path) in enumerate(kinds)
        ],
    )
    write_json(
        out / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": sizes.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": False,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
            "pooling_mode_weightedmean_tokens": False,
            "pooling_mode_lasttoken": True,
            "include_prompt": True,
        },
    )
    write_json(
        out / "config_sentence_transformers.json",
        {
            "prompts": {"query": QUERY, "document": ""},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
