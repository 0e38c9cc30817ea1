"""Without a reference, vectors are held against what is published of a known model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.embedders.remote.fault_server import FaultServer
from tests.studies.doctor.models_of_match import disturb
from tests.studies.doctor.toys import serve
from workbench.contracts import Budget, Finding
from workbench.embedders.remote.line import EndpointLine
from workbench.maths import normalize_rows
from workbench.studies.doctor.cards import DOCUMENTS, FIRST_VALUES, PUBLISHED, QUERIES, Published
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.parity import PROBE
from workbench.studies.doctor.published import hold_rows

GOLD = Path(__file__).parents[4] / "shared" / "gold" / "tei_qwen3_0.6b_vectors.json"
SMALL, LARGE = PUBLISHED
END = "<|endoftext|>"
Vector = NDArray[np.float32]


def make_rows(known: Published, scores: int = 0) -> dict[str, Vector]:
    """Vectors with the published cosines and first values, and nothing else of the model's."""
    axes = np.eye(known.dim, dtype=np.float64)[-4:]  # of d1, d2 and what is left of q1, q2
    made: dict[str, NDArray[np.float64]] = dict(zip(DOCUMENTS, axes[:2], strict=True))
    for query, row, own in zip(QUERIES, known.scores[scores], axes[2:], strict=True):
        near = np.array(row) @ axes[:2]
        made[query] = near + np.sqrt(1 - near @ near) * own
    for place, (text, first) in enumerate(known.first.items()):
        head = np.array(first)
        tail = np.random.default_rng(place).standard_normal(known.dim - len(head))
        tail *= np.sqrt(1 - head @ head) / np.linalg.norm(tail)
        made[text] = np.concatenate([head, tail])
    return {text: row.astype(np.float32) for text, row in made.items()}


def stray(text: str, dim: int) -> Vector:
    """(dim,) of no relation to the model's."""
    rng = np.random.default_rng(list(text.encode()))
    row: Vector = normalize_rows(rng.standard_normal((1, dim)))[0]
    return row


def probe(
    vector: Callable[[str], Vector], *, model: str = f"Qwen/{SMALL.name}", dim: int = 1024
) -> tuple[Evidence, Finding]:
    fault = serve(lambda call: [vector(text) for text in call.texts])
    with FaultServer(fault, dim=dim) as server:
        line = EndpointLine(server.base_url, model, budget=Budget(50, 50_000))
        try:
            evidence = Evidence(line.open())
            assert PROBE.ask is not None
            before = line.spent.requests
            PROBE.ask(line, evidence)
            assert line.spent.requests - before <= 2
            return evidence, PROBE.judge(evidence)
        finally:
            line.close()


@pytest.mark.parametrize("scores", [0, 1], ids=["float32", "vllm-bfloat16"])
def test_the_published_values_are_well(scores: int) -> None:
    rows = make_rows(SMALL, scores)
    _, found = probe(lambda text: rows.get(text, stray(text, 1024)))
    assert (found.status, found.cause) == ("ok", "")
    assert SMALL.name in found.says
    assert "model card" in found.source


def test_half_precision_beside_them_is_well() -> None:
    rows = make_rows(SMALL)
    for seed in range(20):
        given = np.stack([rows[text] for text in SMALL.texts])
        assert hold_rows(disturb(given, 5e-4, seed), SMALL).fits


def test_the_larger_models_scores_are_known_too() -> None:
    rows = make_rows(LARGE)
    name = f"Qwen/{LARGE.name}"
    _, found = probe(lambda text: rows.get(text, stray(text, 4096)), model=name, dim=4096)
    assert found.status == "ok"


def test_a_missing_end_token_is_named_where_appending_it_makes_the_values_right() -> None:
    rows = make_rows(SMALL)

    def no_end(text: str) -> Vector:
        bare = text.removesuffix(END)
        return rows[bare] if text.endswith(END) and bare in rows else stray(text, 1024)

    _, found = probe(no_end)
    assert (found.status, found.cause) == ("fail", "end_token_missing")
    assert "append" in found.mend


def test_a_slice_of_the_values_is_named() -> None:
    rows = {text: np.roll(row, 4) for text, row in make_rows(SMALL).items() if text in QUERIES}
    rows |= {text: np.roll(row, 4) for text, row in make_rows(SMALL).items() if text in DOCUMENTS}
    rows |= {text: row for text, row in make_rows(SMALL).items() if text in FIRST_VALUES}
    _, found = probe(lambda text: rows.get(text, stray(text, 1024))[:256], dim=256)
    assert (found.status, found.cause) == ("fail", "sliced")
    assert "256 of 1024" in found.says


def test_other_vectors_of_that_width_are_missed_and_no_cause_is_made_up() -> None:
    _, found = probe(lambda text: stray(text, 1024))
    assert (found.status, found.cause) == ("fail", "published_values_missed")
    assert "--reference" in found.mend
    assert found.confidence == 0.5


def test_other_vectors_of_another_width_are_another_models() -> None:
    _, found = probe(lambda text: stray(text, 384), dim=384)
    assert (found.status, found.cause) == ("fail", "another_model")


def test_right_scores_with_wrong_first_values_are_not_well() -> None:
    rows = make_rows(SMALL) | {text: stray(text, 1024) for text in FIRST_VALUES}
    _, found = probe(lambda text: rows.get(text, stray(text, 1024)))
    assert found.cause == "published_values_missed"


def test_a_model_of_which_nothing_is_published_is_asked_for_nothing() -> None:
    evidence, found = probe(lambda text: stray(text, 1024), model="Qwen/Qwen3-Embedding-4B")
    assert evidence.card == []
    assert (found.status, found.cause) == ("unknown", "nothing_to_compare")


def test_the_first_values_are_those_of_the_snapshot() -> None:
    if not GOLD.exists():
        pytest.skip("the snapshot's vectors are not beside this checkout (shared/gold)")
    gold = json.loads(GOLD.read_text("utf-8"))
    rows = dict(zip(gold["texts"], normalize_rows(np.array(gold["float32_cpu"])), strict=True))
    assert set(FIRST_VALUES) <= set(rows)
    for text, first in FIRST_VALUES.items():
        np.testing.assert_allclose(rows[text][: len(first)], first, atol=1e-6)
