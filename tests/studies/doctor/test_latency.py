"""How long answers took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from workbench.contracts import Answer, Ask, Attempt, Opening
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.latency import PROBE, find_interval, find_quantile


def answered(*seconds: float, texts: int = 1) -> list[Answer]:
    rows = np.ones((texts, 2), np.float32)
    ask = Ask(("text",) * texts)
    return [Answer(ask, "vectors", vectors=rows, seconds=each) for each in seconds]


def opened(seconds: float) -> Opening:
    url = "http://127.0.0.1:1/v1"
    return Opening(url, url, (Attempt(url, answered(seconds)[0]),), "model")


def test_the_median_the_tail_and_the_first_call_are_told_apart() -> None:
    evidence = Evidence(opened(0.9), alone=answered(*(0.01 * n for n in range(1, 17))))
    evidence.batch = answered(0.16, texts=16)[0]
    finding = PROBE.judge(evidence)
    assert (finding.status, finding.cause) == ("ok", "")
    assert finding.numbers["median_s"] == pytest.approx(0.08)
    assert finding.numbers["p95_s"] == pytest.approx(0.16)
    assert finding.numbers["first_s"] == 0.9
    assert finding.numbers["batched_s"] == pytest.approx(0.01)
    assert "n = 16" in finding.evidence[0]


def test_one_call_of_many_medians_is_told() -> None:
    evidence = Evidence(opened(0.01), alone=answered(*[0.01] * 15, 5.0))
    finding = PROBE.judge(evidence)
    assert finding.status == "ok"
    assert "1 took over 10 times the median, 5.00 s at most" in finding.says


def test_refused_requests_have_no_latency() -> None:
    refused = [replace(answer, outcome="refusal") for answer in answered(9.0, 9.0)]
    evidence = Evidence(opened(0.01), alone=[*answered(0.01), *refused])
    assert PROBE.judge(evidence).numbers["n"] == 1
    assert PROBE.judge(Evidence(opened(0.01), alone=refused)).status == "unknown"


def test_a_quantile_is_one_of_the_times() -> None:
    assert find_quantile([1, 2, 3, 4], 0.5) == 2
    assert find_quantile([1, 2, 3, 4], 0.95) == 4
    assert find_quantile([1], 0.5) == 1


@pytest.mark.parametrize("n", [16, 40])
def test_the_interval_holds_the_true_median_as_often_as_it_says(n: int) -> None:
    rng = default_rng(0)
    samples = np.sort(rng.exponential(size=(4_000, n)), axis=1)
    bounds = [find_interval(list(sample), 0.5) for sample in samples]
    held = np.mean([low <= np.log(2) <= high for low, high in bounds])
    assert 0.945 < held < 0.985


def test_few_times_have_the_widest_interval() -> None:
    assert find_interval([1, 2, 3], 0.5) == (1, 3)
