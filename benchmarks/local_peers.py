"""Other ways to embed with the same weights, as their own documents say to use them."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
Encode: TypeAlias = Callable[[Sequence[str], str, int], Vectors]
"""(texts, prefix, texts a batch) to (n, dim) of unit norm."""
BATCHES = (1, 2, 4, 8, 16, 32, 64)
GPU_BATCHES = (16, 32, 64, 128, 256, 512, 1024)
_TRIED, _TRIED_ON_GPU = 48, 2_048


def sentence_transformers(
    directory: Path, dtype: str, device: str, *, attention: str | None = None
) -> Encode:
    """sentence-transformers 6 with torch.

    Args:
        directory: The model's.
        dtype: "float32" or "bfloat16".
        device: "cpu" or "cuda".
        attention: transformers' name of how attention is computed; None: its own choice.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    options: Any = {"dtype": getattr(torch, dtype)}
    if attention:
        options["attn_implementation"] = attention
    model = SentenceTransformer(
        str(directory), device=device, model_kwargs=options, local_files_only=True
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


def onnx(directory: Path, dtype: str, device: str) -> Encode:
    """onnxruntime on the graph that torch exports, in float32 on a CPU.

    sentence-transformers' own onnx and openvino back ends want transformers below 5.6 (optimum-onnx
    0.1 below 4.58), so that they cannot be measured in one process with transformers 5.23.
    """
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        graph, tokenize = _export(directory, dtype, device, Path(folder))
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return _mean_of(tokenize, lambda ids, mask: session.run(None, {"ids": ids, "mask": mask})[0])


def openvino(directory: Path, dtype: str, device: str) -> Encode:
    """OpenVINO on the same graph, told to compute in float32 where it would choose bfloat16."""
    import openvino as ov

    with tempfile.TemporaryDirectory() as folder:
        graph, tokenize = _export(directory, dtype, device, Path(folder))
        compiled = ov.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return _mean_of(tokenize, lambda ids, mask: compiled([ids, mask])[0])


def _export(directory: Path, dtype: str, device: str, folder: Path) -> tuple[str, Any]:
    """The path of an ONNX graph from (ids, mask) to last states, and the model's tokenizer."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    if (dtype, device) != ("float32", "cpu"):
        raise SystemExit(f"This peer computes in float32 on the CPU; asked: {dtype} on {device}.")
    pooling = json.loads((directory / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    if not pooling.get("pooling_mode_mean_tokens"):
        raise SystemExit("This peer pools by the mean only; take the bundled model.")

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(directory, dtype=torch.float32).eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            return states

    path = folder / "model.onnx"
    example = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        States(),
        (example, example),
        path,
        input_names=["ids", "mask"],
        dynamic_axes={"ids": axes, "mask": axes},
        opset_version=18,
        dynamo=False,  # the newer exporter of torch 2.13 gave a graph with other numbers
    )
    return str(path), AutoTokenizer.from_pretrained(directory)


def _mean_of(tokenize: Any, states: Callable[[Any, Any], Any]) -> Encode:  # noqa: ANN401
    """Texts sorted by length, padded by the batch, pooled by the mean."""

    def encode(texts: Sequence[str], prefix: str, batch: int) -> Vectors:
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        found = []
        for start in range(0, len(order), batch):
            part = [prefix + texts[n] for n in order[start : start + batch]]
            fed = tokenize(part, padding=True, truncation=True, max_length=256, return_tensors="np")
            ids, mask = (fed[name].astype(np.int64) for name in ("input_ids", "attention_mask"))
            mean = (states(ids, mask) * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            found.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
        return np.concatenate(found)[np.argsort(order)].astype(np.float32)

    return encode


def card_loop(directory: Path, dtype: str, device: str) -> Encode:
    """The loop of Qwen3-Embedding's model card: left padding, transformers, the last state."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(directory, padding_side="left")
    model = AutoModel.from_pretrained(directory, dtype=getattr(torch, dtype)).eval().to(device)

    @torch.inference_mode()
    def encode(texts: Sequence[str], prefix: str, batch: int) -> Vectors:
        parts = []
        for start in range(0, len(texts), batch):
            part = [prefix + text for text in texts[start : start + batch]]
            fed = tokenizer(
                part, padding=True, truncation=True, max_length=8192, return_tensors="pt"
            ).to(device)
            states = model(**fed).last_hidden_state[:, -1]  # (batch, dim)
            parts.append(torch.nn.functional.normalize(states.float(), dim=1).cpu().numpy())
        return np.concatenate(parts)

    return encode


def best_batch(encode: Encode, texts: Sequence[str], prefix: str, device: str) -> int:
    """The batch size at which a peer is fastest, tried on every so many-th of the texts."""
    tried = _TRIED if device == "cpu" else _TRIED_ON_GPU
    some = list(texts[:: max(1, len(texts) // tried)])
    encode(some[:4], prefix, 4)

    def seconds(batch: int) -> float:
        started = time.perf_counter()
        encode(some, prefix, batch)
        return time.perf_counter() - started

    return min(BATCHES if device == "cpu" else GPU_BATCHES, key=seconds)


PEERS: dict[str, Callable[[Path, str, str], Encode]] = {
    "sentence-transformers": sentence_transformers,
    "flash": partial(sentence_transformers, attention="flash_attention_2"),
    "onnx": onnx,
    "openvino": openvino,
    "card": card_loop,
}
