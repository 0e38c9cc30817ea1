"""Texts side by side in one pass, against the same texts padded by transformers alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.embedders.test_oracle import worst_cosine
from tests.embedders.tiny_qwen3 import Shape, build_qwen3
from workbench.contracts import Pooling, Progress
from workbench.embedders import load
from workbench.embedders.local import LocalEmbedder, attention
from workbench.embedders.local.linears import choose_layout, pack_linears, unpack_linears
from workbench.embedders.local.packed import NOTHING_SHARED, PackedModel
from workbench.embedders.local.packing import (
    Group,
    Order,
    Pack,
    longest_first,
    plan_order,
    plan_pack,
    shared_start,
)
from workbench.embedders.local.passes import Run
from workbench.embedders.local.pooling import embed_padded
from workbench.embedders.local.runtime import is_out_of_memory, usable_processors
from workbench.embedders.local.tokens import (
    TokenRows,
    encode_ahead,
    encode_texts,
    texts_together,
)
from workbench.errors import Cancelled, InputError, ModelError

EXACT = 1 - 1e-10
TEXTS = [f"{n} {'苹果 and pears ' * (n % 7)}" for n in range(60)]
LENGTHS = np.random.default_rng(0).integers(1, 300, size=500).tolist()


def load_tiny(directory: Path, **options: Any) -> LocalEmbedder:
    embedder = load(directory, **options)
    assert isinstance(embedder, LocalEmbedder)
    return embedder


def rows_of(model: Any, lengths: Sequence[int], seed: int = 0) -> list[tuple[int, ...]]:
    chance = np.random.default_rng(seed)
    vocabulary = model.config.vocab_size
    return [tuple(chance.integers(5, vocabulary, size=length).tolist()) for length in lengths]


def both_ways(
    model: Any, pooling: Pooling, lengths: Sequence[int], packed: PackedModel | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of random rows packed into one pass, and padded."""
    import torch

    rows = rows_of(model, sorted(lengths, reverse=True))
    order = plan_order(rows, causal=False)
    pack = plan_pack([len(row) for row in rows], order, budget=10**6)
    with torch.inference_mode():
        found = (packed or PackedModel(model, pooling)).embed_pack(
            rows, pack, NOTHING_SHARED, lambda: None
        )
        return found.numpy(), embed_padded(model, rows, pooling, pad_id=1).numpy()


@contextmanager
def counted_tokens(embedder: LocalEmbedder) -> Iterator[dict[str, int]]:
    """Tokens that go through the first and the last layer's MLP within."""
    seen = {"first": 0, "last": 0}
    layers: Any = embedder.require_loaded().model.layers

    def count(place: str) -> Any:
        def add(_: object, args: Any) -> None:
            seen[place] += args[0].numel() // args[0].shape[-1]

        return add

    hooks = [
        layers[place].mlp.down_proj.register_forward_pre_hook(count(name))
        for name, place in (("first", 0), ("last", -1))
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("padded", [False, True], ids=["packed", "padded"])
def test_passes_hold_each_row_once_within_their_budget(padded: bool) -> None:
    order = Order(longest_first(LENGTHS))
    seen: list[int] = []
    while order.rows:
        pack = plan_pack(LENGTHS, order, budget=2_048, padded=padded)
        longest = max(LENGTHS[row] for row in pack.rows)
        held = len(pack.rows) * longest if padded else pack.tokens
        assert held <= 2_048
        assert pack.tokens == sum(LENGTHS[row] for row in pack.rows)
        seen += pack.rows
        order = order.after(len(pack.rows))
    assert sorted(seen) == list(range(500))


def test_a_row_longer_than_the_budget_goes_alone() -> None:
    assert plan_pack([10, 5_000, 10], Order([1, 0, 2]), budget=100).rows == (1,)


def test_rows_of_one_length_stand_together() -> None:
    pack = plan_pack([3, 2, 3, 2, 1], Order([0, 2, 1, 3, 4]), budget=100)
    assert pack.groups == (Group(0, 2, 3), Group(6, 2, 2), Group(10, 1, 1))


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([(1, 2, 3, 4), (1, 2, 3, 5)], 3),
        ([(1, 2, 9, 4), (1, 2, 3, 5)], 2),  # a merge at the boundary
        ([(1, 2, 3), (1, 2, 3, 5)], 2),  # each keeps a token of its own
        ([(7, 2, 3), (1, 2, 3, 5)], 0),
        ([], 0),
    ],
)
def test_rows_share_what_all_of_them_begin_with(rows: list[tuple[int, ...]], shared: int) -> None:
    assert shared_start(rows, (1, 2, 3)) == shared


@pytest.mark.parametrize("pooling", ["last_token", "mean", "cls"])
@pytest.mark.parametrize("lengths", [[1], [5, 5, 5], [40, 7, 7, 3, 1, 1], LENGTHS[:30]], ids=len)
def test_packed_qwen3_equals_padded(tiny_qwen3: Path, pooling: Pooling, lengths: list[int]) -> None:
    model = load_tiny(tiny_qwen3).require_loaded().model
    assert worst_cosine(*both_ways(model, pooling, lengths)) >= EXACT


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta"])
def test_packed_encoders_equal_padded(kind: str, pooling: Pooling) -> None:
    import torch
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64,
        vocab_size=200, max_position_embeddings=80, pad_token_id=1,
    )  # fmt: skip
    make: Any = AutoModel.from_config
    model = make(config, attn_implementation="sdpa").eval()
    for weight in model.parameters():  # biases and position vectors start near 0 and would not show
        torch.nn.init.normal_(weight, std=0.2)
    assert worst_cosine(*both_ways(model, pooling, [60, 12, 12, 12, 5, 1] * 4)) >= EXACT


def test_long_texts_are_attended_in_blocks_with_the_same_result(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_tiny(tiny_qwen3).require_loaded().model
    whole, padded = both_ways(model, "last_token", [300, 300, 200, 9])
    monkeypatch.setattr(attention, "_BLOCK_WORK", 4.0 * 4 * 100 * 300 * 32)  # a third of a text
    blocks, _ = both_ways(model, "last_token", [300, 300, 200, 9])
    assert worst_cosine(blocks, padded) >= EXACT
    assert worst_cosine(whole, padded) >= EXACT


def test_a_shared_instruction_changes_no_vector(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    together = embedder.embed(TEXTS, prompt="query").vectors
    shared_off = load_tiny(tiny_qwen3)
    shared_off.require_loaded().packed = None
    padded = shared_off.embed(TEXTS, prompt="query").vectors
    assert worst_cosine(together, padded) >= EXACT


def test_an_instruction_that_merges_with_the_text_changes_no_vector(
    real_tokenizer: Path, tmp_path: Path
) -> None:
    embedder = load_tiny(build_qwen3(tmp_path / "real", tokenizer=real_tokenizer))
    tokenizer = embedder.require_loaded().tokenizer
    prefix = "Find what is said of "
    texts = [" a space more", "apples", "\n\nlines", "苹果", "of"]
    alone = tokenizer.encode(prefix).ids[:-1]
    rows = [tokenizer.encode(prefix + text).ids for text in texts]
    assert any(row[: len(alone)] != alone for row in rows), "one must merge for this to say"
    with counted_tokens(embedder) as seen:
        together = embedder.embed(texts, prompt=prefix).vectors
    assert seen["first"] < sum(map(len, rows)), "something is shared all the same"
    embedder.require_loaded().packed = None
    assert worst_cosine(together, embedder.embed(texts, prompt=prefix).vectors) >= EXACT


def test_an_instruction_is_computed_once_and_kept_for_the_next_toggle(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    with counted_tokens(embedder) as first:
        result = embedder.embed(TEXTS, prompt="query")
    with counted_tokens(embedder) as second:
        embedder.embed(TEXTS, prompt="query")
    with counted_tokens(embedder) as one:
        tokens = embedder.embed(["another"], prompt="query").tokens
    shared = first["first"] - second["first"]
    assert shared > 10
    assert second["first"] == result.tokens.sum() - shared * len(TEXTS)
    assert one["first"] == tokens[0] - shared


def test_the_last_layer_is_computed_at_the_pooled_positions_only(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    with counted_tokens(embedder) as seen:
        tokens = embedder.embed(TEXTS).tokens
    assert seen == {"first": tokens.sum(), "last": len(TEXTS)}


def test_equal_texts_are_computed_once(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    with counted_tokens(embedder) as seen:
        result = embedder.embed(["same"] * 50)
    assert seen["first"] == result.tokens[0]
    assert np.ptp(result.vectors, axis=0).max() == 0


@pytest.fixture
def sixteen_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.embedders.local.embedder.texts_together", lambda *_: 16)


@pytest.mark.usefixtures("sixteen_ahead")
def test_many_texts_are_taken_part_by_part_and_computed_once(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    steps: list[Progress] = []
    with counted_tokens(embedder) as seen:
        twice = embedder.embed([*TEXTS, *TEXTS], progress=steps.append)
    tokens = twice.tokens[: len(TEXTS)]
    assert seen["first"] == tokens.sum()
    done = [step.done for step in steps]
    assert done == sorted(done) and (done[0], done[-1]) == (0, 2 * len(TEXTS))
    assert len({step.total for step in steps}) == 1
    np.testing.assert_array_equal(twice.vectors[: len(TEXTS)], twice.vectors[len(TEXTS) :])
    for place in (0, 15, 16, 59):
        alone = embedder.embed([TEXTS[place]])
        assert worst_cosine(alone.vectors, twice.vectors[place : place + 1]) >= EXACT
        assert alone.tokens[0] == tokens[place]


@pytest.mark.usefixtures("sixteen_ahead")
def test_a_fault_in_a_later_part_is_told_with_its_place_among_all(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    embedder.require_loaded().tokenizer.post_processor = None
    with pytest.raises(InputError, match=r"texts\[40\] is ''"):
        embedder.embed([*TEXTS[:40], "", *TEXTS])


def test_a_cancel_that_the_tokenizer_sees_first_counts_what_the_model_did(
    tiny_qwen3: Path,
) -> None:
    embedder, cancel = load_tiny(tiny_qwen3), threading.Event()
    loaded = embedder.require_loaded()
    rows = encode_texts(loaded.tokenizer, TEXTS[:16], prefix="", unknown_id=None, cancel=None)

    def parts() -> Iterator[TokenRows]:
        yield rows
        cancel.set()
        raise Cancelled(0, 44)

    with pytest.raises(Cancelled) as caught:
        Run(loaded, embedder.info, None, cancel, len(TEXTS)).embed_parts(parts())
    assert (caught.value.done, caught.value.total) == (16, len(TEXTS))


def test_a_fault_in_any_text_is_told_before_the_next_pass(tiny_qwen3: Path) -> None:
    encode = load_tiny(tiny_qwen3).require_loaded().tokenizer.encode_batch
    first_taken, third_seen = threading.Event(), threading.Event()

    class Tokenizer:
        """Comes to the third text, which has no token, when it is let."""

        def encode_batch(self, texts: list[str]) -> list[Any]:
            if texts == [""]:
                assert first_taken.wait(60)
                return encode(texts, add_special_tokens=False)
            if texts == ["d"]:
                third_seen.set()
            return encode(texts)

    tokenizer: Any = Tokenizer()
    parts = encode_ahead(
        tokenizer, ["a", "b", "", "d"], prefix="", unknown_id=None, cancel=None, together=1
    )
    assert len(next(parts).rows) == 1
    first_taken.set()
    assert third_seen.wait(60)  # while the first is computed
    with pytest.raises(InputError, match=r"texts\[2\]"):
        next(parts)


def test_texts_are_tokenized_ahead_on_a_gpu_and_looked_at_first_on_a_cpu() -> None:
    assert texts_together("cuda:1", 10**6) < 10**6
    assert texts_together("cpu", 10**6) == 10**6
    assert texts_together("cpu", 0) == 1


def test_copies_of_a_shared_beginning_count_in_a_pass() -> None:
    lengths = [5] * 1_000
    alone = plan_pack(lengths, Order(range(1_000)), budget=1_000)
    assert alone.tokens == 1_000
    beside = plan_pack(lengths, Order(range(1_000)), budget=1_000, shared=495)
    assert len(beside.rows) * 500 == 8_000


def test_an_architecture_that_looks_at_a_window_is_padded_and_says_so(tmp_path: Path) -> None:
    import json

    directory = build_qwen3(tmp_path / "windowed")
    path = directory / "config.json"
    config = json.loads(path.read_text())
    config |= {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}
    path.write_text(json.dumps(config | {"layer_types": ["full_attention", "sliding_attention"]}))
    embedder = load_tiny(directory)
    assert embedder.require_loaded().packed is None
    assert any("padded" in note and "window" in note for note in embedder.info.notes)
    assert len(embedder.embed(TEXTS)) == len(TEXTS)


def test_a_window_that_is_said_of_no_layer_is_seen(tmp_path: Path) -> None:
    import torch
    from transformers import MistralConfig, MistralModel

    from workbench.embedders.local.loading import _slides

    sizes: Any = {
        "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "num_key_value_heads": 1, "intermediate_size": 32, "vocab_size": 50,
    }  # fmt: skip
    with torch.device("meta"):
        assert _slides(MistralModel(MistralConfig(**sizes, sliding_window=64)))
        assert not _slides(MistralModel(MistralConfig(**sizes, sliding_window=None)))


def test_where_packing_gives_other_vectors_texts_are_padded_and_it_is_said(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_tiny(tiny_qwen3).embed(TEXTS).vectors
    monkeypatch.setattr(attention, "_lower", lambda *_: None)
    monkeypatch.setattr(attention, "_of_group", lambda part, *_: part.unsqueeze(0))
    embedder = load_tiny(tiny_qwen3)
    assert embedder.require_loaded().packed is None
    assert any("texts are padded" in note for note in embedder.info.notes)
    assert worst_cosine(embedder.embed(TEXTS).vectors, expected) >= EXACT


@pytest.fixture
def short_of_memory(tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch) -> LocalEmbedder:
    """An embedder on a device that takes 100 tokens at once."""
    import torch

    right = PackedModel.embed_pack

    def embed_pack(self: PackedModel, rows: Any, pack: Pack, *others: Any) -> Any:
        if pack.tokens > 100:
            raise torch.OutOfMemoryError("no more")
        return right(self, rows, pack, *others)

    embedder = load_tiny(tiny_qwen3)
    monkeypatch.setattr(PackedModel, "embed_pack", embed_pack)
    return embedder


def test_short_of_memory_it_halves_its_passes_and_says_so(
    short_of_memory: LocalEmbedder, tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Progress] = []
    result = short_of_memory.embed(TEXTS, progress=said.append)
    assert any("ran out of memory" in note for note in result.info.notes)
    assert any("ran out of memory" in step.message for step in said)
    monkeypatch.undo()
    np.testing.assert_allclose(
        result.vectors, load_tiny(tiny_qwen3).embed(TEXTS).vectors, atol=1e-5
    )


def test_a_cancel_after_a_halving_does_not_hide_it(short_of_memory: LocalEmbedder) -> None:
    cancel = threading.Event()

    def stop(step: Progress) -> None:
        if "ran out of memory" in step.message:
            cancel.set()

    with pytest.raises(Cancelled):
        short_of_memory.embed(TEXTS, progress=stop, cancel=cancel)
    assert any("ran out of memory" in note for note in short_of_memory.info.notes)


@pytest.mark.parametrize(
    ("said", "memory"),
    [
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("CUDA error: out of memory", True),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", True),
        ("mat1 and mat2 shapes cannot be multiplied", False),
    ],
)
def test_torchs_words_for_no_memory_are_known(said: str, memory: bool) -> None:
    assert is_out_of_memory(RuntimeError(said)) is memory


def test_a_single_text_that_does_not_fit_is_an_error_that_says_so(
    short_of_memory: LocalEmbedder,
) -> None:
    with pytest.raises(ModelError, match=r"ran out of memory .* one text of"):
        short_of_memory.embed(["short", "word " * 400])


def test_the_longest_text_and_ten_thousand_short_ones_go_through(tmp_path: Path) -> None:
    directory = build_qwen3(tmp_path / "long", shape=Shape(positions=32_768))
    embedder = load_tiny(directory)
    long = embedder.embed(["word " * 40_000])
    assert long.tokens[0] == 32_768
    many = embedder.embed([f"{n:05d}" for n in range(10_000)])
    assert np.isfinite(many.vectors).all()
    assert len(np.unique(many.vectors, axis=0)) == 10_000


def test_progress_is_told_within_a_long_pass(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.embedders.local.passes._REPORT_EVERY_S", 0.0)
    steps: list[Progress] = []
    load_tiny(tiny_qwen3).embed(["word " * 300], progress=steps.append)
    inside = [step.message for step in steps if step.message]
    assert len(inside) > 5
    assert all("of a pass of" in message for message in inside)


def test_a_cancel_answers_between_the_blocks_of_attention(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise Cancelled(0, 1)

    monkeypatch.setattr(attention, "_BLOCK_WORK", 4.0 * 4 * 64 * 400 * 32)
    model = load_tiny(tiny_qwen3).require_loaded().model
    rows = rows_of(model, [400])
    with pytest.raises(Cancelled):
        PackedModel(model, "last_token").embed_pack(
            rows, Pack((0,), (Group(0, 1, 400),), 400), NOTHING_SHARED, look
        )
    assert looks == 3
    assert model.config._attn_implementation == "sdpa"


def test_weights_in_onednns_order_give_the_same_vectors_and_come_back_to_the_bit(
    tiny_qwen3: Path,
) -> None:
    embedder = load_tiny(tiny_qwen3)
    loaded = embedder.require_loaded()
    unpack_linears(loaded.model)
    before = {name: part.clone() for name, part in loaded.model.state_dict().items()}
    plain = embedder.embed(TEXTS).vectors
    pack_linears(loaded.model)
    assert any(layer.weight.is_mkldnn for layer in loaded.linears)
    assert worst_cosine(embedder.embed(TEXTS).vectors, plain) >= EXACT
    unpack_linears(loaded.model)
    after = loaded.model.state_dict()
    assert all((part == after[name]).all() for name, part in before.items())


def test_the_doctors_variants_see_weights_as_they_are_in_the_file(tiny_qwen3: Path) -> None:
    from workbench.embedders.local.variants import VariantMaker

    embedder = load_tiny(tiny_qwen3)
    loaded = embedder.require_loaded()
    if not loaded.ordered:
        pack_linears(loaded.model)
        loaded.ordered = True
    maker = VariantMaker(embedder.info, loaded)
    right, rough = (maker.vectors(TEXTS[:4], name) for name in ("right", "int4"))
    assert worst_cosine(right, embedder.embed(TEXTS[:4]).vectors) >= EXACT
    assert worst_cosine(rough, right) < 0.9999
    assert loaded.ordered
    assert all(layer.weight.is_mkldnn for layer in loaded.linears)


def test_the_choice_of_layout_is_measured_and_said(tiny_qwen3: Path) -> None:
    embedder = load_tiny(tiny_qwen3)
    unpack_linears(embedder.require_loaded().model)
    layout = choose_layout(embedder.require_loaded().model)
    assert layout.gain is not None
    assert layout.gain > 0
    assert any("order: oneDNN has" in note for note in embedder.info.notes)


def test_models_of_the_same_shapes_are_run_the_same_way(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(1.0, 3.0), (1.0, 3.0), (3.0, 1.0)])
    monkeypatch.setattr("workbench.embedders.local.linears._CHOSEN", {})
    monkeypatch.setattr(
        "workbench.embedders.local.linears._time_layer", lambda *_: next(answers, (3.0, 1.0))
    )
    first, second = load_tiny(tiny_qwen3), load_tiny(tiny_qwen3)
    assert first.require_loaded().ordered == second.require_loaded().ordered
    np.testing.assert_array_equal(first.embed(TEXTS).vectors, second.embed(TEXTS).vectors)


def test_a_type_that_onednn_refuses_here_is_computed_by_torch(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("bf16 path needs the cpu support avx512bw")

    monkeypatch.setattr("workbench.embedders.local.linears._order_weight", refuse)
    monkeypatch.setattr("workbench.embedders.local.linears._CHOSEN", {})
    embedder = load_tiny(tiny_qwen3, dtype="bfloat16")
    assert not embedder.require_loaded().ordered
    assert np.isfinite(embedder.embed(TEXTS).vectors).all()


@pytest.mark.parametrize(
    ("gain", "said"), [(0.2, "5.0 times as slowly as float32"), (3.1, "3.1 times as fast")]
)
def test_what_bfloat16_gains_or_costs_on_this_processor_is_measured_and_said(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch, gain: float, said: str
) -> None:
    assert "bfloat16 multiplies" in " ".join(load_tiny(tiny_qwen3, dtype="bfloat16").info.notes)
    monkeypatch.setattr("workbench.embedders.local.setup.compare_float32", lambda *_, **__: gain)
    notes = " ".join(load_tiny(tiny_qwen3, dtype="bfloat16").info.notes)
    assert said in notes and "coarser than float32" in notes
    assert "bfloat16" not in " ".join(load_tiny(tiny_qwen3, dtype="float32").info.notes)


def test_threads_are_those_that_the_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    quota = tmp_path / "cpu.max"
    assert usable_processors(quota) == 4
    quota.write_text("max 100000\n")
    assert usable_processors(quota) == 4
    quota.write_text("150000 100000\n")
    assert usable_processors(quota) == 2
    quota.write_text("1000 100000\n")
    assert usable_processors(quota) == 1


def test_loading_lowers_torchs_threads_and_never_raises_them(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        monkeypatch.setattr("workbench.embedders.local.runtime.usable_processors", lambda: 2)
        load_tiny(tiny_qwen3)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        load_tiny(tiny_qwen3)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
