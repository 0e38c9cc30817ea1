"""Servers that are started otherwise: two models behind one address, files converted wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import free_port
from tests.engines.gguf import write_gguf
from tests.engines.servers import FLOAT32
from workbench.embedders import connect, load
from workbench.engines import Engine, Wishes, plan_engine, start_engine
from workbench.errors import ModelNotServedError

TEXTS = ["苹果", "The capital of China is Beijing.", "def f(x):\n    return x + 1\n"]


@pytest.fixture(scope="module")
def infinity_of_two(tiny_model: Path, minilm: Path, infinity_python: str) -> Iterator[Engine]:
    wishes = Wishes(port=free_port(), python=infinity_python, extra=FLOAT32)
    plan = plan_engine(tiny_model, "infinity", wishes)
    second = ("--model-id", str(minilm), "--served-model-name", "minilm")
    with start_engine(replace(plan, argv=(*plan.argv, *second))) as engine:
        yield engine


def test_where_two_models_are_served_the_name_says_which(infinity_of_two: Engine) -> None:
    for name, dim in (("tiny-qwen3", 64), ("minilm", 384)):
        embedder = connect(infinity_of_two.base_url, name)
        assert embedder.embed(TEXTS).vectors.shape == (len(TEXTS), dim)
        embedder.unload()


@pytest.mark.parametrize("name", [None, "no-such-model"])
def test_where_two_models_are_served_and_neither_is_named_both_are_listed(
    name: str | None, infinity_of_two: Engine
) -> None:
    with pytest.raises(ModelNotServedError) as caught:
        connect(infinity_of_two.base_url, name)
    assert set(caught.value.served) == {"tiny-qwen3", "minilm"}
    assert "'tiny-qwen3'" in str(caught.value)
    assert "'minilm'" in str(caught.value)


@contextmanager
def llamacpp_as_the_file_says(file: Path, python: str) -> Iterator[Engine]:
    """llama.cpp without a word on pooling, which leaves it to the file."""
    plan = plan_engine(file, "llamacpp", Wishes(port=free_port(), python=python))
    at = plan.argv.index("--pooling")
    with start_engine(replace(plan, argv=(*plan.argv[:at], *plan.argv[at + 2 :]))) as engine:
        yield engine


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        pytest.param({}, 0.99999, 1.001, id="right"),
        pytest.param({"end_token": False}, -1, 0.9, id="no-end-token"),
        pytest.param({"pooling": "mean"}, -1, 0.9, id="mean-pooling"),
    ],
)
def test_a_file_that_was_converted_wrongly_answers_with_other_vectors(
    fault: dict[str, Any],
    least: float,
    most: float,
    tiny_model: Path,
    tmp_path: Path,
    xllamacpp_python: str,
) -> None:
    file = write_gguf(tiny_model, tmp_path / "made.gguf", **fault)
    expected = load(tiny_model, dtype="float32", device="cpu").embed(TEXTS).vectors
    with llamacpp_as_the_file_says(file, xllamacpp_python) as engine:
        embedder = connect(engine.base_url, recipe=tiny_model)
        cosines = (embedder.embed(TEXTS).vectors * expected).sum(axis=1)
        embedder.unload()
    print(f"\nGGUF {fault or 'right'}: cosines {cosines.round(3).tolist()} to the reference")
    assert (cosines >= least).all(), cosines
    assert (cosines <= most).all(), cosines
