"""The faulty proxy is one: it passes on to the letter what it does not spoil."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.engines.doctor.caches import cached_by, second_call_wrong
from tests.engines.doctor.faults import (
    TEXT_FAULTS,
    VECTOR_FAULTS,
    cross_answers,
    cut_tokens,
    one_in,
    only_equal_lengths,
    shift,
)
from tests.engines.doctor.proxy import Fault, FaultyProxy, Vectors, read_vectors
from tests.engines.doctor.proxy import Reply as ProxyReply
from tests.engines.doctor.replies import (
    PAYLOADS,
    above_body,
    above_items,
    above_tokens,
)
from tests.engines.doctor.starting import Running, run_llamacpp
from tests.engines.gguf import write_gguf

TEXTS = ["import numpy as np", " Two words\n", "x", "one more text of some length"]


@pytest.fixture(scope="module")
def running(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    file = write_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny-qwen3.gguf")
    with run_llamacpp(file) as running:
        yield running


def post(base_url: str, texts: list[str], **fields: object) -> tuple[int, bytes]:
    address = urlsplit(base_url)
    assert address.hostname is not None
    body = {"input": texts, "model": "tiny-qwen3", "encoding_format": "base64"} | fields
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=60)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"{address.path}/embeddings", json.dumps(body).encode(), headers)
    reply = connection.getresponse()
    read = reply.status, reply.read()
    connection.close()
    return read


def vectors(base_url: str, texts: list[str], **fields: object) -> Vectors:
    status, body = post(base_url, texts, **fields)
    assert status == 200, body
    return read_vectors(ProxyReply(status, body))


def record(base_url: str, texts: list[str], **fields: object) -> dict[str, Any]:
    found = json.loads(post(base_url, texts, **fields)[1])
    assert isinstance(found, dict)
    return found


def test_without_a_fault_every_byte_is_the_servers_own(running: Running) -> None:
    with FaultyProxy(running.base_url) as proxy:
        there, here = post(running.base_url, TEXTS), post(proxy.base_url, TEXTS)
        with urllib.request.urlopen(f"{proxy.base_url}/models", timeout=60) as reply:
            server, models = reply.headers["Server"], json.load(reply)
    assert json.loads(here[1])["data"] == json.loads(there[1])["data"]
    assert server == "llama.cpp"
    assert models["data"][0]["id"] == running.name
    assert proxy.counts == {"200": 2, "embeddings": 1}


@pytest.mark.parametrize("name", [*TEXT_FAULTS, *VECTOR_FAULTS])
def test_each_fault_of_texts_and_vectors_changes_vectors(name: str, running: Running) -> None:
    fault: Fault = (TEXT_FAULTS | VECTOR_FAULTS)[name]
    texts = ["Text With\nCapitals ", *TEXTS]
    right = vectors(running.base_url, texts)
    with FaultyProxy(running.base_url, fault) as proxy:
        wrong = vectors(proxy.base_url, texts)
        listed = record(proxy.base_url, texts, encoding_format="float")["data"]
    assert len(wrong) == len(texts)
    assert wrong.shape != right.shape or not np.allclose(wrong[0], right[0], atol=1e-3)
    np.testing.assert_array_equal(np.array([row["embedding"] for row in listed], np.float32), wrong)


@pytest.mark.parametrize("name", PAYLOADS)
def test_each_fault_of_payloads_changes_what_arrives(name: str, running: Running) -> None:
    asked = {
        "encoding_format": "float" if name == "base64 for floats" else "base64",
        **({"dimensions": 8} if name == "other components" else {}),
    }
    right = post(running.base_url, TEXTS, **asked)
    with FaultyProxy(running.base_url, PAYLOADS[name]) as proxy:
        assert post(proxy.base_url, TEXTS, **asked) != right


def test_a_cut_keeps_the_end_token_and_short_texts(tiny_model: Path, running: Running) -> None:
    long = "many words that are long " * 40
    with FaultyProxy(running.base_url, cut_tokens(tiny_model, 64)) as proxy:
        np.testing.assert_allclose(
            vectors(proxy.base_url, TEXTS), vectors(running.base_url, TEXTS), atol=1e-6
        )
        cut = vectors(proxy.base_url, [long, long + "and another end"])
        assert record(proxy.base_url, [long])["usage"]["prompt_tokens"] == 64
    np.testing.assert_allclose(cut[0], cut[1], atol=1e-6)


def test_only_batches_of_one_length_are_wrong(tiny_model: Path, running: Running) -> None:
    with FaultyProxy(running.base_url, only_equal_lengths(tiny_model)) as proxy:
        alone = vectors(proxy.base_url, ["x"])[0]
        together = vectors(proxy.base_url, ["x", "x"])[0]
        among = vectors(proxy.base_url, ["x", "longer than that"])[0]
    assert alone @ among > 0.99999
    assert alone @ together == pytest.approx(0.14, abs=1e-4)


def test_one_call_in_three_is_wrong(running: Running) -> None:
    with FaultyProxy(running.base_url, one_in(3)) as proxy:
        rows = np.concatenate([vectors(proxy.base_url, ["x"]) for _ in range(6)])
    np.testing.assert_allclose(rows @ rows[0], [1, 1, 0.6, 1, 1, 0.6], atol=1e-4)


def test_answers_cross_only_where_several_are_under_way(running: Running) -> None:
    texts = [f"text {n}" for n in range(24)]
    right = vectors(running.base_url, texts)
    with FaultyProxy(running.base_url, cross_answers()) as proxy:
        one_by_one = [vectors(proxy.base_url, [text])[0] for text in texts]
        with ThreadPoolExecutor(8) as pool:
            at_once = list(pool.map(lambda text: vectors(proxy.base_url, [text])[0], texts))
    np.testing.assert_allclose(np.stack(one_by_one), right, atol=1e-4)
    assert (np.sum(np.stack(at_once) * right, axis=1) < 0.99).any()


@pytest.mark.parametrize(
    ("make", "first", "second"),
    [
        pytest.param(lambda: cached_by(str.lower), "Text", "text", id="case"),
        pytest.param(lambda: cached_by(lambda t: t[:4]), "text a", "text b", id="beginning"),
    ],
)
def test_a_careless_cache_takes_two_texts_for_one(
    make: Any, first: str, second: str, running: Running
) -> None:
    with FaultyProxy(running.base_url, make()) as proxy:
        a, b = vectors(proxy.base_url, [first]), vectors(proxy.base_url, [second])
        other = vectors(proxy.base_url, ["a third"])
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, other)


def test_the_second_call_is_wrong_and_stays_so(running: Running) -> None:
    with FaultyProxy(running.base_url, second_call_wrong()) as proxy:
        rows = np.concatenate([vectors(proxy.base_url, ["x"]) for _ in range(3)])
    np.testing.assert_allclose(rows @ rows[0], [1, 0.58, 0.58], atol=1e-4)


def test_limits_are_told_in_the_words_of_servers(tiny_model: Path, running: Running) -> None:
    with FaultyProxy(running.base_url, above_items(2, 422)) as proxy:
        assert post(proxy.base_url, ["a", "b"])[0] == 200
        assert post(proxy.base_url, ["a", "b", "c"])[0] == 422
    with FaultyProxy(running.base_url, above_body(1000)) as proxy:
        status, body = post(proxy.base_url, ["a" * 1000])
        assert (status, body[:6]) == (413, b"<html>")
    with FaultyProxy(running.base_url, above_tokens(tiny_model, 16)) as proxy:
        assert post(proxy.base_url, ["short"])[0] == 200
        status, body = post(proxy.base_url, ["many words that are long " * 9])
        assert (status, b"increase the physical batch" in body) == (500, True)


def test_a_vector_is_moved_to_the_cosine_asked_for() -> None:
    vector = np.array([3, 4, 0, 0], np.float32)
    assert shift("a", vector, cosine=0.6) @ vector / 5 == pytest.approx(0.6, abs=1e-6)
    assert not np.array_equal(shift("a", vector, cosine=0.6), shift("b", vector, cosine=0.6))
