"""The variant that an endpoint computes is named, and nothing is named where none fits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.embedders.tiny_qwen3 import build_qwen3
from tests.studies.doctor.models_of_match import (
    MadeReference,
    Vectors,
    disturb,
    make_reference,
    put,
    random_rows,
)
from workbench.contracts import Finding, Reference, Variant
from workbench.embedders import load, reference_for
from workbench.embedders.bundled import require_bundled
from workbench.maths import normalize_rows
from workbench.studies.doctor.causes import CAUSES
from workbench.studies.doctor.match import Match, count_related, match
from workbench.studies.doctor.table import Table
from workbench.studies.doctor.telling import tell_match
from workbench.studies.doctor.texts import TEXTS

NOISE = 3e-5
"""What bfloat16 gives with the made reference."""


def compare(endpoint: Vectors, reference: Reference) -> Match:
    return match(Table(endpoint, reference, TEXTS))


def tell(endpoint: Vectors, reference: Reference, engine: str | None = None) -> Finding:
    table = Table(endpoint, reference, TEXTS)
    return tell_match(table, match(table), engine)


@pytest.mark.parametrize("noise", [0.0, NOISE], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("variant", [v for v in make_reference().variants if v in CAUSES])
def test_each_variant_is_named_when_the_endpoint_is_it(variant: Variant, noise: float) -> None:
    reference = make_reference()
    rows = reference.rows[variant]
    found = tell(disturb(rows, noise) if noise else rows, reference)
    assert found.cause == CAUSES[variant].word
    assert found.status != "ok"
    assert found.confidence is not None
    assert found.confidence > 0.9


def test_right_vectors_cost_no_other_variant() -> None:
    reference = make_reference()
    assert compare(reference.rows["right"], reference).grade == "same"
    assert set(reference.asked) == {"right"}


def test_half_precision_is_well_and_says_so() -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["right"], NOISE), reference)
    assert (found.status, found.cause) == ("ok", "")
    assert "bfloat16 or float16" in found.says
    assert found.numbers["cosine_min"] == pytest.approx(1 - NOISE, abs=1e-6)


def test_half_precision_asks_for_none_of_the_wrong_recipes() -> None:
    reference = make_reference()
    compare(disturb(reference.rows["right"], NOISE), reference)
    assert set(reference.asked) <= {"right", "bf16", "int8", "int4"}


def test_one_wrong_text_of_sixteen_is_not_lost_in_an_average() -> None:
    reference = make_reference()
    right = reference.rows["right"]
    found = tell(put(right, [7], random_rows(50)), reference)
    assert found.status == "fail"
    assert found.cause == "unknown_recipe"


def test_eight_bits_beside_the_kernels_own_noise_are_told_from_bfloat16() -> None:
    reference = make_reference()
    served = disturb(reference.rows["int8"], 4e-5)
    found = tell(served, reference)
    assert (found.status, found.cause) == ("warn", "quantised_8bit")


def test_noise_of_eight_bits_size_in_another_direction_is_not_called_eight_bits() -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["right"], 1e-4, 77), reference)
    assert (found.status, found.cause) == ("ok", "")


def test_noise_that_only_other_kernels_may_explain_is_a_warning_beside_this_machines() -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["right"], 1.5e-3, 78), reference)
    assert (found.status, found.cause) == ("warn", "noise")
    assert any("bfloat16 3.0e-05" in line for line in found.evidence)


def test_a_wrong_recipe_served_in_four_bits_is_still_named() -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["mean"], 0.03), reference)
    assert found.cause == "mean_pooling"
    assert found.confidence is not None
    assert found.confidence < 0.97


def test_confidence_falls_where_two_variants_are_close() -> None:
    right = random_rows(0)
    apart = disturb(right, 0.2, 5)
    far = MadeReference({"right": right, "no_end": apart, "mean": random_rows(1)})
    near = MadeReference({"right": right, "no_end": apart, "mean": disturb(apart, 0.004, 6)})
    served = disturb(apart, 0.002)
    sure, doubtful = compare(served, far), compare(served, near)
    assert sure.variant == doubtful.variant == "no_end"
    assert sure.confidence > 0.98
    assert doubtful.confidence < 0.8
    assert doubtful.runner_up == "mean"


def test_variants_that_nothing_tells_apart_share_the_confidence_and_are_both_named() -> None:
    right, wrong = random_rows(0), random_rows(1)
    reference = MadeReference({"right": right, "cls": wrong, "last": wrong})
    found = compare(wrong, reference)
    assert found.alike == ("last",)
    assert found.confidence == pytest.approx(0.5, abs=0.01)
    told = tell(wrong, reference)
    assert any("last" in line for line in told.evidence)


@pytest.mark.parametrize(
    ("edits", "status", "cause"),
    [
        (("stripped",), "warn", "whitespace_stripped"),
        (("newlines_to_spaces",), "warn", "newlines_to_spaces"),
        (("lowercased",), "warn", "lowercased"),
        (("cut_64",), "fail", "cut_silently"),
        (("stripped", "cut_64"), "fail", "cut_silently"),
        (("stripped", "lowercased"), "warn", "whitespace_stripped"),
    ],
)
def test_edits_of_some_texts_are_named_and_the_others_called_right(
    edits: tuple[Variant, ...], status: str, cause: str
) -> None:
    reference = make_reference()
    rows = reference.rows["right"]
    for edit in edits:
        altered = np.flatnonzero((reference.rows[edit] != reference.rows["right"]).any(axis=1))
        rows = put(rows, altered.tolist(), reference.rows[edit])
    found = tell(disturb(rows, NOISE), reference)
    assert (found.status, found.cause) == (status, cause)
    assert "the other" in found.says


def test_a_wrong_recipe_is_named_although_the_server_strips_white_space_too() -> None:
    reference = make_reference()
    served = put(reference.rows["rope_base"], (3, 4), disturb(reference.rows["rope_base"], 0.04))
    found = tell(served, reference)
    assert found.cause == "rope_base"
    assert "14 of 16" in found.says


@pytest.mark.parametrize("normalised", [True, False])
def test_a_slice_is_named_with_both_widths(normalised: bool) -> None:
    reference = make_reference()
    half = reference.rows["right"][:, :48]
    found = tell(normalize_rows(half) if normalised else half, reference)
    assert (found.status, found.cause) == ("fail", "sliced")
    assert "48 of 96" in found.says


def test_a_slice_of_a_wrong_recipe_names_the_recipe_and_the_slice() -> None:
    reference = make_reference()
    found = tell(reference.rows["mean"][:, :48], reference)
    assert found.cause == "mean_pooling"
    assert "cut to 48 of 96" in found.says


def test_a_reference_that_was_cut_itself_is_named() -> None:
    whole = random_rows(0)
    found = tell(whole, MadeReference({"right": normalize_rows(whole[:, :32])}, "golden"))
    assert found.cause == "reference_narrower"


@pytest.mark.parametrize("dim", [48, 96, 128])
def test_vectors_without_relation_are_another_models(dim: int) -> None:
    found = tell(random_rows(60, dim), make_reference())
    assert (found.status, found.cause) == ("fail", "another_model")


def test_vectors_of_one_meaning_by_an_unknown_recipe_are_not_called_another_model() -> None:
    reference = make_reference()
    shared = random_rows(70)[:1] * 1.5
    found = tell(normalize_rows(disturb(reference.rows["right"], 0.2) + shared), reference)
    assert found.cause == "unknown_recipe"


def test_noise_that_no_variant_explains_is_called_that() -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["right"], 0.02, 80), reference)
    assert (found.status, found.cause) == ("fail", "noise")


@pytest.mark.parametrize(
    ("order", "cause"),
    [
        (list(range(16))[::-1], "order_reversed"),
        ([*range(1, 16), 0], "order_permuted"),
    ],
)
def test_right_vectors_at_wrong_texts_are_an_order(order: list[int], cause: str) -> None:
    reference = make_reference()
    found = tell(disturb(reference.rows["right"][order], NOISE), reference)
    assert (found.status, found.cause) == ("fail", cause)


def test_a_saved_reference_takes_half_precision_for_well() -> None:
    right = random_rows(0)
    reference = MadeReference({"right": right, "stripped": right}, "golden")
    assert tell(disturb(right, 2e-3), reference).status == "ok"
    assert tell(disturb(right, 2e-2), reference).status == "fail"


def test_the_mend_is_the_servers_own_where_it_is_known() -> None:
    reference = make_reference()
    rows = reference.rows["no_end"]
    assert "add_eos_token" in tell(rows, reference, "llamacpp").mend
    assert "append <|endoftext|>" in tell(rows, reference).mend


def test_unrelated_vectors_have_the_relation_of_chance() -> None:
    hits = [count_related(random_rows(seed), random_rows(seed + 500)) for seed in range(60)]
    assert max(hits) <= 4
    assert np.mean(hits) == pytest.approx(1, abs=0.5)


def build_references(folder: Path) -> dict[str, Reference]:
    """Five random Qwen3s, and MiniLM."""
    places = {f"qwen3 {seed}": build_qwen3(folder / str(seed), seed=seed) for seed in range(5)}
    places["minilm"] = require_bundled()[0]
    return {
        name: reference_for(load(str(place), dtype="float32", device="cpu"))
        for name, place in places.items()
    }


def test_real_models_variants_are_named_in_float32_and_in_bfloat16s_noise(tmp_path: Path) -> None:
    """The confusion matrix; shown with -s."""
    told: Counter[tuple[str, str]] = Counter()
    wrong = []
    for name, reference in build_references(tmp_path).items():
        right = reference.vectors(TEXTS)
        noise = Table(right, reference, TEXTS).noise("bf16")
        assert noise is not None
        for place, variant in enumerate(reference.variants):
            rows = reference.vectors(TEXTS, variant)
            differs = bool((1 - (rows * right).sum(axis=1) > 1e-6).any())
            wanted = CAUSES[variant].word if variant in CAUSES and differs else "right"
            for served in (rows, disturb(rows, noise, place)):
                cause = tell(served, reference).cause or "right"
                told[wanted, cause] += 1
                if cause != wanted:
                    wrong.append(f"{name}: {variant} is called {cause}")
    for (wanted, cause), count in sorted(told.items()):
        print(f"{wanted:24} called {cause:24} {count:3}")
    assert len(told) >= 15
    assert not wrong
