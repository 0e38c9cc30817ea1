"""Wrong ways to compute a vector, each held to transformers or the tokenizer run by hand."""

from __future__ import annotations

import copy
import json
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.embedders.tiny_qwen3 import END, QUERY, build_qwen3
from workbench.contracts import Variant
from workbench.embedders import WeightsReference, find_bundled, load
from workbench.embedders.local import LocalEmbedder
from workbench.embedders.local.changed import changed_model, round_4bit, round_8bit
from workbench.errors import Cancelled, InputError, ModelError
from workbench.maths import normalize_rows
from workbench.studies.doctor.texts import TEXTS

Vectors = NDArray[np.float32]
SOME = [TEXTS[place] for place in (0, 1, 3, 4, 5, 8, 11)]
QWEN3_VARIANTS = {
    *("right", "bf16", "int8", "int4", "no_end", "double_end", "im_end", "mean", "cls"),
    *("bidirectional", "rope_base", "query_prompt", "query_prompt_twice", "chat_template"),
    *("stripped", "newlines_to_spaces", "lowercased", "cut_64", "cut_128", "cut_256"),
}
MINILM_VARIANTS = {
    *("right", "bf16", "int8", "int4", "no_special", "cls", "last", "cut_64", "cut_128"),
}


def load_local(what: Path | str) -> LocalEmbedder:
    embedder = load(what, dtype="float32", device="cpu")
    assert isinstance(embedder, LocalEmbedder)
    return embedder


class Hand:
    """transformers without the workbench: ids in, states out."""

    def __init__(self, directory: Path) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModel

        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.model: Any = AutoModel.from_pretrained(
            directory, dtype=torch.float32, attn_implementation="eager"
        ).eval()

    def ids(self, text: str, *, special: bool = True) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=special).ids)

    def token(self, text: str) -> int:
        (found,) = self.ids(text, special=False)
        return found

    def states(self, ids: list[int], mask: Any = None) -> Any:
        import torch

        with torch.no_grad():
            row = torch.tensor([ids])
            return self.model(input_ids=row, attention_mask=mask).last_hidden_state[0]  # (w, dim)

    def vectors(
        self,
        texts: Sequence[str],
        ids: Callable[[str], list[int]],
        pool: Callable[[Any], Any] = lambda states: states[-1],
    ) -> Vectors:
        return normalize_rows(np.stack([pool(self.states(ids(text))).numpy() for text in texts]))


@pytest.fixture(scope="module")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_qwen3(tmp_path_factory.mktemp("variants") / "Qwen3 tiny", seed=3)


@pytest.fixture(scope="module")
def reference(qwen3: Path) -> WeightsReference:
    return WeightsReference(load_local(qwen3))


@pytest.fixture(scope="module")
def hand(qwen3: Path) -> Hand:
    return Hand(qwen3)


@pytest.fixture(scope="module")
def minilm() -> WeightsReference:
    return WeightsReference(load_local("bundled"))


@pytest.fixture(scope="module")
def minilm_hand() -> Hand:
    found = find_bundled()
    assert found is not None
    return Hand(found[0])


def check(
    reference: WeightsReference, variant: Variant, expected: Vectors, *, atol: float = 3e-6
) -> None:
    """Equal to the oracle, which is not what the right recipe gives."""
    right = reference.vectors(SOME)
    assert np.abs(expected - right).max() > 100 * atol, "premise: the variant differs"
    np.testing.assert_allclose(reference.vectors(SOME, variant), expected, atol=atol)


def test_each_model_has_the_variants_that_say_something_of_it(
    reference: WeightsReference, minilm: WeightsReference
) -> None:
    assert set(reference.variants) == QWEN3_VARIANTS
    assert set(minilm.variants) == MINILM_VARIANTS
    assert reference.variants[0] == minilm.variants[0] == "right"


@pytest.mark.parametrize("variant", sorted(QWEN3_VARIANTS - {"right"}))
def test_every_variant_of_qwen3_differs_from_the_right_recipe_on_some_text(
    reference: WeightsReference, variant: Variant
) -> None:
    apart = np.abs(reference.vectors(TEXTS, variant) - reference.vectors(TEXTS)).max()
    assert apart > 1e-4


def test_the_right_variant_is_what_the_embedder_gives(
    qwen3: Path, reference: WeightsReference, minilm: WeightsReference
) -> None:
    ours = load_local(qwen3).embed(TEXTS, prompt="").vectors
    np.testing.assert_allclose(reference.vectors(TEXTS), ours, atol=2e-6)
    np.testing.assert_allclose(
        minilm.vectors(TEXTS), load_local("bundled").embed(TEXTS).vectors, atol=2e-6
    )


def test_no_end_leaves_the_last_token_out(reference: WeightsReference, hand: Hand) -> None:
    assert hand.ids("apple")[:-1] == hand.ids("apple", special=False)
    check(reference, "no_end", hand.vectors(SOME, lambda text: hand.ids(text, special=False)))


def test_double_end_has_two(reference: WeightsReference, hand: Hand) -> None:
    end = hand.token(END)
    check(reference, "double_end", hand.vectors(SOME, lambda text: [*hand.ids(text), end]))


def test_im_end_ends_with_that_token_alone(reference: WeightsReference, hand: Hand) -> None:
    wrong = hand.token("<|im_end|>")
    check(reference, "im_end", hand.vectors(SOME, lambda text: [*hand.ids(text)[:-1], wrong]))


@pytest.mark.parametrize(
    ("variant", "pool"),
    [("mean", lambda states: states.mean(0)), ("cls", lambda states: states[0])],
)
def test_qwen3_pooled_otherwise(
    reference: WeightsReference, hand: Hand, variant: Variant, pool: Callable[[Any], Any]
) -> None:
    check(reference, variant, hand.vectors(SOME, hand.ids, pool))


@pytest.mark.parametrize(
    ("variant", "pool"), [("last", lambda states: states[-1]), ("cls", lambda states: states[0])]
)
def test_minilm_pooled_otherwise(
    minilm: WeightsReference, minilm_hand: Hand, variant: Variant, pool: Callable[[Any], Any]
) -> None:
    check(minilm, variant, minilm_hand.vectors(SOME, minilm_hand.ids, pool))


def test_no_special_leaves_both_marks_out(minilm: WeightsReference, minilm_hand: Hand) -> None:
    expected = minilm_hand.vectors(
        SOME, lambda text: minilm_hand.ids(text, special=False), lambda states: states.mean(0)
    )
    check(minilm, "no_special", expected)


def test_bidirectional_lets_every_token_see_every_other(
    reference: WeightsReference, hand: Hand
) -> None:
    import torch

    def states(text: str) -> Any:
        ids = hand.ids(text)
        return hand.states(ids, torch.zeros(1, 1, len(ids), len(ids)))  # added: nothing is hidden

    expected = normalize_rows(np.stack([states(text)[-1].numpy() for text in SOME]))
    check(reference, "bidirectional", expected)


def test_rope_base_is_what_a_config_with_another_base_gives(
    reference: WeightsReference, qwen3: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(qwen3, other)
    config = json.loads((other / "config.json").read_text())
    assert config["rope_theta"] == 1_000_000
    (other / "config.json").write_text(json.dumps(config | {"rope_theta": 10_000}))
    hand = Hand(other)
    check(reference, "rope_base", hand.vectors(SOME, hand.ids))


def test_a_model_with_the_usual_base_has_no_such_variant(qwen3: Path, tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    shutil.copytree(qwen3, usual)
    config = json.loads((usual / "config.json").read_text())
    (usual / "config.json").write_text(json.dumps(config | {"rope_theta": 10_000}))
    assert "rope_base" not in WeightsReference(load_local(usual)).variants


def test_bf16_is_the_model_loaded_in_bfloat16(qwen3: Path, reference: WeightsReference) -> None:
    half = load(qwen3, dtype="bfloat16", device="cpu")
    alone = np.concatenate([half.embed([text], prompt="").vectors for text in SOME])
    check(reference, "bf16", alone, atol=1e-6)


def test_texts_are_altered_to_the_letter(reference: WeightsReference) -> None:
    altered: dict[Variant, list[str]] = {
        "stripped": [text.strip() for text in SOME],
        "newlines_to_spaces": [text.replace("\n", " ") for text in SOME],
        "lowercased": [text.lower() for text in SOME],
        "query_prompt": [QUERY + text for text in SOME],
        "query_prompt_twice": [QUERY + QUERY + text for text in SOME],
        "chat_template": [
            f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n" for text in SOME
        ],
    }
    for variant, texts in altered.items():
        np.testing.assert_array_equal(
            reference.vectors(SOME, variant), reference.vectors(texts), err_msg=variant
        )


@pytest.mark.parametrize("tokens", [64, 128, 256])
def test_a_cut_keeps_the_end_token_as_the_tokenizer_does(
    reference: WeightsReference, hand: Hand, tokens: int
) -> None:
    text = " ".join(TEXTS)
    assert len(hand.ids(text)) > tokens
    tokenizer = copy.deepcopy(hand.tokenizer)
    tokenizer.enable_truncation(tokens)
    expected = hand.vectors([text], lambda text: list(tokenizer.encode(text).ids))
    variant: Variant = f"cut_{tokens}"  # type: ignore[assignment]
    np.testing.assert_allclose(reference.vectors([text], variant), expected, atol=3e-6)
    short = reference.vectors(["apple"], variant)
    np.testing.assert_array_equal(short, reference.vectors(["apple"]))


def test_8_bits_are_ggmls_q8_0_by_its_own_arithmetic() -> None:
    import torch

    blocks = np.random.default_rng(0).normal(size=(50, 32)).astype(np.float32)
    blocks[0] = 0
    for given, found in zip(blocks, round_8bit(torch.from_numpy(blocks)).numpy(), strict=True):
        scale = np.float32(np.abs(given).max() / 127)
        steps = np.round(given / scale) if scale else given
        np.testing.assert_allclose(found, steps * np.float32(np.float16(scale)), atol=1e-7)


def test_4_bits_are_ggmls_q4_0_by_its_own_arithmetic() -> None:
    import torch

    blocks = np.random.default_rng(1).normal(size=(50, 32)).astype(np.float32)
    blocks[0] = 0
    for given, found in zip(blocks, round_4bit(torch.from_numpy(blocks)).numpy(), strict=True):
        scale = np.float32(given[np.abs(given).argmax()] / -8)
        inverse = np.float32(1) / scale if scale else np.float32(0)
        steps = [min(15, int(value * inverse + np.float32(8.5))) - 8 for value in given]
        expected = np.array(steps, np.float32) * np.float32(np.float16(scale))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_rounded_weights_are_on_a_grid_and_norms_are_not_touched(qwen3: Path) -> None:
    import torch

    model = load_local(qwen3).require_loaded().model
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    with changed_model(model, "int4") as changed:
        for name, weight in changed.named_parameters():
            if "norm" in name:
                assert torch.equal(weight, before[name])
            else:
                block = weight.data.reshape(-1, 32)[0].tolist()
                assert len(set(block)) <= 16
                assert not torch.equal(weight, before[name])
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name])


def test_nothing_of_the_embedder_is_changed_afterwards(qwen3: Path) -> None:
    embedder = load_local(qwen3)
    before = embedder.embed(TEXTS).vectors
    reference = WeightsReference(embedder)
    for variant in reference.variants:
        reference.vectors(SOME, variant)
    np.testing.assert_array_equal(embedder.embed(TEXTS).vectors, before)


def test_the_base_of_positions_is_put_back_when_the_pass_fails(qwen3: Path) -> None:
    embedder = load_local(qwen3)
    before = embedder.embed(TEXTS).vectors
    with (
        pytest.raises(ZeroDivisionError),
        changed_model(embedder.require_loaded().model, "rope_base"),
    ):
        assert np.abs(embedder.embed(TEXTS).vectors - before).max() > 1e-3
        raise ZeroDivisionError
    np.testing.assert_array_equal(embedder.embed(TEXTS).vectors, before)


def test_an_embedder_in_bfloat16_is_a_reference_in_float32(tmp_path: Path) -> None:
    directory = build_qwen3(tmp_path / "stored in half", dtype="bfloat16")
    half = load(directory, dtype="bfloat16", device="cpu")
    assert isinstance(half, LocalEmbedder)
    found = WeightsReference(half)
    exact = WeightsReference(load_local(directory))
    for variant in ("right", "rope_base", "bf16"):
        np.testing.assert_allclose(
            found.vectors(SOME, variant), exact.vectors(SOME, variant), atol=1e-6
        )


def test_what_was_computed_is_kept(
    reference: WeightsReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reference.vectors(SOME, "mean")
    monkeypatch.setattr("workbench.embedders.local.variants._pass_row", None)
    np.testing.assert_array_equal(reference.vectors(SOME[::-1], "mean")[::-1], before)


def test_cancel_is_looked_at_between_texts(qwen3: Path) -> None:
    class After:
        def __init__(self) -> None:
            self.looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 4

    reference = WeightsReference(load_local(qwen3))
    with pytest.raises(Cancelled, match="Cancelled after 3 of 16 texts"):
        reference.vectors(TEXTS, cancel=After())
    assert reference.vectors(TEXTS, cancel=threading.Event()).shape == (16, 64)


def test_a_reference_made_with_a_cancel_signal_heeds_it_in_every_call(qwen3: Path) -> None:
    stop = threading.Event()
    reference = WeightsReference(load_local(qwen3), cancel=stop)
    assert reference.vectors(["a"]).shape == (1, 64)
    stop.set()
    with pytest.raises(Cancelled):
        reference.vectors(["b"], "mean")


def test_a_full_device_is_said_with_what_to_do(
    qwen3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    reference = WeightsReference(load_local(qwen3))
    monkeypatch.setattr(copy, "deepcopy", fill)
    with pytest.raises(ModelError, match=r"ran out of memory .*\(bf16\)\. .*device='cpu'"):
        reference.vectors(["a"], "bf16")


def test_no_texts_give_no_rows(reference: WeightsReference) -> None:
    assert reference.vectors([]).shape == (0, 64)


def test_a_variant_that_the_model_has_not_is_refused_by_name(minilm: WeightsReference) -> None:
    with pytest.raises(InputError, match=r"variant='bidirectional' has no sense for .*MiniLM"):
        minilm.vectors(["a"], "bidirectional")


def test_a_text_without_a_token_left_is_refused(reference: WeightsReference) -> None:
    with pytest.raises(InputError, match=r"'' has no token left in the variant 'no_end'"):
        reference.vectors([""], "no_end")


def test_an_unloaded_embedder_is_no_reference(qwen3: Path) -> None:
    embedder = load_local(qwen3)
    reference = WeightsReference(embedder)
    embedder.unload()
    with pytest.raises(ModelError, match="was unloaded"):
        reference.vectors(["a"])
