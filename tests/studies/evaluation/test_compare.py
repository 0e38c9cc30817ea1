"""Differences from paired draws: separable where they are, and not where they are noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.studies.evaluation import tasks as made
from tests.studies.evaluation.tasks import SOURCE, NoiseEmbedder
from workbench.contracts import Bitext
from workbench.studies.evaluation import compare_embedders, run_evaluation

N = 120
TEXTS = Bitext(
    "bitext", tuple(f"text {at}" for at in range(N)), tuple(f"Text {at}" for at in range(N)), SOURCE
)


def half_right(seed: int, share: float) -> NoiseEmbedder:
    """Gives about that share of the pairs one vector, and noise to the others."""
    generator = np.random.default_rng(seed)
    table = {}
    for a, b in zip(TEXTS.a, TEXTS.b, strict=True):
        if generator.random() < share:
            table[a] = table[b] = generator.normal(size=8).tolist()
    return NoiseEmbedder(seed=seed, table=table)


def test_embedders_of_noise_are_not_separable() -> None:
    embedders = {str(seed): half_right(seed, 0.5) for seed in range(3)}
    evaluation = run_evaluation(embedders, [TEXTS], draws=500)
    assert [(d.first, d.second) for d in evaluation.differences] == [
        ("0", "1"),
        ("0", "2"),
        ("1", "2"),
    ]
    for difference in evaluation.differences:
        assert difference.verdict == "not separable"
        assert difference.interval is not None
        assert difference.interval.low <= 0 <= difference.interval.high


def test_a_clear_difference_is_said_in_its_direction() -> None:
    embedders = {"weak": half_right(0, 0.2), "strong": half_right(1, 0.9)}
    (difference,) = run_evaluation(embedders, [TEXTS], draws=500).differences
    assert difference.verdict == "lower"
    assert difference.value < -0.4
    assert difference.interval is not None
    assert difference.interval.low < difference.value < difference.interval.high < 0
    assert difference.losses > difference.wins
    assert difference.wins + difference.losses + difference.ties == N


def test_one_embedder_twice_is_the_same() -> None:
    embedders = {"one": half_right(0, 0.5), "again": half_right(0, 0.5)}
    (difference,) = run_evaluation(embedders, [TEXTS], draws=200).differences
    assert (difference.verdict, difference.value) == ("the same", 0)
    assert (difference.wins, difference.losses, difference.ties) == (0, 0, N)


def test_pairing_makes_the_interval_of_like_embedders_narrower_than_unpaired_draws_would() -> None:
    like = half_right(0, 0.5)
    better = NoiseEmbedder(seed=0, table={**like.table, **dict.fromkeys(TEXTS.a[:2], [1.0] * 8)})
    better.table = {**better.table, TEXTS.b[0]: [1.0] * 8, TEXTS.b[1]: [1.0] * 8}
    evaluation = run_evaluation({"like": like, "better": better}, [TEXTS], draws=1_000)
    a, b = (embedder.tasks[0].main for embedder in evaluation.embedders)
    unpaired = a.draws - b.draws[::-1]
    paired = evaluation.differences[0].interval
    assert paired is not None
    assert paired.high - paired.low < 0.5 * np.ptp(np.quantile(unpaired, [0.025, 0.975]))


def test_draws_are_paired_over_every_kind_of_task() -> None:
    embedders = {"a": NoiseEmbedder(seed=1), "b": NoiseEmbedder(seed=1)}
    evaluation = run_evaluation(embedders, made.all_kinds(), draws=100)
    assert {difference.verdict for difference in evaluation.differences} == {"the same"}
    assert len(evaluation.differences) == 7


def test_wins_are_not_counted_where_the_score_is_no_mean_over_items() -> None:
    embedders = {"a": NoiseEmbedder(seed=1), "b": NoiseEmbedder(seed=2)}
    (difference,) = run_evaluation(embedders, [made.sts()], draws=100).differences
    assert (difference.wins, difference.losses, difference.ties) == (-1, -1, -1)


def test_a_task_that_one_embedder_lost_is_not_compared() -> None:
    embedders = {"a": NoiseEmbedder(seed=1), "b": NoiseEmbedder(seed=2)}
    first, second = run_evaluation(embedders, [made.sts(), made.pairs()], draws=100).embedders
    found = compare_embedders([first, replace(second, tasks=second.tasks[1:])])
    assert [difference.task for difference in found] == ["pairs"]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_below_six_items_nothing_is_separable(n: int) -> None:
    task = Bitext("few", TEXTS.a[:n], TEXTS.b[:n], SOURCE)
    embedders = {"right": half_right(0, 1), "wrong": half_right(1, 0)}
    (difference,) = run_evaluation(embedders, [task], draws=100).differences
    assert (difference.interval is None) == (n < 2)
    assert difference.verdict in ("not separable", "the same")
