"""Layers compiled by torch, against the same layers as transformers runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.embedders.test_oracle import worst_cosine
from tests.embedders.tiny_qwen3 import build_qwen3
from workbench.contracts import Progress
from workbench.embedders import load
from workbench.embedders.local import LocalEmbedder
from workbench.embedders.local.compiled import calls_from_compiled, compile_layers, is_linear
from workbench.embedders.local.linears import pack_linears, plain_linears, unpack_linears
from workbench.errors import Cancelled, InputError, ModelError

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="no g++: torch cannot compile layers"
)
EXACT = 1 - 1e-10
TEXTS = [f"{'苹果 and pears ' * (n % 7)}{n}" for n in range(60)]
PROMPT = "Instruct: Given a web search query, retrieve relevant passages\nQuery:"


def load_one(directory: Path | str, **options: Any) -> LocalEmbedder:
    embedder = load(directory, **options)
    assert isinstance(embedder, LocalEmbedder)
    return embedder


@pytest.fixture(scope="module")
def plain(tiny_qwen3: Path) -> LocalEmbedder:
    return load_one(tiny_qwen3)


@pytest.fixture(scope="module")
def compiled(tiny_qwen3: Path) -> LocalEmbedder:
    return load_one(tiny_qwen3, compile=True)


def same_vectors(one: LocalEmbedder, other: LocalEmbedder) -> bool:
    return worst_cosine(one.embed(TEXTS).vectors, other.embed(TEXTS).vectors) >= EXACT


def is_compiled(embedder: LocalEmbedder) -> bool:
    """Whether all products of a pass, but for the last layer's, are asked for by compiled code.

    Nothing is compiled anew for that.
    """
    import torch._dynamo

    loaded = embedder.require_loaded()
    assert loaded.packed is not None
    before = calls_from_compiled(loaded.linears)
    with torch._dynamo.config.patch(error_on_recompile=True):
        embedder.embed(TEXTS[:11])
    called = calls_from_compiled(loaded.linears) - before
    layers = loaded.packed.whole_layers
    return called == sum(is_linear(part) for layer in layers for part in layer.modules())


@pytest.mark.parametrize("prompt", [None, PROMPT])
@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], ["a", "b", "a"]])
def test_vectors_are_those_without(
    plain: LocalEmbedder, compiled: LocalEmbedder, texts: list[str], prompt: str | None
) -> None:
    found = compiled.embed(texts, prompt=prompt).vectors
    assert worst_cosine(found, plain.embed(texts, prompt=prompt).vectors) >= EXACT


def test_it_is_really_compiled_and_said(plain: LocalEmbedder, compiled: LocalEmbedder) -> None:
    assert is_compiled(compiled)
    assert not is_compiled(plain)
    assert any("layers are compiled by torch" in note for note in compiled.info.notes)


def test_in_either_order_of_weights(plain: LocalEmbedder, tiny_qwen3: Path) -> None:
    embedder = load_one(tiny_qwen3, compile=True)
    loaded = embedder.require_loaded()
    for change in (pack_linears, unpack_linears) if not loaded.ordered else (unpack_linears,):
        change(loaded.model)
        assert same_vectors(embedder, plain)
        assert is_compiled(embedder)


def test_a_bidirectional_model_in_bfloat16() -> None:
    eager, fused = (
        load_one("bundled", dtype="bfloat16", compile=compiled) for compiled in (False, True)
    )
    assert worst_cosine(fused.embed(TEXTS).vectors, eager.embed(TEXTS).vectors) >= 1 - 1e-3
    assert is_compiled(fused)


def test_two_models_of_the_same_shapes_keep_their_own_weights(
    compiled: LocalEmbedder, plain: LocalEmbedder, tmp_path: Path
) -> None:
    directory = build_qwen3(tmp_path / "other", seed=5)
    other, right = load_one(directory, compile=True), load_one(directory)
    assert same_vectors(other, right)
    assert same_vectors(compiled, plain)
    assert not same_vectors(compiled, other)


def test_a_copy_of_a_layer_does_not_multiply_by_the_first_ones_weights(
    compiled: LocalEmbedder,
) -> None:
    import copy

    with compiled.require_loaded().as_loaded(lambda: None) as model:
        first = plain_linears(model)[0]
        copied = copy.deepcopy(first)
    compile_layers([], [copied])
    assert copied.number != first.number


def test_cancel_and_progress_answer_within_a_pass_and_leave_no_trace(
    plain: LocalEmbedder, compiled: LocalEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.embedders.local.passes._REPORT_EVERY_S", 0.0)
    cancel = threading.Event()

    def stop(step: Progress) -> None:
        if "of a pass" in step.message and "0% of a pass" not in step.message:
            cancel.set()

    with pytest.raises(Cancelled):
        compiled.embed(TEXTS, progress=stop, cancel=cancel)
    assert cancel.is_set()
    steps: list[Progress] = []
    found = compiled.embed(TEXTS, progress=steps.append)
    assert worst_cosine(found.vectors, plain.embed(TEXTS).vectors) >= EXACT
    assert len([step for step in steps if "of a pass" in step.message]) > 10
    seen = len(steps)
    assert same_vectors(compiled, plain)  # the hooks of the calls before are gone
    assert len(steps) == seen


def test_the_doctors_variants_see_weights_as_they_are_in_the_file(
    plain: LocalEmbedder, compiled: LocalEmbedder
) -> None:
    from workbench.embedders.local.variants import VariantMaker

    maker = VariantMaker(compiled.info, compiled.require_loaded())
    right, rough = (maker.vectors(TEXTS[:4], name) for name in ("right", "int4"))
    assert worst_cosine(right, plain.embed(TEXTS[:4]).vectors) >= EXACT
    assert worst_cosine(rough, right) < 0.9999
    assert is_compiled(compiled)
    assert same_vectors(compiled, plain)


def test_layers_that_run_as_before_are_no_compiled_ones(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, "compile", lambda forward, **_: forward)
    with pytest.raises(ModelError, match="layers run as before"):
        load_one(tiny_qwen3, compile=True)


def test_weights_go_with_the_last_name_of_the_model(tiny_qwen3: Path) -> None:
    import gc
    import weakref

    embedder = load_one(tiny_qwen3, compile=True)
    gone = weakref.ref(embedder.require_loaded().linears[0])
    gc.disable()
    try:
        del embedder
        assert gone() is None
    finally:
        gc.enable()


def test_without_a_compiler_it_is_refused_with_the_way_out(
    tiny_qwen3: Path, tmp_path: Path
) -> None:
    code = (
        "import sys, workbench as wb\n"
        "try: wb.load(sys.argv[1], compile=True)\n"
        "except wb.errors.ModelError as exc: print(exc)"
    )
    told = subprocess.run(  # of its own: torch keeps for good that there is no compiler
        [sys.executable, "-c", code, str(tiny_qwen3)],
        env={**os.environ, "CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.search(r"torch cannot compile here \(.*compiler.*\)\. .* g\+\+\. Leave compile", told)


def test_other_vectors_are_refused(tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    compile_right: Any = torch.compile

    def wrong(forward: Any, **options: Any) -> Any:
        right = compile_right(forward, **options)
        return lambda layer, states, *args, **kwargs: right(layer, -states, *args, **kwargs)

    monkeypatch.setattr(torch, "compile", wrong)
    with pytest.raises(ModelError, match=r"compile=True .* gives other vectors"):
        load_one(tiny_qwen3, compile=True)


def test_texts_that_are_padded_are_not_compiled(
    tiny_qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.embedders.local.loading._slides", lambda _: True)
    with pytest.raises(ModelError, match=r"does not bear: .*looks at a window"):
        load_one(tiny_qwen3, compile=True)


@pytest.mark.parametrize("spec", ["lexical", "http://127.0.0.1:9/v1#some-model"])
def test_what_is_not_computed_here_is_not_compiled(spec: str) -> None:
    with pytest.raises(InputError, match="compile="):
        load(spec, compile=True)
