"""A key is sent to its server, and is found nowhere else."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import Call, Fault, FaultServer
from workbench.contracts import PartialError, TextItem
from workbench.embedders import CachedEmbedder
from workbench.embedders.remote import RemoteEmbedder, connect
from workbench.errors import EndpointError
from workbench.studies import save_embeddings

KEY = "sk-" + "t0p5ecret" * 4


def key_for_numbers(payload: dict[str, Any], call: Call) -> None:
    for record in payload["data"]:
        record["embedding"] = [KEY] * 16


FAULTS: dict[str, Fault] = {
    "401 with the key in it": f.says(401, {"error": {"message": f"Bad key {KEY}"}}),
    "400 with the key in it": f.says(400, {"error": {"message": f"Not {KEY}, not any"}}),
    "500": f.FAILS,
    "502": f.BAD_GATEWAY,
    "closes": f.CLOSES,
    "stalls": f.STALLS,
    "no JSON": f.says(200, f"<p>Bearer {KEY}</p>".encode()),
    "error with 200": f.says(200, {"error": {"message": f"Bad key {KEY}"}}),
    "redirect": f.sends_to(f"http://127.0.0.1:9/{KEY}"),
    "strings for numbers": f.alters(key_for_numbers),
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def embedder(server: FaultServer) -> Iterator[RemoteEmbedder]:
    made = connect(server.base_url, key=KEY, patience_s=0.3, timeout_s=2.0)
    assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}", "premise: it is used"
    yield made
    made.unload()


def everything_said(error: BaseException) -> str:
    """All that a report of an error could show, the values of local variables included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    words = ["".join(told.format())]
    seen: BaseException | None = error
    while seen is not None:
        words += [repr(seen), str(seen), repr(seen.args), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(words)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_errors_of_embedding_do_not_hold_the_key(
    fault: Fault, server: FaultServer, embedder: RemoteEmbedder
) -> None:
    server.fault = fault
    with pytest.raises(PartialError) as caught:
        embedder.embed(["a", "b"])
    partial = caught.value
    errors = [partial, partial.cause, *(text.error for text in partial.failed)]
    for error in filter(None, errors):
        assert KEY not in everything_said(error)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_errors_of_connecting_do_not_hold_the_key(fault: Fault, server: FaultServer) -> None:
    key = KEY  # the caller's own variable is the caller's own
    server.fault = fault
    with pytest.raises(EndpointError) as caught:
        connect(server.base_url, key=key, patience_s=0.3, timeout_s=0.5)
    caller, *inner = traceback.walk_tb(caught.value.__traceback__)
    assert inner
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]
    assert caller[0].f_locals["key"] == KEY
    assert KEY not in everything_said(error)


def test_an_embedder_does_not_show_it(embedder: RemoteEmbedder) -> None:
    for shown in (embedder, embedder.info, embedder.identity, embedder.limits):
        assert KEY not in repr(shown)
        assert KEY not in str(shown)
    assert KEY not in _deep_repr(embedder)


def test_no_log_holds_it(
    server: FaultServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("openai", "httpx2", "httpcore2", "httpx", "httpcore", "asyncio", "workbench", ""):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        embedder = connect(server.base_url, key=KEY, patience_s=0.3)
        embedder.embed(["a"])
        server.fault = f.FAILS
        with pytest.raises(PartialError):
            embedder.embed(["b"])
        embedder.unload()
    assert any(record.name.startswith(("openai", "httpcore")) for record in caplog.records)
    for record in caplog.records:
        assert KEY not in record.getMessage()
        assert KEY not in repr(record.args)
        assert KEY not in repr(record.__dict__)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv", ".jsonl"])
def test_no_export_holds_it(suffix: str, embedder: RemoteEmbedder, tmp_path: Path) -> None:
    target = tmp_path / f"vectors{suffix}"
    save_embeddings(target, [TextItem("a", "en", 1)], embedder.embed(["a"]))
    written = list(tmp_path.iterdir())
    assert target in written
    for path in written:
        assert KEY.encode() not in path.read_bytes()


def test_no_pickle_holds_it(embedder: RemoteEmbedder) -> None:
    made = embedder.embed(["a"])
    assert KEY.encode() not in pickle.dumps(embedder.info.name)
    for thing in (embedder.info, made, embedder):
        try:
            stored = pickle.dumps(thing)
        except (TypeError, AttributeError, pickle.PicklingError):
            continue  # what refuses to be stored gives nothing away
        assert KEY.encode() not in stored


def test_no_cache_key_holds_it(embedder: RemoteEmbedder) -> None:
    cached = CachedEmbedder(embedder)
    cached.embed(["a", "b"])
    assert KEY not in _deep_repr(cached)


def _deep_repr(thing: object, depth: int = 6) -> str:
    """repr of an object, its attributes and theirs: what a debugger or a notebook would show."""
    words = [repr(thing)]
    if depth:
        for value in [*vars(thing).values()] if hasattr(thing, "__dict__") else []:
            words.append(repr(value))
            if type(value).__module__.startswith("workbench") and not callable(value):
                words.append(_deep_repr(value, depth - 1))
    return "\n".join(words)
