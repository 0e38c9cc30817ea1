"""What vectors are by themselves: norms, rounding, alikeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.embedders.remote.fault_server import Call, vectors_of
from tests.studies.doctor.endpoints import examine_fault
from tests.studies.doctor.toys import DIM, END, Vector, right, serve
from workbench.contracts import CancelSignal, Finding, Reference, Variant
from workbench.studies.doctor.texts import PAIR_ALIKE, TEXTS
from workbench.studies.doctor.vectors import find_rounding

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def to_bf16(vector: Vector) -> Vector:
    bits = np.asarray(vector, "<f4").view("<u4")
    return ((bits + 0x8000) & 0xFFFF0000).astype("<u4").view("<f4")


def to_fp16(vector: Vector) -> Vector:
    return vector.astype(np.float16).astype(np.float32)


def judge(change: Callable[[str, Vector], Vector], reference: Reference | None = None) -> Finding:
    def recipe(call: Call) -> list[Vector]:
        return [change(text, right(text)) for text in call.texts]

    return examine_fault(serve(recipe), reference=reference)["vectors"]


def test_unit_vectors_that_differ_are_right() -> None:
    finding = judge(lambda _, vector: vector)
    assert (finding.status, finding.cause) == ("ok", "")
    assert finding.numbers["width"] == DIM
    assert finding.numbers["norm_least"] == pytest.approx(1)


@pytest.mark.parametrize("scale", [8.0, 96.6, 0.54, 0.98], ids=str)
def test_vectors_of_another_norm_are_warned_of_with_their_range(scale: float) -> None:
    finding = judge(lambda text, vector: vector * np.float32(scale - 0.001 * (len(text) % 2)))
    assert (finding.status, finding.cause) == ("warn", "not_normalised")
    assert finding.numbers["norm_most"] == pytest.approx(scale, rel=1e-3)
    assert ("cut" in finding.mend) is (scale < 1)


@pytest.mark.parametrize(
    ("change", "cause", "scale"),
    [
        (to_bf16, "bf16_output", 1.0),
        (to_bf16, "bf16_output", 1.004),
        (to_fp16, "fp16_output", 1.0),
    ],
    ids=["bf16", "bf16, normalised in it", "fp16"],
)
def test_rounding_is_told_and_no_fault(change: Change, cause: str, scale: float) -> None:
    finding = judge(lambda _, vector: change(vector * np.float32(scale)))
    assert (finding.status, finding.cause) == ("ok", cause)
    assert bool(finding.mend) is (scale != 1)


def test_rounding_is_found_in_all_numbers_or_in_none() -> None:
    rows = vectors_of(TEXTS, 64)
    assert find_rounding(rows) is None
    rounded = np.stack([to_bf16(row) for row in rows])
    assert find_rounding(rounded) == ("bf16_output", "bfloat16")
    rounded[3, 5] = np.float32(0.1)
    assert find_rounding(rounded) is None


def test_one_vector_for_all_texts_fails() -> None:
    finding = judge(lambda _, __: right("any"))
    assert (finding.status, finding.cause) == ("fail", "texts_alike")
    assert "All texts" in finding.says


def test_some_texts_that_share_a_vector_fail_and_are_named() -> None:
    finding = judge(lambda text, vector: right("same") if text in TEXTS[:3] else vector)
    assert (finding.status, finding.cause) == ("fail", "texts_alike")
    assert "3 of 16" in finding.says
    assert any("'apple'" in line for line in finding.evidence)


def test_two_texts_that_begin_alike_are_left_to_the_probes_that_tell_why() -> None:
    alike = {TEXTS[place] for place in PAIR_ALIKE}
    finding = judge(lambda text, vector: right("same") if text in alike else vector)
    assert (finding.status, finding.cause) == ("unknown", "")
    assert "begin alike" in finding.says


class Spread:
    """The texts lie apart."""

    label = "the right vectors"
    kind: Literal["weights"] = "weights"
    variants: tuple[Variant, ...] = ("right",)
    max_tokens = None

    def __init__(self, towards: float = 0.0) -> None:
        self._towards = towards

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        return np.stack([lean(text + END, self._towards) for text in texts])

    def count_tokens(self, text: str) -> int | None:
        return None

    def cut(self, text: str, tokens: int) -> str:
        raise AssertionError("nobody asks for it")


def lean(text: str, towards: float) -> Vector:
    """A text's vector, drawn to one that all have in common."""
    drawn = vectors_of([text], DIM)[0] + np.float32(towards) * right("common")
    unit: Vector = (drawn / np.linalg.norm(drawn)).astype(np.float32)
    return unit


@pytest.mark.parametrize(
    ("reference", "status"),
    [(None, "ok"), (Spread(), "warn"), (Spread(9.0), "ok")],
    ids=["no reference", "apart in the reference", "close there as well"],
)
def test_texts_that_lie_together_are_warned_of_where_the_reference_has_them_apart(
    reference: Reference | None, status: str
) -> None:
    finding = judge(lambda text, _: lean(text + END, 9.0), reference)
    assert finding.numbers["pair_least"] > 0.95
    assert finding.status == status
    assert finding.cause == ("pads_attended" if status == "warn" else "")
