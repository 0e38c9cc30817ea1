"""What every embedder promises, asked of every embedder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from workbench.contracts import Embedder, PartialError, Progress
from workbench.embedders import CachedEmbedder, load
from workbench.embedders.local import LocalEmbedder
from workbench.errors import Cancelled, InputError, ModelError, PromptError, RefusedError

TEXTS = [
    "今天天气真好，适合出门散步。",
    "The capital of China is Beijing.",
    "def f(x):\n    return x + 1\n",
    "a",
    "🍎🍊 emoji, Ünïcode and <|endoftext|> inside",
    "  spaces around and a line break \n",
    "long " * 90,
    "苹果",
]


@pytest.fixture(scope="module")
def makers(tiny_qwen3: Path) -> dict[str, Callable[[], Embedder]]:
    return {
        "bundled": lambda: load("bundled"),
        "lexical": lambda: load("lexical"),
        "tiny qwen3": lambda: load(tiny_qwen3),
        "tiny qwen3, cut": lambda: load(tiny_qwen3, dim=32),
        "cached": lambda: CachedEmbedder(load("bundled")),
    }


@pytest.fixture(
    scope="module", params=["bundled", "lexical", "tiny qwen3", "tiny qwen3, cut", "cached"]
)
def embedder(request: pytest.FixtureRequest, makers: dict[str, Callable[[], Embedder]]) -> Embedder:
    return makers[request.param]()


class SetAfter:
    """A cancel signal that is set once a number of texts is done."""

    def __init__(self, texts: int) -> None:
        self.texts = texts
        self.seen: list[Progress] = []

    def watch(self, step: Progress) -> None:
        self.seen.append(step)

    def is_set(self) -> bool:
        return bool(self.seen) and self.seen[-1].done >= self.texts


def test_it_is_an_embedder(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)


def test_rows_keep_the_order_of_the_texts(embedder: Embedder) -> None:
    forwards = embedder.embed(TEXTS).vectors
    backwards = embedder.embed(TEXTS[::-1]).vectors
    np.testing.assert_allclose(forwards, backwards[::-1], atol=embedder.info.tolerance)
    gram = forwards @ forwards.T
    assert gram[~np.eye(len(TEXTS), dtype=bool)].max() < 0.9999, "rows must differ for this to say"


def test_no_texts_give_no_rows_of_the_right_width(embedder: Embedder) -> None:
    result = embedder.embed([])
    assert result.vectors.shape == (0, embedder.info.dim)
    assert len(result.tokens) == len(result.truncated) == len(result.unknown) == 0


def test_a_text_alone_equals_the_same_text_in_a_batch(embedder: Embedder) -> None:
    batch = embedder.embed(TEXTS).vectors
    for row, text in enumerate(TEXTS):
        alone = embedder.embed([text]).vectors[0]
        np.testing.assert_allclose(alone, batch[row], atol=embedder.info.tolerance)


def test_equal_texts_have_equal_rows(embedder: Embedder) -> None:
    vectors = embedder.embed([TEXTS[0], TEXTS[1], TEXTS[0]]).vectors
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert not np.array_equal(vectors[0], vectors[1])


def test_vectors_are_finite_float32_of_the_stated_width(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS).vectors
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.info.dim)
    assert np.isfinite(vectors).all()


def test_an_empty_text_has_a_vector_or_a_server_refuses_it_by_name(embedder: Embedder) -> None:
    try:
        vectors = embedder.embed(["a", ""]).vectors
    except PartialError as partial:
        assert embedder.info.backend == "remote"
        (failed,) = partial.failed
        assert (failed.row, failed.text, type(failed.error)) == (1, "", RefusedError)
        assert partial.cause is None
        vectors = partial.made.vectors
        assert vectors.shape == (1, embedder.info.dim)
    else:
        assert vectors.shape == (2, embedder.info.dim)
    assert np.isfinite(vectors).all()


def test_rows_have_unit_norm_where_that_is_said(embedder: Embedder) -> None:
    assert embedder.info.normalized
    norms = np.linalg.norm(embedder.embed(TEXTS).vectors, axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-6)


def test_a_prefix_is_the_same_as_writing_it_before_the_text(embedder: Embedder) -> None:
    prefixed = embedder.embed(["苹果"], prompt="为这个句子生成表示：")
    written = embedder.embed(["为这个句子生成表示：苹果"])
    assert prefixed.prompt.prefix == "为这个句子生成表示："
    np.testing.assert_allclose(prefixed.vectors, written.vectors, atol=embedder.info.tolerance)
    bare = embedder.embed(["苹果"]).vectors
    assert not np.allclose(prefixed.vectors, bare, atol=1e-3)


def test_each_named_prompt_puts_its_own_prefix_before_the_text(embedder: Embedder) -> None:
    for name, prefix in embedder.info.prompts.items():
        named = embedder.embed(["apple"], prompt=name).vectors
        written = embedder.embed([prefix + "apple"], prompt="").vectors
        np.testing.assert_allclose(named, written, atol=embedder.info.tolerance)


def test_a_role_that_the_model_does_not_know_is_refused(embedder: Embedder) -> None:
    if "query" in embedder.info.prompts:
        assert embedder.resolve_prompt("query").prefix
    else:
        with pytest.raises(PromptError, match="'query' names a role"):
            embedder.embed(["a"], prompt="query")


def test_tokens_and_cuts_are_reported_for_each_text(embedder: Embedder) -> None:
    info = embedder.info
    cuts = info.max_tokens is not None and info.too_long == "cut"
    result = embedder.embed(["a", "word " * (info.max_tokens or 0) * 2 if cuts else "b"])
    if not cuts:  # what becomes of longer texts is asked of those embedders where they are made
        assert result.truncated.tolist() == [False, False]
        assert result.tokens.tolist() == [-1, -1]
    else:
        assert result.truncated.tolist() == [False, True]
        assert result.tokens[1] == info.max_tokens
        assert 0 < result.tokens[0] < 5


def test_unknown_tokens_are_a_share_or_not_told(embedder: Embedder) -> None:
    unknown = embedder.embed(TEXTS).unknown
    assert unknown.dtype == np.float32
    assert np.isnan(unknown).all() or ((unknown >= 0) & (unknown <= 1)).all()


def test_one_string_is_refused(embedder: Embedder) -> None:
    with pytest.raises(InputError, match=r"embed\(\[text\]\)"):
        embedder.embed("apple")


def test_what_is_no_string_is_refused_with_its_place(embedder: Embedder) -> None:
    with pytest.raises(InputError, match=r"texts\[1\] is None"):
        embedder.embed(["a", None])  # type: ignore[list-item]


def test_half_a_character_is_refused_with_its_place(embedder: Embedder) -> None:
    with pytest.raises(
        InputError, match=r"texts\[2\] holds a lone surrogate \(U\+D83C at character 1"
    ):
        embedder.embed(["a", "b", "x\ud83c"])


def test_progress_ends_with_all_texts_done(makers: dict[str, Callable[[], Embedder]]) -> None:
    for make in makers.values():
        steps: list[Progress] = []
        make().embed(TEXTS, progress=steps.append)
        assert steps[-1].done == steps[-1].total == len(TEXTS)
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert {step.stage for step in steps} == {"embed"}


def test_a_cancel_set_before_stops_before_the_first_text(embedder: Embedder) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled) as caught:
        embedder.embed([f"never seen {number}" for number in range(3)], cancel=cancel)
    assert (caught.value.done, caught.value.total) == (0, 3)


def test_a_cancel_in_the_middle_says_how_far_it_got_and_leaves_no_trace(
    makers: dict[str, Callable[[], Embedder]],
) -> None:
    for name, make in makers.items():
        fresh = make()
        texts = [f"number {number} " + "word " * 40 for number in range(1200)]
        cancel = SetAfter(40)
        with pytest.raises(Cancelled) as caught:
            fresh.embed(texts, progress=cancel.watch, cancel=cancel)
        assert 40 <= caught.value.done < 1200, name
        assert caught.value.total == 1200
        after = fresh.embed(texts[:2])
        assert not after.cached.any()
        untouched = make().embed(texts[:2])
        np.testing.assert_allclose(after.vectors, untouched.vectors, atol=fresh.info.tolerance)


def test_a_cancel_answers_inside_one_long_pass(tiny_qwen3: Path) -> None:
    class SetAtFifthLook:
        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks >= 5

    embedder = load(tiny_qwen3)
    with pytest.raises(Cancelled):  # one text is one pass: two looks come before it
        embedder.embed(["word " * 400], cancel=SetAtFifthLook())
    assert len(embedder.embed(["word " * 400])) == 1


def test_a_cancel_stops_its_own_thread_and_no_other(tiny_qwen3: Path) -> None:
    inside, other_waits = threading.Event(), threading.Event()

    class SetInsideThePass:
        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            if self.looks >= 5 and not inside.is_set():  # in a layer, its hooks in place
                inside.set()
                assert other_waits.wait(timeout=30)
            return inside.is_set()

    embedder = load(tiny_qwen3)
    assert isinstance(embedder, LocalEmbedder)
    loaded = embedder.require_loaded()
    expected = embedder.embed(["苹果"]).vectors
    with ThreadPoolExecutor(1) as pool:
        cancelled = pool.submit(embedder.embed, ["word " * 400], cancel=SetInsideThePass())
        assert inside.wait(timeout=30)  # it holds the model, for one pass at a time is made

        class SetsNothing:
            def is_set(self) -> bool:
                if loaded.held:
                    other_waits.set()
                return False

        other = embedder.embed(["苹果"], cancel=SetsNothing())
        np.testing.assert_array_equal(other.vectors, expected)
        with pytest.raises(Cancelled):
            cancelled.result(timeout=30)


def test_after_unload_it_says_that_it_was_unloaded(
    makers: dict[str, Callable[[], Embedder]],
) -> None:
    for make in makers.values():
        fresh = make()
        fresh.unload()
        fresh.unload()
        assert fresh.info.dim > 0
        with pytest.raises(ModelError, match="unloaded"):
            fresh.embed(["a"])
