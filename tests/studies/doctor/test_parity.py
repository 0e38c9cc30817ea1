"""What the probe says of a server, over a real socket."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.embedders.remote.fault_server import Call, FaultServer, Reply, as_json, vector_of
from tests.studies.doctor.toys import DIM, ToyReference, Vector, examine, healthy, right, serve
from workbench.contracts import CancelSignal, Variant
from workbench.errors import Cancelled, EndpointError
from workbench.studies.doctor.parity import PROBE
from workbench.studies.doctor.texts import TEXTS


class FailingReference(ToyReference):
    """A reference that raises.

    Args:
        error: What.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.variants = ("right",)
        self._error = error

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> Vector:
        raise self._error


def test_a_healthy_server_is_well_and_named_with_its_reference() -> None:
    _, (found,) = examine(serve(healthy), PROBE, reference=ToyReference())
    assert (found.status, found.cause) == ("ok", "")
    assert "the toy" in found.says
    assert found.numbers["texts"] == len(TEXTS)
    assert found.numbers["cosine_min"] == pytest.approx(1, abs=1e-6)


def test_a_missing_end_token_is_named_with_numbers_and_a_mend() -> None:
    no_end = serve(lambda call: [vector_of(text, DIM) for text in call.texts])
    evidence, (found,) = examine(no_end, PROBE, reference=ToyReference())
    assert (found.status, found.cause) == ("fail", "end_token_missing")
    assert "all 16 texts match the variant 'no_end' (smallest cosine 1.00000" in found.says
    assert "<|endoftext|>" in found.mend
    assert evidence.ended is None, "weights have the variant: nothing need be asked"


def test_without_a_reference_it_cannot_be_told_and_how_to_get_one_is() -> None:
    _, (found,) = examine(serve(healthy), PROBE)
    assert (found.status, found.cause) == ("unknown", "nothing_to_compare")
    assert all(word in found.mend for word in ("--reference", "--against", "--save"))


def test_texts_without_a_vector_are_left_out_of_the_comparison() -> None:
    def one_null(server: FaultServer, call: Call) -> Reply:
        if TEXTS[5] in call.texts:
            return as_json({"data": [{"index": 0, "embedding": None}]})
        return serve(healthy)(server, call)

    _, (found,) = examine(one_null, PROBE, reference=ToyReference())
    assert found.status == "ok"
    assert found.numbers["texts"] == len(TEXTS) - 1


def test_with_hardly_a_vector_nothing_is_said() -> None:
    def nulls(server: FaultServer, call: Call) -> Reply:
        if call.texts[0] in TEXTS:
            return as_json({"data": [{"index": 0, "embedding": None}]})
        return serve(healthy)(server, call)

    _, (found,) = examine(nulls, PROBE, reference=ToyReference())
    assert found.status == "unknown"


def test_another_models_vectors_are_named() -> None:
    other = serve(lambda call: [right(f"other {text}") for text in call.texts])
    _, (found,) = examine(other, PROBE, reference=ToyReference())
    assert (found.status, found.cause) == ("fail", "another_model")


def test_a_reference_that_fails_is_said_and_blames_nobody() -> None:
    reference = FailingReference(EndpointError("nothing listens at the other one"))
    _, (found,) = examine(serve(healthy), PROBE, reference=reference)
    assert (found.status, found.cause) == ("unknown", "reference_fails")
    assert "nothing listens at the other one" in found.says


def test_a_cancel_in_the_reference_ends_the_examination() -> None:
    with pytest.raises(Cancelled):
        examine(serve(healthy), PROBE, reference=FailingReference(Cancelled(0, 16)))


def test_the_most_usual_width_is_compared() -> None:
    def one_short(call: Call) -> list[Vector]:
        rows = [right(text) for text in call.texts]
        return [rows[0][:8]] if list(call.texts) == [TEXTS[2]] else rows

    _, (found,) = examine(serve(one_short), PROBE, reference=ToyReference())
    assert found.status == "ok"
    assert found.numbers["dim"] == DIM
    assert found.numbers["texts"] == len(TEXTS) - 1
