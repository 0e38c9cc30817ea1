"""Requests that name a width."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.toys import DIM, Vector, examine, healthy, right, serve
from workbench.contracts import Finding
from workbench.studies.doctor.dimensions import PROBE


def find(fault: Fault) -> Finding:
    evidence, (finding,) = examine(fault, PROBE)
    assert len(evidence.narrow) <= 4
    return finding


def narrowed(cut: Callable[[Vector, int], Vector]) -> Fault:
    """Vectors cut in such a way where a width is asked for."""

    def rows(call: Call) -> list[Vector]:
        width = call.asked.get("dimensions")
        whole = healthy(call)
        return whole if width is None else [cut(row, width) for row in whole]

    return serve(rows)


def unit(vector: Vector) -> Vector:
    found: Vector = vector / np.linalg.norm(vector)
    return found


CUTS: dict[str, tuple[Callable[[Vector, int], Vector], str, str]] = {
    "right": (lambda row, width: unit(row[:width]), "ok", ""),
    "half precision": (
        lambda row, width: unit(row[:width]).astype(np.float16).astype(np.float32),
        "ok",
        "",
    ),
    "not normalised": (lambda row, width: row[:width], "warn", "dimensions_not_normalised"),
    "ignored": (lambda row, _: row, "warn", "dimensions_ignored"),
    "the last ones": (lambda row, width: unit(row[-width:]), "fail", "dimensions_wrong"),
    "one less": (lambda row, width: unit(row[: width - 1]), "fail", "dimensions_wrong"),
}


@pytest.mark.parametrize(("cut", "status", "cause"), CUTS.values(), ids=CUTS)
def test_what_becomes_of_a_width_is_named(
    cut: Callable[[Vector, int], Vector], status: str, cause: str
) -> None:
    finding = find(narrowed(cut))
    assert (finding.status, finding.cause) == (status, cause)


def test_the_norms_are_told() -> None:
    finding = find(narrowed(CUTS["not normalised"][0]))
    assert finding.numbers["norm_min"] < 0.7
    assert "norm down to 0." in finding.says
    assert any(f"{DIM // 2} asked for: {DIM // 2} came" in line for line in finding.evidence)


def test_a_refusal_is_right_and_says_whether_the_full_width_is_refused_too() -> None:
    def refused(server: FaultServer, call: Call) -> Reply:
        if "dimensions" in call.asked:
            words = "Model does not support matryoshka representation"
            return as_json({"object": "error", "message": words}, status=400)
        return serve(healthy)(server, call)

    finding = find(refused)
    assert (finding.status, finding.cause) == ("ok", "")
    assert "cut the vectors yourself" in finding.says
    assert sum("matryoshka" in line for line in finding.evidence) == 2
    assert finding.evidence[1].startswith(f"the full {DIM}:")


def test_an_error_of_the_server_is_no_refusal() -> None:
    def broken(server: FaultServer, call: Call) -> Reply:
        if "dimensions" in call.asked:
            return as_json({"error": {"message": "index out of range"}}, status=500)
        return serve(healthy)(server, call)

    evidence, (finding,) = examine(broken, PROBE)
    assert (finding.status, finding.cause) == ("warn", "dimensions_fail")
    assert len(evidence.narrow) == 1


def test_vectors_that_never_were_normalised_are_not_blamed_on_the_width() -> None:
    def large(call: Call) -> list[Vector]:
        width = call.asked.get("dimensions")
        return [8 * right(text)[:width] for text in call.texts]

    assert find(serve(large)).status == "ok"
