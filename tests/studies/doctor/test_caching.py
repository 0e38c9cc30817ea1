"""Caches that take different texts for one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.embedders.remote.fault_server import MODEL, Call, Fault, Reply, as_json
from tests.studies.doctor.toys import (
    ToyReference,
    Vector,
    cut,
    examine,
    healthy,
    right,
    serve,
)
from workbench.contracts import Finding
from workbench.studies.doctor import batching, dimensions, stability
from workbench.studies.doctor.texts import TEXTS


def cached(
    key: Callable[[str], object], recipe: Callable[[str], Vector] = right
) -> Callable[[Call], list[Vector]]:
    """A recipe behind a cache with such a key."""
    known: dict[object, Vector] = {}

    def answer(call: Call) -> list[Vector]:
        return [known.setdefault(key(text), recipe(text)) for text in call.texts]

    return answer


def find(fault: Fault, reference: ToyReference | None = None) -> Finding:
    _, (_, finding) = examine(fault, stability.PROBE, batching.PROBE, reference=reference)
    return finding


def test_a_cache_that_keeps_texts_apart_is_no_fault() -> None:
    assert find(serve(cached(str))).status == "ok"
    assert find(serve(cached(str)), ToyReference()).status == "ok"


KEYS: dict[str, Callable[[str], object]] = {
    "beginning": lambda text: text[:24],
    "case and ends": lambda text: text.casefold().strip(),
    "ends": str.strip,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_careless_key_is_certain_with_a_reference(key: Callable[[str], object]) -> None:
    finding = find(serve(cached(key)), ToyReference())
    assert (finding.status, finding.cause) == ("fail", "cache")
    assert finding.confidence == 1.0
    assert any("to the reference of the first text" in line for line in finding.evidence)


def test_a_key_of_the_beginning_is_named_without_one_and_the_doubt_is_said() -> None:
    finding = find(serve(cached(KEYS["beginning"])))
    assert (finding.status, finding.cause) == ("fail", "cache")
    assert finding.confidence == 0.8
    assert any("cuts texts below some 20 tokens" in line for line in finding.evidence)


def test_two_new_texts_in_one_request_take_the_doubt_away() -> None:
    known: dict[str, Vector] = {}

    def answer(call: Call) -> list[Vector]:
        rows = [known.get(text[:24], right(text)) for text in call.texts]  # looked up first
        known.update({text[:24]: row for text, row in zip(call.texts, rows, strict=True)})
        return rows

    finding = find(serve(answer))
    assert (finding.cause, finding.confidence) == ("cache", 1.0)


def test_a_file_of_its_own_texts_is_no_hindrance() -> None:
    finding = find(serve(cached(KEYS["beginning"])), ToyReference(known=TEXTS))
    assert finding.cause == "cache"


def test_capitals_that_the_tokenizer_sees_and_the_vectors_do_not_are_a_cache() -> None:
    recipe = cached(lambda text: text.casefold())

    def answer(call: Call) -> Reply:
        rows = [row.tolist() for row in recipe(call)]
        data = [{"index": place, "embedding": row} for place, row in enumerate(rows)]
        tokens = sum(len(text) + sum(map(str.isupper, text)) for text in call.texts) // 4
        return as_json({"data": data, "model": MODEL, "usage": {"prompt_tokens": tokens}})

    finding = find(lambda _, call: answer(call))
    assert (finding.status, finding.cause, finding.confidence) == ("fail", "cache", 0.9)


def test_one_vector_for_all_is_no_cache() -> None:
    fault = serve(lambda call: [right("the same")] * len(call.texts))
    assert find(fault, ToyReference()).status == "unknown"


ALTERED: dict[str, Callable[[str], str]] = {
    "an uncased model": str.lower,
    "stripped": str.strip,
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("known", [True, False], ids=["reference", "none"])
def test_a_server_that_alters_texts_is_no_cache(alter: Callable[[str], str], known: bool) -> None:
    fault = serve(lambda call: [right(alter(text)) for text in call.texts])
    assert find(fault, ToyReference() if known else None).cause == ""


def test_a_server_that_cuts_after_a_few_words_is_no_cache_to_the_reference() -> None:
    fault = serve(lambda call: [right(cut(text, 6)) for text in call.texts])
    assert find(fault, ToyReference()).cause == ""


def test_a_batch_that_is_an_earlier_one_of_as_many_texts_is_a_cache() -> None:
    known: dict[int, list[Vector]] = {}

    def answer(call: Call) -> list[Vector]:
        if len(call.texts) in (1, 4):
            return healthy(call)
        return known.setdefault(len(call.texts), healthy(call))

    finding = find(serve(answer))
    assert (finding.status, finding.cause) == ("fail", "cache")
    assert "an earlier one" in finding.says


def test_a_cache_that_forgets_the_width_is_named() -> None:
    def narrow(call: Call) -> list[Vector]:
        width = call.asked.get("dimensions")
        return [known.setdefault(text, right(text)[:width]) for text in call.texts]

    known: dict[str, Vector] = {}
    _, (finding,) = examine(serve(narrow), dimensions.PROBE)
    assert (finding.status, finding.cause) == ("fail", "cache")
