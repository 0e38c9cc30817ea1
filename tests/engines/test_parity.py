"""Vectors from real servers against the same weights in this process."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from tests.engines.servers import KEY, Served
from workbench.contracts import Embedder
from workbench.embedders import connect, load

TEXTS = [
    "今天天气真好，适合出门散步。",
    "The capital of China is Beijing.",
    "def load(path: str) -> dict:\n    return json.loads(path.read_text())",
    "a",
    "混合 mixed 文本 with code `x += 1` and 数字 42",
    "🍎 Ünïcode — “quotes” …",
    "passages; " + "A vector database keeps their embeddings." * 12,
    "向量检索把文本映射到高维空间。" * 12,
]
EXACT = 1e-5
HALF_ATTENTION = 1e-3
"""llama.cpp's attention computes in half precision unless it is told otherwise: of 1.8e-4 on these
texts 1.2e-7 remains with a float32 cache of keys and values and without its flash attention."""

SERVERS = [
    pytest.param("llamacpp", HALF_ATTENTION, id="llamacpp"),
    pytest.param("llamacpp_minilm", HALF_ATTENTION, id="llamacpp-minilm"),
    pytest.param("infinity", EXACT, id="infinity"),
    pytest.param("infinity_minilm", EXACT, id="infinity-minilm"),
    pytest.param("vllm", EXACT, id="vllm"),
    pytest.param("vllm_minilm", EXACT, id="vllm-minilm"),
    pytest.param("sglang", EXACT, id="sglang", marks=pytest.mark.sglang),
]


def open_pair(served: Served, dim: int | None = None) -> tuple[Embedder, Embedder]:
    """The endpoint, and the local reference in float32."""
    engine = served.engine
    key = KEY if engine.plan.key_env else None
    remote = connect(engine.base_url, engine.served_name, key=key, recipe=served.directory, dim=dim)
    return remote, load(served.directory, dtype="float32", device="cpu", dim=dim)


def largest(remote: Embedder, local: Embedder, texts: list[str], prompt: str) -> float:
    got, expected = (each.embed(texts, prompt=prompt).vectors for each in (remote, local))
    return float(np.abs(got - expected).max())


@pytest.mark.parametrize(("server", "limit"), SERVERS)
def test_a_server_gives_the_vectors_of_the_local_reference(
    server: str, limit: float, request: pytest.FixtureRequest
) -> None:
    remote, local = open_pair(request.getfixturevalue(server))
    found = {
        prompt: largest(remote, local, TEXTS, prompt)
        for prompt in ("", *local.info.prompts, "Find the fruit: ")
    }
    print(f"\nparity {server}: largest difference {max(found.values()):.1e}, {found}")
    assert max(found.values()) <= limit, found
    remote.unload()


@pytest.mark.parametrize(
    ("server", "words", "limit"),
    [
        ("llamacpp", "the server ignores dimensions=16", HALF_ATTENTION * 3),
        ("infinity", "is asked for dimensions=16.*normalised again here", EXACT),
        ("vllm", "is asked for dimensions=16, and cuts rightly$", EXACT),
        pytest.param(
            "sglang",
            "is asked for dimensions=16, and cuts rightly$",
            EXACT,
            marks=pytest.mark.sglang,
        ),
    ],
)
def test_shorter_vectors_are_right_whoever_cuts_them(
    server: str, words: str, limit: float, request: pytest.FixtureRequest
) -> None:
    remote, local = open_pair(request.getfixturevalue(server), dim=16)
    assert any(re.search(words, note) for note in remote.info.notes), remote.info.notes
    found = largest(remote, local, TEXTS, "")
    print(f"\nparity {server}, 16 of 64 dimensions: largest difference {found:.1e}")
    assert found <= limit
    remote.unload()


def test_infinity_strips_white_space_which_its_notes_say(infinity: Served) -> None:
    remote, local = open_pair(infinity)
    spaced = "  leading and trailing  "
    got = remote.embed([spaced, spaced.strip()]).vectors
    expected = local.embed([spaced, spaced.strip()]).vectors
    np.testing.assert_allclose(got[0], got[1], atol=EXACT)
    cosine = float(got[0] @ expected[0])
    print(f"\ninfinity on a text with white space around it: cosine {cosine:.3f} to the reference")
    assert cosine < 0.99
    assert any("strips white space" in note for note in remote.info.notes)
    remote.unload()


def test_llamacpp_reads_korean_otherwise_than_a_bert_of_lower_case(
    llamacpp_minilm: Served,
) -> None:
    """Its tokenizer leaves a Hangul syllable whole, which BertNormalizer takes apart by NFD."""
    remote, local = open_pair(llamacpp_minilm)
    texts = ["한국어", unicodedata.normalize("NFD", "한국어")]
    got, expected = (each.embed(texts).vectors for each in (remote, local))
    np.testing.assert_allclose(expected[0], expected[1], atol=EXACT)
    whole, apart = (got * expected).sum(axis=1)
    print(f"\nllama.cpp, MiniLM, Korean: cosine {whole:.3f} to the reference, {apart:.3f} in NFD")
    assert whole < 0.9
    assert apart > 0.999
    remote.unload()


def test_the_gguf_of_the_tests_says_what_the_directory_says(
    tiny_gguf: Path, tiny_model: Path
) -> None:
    assert tiny_gguf.stat().st_size > (tiny_model / "model.safetensors").stat().st_size
    assert tiny_gguf.read_bytes()[:4] == b"GGUF"
