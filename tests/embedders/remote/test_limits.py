"""What goes into one request, and what is learnt about that."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence

import pytest

from workbench.embedders.remote.limits import (
    BATCH_ITEMS,
    BATCH_TOKENS,
    Limits,
    estimate_tokens,
    size_of,
    take_batch,
)


def take_all(texts: Sequence[str], limits: Limits) -> list[list[int]]:
    pending = deque(range(len(texts)))
    batches = []
    while pending:
        batches.append(take_batch(pending, texts, limits))
        assert batches[-1], "one text always goes"
    return batches


def test_nothing_is_taken_of_nothing() -> None:
    assert take_batch(deque(), [], Limits()) == []


@pytest.mark.parametrize(("items", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (64, [5])])
def test_no_batch_has_more_texts_than_allowed(items: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in take_all(["x"] * 5, Limits(items=items))] == sizes


def test_tokens_end_a_batch() -> None:
    texts = ["123456", "123456", "123456"]
    assert estimate_tokens(texts[0]) == 3, "premise"
    assert take_all(texts, Limits(tokens=6)) == [[0, 1], [2]]
    assert take_all(texts, Limits(tokens=5)) == [[0], [1], [2]]


def test_bytes_end_a_batch() -> None:
    texts = ["12345678", "苹果", ""]
    assert [size_of([text]) for text in texts] == [16, 14, 8], "premise"
    assert take_all(texts, Limits(body_bytes=30)) == [[0, 1], [2]]
    assert take_all(texts, Limits(body_bytes=29)) == [[0], [1, 2]]


@pytest.mark.parametrize("limits", [Limits(tokens=1), Limits(body_bytes=1), Limits(items=1)])
def test_a_text_beyond_each_limit_goes_alone(limits: Limits) -> None:
    assert take_all(["short", "long " * 10_000, "short"], limits) == [[0], [1], [2]]


def test_a_long_text_ends_the_batch_before_it_and_not_the_one_it_begins() -> None:
    texts = ["a", "b", "x" * 270, "c", "d"]
    assert take_all(texts, Limits(tokens=92)) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("seed", range(20))
def test_each_text_goes_once_in_order_within_the_limits(seed: int) -> None:
    chance = random.Random(seed)
    texts = ["苹x"[chance.randrange(2)] * chance.randrange(400) for _ in range(200)]
    limits = Limits(items=chance.randrange(1, 40), tokens=chance.randrange(1, 600))
    limits.body_bytes = chance.choice([None, 500, 2_000])
    batches = take_all(texts, limits)
    assert [place for batch in batches for place in batch] == list(range(200))
    for batch, following in zip(batches, [*batches[1:], []], strict=True):
        assert len(batch) == 1 or fits(texts, batch, limits)
        if following:
            assert not fits(texts, [*batch, following[0]], limits), "as full as it may be"


def fits(texts: Sequence[str], places: Sequence[int], limits: Limits) -> bool:
    chosen = [texts[place] for place in places]
    room = limits.body_bytes is None or size_of(chosen) <= limits.body_bytes
    tokens = sum(map(estimate_tokens, chosen))
    return room and tokens <= limits.tokens and len(places) <= limits.items


def test_places_that_are_not_the_first_texts_are_taken_by_place() -> None:
    pending = deque([7, 3, 9])
    assert take_batch(pending, ["x"] * 10, Limits(items=2)) == [7, 3]
    assert pending == deque([9])


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 1), ("ab", 1), ("abc", 2), ("苹果", 3), ("🍎", 2), ("a" * 300, 101)]
)
def test_tokens_are_guessed_from_bytes(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_limits_only_ever_narrow() -> None:
    limits = Limits()
    assert (limits.items, limits.tokens, limits.body_bytes) == (BATCH_ITEMS, BATCH_TOKENS, None)
    limits.lower(items=32, tokens=1_000, body_bytes=500)
    assert limits == Limits(32, 1_000, 500)
    limits.lower(items=2_048, tokens=300_000, body_bytes=2_000_000)
    assert limits == Limits(32, 1_000, 500)
    limits.lower()
    assert limits == Limits(32, 1_000, 500)


@pytest.mark.parametrize("nothing", [0, -5])
def test_a_limit_of_nothing_still_lets_one_go(nothing: int) -> None:
    limits = Limits()
    limits.lower(items=nothing, tokens=nothing, body_bytes=nothing)
    assert limits == Limits(1, 1, 1)
    assert take_all(["one", "two"], limits) == [[0], [1]]
