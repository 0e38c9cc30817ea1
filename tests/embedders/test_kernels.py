"""Attention of all texts in one call: where each stands, and which kernel is taken.

The kernels run on a GPU only. What they are given is tested by a slow stand-in that does what their
documents say, text by text; on a machine with a GPU the real ones are tested as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.embedders.test_oracle import worst_cosine
from tests.embedders.test_packing import EXACT, TEXTS, both_ways, load_tiny
from workbench.embedders import load
from workbench.embedders.local import LocalEmbedder, setup
from workbench.embedders.local.kernels import (
    Kernel,
    Spans,
    find_kernels,
    find_spans,
    flash_attend,
    torch_attend,
)
from workbench.embedders.local.packed import PackedModel
from workbench.embedders.local.packing import Group
from workbench.errors import ModelError


def by_text(
    query: Any, key: Any, value: Any, spans: Spans, causal: bool, scale: Any, first: int = 0
) -> Any:
    """Attend to one text after the other, the last query seeing all keys where ``causal``.

    With ``first`` = 1 the first query sees the first key alone: FlashAttention's way before 2.1.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    found = []
    ends = zip(pairwise(spans.query_ends.tolist()), pairwise(spans.key_ends.tolist()), strict=True)
    for (start, stop), (begin, end) in ends:
        assert stop - start <= spans.most_queries and end - begin <= spans.most_keys
        ones = torch.ones(stop - start, end - begin, dtype=torch.bool)
        seen = ones.tril(0 if first else (end - begin) - (stop - start))
        found.append(
            scaled_dot_product_attention(
                query[start:stop].transpose(0, 1),
                key[begin:end].transpose(0, 1),
                value[begin:end].transpose(0, 1),
                attn_mask=seen if causal else None,
                scale=scale,
                enable_gqa=key.shape[1] != query.shape[1],
            ).transpose(0, 1)
        )
    return torch.cat(found)


@pytest.fixture
def with_kernel(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(*kernels: Kernel) -> None:
        monkeypatch.setattr(setup, "find_kernels", lambda _: iter(kernels))

    return use


@pytest.mark.parametrize("pooling", ["last_token", "mean", "cls"])
@pytest.mark.parametrize("lengths", [[1], [5, 5, 5], [40, 7, 7, 3, 1, 1]], ids=len)
def test_one_call_gives_the_vectors_of_padded_texts(
    tiny_qwen3: Path, pooling: Any, lengths: Sequence[int]
) -> None:
    model = load_tiny(tiny_qwen3).require_loaded().model
    packed = PackedModel(model, pooling, Kernel("by text", by_text))
    assert worst_cosine(*both_ways(model, pooling, lengths, packed)) >= EXACT


def test_one_call_gives_the_vectors_of_a_model_that_sees_both_ways() -> None:
    embedder = load("bundled")
    assert isinstance(embedder, LocalEmbedder)
    model = embedder.require_loaded().model
    packed = PackedModel(model, "mean", Kernel("by text", by_text))
    assert worst_cosine(*both_ways(model, "mean", [60, 12, 12, 5, 1], packed)) >= EXACT


def test_a_shared_instruction_stands_before_each_texts_own_keys(
    tiny_qwen3: Path, with_kernel: Any
) -> None:
    expected = load_tiny(tiny_qwen3).embed(TEXTS, prompt="query").vectors
    with_kernel(Kernel("by text", by_text))
    embedder = load_tiny(tiny_qwen3)
    assert "attention is computed by by text" in embedder.info.notes
    assert worst_cosine(embedder.embed(TEXTS, prompt="query").vectors, expected) >= EXACT


def test_a_kernel_with_other_vectors_or_none_is_not_used_and_that_is_said(
    tiny_qwen3: Path, with_kernel: Any
) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("no kernel image is available for this device")

    with_kernel(Kernel("one", broken), Kernel("another", partial(by_text, first=1)))
    embedder = load_tiny(tiny_qwen3)
    packed = embedder.require_loaded().packed
    assert packed is not None and packed.kernel is None, "groups of equal length are left"
    notes = " ".join(embedder.info.notes)
    assert "one is not used: " in notes and "no kernel image is available" in notes
    assert "another is not used: side by side it gives other vectors" in notes


def test_no_memory_for_a_few_words_is_said_and_is_no_fault_of_the_architecture(
    tiny_qwen3: Path, with_kernel: Any
) -> None:
    import torch

    def exhausted(*_: object) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with_kernel(Kernel("one", exhausted))
    with pytest.raises(ModelError, match="no memory left for a few words"):
        load_tiny(tiny_qwen3)


def test_spans_are_the_places_of_each_text() -> None:
    import torch

    groups = (Group(0, 1, 3), Group(3, 2, 1))
    device = torch.device("cpu")
    alone = find_spans(groups, shared=0, one_query=False, device=device)
    assert alone.query_ends.tolist() == alone.key_ends.tolist() == [0, 3, 4, 5]
    assert alone.query_ends.dtype == torch.int32
    assert (alone.most_queries, alone.most_keys, alone.key_places) == (3, 3, None)
    pooled = find_spans(groups, shared=2, one_query=True, device=device)
    assert pooled.query_ends.tolist() == [0, 1, 2, 3]
    assert pooled.key_ends.tolist() == [0, 5, 8, 11]
    assert (pooled.most_queries, pooled.most_keys) == (1, 5)
    assert pooled.key_places is not None
    assert pooled.key_places.tolist() == [0, 1, 2, 3, 4, 0, 1, 5, 0, 1, 6]


@pytest.mark.parametrize("causal", [True, False])
def test_both_packages_are_called_as_their_documents_say(causal: bool) -> None:
    import inspect

    import torch

    varlen = pytest.importorskip("torch.nn.attention.varlen")
    asked: list[dict[str, Any]] = []
    own = inspect.signature(varlen.varlen_attn)

    def torchs(*given: Any, **named: Any) -> Any:
        asked.append(own.bind(*given, **named).arguments)
        return given[0]

    def flashs(*given: Any, **named: Any) -> Any:
        assert len(given) == 7
        asked.append(named)
        return given[0]

    query, key = torch.zeros(3, 4, 8), torch.zeros(5, 2, 8)
    spans = find_spans((Group(0, 1, 3),), shared=2, one_query=False, device=query.device)
    torch_attend(torchs)(query, key, key, spans, causal, 0.5)
    flash_attend(flashs)(query, key, key, spans, causal, 0.5)
    assert asked[0]["window_size"] == ((-1, 0) if causal else (-1, -1))
    assert asked[0]["enable_gqa"] is True and asked[0]["scale"] == 0.5
    assert (asked[0]["max_q"], asked[0]["max_k"]) == (3, 5)
    assert asked[1] == {"softmax_scale": 0.5, "causal": causal}


def test_on_a_cpu_there_is_no_kernel(tiny_qwen3: Path) -> None:
    assert list(find_kernels(load_tiny(tiny_qwen3).require_loaded().model)) == []


def test_on_a_gpu_a_kernel_is_used_and_agrees_with_float32(tiny_qwen3: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU: torch's and flash-attn's kernels were not run")
    embedder = load(tiny_qwen3, device="cuda", dtype="bfloat16")
    assert any(note.startswith("attention is computed by") for note in embedder.info.notes)
    right = load_tiny(tiny_qwen3, device="cpu").embed(TEXTS, prompt="query").vectors
    assert worst_cosine(embedder.embed(TEXTS, prompt="query").vectors, right) >= 0.999
