"""What connecting finds out, and what it says of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tests.embedders.remote.faults as f
from tests.embedders.remote.fault_server import (
    MODEL,
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    reply_rightly,
    vectors_of,
)
from workbench.contracts import Progress
from workbench.embedders import connect, load
from workbench.embedders.remote.probe import PROBES
from workbench.errors import (
    AddressError,
    Cancelled,
    InputError,
    KeyRefusedError,
    ModelError,
    ModelNotServedError,
    UnreachableError,
)

SOON_S = 8.0  # less than any wait of the client's own


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def test_the_only_model_is_found_and_said(server: FaultServer) -> None:
    embedder = connect(server.base_url)
    info = embedder.info
    assert (info.name, info.backend, info.dim, info.base_url) == (
        *(MODEL, "remote", 16),
        server.base_url,
    )
    assert f"the server lists one model, '{MODEL}'" in info.notes
    assert MODEL in repr(embedder)
    embedder.unload()


def test_a_name_that_is_not_listed_is_asked_all_the_same_and_noted(server: FaultServer) -> None:
    embedder = connect(server.base_url, "another-model")
    assert {call.asked["model"] for call in server.asked} == {"another-model"}
    assert any("and not 'another-model'" in note for note in embedder.info.notes)
    embedder.unload()


def test_the_last_part_of_a_listed_name_is_enough(server: FaultServer) -> None:
    embedder = connect(server.base_url, f"./models/{MODEL.upper()}")
    assert embedder.info.name == MODEL
    assert any("is served as" in note for note in embedder.info.notes)
    embedder.unload()


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/embeddings"])
def test_each_way_to_paste_the_address_leads_to_the_same_route(
    ending: str, server: FaultServer
) -> None:
    embedder = connect(f"{server.origin}{ending}")
    assert embedder.info.base_url == f"{server.origin}/v1"
    assert {call.target for call in server.asked} == {"/v1/embeddings"}
    embedder.unload()


def test_a_server_without_v1_is_found_at_its_bare_route(server: FaultServer) -> None:
    server.fault = f.where(lambda call: call.target.startswith("/v1/"), f.NO_PATH)
    embedder = connect(server.origin, MODEL)
    assert embedder.info.base_url == server.origin
    vectors = embedder.embed(["苹果"]).vectors
    np.testing.assert_allclose(vectors, vectors_of(["苹果"]), atol=1e-6)
    embedder.unload()


def test_an_address_without_embeddings_says_what_was_tried(server: FaultServer) -> None:
    server.fault = f.NO_PATH
    with pytest.raises(UnreachableError, match="answered 404"):
        connect(server.base_url, MODEL)


def test_base64_is_used_where_it_is_right_and_floats_where_it_is_not(server: FaultServer) -> None:
    right = connect(server.base_url)
    server.forget()
    right.embed(["a"])
    assert [call.asked["encoding_format"] for call in server.asked] == ["base64"]
    right.unload()
    packed = f.where(lambda call: call.asked.get("encoding_format") == "base64", f.BIG_ENDIAN)
    server.fault = packed
    wrong = connect(server.base_url)
    server.forget()
    made = wrong.embed(["a"]).vectors
    np.testing.assert_allclose(made, vectors_of(["a"]), atol=1e-6)
    assert [call.asked["encoding_format"] for call in server.asked] == ["float"]
    assert any("asked for floats: its base64 is no use" in note for note in wrong.info.notes)
    wrong.unload()


def longer(norm: float) -> Fault:
    """Vectors of another norm than 1."""

    def change(payload: dict[str, object], call: Call) -> None:
        data = payload["data"]
        assert isinstance(data, list)
        for record, row in zip(data, vectors_of(call.texts) * norm, strict=True):
            record["embedding"] = row.tolist()

    return f.alters(change)


def test_the_norm_that_the_server_sends_is_said_and_kept_on_demand(server: FaultServer) -> None:
    server.fault = longer(8.0)
    unit = connect(server.base_url)
    assert "the server sends vectors of norm 8 to 8" in unit.info.notes
    np.testing.assert_allclose(np.linalg.norm(unit.embed(["a"]).vectors), 1, atol=1e-6)
    unit.unload()
    raw = connect(server.base_url, normalize=False)
    assert not raw.info.normalized
    np.testing.assert_allclose(np.linalg.norm(raw.embed(["a"]).vectors), 8, atol=1e-5)
    raw.unload()


def cuts(renormalise: bool, shift: int = 0) -> Fault:
    """Obeys ``dimensions``, in one way or another."""

    def act(server: FaultServer, call: Call) -> Reply:
        wanted = call.asked.get("dimensions")
        if wanted is None:
            return reply_rightly(call)
        rows = vectors_of(call.texts)[:, shift : shift + wanted]
        if renormalise:
            rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        data = [{"index": i, "embedding": row.tolist()} for i, row in enumerate(rows)]
        return as_json({"data": data, "model": MODEL})

    return act


CUT = vectors_of(["a", "苹果"])[:, :8]
CUT = CUT / np.linalg.norm(CUT, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("fault", "words", "asked"),
    [
        (cuts(renormalise=True), "the server is asked for dimensions=8, and cuts rightly", 8),
        (cuts(renormalise=False), "normalised again here: it does not", 8),
        (cuts(renormalise=True, shift=4), "what the server cuts is another vector", None),
        (None, "the server ignores dimensions=8 and sends 16", None),
        (
            f.where(
                lambda call: "dimensions" in call.asked,
                f.says(400, {"error": {"message": "does not support Matryoshka embeddings"}}),
            ),
            "the server does not",
            None,
        ),
    ],
    ids=["right", "not normalised", "another cut", "ignored", "refused"],
)
def test_who_cuts_the_vectors_is_found_out_and_the_vectors_are_the_same(
    fault: Fault | None, words: str, asked: int | None, server: FaultServer
) -> None:
    server.fault = fault
    embedder = connect(server.base_url, dim=8)
    assert any(words in note for note in embedder.info.notes), embedder.info.notes
    assert (embedder.info.dim, embedder.info.native_dim) == (8, 16)
    server.forget()
    np.testing.assert_allclose(embedder.embed(["a", "苹果"]).vectors, CUT, atol=1e-6)
    assert [call.asked.get("dimensions") for call in server.asked] == [asked]
    embedder.unload()


def test_a_width_that_the_model_does_not_have_is_refused(server: FaultServer) -> None:
    with pytest.raises(InputError, match=r"dim=17 was asked.*1 to 16"):
        connect(server.base_url, dim=17)


def wobbles(server: FaultServer, call: Call) -> Reply:
    """A text in company has a slightly other vector than alone."""
    rows = vectors_of(call.texts)
    if len(call.texts) > 1:
        rows = rows + np.float32(0.001)
    data = [{"index": i, "embedding": row.tolist()} for i, row in enumerate(rows)]
    return as_json({"data": data, "model": MODEL})


def test_the_tolerance_is_measured(server: FaultServer) -> None:
    exact = connect(server.base_url)
    assert exact.info.tolerance == 1e-5
    exact.unload()
    server.fault = wobbles
    loose = connect(server.base_url)
    assert 5e-3 < loose.info.tolerance < 5e-2
    loose.unload()


def test_vectors_that_depend_on_their_company_are_noted(server: FaultServer) -> None:
    def other_in_company(server: FaultServer, call: Call) -> Reply:
        texts = call.texts if len(call.texts) == 1 else [f"{text}?" for text in call.texts]
        data = [{"index": i, "embedding": r.tolist()} for i, r in enumerate(vectors_of(texts))]
        return as_json({"data": data, "model": MODEL})

    server.fault = other_in_company
    embedder = connect(server.base_url)
    assert any("depend on what else is asked for" in note for note in embedder.info.notes)
    embedder.unload()


def test_prompts_come_from_the_recipe_and_are_sent_as_text(
    server: FaultServer, tiny_qwen3: Path
) -> None:
    bare = connect(server.base_url)
    assert not bare.info.prompts
    assert any("pass recipe=" in note for note in bare.info.notes)
    bare.unload()
    for recipe in ("qwen3-0.6b", tiny_qwen3):
        embedder = connect(server.base_url, recipe=recipe)
        server.forget()
        made = embedder.embed(["苹果"], prompt="query")
        assert made.prompt.prefix.endswith("\nQuery:")
        assert server.texts == [f"{made.prompt.prefix}苹果"]
        assert set(server.asked[0].asked) == {"model", "input", "encoding_format"}
        embedder.unload()


def test_a_known_name_brings_its_prompts(server: FaultServer) -> None:
    embedder = connect(server.base_url, "Qwen/Qwen3-Embedding-0.6B")
    assert set(embedder.info.prompts) == {"query", "document"}
    assert any("prompts are those of Qwen/Qwen3-Embedding-0.6B" in n for n in embedder.info.notes)
    embedder.unload()


def test_an_unknown_recipe_is_refused_before_anything_is_sent(server: FaultServer) -> None:
    with pytest.raises(InputError, match=r"Did you mean 'qwen3-0\.6b'"):
        connect(server.base_url, recipe="qwen3-06b")
    assert server.asked == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("in_flight", 0),
        ("in_flight", True),
        ("batch_items", 0),
        ("batch_tokens", -1),
        ("timeout_s", 0),
        ("patience_s", -1),
    ],
)
def test_an_option_out_of_range_is_refused_by_name(
    option: str, value: object, server: FaultServer
) -> None:
    with pytest.raises(InputError, match=f"{option}={value!r}"):
        connect(server.base_url, **{option: value})  # type: ignore[arg-type]


def test_several_models_are_named_for_the_choice(server: FaultServer) -> None:
    models = as_json({"data": [{"id": "one"}, {"id": "two"}]})

    def lists_two(server: FaultServer, call: Call) -> Reply | None:
        return models if call.target.endswith("/models") else reply_rightly(call)

    server.other_fault = lists_two
    with pytest.raises(ModelNotServedError, match="serves 'one', 'two'") as caught:
        connect(server.base_url)
    assert caught.value.served == ("one", "two")
    chosen = connect(server.base_url, "two")
    assert chosen.info.name == "two"
    chosen.unload()


def test_a_refused_key_is_said_before_a_model_is_asked_for(server: FaultServer) -> None:
    wants_key = f.where(
        lambda call: call.headers.get("authorization") != "Bearer sk-the-right-one", f.NO_KEY
    )
    server.fault = server.other_fault = wants_key
    with pytest.raises(KeyRefusedError, match="Pass its key as key="):
        connect(server.base_url)
    with pytest.raises(KeyRefusedError, match="answered 401") as caught:
        connect(server.base_url, MODEL, key="sk-the-wrong-one")
    assert "sk-the-wrong-one" not in str(caught.value)
    connect(server.base_url, key="sk-the-right-one").unload()


def test_no_address_is_refused_by_what_it_is() -> None:
    with pytest.raises(AddressError, match="http"):
        connect("example.org")


def test_it_tells_what_it_asks_and_can_be_cancelled(server: FaultServer) -> None:
    steps: list[Progress] = []
    connect(server.base_url, progress=steps.append).unload()
    assert steps[0].message == f"asking {server.base_url}"
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        connect(server.base_url, cancel=cancel)


@pytest.mark.parametrize("where", ["other_fault", "fault"], ids=["first look", "probe"])
def test_a_cancel_ends_the_wait_for_a_server_that_says_nothing(
    server: FaultServer, where: str
) -> None:
    asked, cancel = threading.Event(), threading.Event()
    hold = f.holds(threading.Event())

    def tell(at: FaultServer, call: Call) -> Reply | None:
        asked.set()
        return hold(at, call)

    setattr(server, where, tell)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(connect, server.base_url, cancel=cancel, timeout_s=60)
        assert asked.wait(SOON_S)
        cancel.set()
        with pytest.raises(Cancelled):
            future.result(timeout=SOON_S)


def test_few_requests_are_made_on_connecting(server: FaultServer) -> None:
    connect(server.base_url).unload()
    assert [len(call.texts) for call in server.asked] == [len(PROBES), 1]


def test_load_takes_an_address_with_the_name_behind_it(server: FaultServer) -> None:
    embedder = load(f"{server.base_url}#{MODEL}", dim=8)
    assert (embedder.info.name, embedder.info.dim) == (MODEL, 8)
    embedder.unload()
    with pytest.raises(ModelError, match=r"was unloaded\. Connect again"):
        embedder.embed(["a"])
    with pytest.raises(InputError, match="where an endpoint is started, its device is chosen"):
        load(f"{server.base_url}#{MODEL}", device="cpu")
