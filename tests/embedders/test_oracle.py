"""Vectors against sentence-transformers on the same files: cosine 1 to one part in a million."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.embedders.tiny_qwen3 import FULL_SIZE, build_qwen3, make_stale, write_json
from workbench.embedders import find_bundled, load

CLOSE = 1 - 1e-6
TEXTS = [
    "a",
    "。",
    "苹果",
    "What is the capital of China?",
    "中国的首都是北京。",
    "def f(x):\n\treturn {k: v for k, v in x.items()}\n",
    "🍎🍊👩‍👩‍👧 emoji",
    "混合 mixed 文本 with code `x += 1` 和 emoji 🎉",
    "Ünïcode é ﬁ Ａ ½",
    "  spaces around, \r\n and a line break \n",
    "",
    "<|endoftext|> inside <|im_start|> a text",
    "longer text " * 60,
    "很长的文本。" * 300,
]


def reference(directory: Path, *, max_tokens: int | None = None) -> Any:
    """sentence-transformers in float32, which it does not choose for a bfloat16 model itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations are not under test
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(
            str(directory), device="cpu", model_kwargs={"dtype": "float32"}, local_files_only=True
        )
    if max_tokens is not None:
        model.max_seq_length = max_tokens
    return model


def encode(model: Any, texts: Sequence[str], prompt: str = "") -> NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectors = model.encode(list(texts), prompt=prompt, batch_size=4, show_progress_bar=False)
    return np.asarray(vectors, np.float32)


def worst_cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Smallest cosine between rows of the same place, in float64."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1) / norms).min())


@pytest.fixture(scope="module", params=[0, 1, 2])
def qwen3(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real_tokenizer: Path
) -> Path:
    """A small random Qwen3 with the real tokenizer."""
    return build_qwen3(
        tmp_path_factory.mktemp("qwen3") / f"seed {request.param}",
        seed=request.param,
        tokenizer=real_tokenizer,
    )


def test_bundled_minilm_equals_sentence_transformers() -> None:
    found = find_bundled()
    assert found is not None
    ours = load("bundled").embed(TEXTS)
    assert ours.truncated.any(), "one text must be cut for this to say"
    assert worst_cosine(ours.vectors, encode(reference(found[0]), TEXTS)) >= CLOSE


def test_qwen3_documents_equal_sentence_transformers(qwen3: Path) -> None:
    ours = load(qwen3).embed(TEXTS, prompt="document")
    assert worst_cosine(ours.vectors, encode(reference(qwen3), TEXTS)) >= CLOSE


def test_qwen3_queries_equal_sentence_transformers(qwen3: Path) -> None:
    embedder = load(qwen3)
    ours = embedder.embed(TEXTS, prompt="query")
    theirs = encode(reference(qwen3), TEXTS, embedder.info.prompts["query"])
    assert worst_cosine(ours.vectors, theirs) >= CLOSE


def test_qwen3_cut_texts_equal_sentence_transformers(qwen3: Path) -> None:
    ours = load(qwen3, max_tokens=16).embed(TEXTS)
    assert ours.truncated.any()
    theirs = encode(reference(qwen3, max_tokens=16), TEXTS)
    assert worst_cosine(ours.vectors, theirs) >= CLOSE


def test_qwen3_any_batch_composition_equals_sentence_transformers(qwen3: Path) -> None:
    embedder = load(qwen3)
    theirs = encode(reference(qwen3), TEXTS)
    generator = np.random.default_rng(0)
    for _ in range(4):
        some = generator.choice(len(TEXTS), size=5, replace=True)
        ours = embedder.embed([TEXTS[place] for place in some])
        assert worst_cosine(ours.vectors, theirs[some]) >= CLOSE


def test_the_tiny_tokenizer_too_equals_sentence_transformers(tiny_qwen3: Path) -> None:
    ours = load(tiny_qwen3).embed(TEXTS)
    assert worst_cosine(ours.vectors, encode(reference(tiny_qwen3), TEXTS)) >= CLOSE


def test_texts_that_the_files_want_in_lower_case_equal_sentence_transformers(
    tmp_path: Path,
) -> None:
    cased = build_qwen3(tmp_path / "cased")
    lower = build_qwen3(tmp_path / "lower")
    write_json(lower / "sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": True})
    embedder = load(lower)
    ours = embedder.embed(TEXTS)
    assert worst_cosine(ours.vectors, encode(reference(lower), TEXTS)) >= CLOSE
    assert worst_cosine(ours.vectors, load(cased).embed(TEXTS).vectors) < 0.99
    assert any("texts are put in lower case first" in note for note in embedder.info.notes)


def test_bundled_minilm_in_lower_case_equals_sentence_transformers(tmp_path: Path) -> None:
    found = find_bundled()
    assert found is not None
    shutil.copytree(found[0], tmp_path / "minilm")
    write_json(tmp_path / "minilm" / "sentence_bert_config.json", {"do_lower_case": True})
    tokenizer = tmp_path / "minilm" / "tokenizer.json"
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    content["normalizer"]["lowercase"] = False  # a cased tokenizer: without help, "What" is [UNK]
    write_json(tokenizer, content)
    ours = load(tmp_path / "minilm").embed(TEXTS)
    assert worst_cosine(ours.vectors, encode(reference(tmp_path / "minilm"), TEXTS)) >= CLOSE


def test_the_oracle_would_notice_a_forgotten_end_token(tmp_path: Path) -> None:
    right = build_qwen3(tmp_path / "right")
    wrong = build_qwen3(tmp_path / "wrong")
    tokenizer = (wrong / "tokenizer.json").read_bytes()
    make_stale(wrong)
    assert (wrong / "tokenizer.json").read_bytes() != tokenizer
    for name in ("modules.json", "config_sentence_transformers.json", "1_Pooling/config.json"):
        (wrong / name).write_bytes((right / name).read_bytes())
    texts = [text for text in TEXTS if text]  # without an end token, "" has no token at all
    theirs = encode(reference(wrong), texts)
    assert worst_cosine(load(right).embed(texts).vectors, theirs) < 0.9


def test_a_tokenizer_that_forgets_the_end_token_gives_the_right_vectors_and_says_so(
    tmp_path: Path,
) -> None:
    right = build_qwen3(tmp_path / "Qwen3-Embedding-0.6B")
    expected = load(right).embed(TEXTS, prompt="query")
    make_stale(right)
    stale = load(right)
    found = stale.embed(TEXTS, prompt="query")
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-6)
    assert any("does not append <|endoftext|>" in note for note in stale.info.notes)


def test_published_token_counts_hold(qwen3: Path) -> None:
    embedder = load(qwen3)
    bare = embedder.embed(["a", "The capital of China is Beijing."]).tokens
    query = embedder.embed(["What is the capital of China?"], prompt="query").tokens
    assert [*bare, *query] == [2, 8, 27]


def test_the_last_token_is_the_published_end_token(real_tokenizer: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(real_tokenizer / "tokenizer.json"))
    for text in ("a", "中国", "x" * 5000):
        assert tokenizer.encode(text).ids[-1] == 151_643


@pytest.mark.full_size
@pytest.mark.skipif(
    os.environ.get("WORKBENCH_FULL_SIZE") != "1",
    reason="WORKBENCH_FULL_SIZE=1 is not set: needs 5 GB of memory and minutes",
)
def test_full_size_qwen3_equals_sentence_transformers(
    tmp_path: Path, real_tokenizer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = build_qwen3(
        tmp_path / "full", seed=7, shape=FULL_SIZE, tokenizer=real_tokenizer, dtype="bfloat16"
    )
    embedder = load(directory)
    assert embedder.info.dim == 1024
    texts = TEXTS[:-1]
    ours = embedder.embed(texts, prompt="query")
    embedder.unload()
    theirs = encode(reference(directory), texts, ours.prompt.prefix)
    worst = worst_cosine(ours.vectors, theirs)
    with capsys.disabled():
        print(f"\nfull size: 1 - worst cosine = {1 - worst:.3g}, {ours.seconds:.1f} s")
    assert worst >= CLOSE
