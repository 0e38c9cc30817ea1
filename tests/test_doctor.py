"""wb.diagnose: what it is held against, what it refuses before it asks, what it keeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from workbench.doctor import DEEP, USUAL, plan_words
from workbench.embedders import reference_for
from workbench.engines import TeachingServer, serve_wrongly
from workbench.studies.doctor.render import to_json

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SECRET = "sk-not-to-be-seen-anywhere"


@pytest.fixture(scope="module")
def bundled() -> wb.Embedder:
    return wb.load("bundled")


@pytest.fixture(scope="module")
def right(bundled: wb.Embedder) -> Iterator[TeachingServer]:
    with serve_wrongly(bundled, model=MINILM) as server:
        yield server


def test_weights_that_lie_here_are_the_reference_by_the_models_name(right: TeachingServer) -> None:
    diagnosis = wb.diagnose(right.base_url, model=MINILM)
    parity = diagnosis.find("parity")
    assert parity is not None
    assert parity.status == "ok"
    assert f"the weights of {MINILM}" in diagnosis.reference
    assert diagnosis.status in ("ok", "warn"), diagnosis.verdict


def test_a_reference_that_was_made_before_is_used_as_it_is(
    bundled: wb.Embedder, right: TeachingServer
) -> None:
    reference = reference_for(bundled)
    diagnosis = wb.diagnose(right.base_url, model=MINILM, reference=reference)
    assert diagnosis.reference == reference.label
    parity = diagnosis.find("parity")
    assert parity is not None
    assert parity.status == "ok"


def test_without_anything_to_compare_it_could_not_tell(right: TeachingServer) -> None:
    diagnosis = wb.diagnose(right.base_url, model=MINILM, reference="none")
    assert (diagnosis.status, diagnosis.cause) == ("unknown", "nothing_to_compare")
    assert diagnosis.exit_code == 3
    assert "--reference" in diagnosis.verdict


def test_a_fault_is_the_verdict_and_findings_are_told_as_they_come(bundled: wb.Embedder) -> None:
    told: list[wb.Finding] = []
    with serve_wrongly(bundled, "rows_reversed", model=MINILM) as server:
        diagnosis = wb.diagnose(server.base_url, model=MINILM, tell=told.append)
    assert (diagnosis.cause, diagnosis.exit_code) == ("order_reversed", 2)
    assert tuple(told) == diagnosis.findings


def test_vectors_kept_yesterday_show_what_changed_since(
    bundled: wb.Embedder, right: TeachingServer, tmp_path: Path
) -> None:
    golden = tmp_path / "golden.json"
    kept = wb.diagnose(right.base_url, model=MINILM, save=golden).find("golden")
    assert kept is not None
    assert kept.status == "ok"
    again = wb.diagnose(right.base_url, model=MINILM, against=golden)
    assert again.status in ("ok", "warn"), again.verdict
    assert "golden file" in again.reference
    with serve_wrongly(bundled, "half_the_width", model=MINILM) as server:
        assert wb.diagnose(server.base_url, model=MINILM, against=golden).cause == "sliced"


def test_two_endpoints_are_held_against_each_other(
    bundled: wb.Embedder, right: TeachingServer
) -> None:
    with serve_wrongly(bundled, model=MINILM) as other:
        diagnosis = wb.diagnose(right.base_url, model=MINILM, against=f"{other.base_url}#{MINILM}")
    assert diagnosis.status in ("ok", "warn"), diagnosis.verdict
    assert other.base_url in diagnosis.reference


def test_vectors_that_change_are_not_kept_and_the_diagnosis_is_not_lost(
    bundled: wb.Embedder, tmp_path: Path
) -> None:
    golden = tmp_path / "golden.json"
    with serve_wrongly(bundled, "careless_cache", model=MINILM) as server:
        diagnosis = wb.diagnose(server.base_url, model=MINILM, save=golden)
    kept = diagnosis.find("golden")
    assert kept is not None
    assert (kept.status, kept.cause) == ("warn", "golden_not_kept")
    assert not golden.exists()
    assert diagnosis.cause == "cache"


def test_a_known_warning_does_not_count(bundled: wb.Embedder) -> None:
    with serve_wrongly(bundled, "not_normalized", model=MINILM) as server:
        plain = wb.diagnose(server.base_url, model=MINILM)
        warned = {finding.probe for finding in plain.findings if finding.status == "warn"}
        known = wb.diagnose(server.base_url, model=MINILM, accept=warned)
    assert (plain.status, plain.exit_code) == ("warn", 1)
    assert (known.status, known.exit_code) == ("ok", 0)
    assert known.accepted == tuple(sorted(warned))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reference": "bundled", "against": "golden.json"}, "Pass one"),
        ({"accept": ["dimension"]}, "no probe. Known: reach, path"),
        ({"save": "no/such/folder/golden.json"}, "folder that is not there"),
        ({"against": "no-such-file.json"}, "no-such-file.json"),
        ({"reference": "lexical"}, "cannot be held against"),
    ],
    ids=["both", "accept", "folder", "file", "lexical"],
)
def test_what_cannot_be_used_is_refused_before_anything_is_asked(
    arguments: dict[str, object], words: str
) -> None:
    nobody = "http://127.0.0.1:9/v1"
    with pytest.raises(wb.InputError, match=words):
        wb.diagnose(nobody, model=MINILM, **arguments)  # type: ignore[arg-type]


def test_a_key_is_in_no_part_of_a_diagnosis(right: TeachingServer) -> None:
    diagnosis = wb.diagnose(right.base_url, model=MINILM, key=SECRET, reference="none")
    assert SECRET not in to_json(diagnosis)


def test_cancel_ends_it(right: TeachingServer) -> None:
    cancel = threading.Event()
    with pytest.raises(wb.Cancelled):
        wb.diagnose(right.base_url, model=MINILM, tell=lambda _: cancel.set(), cancel=cancel)


def test_it_stays_within_what_was_said(right: TeachingServer) -> None:
    spent = wb.diagnose(right.base_url, model=MINILM).spent
    assert spent.requests <= USUAL.requests < 201
    assert spent.tokens <= USUAL.tokens
    assert plan_words() == "at most 200 requests and 60,000 tokens"
    assert f"{DEEP.requests} requests" in plan_words(deep=True)
