"""Average precision, AUC and thresholds against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from workbench.errors import InputError
from workbench.maths.detection import (
    Aim,
    auc,
    average_precision,
    best_score,
    best_threshold,
)
from workbench.maths.intervals import draw_items


def tied_items(seed: int, n: int = 50) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.random(n) < 0.3
    return labels, np.round(generator.normal(size=n) + labels, 1)  # many equal scores


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_and_auc_equal_scikit_learn_with_ties(seed: int) -> None:
    labels, scores = tied_items(seed)
    expected = metrics.average_precision_score(labels, scores)
    assert average_precision(labels, scores)[0] == pytest.approx(expected, abs=1e-12)
    assert auc(labels, scores)[0] == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


def test_every_draw_equals_scikit_learn_on_the_items_drawn() -> None:
    labels, scores = tied_items(7)
    counts = np.concatenate(list(draw_items(len(labels), 25, seed=7)))
    found = average_precision(labels, scores, counts), auc(labels, scores, counts)
    for row, drawn in enumerate(counts.astype(int)):
        x, y = np.repeat(labels, drawn), np.repeat(scores, drawn)
        assert found[0][row] == pytest.approx(metrics.average_precision_score(x, y), abs=1e-12)
        assert found[1][row] == pytest.approx(metrics.roc_auc_score(x, y), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("aim", ["accuracy", "f1"])
def test_no_threshold_does_better_than_the_best(seed: int, aim: Aim) -> None:
    labels, scores = tied_items(seed)
    measure = metrics.accuracy_score if aim == "accuracy" else metrics.f1_score
    tried = [*np.unique(scores), scores.max() + 1]
    best = max(measure(labels, scores >= threshold) for threshold in tried)
    assert best_score(labels, scores, aim=aim)[0] == pytest.approx(best, abs=1e-12)
    threshold = best_threshold(labels, scores, aim=aim)
    assert measure(labels, scores >= threshold) == pytest.approx(best, abs=1e-12)


def test_where_wrong_pairs_score_highest_nothing_is_accepted() -> None:
    labels, scores = [True, False, False, False], [0.1, 0.2, 0.3, 0.4]
    assert best_threshold(labels, scores, aim="accuracy") > 0.4
    assert best_score(labels, scores, aim="accuracy")[0] == 0.75


def test_a_draw_without_a_right_item_has_no_precision() -> None:
    counts = np.array([[0.0, 3.0, 0.0]])
    assert np.isnan(average_precision([True, False, True], [3, 2, 1], counts)).all()
    assert np.isnan(auc([True, False, True], [3, 2, 1], counts)).all()


def test_a_score_that_is_no_number_is_named() -> None:
    with pytest.raises(InputError, match=r"scores\[1\] is nan"):
        average_precision([True, False], [0.5, float("nan")])


def test_labels_of_another_number_than_scores_are_refused() -> None:
    with pytest.raises(InputError, match="one of each is needed"):
        auc([True, False], [0.5])


@pytest.mark.parametrize("seed", range(3))
def test_only_the_order_of_scores_matters_and_turning_it_round_turns_auc_round(seed: int) -> None:
    labels, scores = tied_items(seed)
    bent = np.exp(3 * scores) - 5
    for measure in (average_precision, auc):
        assert measure(labels, bent)[0] == pytest.approx(measure(labels, scores)[0], abs=1e-12)
    assert auc(labels, -scores)[0] == pytest.approx(1 - auc(labels, scores)[0], abs=1e-12)
