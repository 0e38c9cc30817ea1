"""Texts that begin alike: their common tokens go through a causal model once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.embedders.test_kernels import by_text
from tests.embedders.test_oracle import worst_cosine
from tests.embedders.test_packing import EXACT, counted_tokens, load_tiny
from workbench.contracts import Pooling, Progress
from workbench.embedders.local.kernels import Kernel
from workbench.embedders.local.packed import NOTHING_SHARED, PackedModel
from workbench.embedders.local.packing import Order, Pack, Row, plan_order, plan_pack
from workbench.embedders.local.pooling import embed_padded
from workbench.errors import Cancelled

TEMPLATED = [
    f"产品 {kind}, in stock since {year}: {'very ' * (year % 4)}good"
    for kind in ("pears", "apples", "pear trees", "苹果")
    for year in range(2000, 2015)
]


def grow_rows(seed: int, *, count: int = 80, depth: int = 12) -> list[Row]:
    """Distinct rows of few different tokens, some of which are the beginning of others."""
    chance = np.random.default_rng(seed)
    lengths = chance.integers(1, depth, size=count)
    return list(dict.fromkeys(tuple(chance.integers(5, 8, size=n).tolist()) for n in lengths))


def beginnings(rows: Sequence[Row]) -> int:
    """How many different ones the rows have: what has to be computed of them."""
    return len({row[:stop] for row in rows for stop in range(1, len(row) + 1)})


def passes_over(rows: Sequence[Row], budget: int, **options: Any) -> list[Pack]:
    order = plan_order(rows, causal=True, **options)
    lengths = [len(row) for row in rows]
    packs = []
    while order.rows:
        packs.append(plan_pack(lengths, order, budget=budget))
        order = order.after(len(packs[-1].rows))
    return packs


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("budget", [1, 13, 60, 10_000])
def test_a_trie_spells_every_row_with_each_beginning_once(seed: int, budget: int) -> None:
    rows = grow_rows(seed)
    packs = passes_over(rows, budget)
    assert sorted(row for pack in packs for row in pack.rows) == list(range(len(rows)))
    for pack in packs:
        held = [rows[row] for row in pack.rows]
        flat = np.array([token for row in held for token in row])
        places = np.array([place for row in held for place in range(len(row))])
        assert pack.tokens == beginnings(held)
        assert pack.tokens <= budget or len(pack.rows) == 1
        if pack.trie is None:
            assert pack.tokens == len(flat)
            continue
        for part in (flat, places):
            np.testing.assert_array_equal(part[pack.trie.firsts][pack.trie.nodes], part)
        assert [len(row) for row in held] == sorted(map(len, held), reverse=True)


def test_few_common_beginnings_leave_the_longest_first() -> None:
    rows = [(n, *range(100, 120 + n)) for n in range(20)]
    alike = [*rows, (*rows[0][:9], 7)]
    assert plan_order(alike, causal=True).alike == ()
    assert sum(plan_order(alike, causal=True, worth=0.0).alike) == 9
    assert plan_order(alike, causal=True).rows[0] == 19


def test_rows_that_go_alone_go_first() -> None:
    rows = [*((5, 6, 7, 8, n) for n in range(9)), (1, *range(40)), (9, *range(50))]
    order = plan_order(rows, causal=True, budget=30)
    assert list(order.rows) == [10, 9, *range(9)]
    assert plan_order(rows, causal=True).rows[-1] == 10


def test_a_model_that_looks_both_ways_has_nothing_in_common() -> None:
    rows = [(1, 2, 3, n) for n in range(20)]
    assert plan_order(rows, causal=False).alike == ()
    assert plan_order(rows, causal=True).alike[1:] == [3] * 19


def test_copies_of_keys_count_in_a_pass() -> None:
    rows = [(*range(99), 200 + n) for n in range(1_000)]
    pack = passes_over(rows, 200)[0]
    assert pack.tokens < 200
    assert len(pack.rows) * 100 == 2 * 200  # keys, values, queries and outputs of each text
    assert pack.weight == 200


@pytest.mark.parametrize("kernel", [None, Kernel("by text", by_text)], ids=["lengths", "at once"])
@pytest.mark.parametrize("pooling", ["last_token", "mean", "cls"])
@pytest.mark.parametrize("seed", range(3))
def test_vectors_are_those_of_padded_texts(
    tiny_qwen3: Path, pooling: Pooling, seed: int, kernel: Kernel | None
) -> None:
    import torch

    model = load_tiny(tiny_qwen3).require_loaded().model
    rows = grow_rows(seed)
    (pack,) = passes_over(rows, 10_000)
    assert pack.trie is not None
    held = [rows[row] for row in pack.rows]
    with torch.inference_mode():
        found = PackedModel(model, pooling, kernel).embed_pack(
            held, pack, NOTHING_SHARED, lambda: None
        )
        right = embed_padded(model, held, pooling, pad_id=1)
    assert worst_cosine(found.numpy(), right.numpy()) >= EXACT


@pytest.mark.parametrize("prompt", ["", "query"])
@pytest.mark.parametrize("budget", [200, 5_000])
def test_templated_texts_are_computed_once_where_they_are_alike(
    tiny_qwen3: Path, prompt: str, budget: int
) -> None:
    embedder = load_tiny(tiny_qwen3)
    loaded = embedder.require_loaded()
    loaded.token_budget = budget
    with counted_tokens(embedder) as seen:
        found = embedder.embed(TEMPLATED, prompt=prompt)
    loaded.packed = None
    right = embedder.embed(TEMPLATED, prompt=prompt)
    assert worst_cosine(found.vectors, right.vectors) >= EXACT
    np.testing.assert_array_equal(found.tokens, right.tokens)
    rows = [tuple(loaded.tokenizer.encode(text).ids) for text in TEMPLATED]
    start = len(loaded.tokenizer.encode(embedder.info.prompts["query"]).ids) if prompt else 0
    own = seen["first"] - start
    assert beginnings(rows) <= own + start < 0.8 * sum(map(len, rows)) + start
    if budget > 200:
        assert own <= beginnings(rows) < 0.5 * sum(map(len, rows))


@pytest.fixture
def short_of_memory(tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch) -> list[Pack]:
    """A device that takes ten texts at once; the passes it was given."""
    import torch

    right, given = PackedModel.embed_pack, list[Pack]()

    def embed_pack(self: PackedModel, rows: Any, pack: Pack, *others: Any) -> Any:
        given.append(pack)
        if len(pack.rows) > 10:
            raise torch.OutOfMemoryError("no more")
        return right(self, rows, pack, *others)

    load_tiny(tiny_qwen3)
    monkeypatch.setattr(PackedModel, "embed_pack", embed_pack)
    return given


def test_short_of_memory_what_a_pass_took_is_halved(
    tiny_qwen3: Path, short_of_memory: list[Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, steps = load_tiny(tiny_qwen3), list[Progress]()
    short_of_memory.clear()
    halved = embedder.embed(TEMPLATED, progress=steps.append)
    assert steps[-1].done == len(TEMPLATED)
    assert any("ran out of memory" in note for note in halved.info.notes)
    texts = [len(pack.rows) for pack in short_of_memory]
    assert texts[0] > 10
    assert max(texts[-3:-1]) > 2, "not much less than memory holds"
    monkeypatch.undo()
    assert worst_cosine(halved.vectors, load_tiny(tiny_qwen3).embed(TEMPLATED).vectors) >= EXACT


@pytest.mark.usefixtures("short_of_memory")
def test_a_cancel_tells_how_far_it_got(tiny_qwen3: Path) -> None:
    cancel = threading.Event()

    def stop(step: Progress) -> None:
        if step.done > 10:
            cancel.set()

    with pytest.raises(Cancelled) as caught:
        load_tiny(tiny_qwen3).embed(TEMPLATED, progress=stop, cancel=cancel)
    assert 10 < caught.value.done < len(TEMPLATED)


def test_rows_are_taken_in_the_order_that_is_left() -> None:
    order = Order((3, 1, 2), (0, 5, 6, 7))
    assert order.after(1) == Order((1, 2), (0, 5, 6, 7))
