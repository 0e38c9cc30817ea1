"""Other ways to embed with the same weights, as their own documents say to use them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
Encode: TypeAlias = Callable[[Sequence[str], str, int], Vectors]
"""(texts, prefix, texts a batch) to (n, dim) of unit norm."""
BATCHES = (1, 2, 4, 8, 16, 32, 64)
_TRIED = 48


def sentence_transformers(
    directory: Path, dtype: str, backend: Literal["torch", "onnx", "openvino"] = "torch"
) -> Encode:
    """sentence-transformers 6, with the back end that is named."""
    import torch
    from sentence_transformers import SentenceTransformer

    options: Any = {"dtype": getattr(torch, dtype)} if backend == "torch" else {"export": True}
    model = SentenceTransformer(
        str(directory), device="cpu", backend=backend, model_kwargs=options, local_files_only=True
    )

    def encode(texts: Sequence[str], prefix: str, batch: int) -> Vectors:
        found: Vectors = model.encode(
            list(texts),
            prompt=prefix,
            batch_size=batch,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return found

    return encode


def card_loop(directory: Path, dtype: str) -> Encode:
    """The loop of Qwen3-Embedding's model card: left padding, transformers, the last state."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(directory, padding_side="left")
    model = AutoModel.from_pretrained(directory, dtype=getattr(torch, dtype)).eval()

    @torch.inference_mode()
    def encode(texts: Sequence[str], prefix: str, batch: int) -> Vectors:
        parts = []
        for start in range(0, len(texts), batch):
            part = [prefix + text for text in texts[start : start + batch]]
            fed = tokenizer(
                part, padding=True, truncation=True, max_length=8192, return_tensors="pt"
            )
            states = model(**fed).last_hidden_state[:, -1]  # (batch, dim)
            parts.append(torch.nn.functional.normalize(states.float(), dim=1).numpy())
        return np.concatenate(parts)

    return encode


def best_batch(encode: Encode, texts: Sequence[str], prefix: str) -> int:
    """The batch size at which a peer is fastest, tried on every so many-th of the texts."""
    some = list(texts[:: max(1, len(texts) // _TRIED)])
    encode(some[:4], prefix, 4)

    def seconds(batch: int) -> float:
        started = time.perf_counter()
        encode(some, prefix, batch)
        return time.perf_counter() - started

    return min(BATCHES, key=seconds)


PEERS: dict[str, Callable[[Path, str], Encode]] = {
    "sentence-transformers": sentence_transformers,
    "onnx": lambda directory, dtype: sentence_transformers(directory, dtype, "onnx"),
    "openvino": lambda directory, dtype: sentence_transformers(directory, dtype, "openvino"),
    "card": card_loop,
}
