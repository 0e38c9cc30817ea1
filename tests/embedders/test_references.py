"""Embedders as references: what they count, where they cut, and which embedders can be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import FaultServer, vectors_of
from tests.embedders.tiny_qwen3 import END, QUERY
from workbench.contracts import PartialError, Reference, Variant
from workbench.embedders import (
    CachedEmbedder,
    EndpointReference,
    LexicalEmbedder,
    RemoteEmbedder,
    WeightsReference,
    connect,
    load,
    reference_for,
)
from workbench.errors import InputError
from workbench.studies.doctor.texts import TEXTS

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def weights(tiny_qwen3: Path) -> Reference:
    return reference_for(load(tiny_qwen3, dtype="float32", device="cpu"))


@pytest.fixture(scope="module")
def plain_tokenizer(tiny_qwen3: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(tiny_qwen3 / "tokenizer.json"))
    tokenizer.no_truncation()
    return tokenizer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(key=KEY) as made:
        yield made


@pytest.fixture
def remote(server: FaultServer) -> Iterator[RemoteEmbedder]:
    embedder = connect(server.base_url, key=KEY, patience_s=0.3)
    yield embedder
    embedder.unload()


def test_weights_say_what_they_are(weights: Reference) -> None:
    assert weights.kind == "weights"
    assert "in float32 on cpu" in weights.label
    assert weights.max_tokens == 512


@pytest.mark.parametrize("text", [*TEXTS, "", "long " * 3000, f"with {END} inside"])
def test_tokens_are_counted_as_the_tokenizer_does_however_long_the_text(
    weights: Reference, plain_tokenizer: Tokenizer, text: str
) -> None:
    assert weights.count_tokens(text) == len(plain_tokenizer.encode(text).ids)


def test_minilm_counts_both_of_its_marks() -> None:
    reference = reference_for(load("bundled"))
    assert reference.count_tokens("apple") == 3
    long = "apple " * 1000
    assert reference.count_tokens(long) == 1002
    assert reference.count_tokens(reference.cut(long, 64)) == 64


@pytest.mark.parametrize("tokens", [2, 3, 17, 64, 700])
def test_a_beginning_is_the_longest_with_so_many_tokens(
    weights: Reference, plain_tokenizer: Tokenizer, tokens: int
) -> None:
    text = "\n".join(TEXTS) * 2

    def count(end: int) -> int:
        return len(plain_tokenizer.encode(text[:end]).ids)

    assert count(len(text)) > tokens
    end = len(weights.cut(text, tokens))
    assert text.startswith(weights.cut(text, tokens))
    assert count(end) <= tokens
    assert all(count(more) > tokens for more in range(end + 1, min(len(text), end + 40)))


def test_a_text_that_is_short_enough_stays_whole(weights: Reference) -> None:
    text = "  short, with white space \n"
    assert weights.cut(text, 512) == text


def test_less_than_the_special_tokens_cannot_be_cut_to(weights: Reference) -> None:
    assert weights.cut("apple", 1) == ""
    with pytest.raises(InputError, match=r"tokens=0 was asked. Allowed: 1 or more"):
        weights.cut("apple", 0)


def test_the_reference_of_a_cached_embedder_is_that_of_the_one_inside(tiny_qwen3: Path) -> None:
    inside = load(tiny_qwen3, dtype="float32", device="cpu")
    found = reference_for(CachedEmbedder(CachedEmbedder(inside)))
    assert isinstance(found, WeightsReference)
    np.testing.assert_allclose(
        found.vectors(["a"]), inside.embed(["a"], prompt="").vectors, atol=2e-6
    )


def test_spelling_is_no_reference() -> None:
    with pytest.raises(InputError, match=r"LexicalEmbedder.*cannot be held against an endpoint"):
        reference_for(LexicalEmbedder())


def test_an_endpoint_gives_its_vectors_once_and_no_prompt(
    server: FaultServer, remote: RemoteEmbedder
) -> None:
    reference = reference_for(remote)
    assert isinstance(reference, EndpointReference)
    assert reference.kind == "endpoint"
    server.forget()
    texts = ["b", "a", "b"]
    np.testing.assert_allclose(reference.vectors(texts), vectors_of(texts), atol=1e-6)
    np.testing.assert_allclose(reference.vectors(["a"]), vectors_of(["a"]), atol=1e-6)
    assert sorted(server.texts) == ["a", "b"]
    assert reference.vectors([]).shape == (0, remote.info.dim)


def test_an_endpoint_alters_texts_only(server: FaultServer, remote: RemoteEmbedder) -> None:
    reference = reference_for(remote)
    assert reference.variants == ("right", "stripped", "newlines_to_spaces", "lowercased")
    np.testing.assert_allclose(
        reference.vectors([" A\nb "], "newlines_to_spaces"), vectors_of([" A b "]), atol=1e-6
    )
    with pytest.raises(InputError, match=r"variant='mean' cannot be had of an endpoint"):
        reference.vectors(["a"], "mean")


def test_an_endpoint_of_qwen3_has_its_prompt_its_end_and_its_template(
    remote: RemoteEmbedder,
) -> None:
    info = replace(
        remote.info,
        name="Qwen/Qwen3-Embedding-0.6B",
        pooling="last_token",
        prompts={"query": QUERY, "document": ""},
        default_prompt="query",
    )
    qwen = RemoteEmbedder(info, remote._endpoint, remote.identity)
    reference = EndpointReference(qwen)
    sent: dict[Variant, str] = {
        "right": "a",
        "double_end": f"a{END}",
        "query_prompt": f"{QUERY}a",
        "query_prompt_twice": f"{QUERY}{QUERY}a",
        "chat_template": "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n",
    }
    assert set(reference.variants) == {*sent, "stripped", "newlines_to_spaces", "lowercased"}
    for variant, text in sent.items():
        np.testing.assert_allclose(
            reference.vectors(["a"], variant), vectors_of([text]), atol=1e-6, err_msg=variant
        )


def test_an_endpoint_counts_no_tokens_and_cuts_nothing(remote: RemoteEmbedder) -> None:
    reference = reference_for(remote)
    assert reference.count_tokens("a") is None
    with pytest.raises(InputError, match="does not tell where a token ends"):
        reference.cut("a", 1)


def test_a_text_that_the_endpoint_refuses_is_said(
    server: FaultServer, remote: RemoteEmbedder
) -> None:
    reference = reference_for(remote)
    server.fault = f.holding("poison", f.FAILS)
    with pytest.raises(PartialError, match="1 of 2 texts have vectors"):
        reference.vectors(["a", "poison"])


def test_no_key_is_in_what_a_reference_shows(remote: RemoteEmbedder) -> None:
    reference = reference_for(remote)
    assert KEY not in f"{reference!r} {reference.label}"
    assert remote.info.base_url is not None
    assert remote.info.base_url in reference.label
