"""What every embedder promises, asked of embedders behind real servers."""

# ruff: noqa: F401  (pytest runs what this module imports)

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.embedders import test_contract

# the suite itself: its tests take ``embedder`` and ``makers``, which are this module's here
from tests.embedders.test_contract import (
    test_a_cancel_in_the_middle_says_how_far_it_got_and_leaves_no_trace,
    test_a_cancel_set_before_stops_before_the_first_text,
    test_a_prefix_is_the_same_as_writing_it_before_the_text,
    test_a_role_that_the_model_does_not_know_is_refused,
    test_a_text_alone_equals_the_same_text_in_a_batch,
    test_after_unload_it_says_that_it_was_unloaded,
    test_an_empty_text_has_a_vector_or_a_server_refuses_it_by_name,
    test_each_named_prompt_puts_its_own_prefix_before_the_text,
    test_equal_texts_have_equal_rows,
    test_half_a_character_is_refused_with_its_place,
    test_it_is_an_embedder,
    test_no_texts_give_no_rows_of_the_right_width,
    test_one_string_is_refused,
    test_progress_ends_with_all_texts_done,
    test_rows_have_unit_norm_where_that_is_said,
    test_rows_keep_the_order_of_the_texts,
    test_tokens_and_cuts_are_reported_for_each_text,
    test_unknown_tokens_are_a_share_or_not_told,
    test_vectors_are_finite_float32_of_the_stated_width,
    test_what_is_no_string_is_refused_with_its_place,
)
from tests.engines.servers import KEY, Served
from workbench.contracts import Embedder, PartialError
from workbench.embedders import CachedEmbedder, connect
from workbench.errors import TooLongError

SERVERS = [
    *("llamacpp", "llamacpp_minilm", "infinity", "infinity_minilm", "vllm", "vllm_minilm"),
    pytest.param("sglang", marks=pytest.mark.sglang),
]


def open_remote(served: Served) -> Embedder:
    engine = served.engine
    key = KEY if engine.plan.key_env else None
    return connect(
        engine.base_url,
        engine.served_name,
        key=key,
        recipe=served.directory,
        batch_items=served.batch_items,
    )


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest) -> Served:
    made: Served = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def embedder(served: Served) -> Iterator[Embedder]:
    made = open_remote(served)
    yield made
    made.unload()


@pytest.fixture
def makers(served: Served) -> Iterator[dict[str, Callable[[], Embedder]]]:
    opened: list[Embedder] = []

    def make() -> Embedder:
        opened.append(open_remote(served))
        return opened[-1]

    yield {"remote": make, "remote, cached": lambda: CachedEmbedder(make())}
    for each in opened:
        each.unload()


def test_no_promise_of_the_suite_is_left_out_here() -> None:
    asked = {
        name
        for name, function in inspect.getmembers(test_contract, inspect.isfunction)
        if name.startswith("test_")
        and {"embedder", "makers"} & set(inspect.signature(function).parameters)
    }
    assert asked
    assert asked <= set(globals())


def test_what_is_too_long_is_refused_by_name_and_costs_no_other_text_its_vector(
    embedder: Embedder,
) -> None:
    info = embedder.info
    if info.too_long == "unknown":
        assert any("it may cut them without a word" in note for note in info.notes)
        return
    assert info.too_long == "refused"
    assert info.max_tokens is not None
    texts = ["first", "word " * info.max_tokens * 2, "last"]
    with pytest.raises(PartialError) as caught:
        embedder.embed(texts)
    partial = caught.value
    assert partial.rows.tolist() == [0, 2]
    (failed,) = partial.failed
    assert (failed.row, type(failed.error)) == (1, TooLongError)
    assert str(info.max_tokens) in str(failed.error)
    expected = embedder.embed(["first", "last"]).vectors
    np.testing.assert_allclose(partial.made.vectors, expected, atol=info.tolerance)
