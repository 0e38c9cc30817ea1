"""The client and real servers: keys, names, paths, limits, and texts that a server refuses."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.server import free_port
from tests.engines.servers import FLOAT32, KEY, Served, serving
from workbench.contracts import PartialError
from workbench.embedders import RemoteEmbedder, connect
from workbench.engines import Engine, Wishes, plan_engine, start_engine
from workbench.errors import (
    KeyRefusedError,
    ModelNotServedError,
    RefusedError,
    TooLongError,
    UnreachableError,
)

WITH_KEY = ["llamacpp", "infinity", "vllm", pytest.param("sglang", marks=pytest.mark.sglang)]


@pytest.fixture(params=WITH_KEY)
def served(request: pytest.FixtureRequest) -> Served:
    made: Served = request.getfixturevalue(request.param)
    return made


def root_of(served: Served) -> str:
    return served.engine.base_url.removesuffix("/v1")


@pytest.fixture
def opened() -> Iterator[list[RemoteEmbedder]]:
    made: list[RemoteEmbedder] = []
    yield made
    for embedder in made:
        embedder.unload()


def open_one(opened: list[RemoteEmbedder], served: Served, **options: Any) -> RemoteEmbedder:
    opened.append(connect(served.engine.base_url, key=KEY, recipe=served.directory, **options))
    return opened[-1]


def test_it_says_which_server_it_is(served: Served, opened: list[RemoteEmbedder]) -> None:
    embedder = open_one(opened, served)
    labels = {"llamacpp": "llama.cpp", "infinity": "infinity", "vllm": "vLLM", "sglang": "SGLang"}
    label = labels[served.engine.plan.engine]
    assert (embedder.info.server or "").startswith(label)
    assert embedder.identity.engine == served.engine.plan.engine
    if label != "llama.cpp":  # whose server in a wheel does not know its own build
        assert embedder.info.server != label, "its version is known"
    assert embedder.info.name == served.engine.served_name


def test_a_wrong_key_is_named_and_not_repeated(served: Served) -> None:
    for key in ("sk-not-the-right-one", None):
        with pytest.raises(KeyRefusedError, match="401") as caught:
            connect(served.engine.base_url, served.engine.served_name, key=key)
        assert "sk-not-the-right-one" not in str(caught.value)


def test_a_wrong_name_is_refused_with_what_is_served(vllm: Served) -> None:
    with pytest.raises(ModelNotServedError, match="It lists: 'tiny-qwen3'") as caught:
        connect(vllm.engine.base_url, "no-such-model", key=KEY)
    assert caught.value.served == ("tiny-qwen3",)


@pytest.mark.parametrize("name", ["llamacpp", pytest.param("sglang", marks=pytest.mark.sglang)])
def test_a_server_that_answers_to_any_name_is_noted(
    name: str, request: pytest.FixtureRequest, opened: list[RemoteEmbedder]
) -> None:
    embedder = open_one(opened, request.getfixturevalue(name), model="no-such-model")
    assert any("it answers to any name" in note for note in embedder.info.notes)


@pytest.mark.parametrize("ending", ["", "/", "/v1/", "/v1/embeddings", "/v1/models"])
def test_each_way_to_paste_the_address_embeds(
    ending: str, served: Served, opened: list[RemoteEmbedder]
) -> None:
    opened.append(connect(f"{root_of(served)}{ending}", key=KEY))
    assert opened[-1].info.base_url == served.engine.base_url
    assert opened[-1].embed(["苹果"]).vectors.shape == (1, 64)


def test_infinity_as_it_comes_is_found_at_the_bare_route(
    tiny_model: Path, infinity_python: str, opened: list[RemoteEmbedder]
) -> None:
    wishes = Wishes(port=free_port(), python=infinity_python, extra=FLOAT32)
    plan = plan_engine(tiny_model, "infinity", wishes)
    at = plan.argv.index("--url-prefix")
    root = plan.base_url.removesuffix("/v1")
    bare = replace(plan, argv=(*plan.argv[:at], *plan.argv[at + 2 :]), base_url=root)
    with start_engine(bare):
        for pasted in (root, f"{root}/embeddings"):
            opened.append(connect(pasted))
            assert opened[-1].info.base_url == root
            assert len(opened[-1].embed(["苹果"])) == 1
            opened[-1].unload()


def test_a_text_that_is_too_long_costs_the_others_nothing(
    served: Served, opened: list[RemoteEmbedder]
) -> None:
    embedder = open_one(opened, served)
    texts = [f"text {number}" for number in range(30)]
    mixed = [*texts[:11], "word " * 3000, *texts[11:]]
    if embedder.info.too_long == "unknown":
        assert len(embedder.embed(mixed)) == 31
        return
    with pytest.raises(PartialError) as caught:
        embedder.embed(mixed)
    (failed,) = caught.value.failed
    assert (failed.row, type(failed.error)) == (11, TooLongError)
    expected = embedder.embed(texts).vectors
    atol = embedder.info.tolerance
    np.testing.assert_allclose(caught.value.made.vectors, expected, atol=atol)
    assert embedder.limits.max_tokens == 1024


def test_odd_texts_get_vectors_or_are_named_and_cost_the_others_nothing(
    served: Served, opened: list[RemoteEmbedder]
) -> None:
    embedder = open_one(opened, served)
    odd = {2: "", 5: " \n", 7: "nul \0 in it"}
    texts = [odd.get(row, f"text {row}") for row in range(10)]
    refused = [2, 5] if served.engine.plan.engine == "sglang" else []
    try:
        vectors, rows = embedder.embed(texts).vectors, list(range(10))
    except PartialError as partial:
        vectors, rows = partial.made.vectors, partial.rows.tolist()
        assert partial.cause is None
        assert [(text.row, type(text.error)) for text in partial.failed] == [
            (row, RefusedError) for row in refused
        ]
    assert [row for row in range(10) if row not in rows] == refused
    plain = [place for place, row in enumerate(rows) if row not in odd]
    expected = embedder.embed([texts[rows[place]] for place in plain]).vectors
    np.testing.assert_allclose(vectors[plain], expected, atol=embedder.info.tolerance)


def test_more_texts_than_a_request_may_hold_go_in_several(
    infinity: Served, opened: list[RemoteEmbedder]
) -> None:
    texts = [f"t{number}" for number in range(2100)]
    embedder = open_one(opened, infinity, batch_items=5000, batch_tokens=10**6)
    assert embedder.limits.items == 2048
    assert embedder.embed(texts).vectors.shape == (2100, 64)


def test_a_dead_proxy_in_the_environment_is_gone_round_on_this_machine(
    llamacpp: Served, opened: list[RemoteEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert len(open_one(opened, llamacpp).embed(["苹果"])) == 1


def count_long_texts(stopped: Engine) -> int:
    """Texts of more than 80 tokens that a llama.cpp embedded, told by its own log.

    The text that it is asked when it starts has 31.
    """
    lines = stopped.log(5000)
    assert len(lines) < 5000, "the log must be whole for this to say"
    found = [re.search(r"stop processing: n_tokens = (\d+)", line) for line in lines]
    return sum(int(one[1]) > 80 for one in found if one)


def test_a_server_that_is_killed_costs_only_what_was_not_asked_yet(
    tiny_gguf: Path, llamacpp: Served, opened: list[RemoteEmbedder]
) -> None:
    texts = [f"text {number} " + "word " * 20 for number in range(300)]
    expected = open_one(opened, llamacpp).embed(texts).vectors
    killed = threading.Event()
    with serving("llamacpp", tiny_gguf) as engine:
        port = engine.plan.port
        opened.append(connect(engine.base_url, key=KEY, batch_items=8, patience_s=1))

        def kill_in_the_middle(step: Any) -> None:
            if step.done >= 100 and not killed.is_set():
                os.kill(engine.pid, signal.SIGKILL)
                killed.set()

        with pytest.raises(PartialError) as caught:
            opened[-1].embed(texts, progress=kill_in_the_middle)
    partial = caught.value
    assert killed.is_set()
    assert isinstance(partial.cause, UnreachableError)
    assert 100 <= len(partial.rows) < 300
    with pytest.raises(PartialError, match="nothing listens"):
        partial.resume()
    with serving("llamacpp", tiny_gguf, port=port) as again:
        made = partial.resume()
    assert count_long_texts(again) == len(partial.missing) == 300 - len(partial.rows)
    np.testing.assert_array_equal(made.vectors[partial.rows], partial.made.vectors)
    np.testing.assert_allclose(made.vectors, expected, atol=1e-5)
