"""The server that is wrong on purpose: right where it is to be right, wrong as it is named."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench.contracts import Embedder
from workbench.engines.teaching import FAULTS, TeachingFault, TeachingServer, serve_wrongly
from workbench.errors import InputError

TEXTS = ["apple", "a longer text about the keeper of a lighthouse in winter", "苹果"]


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    embedder = wb.load()
    yield embedder
    embedder.unload()


def ask(server: TeachingServer, body: object, path: str = "/v1/embeddings") -> tuple[int, Any]:
    port = int(server.base_url.split(":")[2].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST" if body is not None else "GET", path, body=raw if body else None)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def vectors(server: TeachingServer, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    status, reply = ask(server, {"input": texts, "model": server.model})
    assert status == 200
    return np.array([row["embedding"] for row in reply["data"]])


def cosines(embedder: Embedder, fault: TeachingFault, texts: list[str]) -> Any:
    """Of what it answers to what the embedder says, text by text."""
    with serve_wrongly(embedder, fault) as server:
        found = vectors(server, texts)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return (found * embedder.embed(texts).vectors).sum(axis=1)


def test_without_a_fault_it_is_the_embedder(embedder: Embedder) -> None:
    right = embedder.embed(TEXTS)
    with serve_wrongly(embedder) as server:
        client = wb.connect(server.base_url)
        made = client.embed(TEXTS)
        client.unload()
        _, reply = ask(server, {"input": TEXTS})
    assert client.info.name == embedder.info.name
    np.testing.assert_allclose(made.vectors, right.vectors, atol=1e-6)
    assert reply["usage"]["prompt_tokens"] == right.tokens.sum()


def test_the_rows_are_reversed(embedder: Embedder) -> None:
    right = embedder.embed(TEXTS).vectors
    with serve_wrongly(embedder, "rows_reversed") as server:
        np.testing.assert_allclose(vectors(server, TEXTS), right[::-1], atol=1e-6)


def test_half_the_width_is_the_first_half(embedder: Embedder) -> None:
    with serve_wrongly(embedder, "half_the_width") as server:
        found = vectors(server, TEXTS)
    np.testing.assert_allclose(found, embedder.embed(TEXTS).vectors[:, :192], atol=1e-6)


def test_the_direction_is_right_and_the_length_is_not(embedder: Embedder) -> None:
    assert cosines(embedder, "not_normalized", TEXTS).min() > 0.99999
    with serve_wrongly(embedder, "not_normalized") as server:
        assert np.linalg.norm(vectors(server, TEXTS), axis=1).min() > 7


def test_noise_moves_each_text_a_little_and_always_alike(embedder: Embedder) -> None:
    found = cosines(embedder, "noise", TEXTS)
    assert found.min() > 0.98 and found.max() < 0.995
    np.testing.assert_array_equal(found, cosines(embedder, "noise", TEXTS))


def test_an_instruction_before_every_text_and_a_cut_move_what_they_touch(
    embedder: Embedder,
) -> None:
    assert cosines(embedder, "instruction_added", TEXTS).max() < 0.9
    long = " ".join(f"word{at}" for at in range(60))
    short, cut = cosines(embedder, "cut_at_64_tokens", ["apple", long])
    assert short > 0.99999 and cut < 0.999


def test_a_cut_text_is_like_its_beginning_whatever_follows(embedder: Embedder) -> None:
    beginning = " ".join(f"word{at}" for at in range(60))
    with serve_wrongly(embedder, "cut_at_64_tokens") as server:
        one, other = vectors(server, [f"{beginning} and an end", f"{beginning} but not this"])
        status, reply = ask(server, {"input": [beginning]})
    np.testing.assert_array_equal(one, other)
    assert status == 200 and 60 <= reply["usage"]["prompt_tokens"] <= 64


def test_the_careless_cache_takes_texts_that_begin_alike_for_one(embedder: Embedder) -> None:
    begin = "The delivery of order 4711 was planned"
    with serve_wrongly(embedder, "careless_cache") as server:
        one = vectors(server, [f"{begin} and came."])
        np.testing.assert_array_equal(vectors(server, [f"{begin} and did not."]), one)
        assert not np.array_equal(vectors(server, ["apple"]), one)


def test_doubles_come_where_base64_of_floats_is_due(embedder: Embedder) -> None:
    with serve_wrongly(embedder, "float64") as server:
        _, reply = ask(server, {"input": "apple", "encoding_format": "base64"})
        raw = base64.b64decode(reply["data"][0]["embedding"])
        np.testing.assert_allclose(
            np.frombuffer(raw, "<f8"), embedder.embed(["apple"]).vectors[0], atol=1e-6
        )


def test_lists_come_where_base64_is_asked_for(embedder: Embedder) -> None:
    with serve_wrongly(embedder, "lists_for_base64") as server:
        _, reply = ask(server, {"input": "apple", "encoding_format": "base64"})
    assert isinstance(reply["data"][0]["embedding"], list)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": "x", "model": "other"}, 404),
        ({"input": [1, 2]}, 400),
        ({"input": "x", "dimensions": 8}, 400),
        ({"input": "x", "encoding_format": "bytes"}, 400),
        (b"{no json", 400),
        ([1], 400),
    ],
)
def test_what_it_does_not_take_is_refused(embedder: Embedder, body: object, status: int) -> None:
    with serve_wrongly(embedder) as server:
        said, reply = ask(server, body)
        assert said == status and reply["error"]["message"]
        assert ask(server, {"input": "x"}, "/embeddings")[0] == 404


def test_another_name_and_no_fault_of_that_name(embedder: Embedder) -> None:
    with serve_wrongly(embedder, model="mine") as server:
        assert ask(server, None, "/v1/models")[1]["data"][0]["id"] == "mine"
    with pytest.raises(InputError, match="instruction_added"):
        serve_wrongly(embedder, "odd")  # type: ignore[arg-type]
    assert len(FAULTS) == 9


def test_after_closing_nothing_listens(embedder: Embedder) -> None:
    with serve_wrongly(embedder) as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(server, {"input": "x"})
