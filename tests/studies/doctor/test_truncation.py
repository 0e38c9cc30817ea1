"""Long texts: cut without a word, refused, or the end of the server."""

from __future__ import annotations

import numpy as np
import pytest

from tests.embedders.remote.fault_server import (
    MODEL,
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    tokens_of,
    vector_of,
)
from tests.studies.doctor.toys import (
    DIM,
    END,
    ToyReference,
    Vector,
    cut,
    drift,
    examine,
    healthy,
    right,
    serve,
)
from workbench.contracts import Finding
from workbench.studies.doctor import batching, stability, truncation
from workbench.studies.doctor.cutting import find_limit
from workbench.studies.doctor.truncation import PROBE


def find(fault: Fault, reference: ToyReference | None = None, *, deep: bool = False) -> Finding:
    _, (finding,) = examine(fault, PROBE, reference=reference, deep=deep)
    return finding


def cutting(tokens: int) -> Fault:
    """Cuts to so many tokens, the end token included."""
    return serve(lambda call: [right(cut(text, tokens - 1)) for text in call.texts])


def losing(tokens: int) -> Fault:
    """Cuts to so many tokens after the end token was put behind them."""

    def row(text: str) -> Vector:
        whole = tokens_of(text) <= tokens
        return right(text) if whole else vector_of(cut(text, tokens), DIM)

    return serve(lambda call: [row(text) for text in call.texts])


def refusing(tokens: int, words: str | None = None, status: int = 400) -> Fault:
    """Refuses more than so many tokens, in a server's own words."""

    def answer(server: FaultServer, call: Call) -> Reply:
        if max(map(tokens_of, call.texts)) > tokens:
            told = words or "the input exceeds the context"
            return as_json({"error": {"message": told}}, status=status)
        return serve(healthy)(server, call)

    return answer


def test_a_server_that_takes_long_texts_whole_is_well() -> None:
    evidence, (finding,) = examine(serve(healthy), PROBE, reference=ToyReference(32_768))
    assert (finding.status, finding.cause) == ("ok", "")
    assert finding.numbers["longest"] > 2_000
    assert len(evidence.cuts) == 7


@pytest.mark.parametrize("tokens", [64, 129, 256, 512])
def test_where_it_cuts_is_found_to_the_token(tokens: int) -> None:
    finding = find(cutting(tokens), ToyReference(32_768))
    assert finding.cause == "cut_silently"
    assert (finding.numbers["low"], finding.numbers["high"]) == (tokens - 1, tokens)
    assert f"longer than {tokens} tokens is cut" in finding.says


def test_a_cut_below_a_usual_chunk_is_a_fault_and_a_later_one_a_warning() -> None:
    assert find(cutting(64), ToyReference(32_768)).status == "fail"
    assert find(cutting(1_024), ToyReference(32_768)).status == "warn"


def test_a_cut_at_the_model_s_own_limit_is_told() -> None:
    finding = find(cutting(512), ToyReference(512))
    assert (finding.status, finding.cause) == ("warn", "cut_silently")
    assert "the model's own limit" in finding.says
    assert any("cut text with its end token" in line for line in finding.evidence)


def test_the_end_token_that_is_cut_away_is_named() -> None:
    finding = find(losing(512), ToyReference(512))
    assert (finding.status, finding.cause) == ("warn", "end_token_lost_by_cut")


def test_an_end_token_that_never_was_is_no_matter_of_cutting() -> None:
    fault = serve(lambda call: [vector_of(cut(text, 512), DIM) for text in call.texts])
    assert find(fault, ToyReference(512)).cause == "cut_silently"


def test_a_cut_is_told_without_a_reference() -> None:
    finding = find(cutting(100))
    assert (finding.status, finding.cause) == ("warn", "cut_silently")
    assert "about 100 tokens" in finding.says
    assert any("counted by the server" in line for line in finding.evidence)


def test_closing_in_on_a_far_limit_stays_within_its_share() -> None:
    evidence, (finding,) = examine(cutting(1_500), PROBE, reference=ToyReference(32_768))
    low, high = finding.numbers["low"], finding.numbers["high"]
    assert low < 1_500 <= high
    assert high - low <= 100
    sent = sum(len(cut.short.ask.texts[0]) for cut in evidence.cuts)
    assert sent < 75_000  # characters: some 11,000 words


@pytest.mark.parametrize("tokens", [1_250, 1_900])
def test_a_far_limit_that_is_not_said_is_bracketed(tokens: int) -> None:
    evidence, (finding,) = examine(refusing(tokens), PROBE, reference=ToyReference(32_768))
    low, high = find_limit(evidence)
    assert low <= tokens < high
    assert high - low <= 250
    assert f"{low:,} to {high:,} tokens are refused" in finding.says


def test_characters_are_not_taken_for_tokens() -> None:
    def counted(server: FaultServer, call: Call) -> Reply:
        rows = [right(cut(text, 99)) for text in call.texts]
        data = [{"index": i, "embedding": row.tolist()} for i, row in enumerate(rows)]
        characters = sum(map(len, call.texts))
        return as_json({"data": data, "model": MODEL, "usage": {"prompt_tokens": characters}})

    finding = find(counted)
    assert any("counted by an estimate" in line for line in finding.evidence)
    assert 80 < finding.numbers["high"] < 160


def test_a_model_that_sees_its_first_token_only_is_no_matter_of_length() -> None:
    fault = serve(lambda call: [right(cut(text, 1)) for text in call.texts])
    assert find(fault, ToyReference(512)).cause == "first_token_only"


def test_drift_between_calls_hides_no_cut() -> None:
    def drifting(call: Call) -> list[Vector]:
        return [drift(right(cut(t, 199)), f"{t}{call.number}", 1e-4) for t in call.texts]

    _, (again, finding) = examine(
        serve(drifting), stability.PROBE, PROBE, reference=ToyReference(32_768)
    )
    assert again.status == "ok"
    assert finding.cause == "cut_silently"
    assert finding.numbers["high"] == 200


def test_a_cache_by_the_beginning_is_not_told_as_a_cut() -> None:
    known: dict[str, Vector] = {}
    fault = serve(lambda call: [known.setdefault(t[:24], right(t)) for t in call.texts])
    _, (_, batch, finding) = examine(
        fault, stability.PROBE, batching.PROBE, PROBE, reference=ToyReference(512)
    )
    assert batch.cause == "cache"
    assert finding.status == "unknown"


TELLING = (
    "input (700 tokens) is too large to process. increase the physical batch size (current batch "
    "size: 512)"
)


def test_a_refusal_below_the_model_s_length_is_a_warning_with_its_number() -> None:
    evidence, (finding,) = examine(
        refusing(512, TELLING, 500), PROBE, reference=ToyReference(32_768)
    )
    assert (finding.status, finding.cause) == ("warn", "context_too_small")
    assert "above 512 tokens are refused, where the model takes 32,768" in finding.says
    assert len(evidence.cuts) == 5  # it said its limit: nothing more was asked


def test_a_limit_that_is_not_said_is_closed_in_on() -> None:
    evidence, (finding,) = examine(refusing(700), PROBE, reference=ToyReference(32_768))
    assert finding.cause == "context_too_small"
    assert 690 <= finding.numbers["limit"] <= 700
    assert len(evidence.cuts) <= 6 + truncation.STEPS


def test_a_refusal_at_the_model_s_own_limit_is_right() -> None:
    finding = find(refusing(512), ToyReference(512))
    assert (finding.status, finding.cause) == ("ok", "")
    assert "the model's own limit" in finding.says


def test_the_first_error_ends_the_asking() -> None:
    evidence, (finding,) = examine(
        refusing(300, "boom", 500), PROBE, reference=ToyReference(32_768)
    )
    assert (finding.status, finding.cause) == ("fail", "long_texts_fail")
    assert evidence.cuts[-1].short.kind == "fault"
    assert sum(cut.short.outcome == "refusal" for cut in evidence.cuts) == 1


def test_nan_in_long_texts_is_a_fault() -> None:
    def overflowing(call: Call) -> list[Vector]:
        bad = np.full(DIM, np.nan, np.float32)
        return [bad if tokens_of(text) > 64 else right(text) for text in call.texts]

    finding = find(serve(overflowing), ToyReference(32_768))
    assert (finding.status, finding.cause) == ("fail", "long_texts_unusable")


@pytest.mark.parametrize("deep", [False, True], ids=["usual", "deep"])
def test_texts_grow_to_just_above_what_is_known(deep: bool) -> None:
    evidence, _ = examine(serve(healthy), PROBE, reference=ToyReference(1_000), deep=deep)
    lengths = [cut.tokens for cut in evidence.cuts]
    assert lengths[:6] == [24, 48, 96, 192, 384, 768]
    assert 1_000 < lengths[6] < 1_100
    assert len(lengths) == 7


def test_a_deep_look_goes_to_the_model_s_whole_length() -> None:
    finding = find(cutting(3_000), ToyReference(4_096), deep=True)
    assert finding.cause == "cut_silently"
    assert abs(finding.numbers["high"] - 3_000) <= 40


def test_the_ends_are_wholly_different() -> None:
    evidence, _ = examine(serve(healthy), PROBE)
    for pair in evidence.cuts:
        short, long = pair.short.ask.texts[0], pair.long.ask.texts[0]
        assert short != long
        assert END not in short
        assert len(long) > len(short)
