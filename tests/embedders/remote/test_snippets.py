"""Lines to copy, run as a person would: by bash with curl, and by Python with the openai client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.embedders.remote.fault_server import MODEL, FaultServer, vectors_of
from workbench.contracts import EmbedderInfo, Snippet
from workbench.embedders.remote import make_snippets

KEY = "sk-of-the-environment"
VARIABLE = "SOME_SERVICE_KEY"

TEXTS = {
    "plain": "apple",
    "Chinese": "苹果是一种水果。",
    "single quotes": "it's 'quoted' ''",
    "double quotes": 'say "苹果"',
    "dollar": "$HOME ${PATH} $(id) `id` $VAR",
    "backslashes": "C:\\new\\table \\u0041 \\\\ \\",
    "lines": "one\ntwo\r\nthree\n",
    "tab and ends": "\t leading and trailing  ",
    "NUL": "a\0b",
    "terminal codes": "\x1b[31mred\x1b[0m\x07\x08",
    "bidi and separators": "a\u202eb\u2028c\u2029d\u200be\ufeff",
    "emoji": "👩‍👩‍👧 é e\u0301 \U0001f34e",
    "history": "!! !x '!x' #",
    "looks like an option": "--help",
    "looks like a file": "@/etc/hostname",
    "JSON": '{"input": ["x"], "a": \'b\'}',
    "globs": "* ? [a-z] {a,b} ~ & | ; < > %s %20",
    "HTML": "</script><b>&amp;</b>",
    "empty": "",
    "long": "苹果 'and' \"quotes\" $x\n" * 8_000,
}
PREFIX = "Instruct: Given a web search query, retrieve 'passages'\nQuery:"


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.casefold().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def snippets_for(
    server: FaultServer, text: str, *, prefix: str = PREFIX, variable: str | None = VARIABLE
) -> dict[str, Snippet]:
    info = EmbedderInfo(
        name=MODEL,
        backend="remote",
        dim=16,
        native_dim=16,
        normalized=True,
        tolerance=1e-5,
        base_url=server.base_url,
    )
    made = make_snippets(info, text=text, prefix=prefix, key_variable=variable)
    return {snippet.language: snippet for snippet in made}


def run_curl(code: str) -> Any:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing: the curl line cannot be tried")
    env = {"PATH": os.environ["PATH"], VARIABLE: KEY, "VAR": "changed", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(
        ["bash"], input=code.encode(), env=env, capture_output=True, timeout=60, check=True
    )
    assert ran.stderr == b""
    return json.loads(ran.stdout)["data"][0]["embedding"]


def run_python(code: str) -> Any:
    scope: dict[str, Any] = {}
    exec(code, scope)
    scope["client"].close()
    return scope["vector"]


@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["bare", "prefixed"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_curl_line_embeds_the_string_to_the_letter(
    text: str, prefix: str, server: FaultServer
) -> None:
    vector = run_curl(snippets_for(server, text, prefix=prefix)["curl"].code)
    assert server.texts == [prefix + text]
    np.testing.assert_allclose(vector, vectors_of([prefix + text])[0], atol=1e-6)
    (call,) = server.asked
    assert (call.target, call.asked["model"]) == ("/v1/embeddings", MODEL)
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_python_lines_embed_the_string_to_the_letter(
    text: str, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    code = snippets_for(server, text)["python"].code
    assert len(code.splitlines()) == 3
    vector = run_python(code)
    assert server.texts == [PREFIX + text]
    np.testing.assert_allclose(vector, vectors_of([PREFIX + text])[0], atol=1e-6)
    (call,) = server.asked
    assert (call.target, call.asked["model"]) == ("/v1/embeddings", MODEL)
    assert call.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_asked_for(server: FaultServer) -> None:
    made = snippets_for(server, "a", variable=None)
    run_curl(made["curl"].code)
    run_python(made["python"].code)
    by_curl, by_python = server.asked
    assert "authorization" not in by_curl.headers
    assert by_python.headers["authorization"] == "Bearer EMPTY"
    assert "environ" not in made["python"].code


def test_a_line_shows_no_character_that_a_terminal_obeys(server: FaultServer) -> None:
    for text in TEXTS.values():
        for snippet in snippets_for(server, text).values():
            assert snippet.code.replace("\n", "").isprintable()


def test_readable_text_stays_readable(server: FaultServer) -> None:
    for snippet in snippets_for(server, "苹果 👍").values():
        assert "苹果 👍" in snippet.code
