"""The principal plane against scikit-learn's PCA, and pictures turned onto one another."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from workbench.maths.plane import principal_plane, turn_onto


@pytest.mark.parametrize(("n", "dim"), [(100, 8), (8, 100), (3, 2)])
def test_the_plane_is_that_of_sklearn_up_to_mirroring(n: int, dim: int) -> None:
    rows = np.random.default_rng(0).normal(size=(n, dim))
    points, share = principal_plane(rows)
    oracle = PCA(2).fit(rows)
    np.testing.assert_allclose(np.abs(points), np.abs(oracle.transform(rows)), atol=1e-4)
    assert share == pytest.approx(oracle.explained_variance_ratio_.sum(), abs=1e-5)


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_equal_vectors_are_one_point(n: int) -> None:
    points, share = principal_plane(np.full((n, 384), 0.05))
    assert points.tolist() == [[0, 0]] * n
    assert share == 1


def test_two_vectors_lie_on_the_first_axis_at_their_distance() -> None:
    points, share = principal_plane([[0.0, 0.0, 1.0], [0.0, 3.0, 5.0]])
    assert np.abs(points[:, 0]) == pytest.approx([2.5, 2.5], abs=1e-5)
    assert np.abs(points[:, 1]).max() < 1e-5
    assert share == pytest.approx(1)


def test_one_dimension_gives_a_second_axis_of_zeros() -> None:
    points, _ = principal_plane([[1.0], [2.0], [4.0]])
    assert points[:, 1].tolist() == [0, 0, 0]


def test_a_turned_mirrored_shifted_picture_is_turned_back() -> None:
    place = np.random.default_rng(0).normal(size=(20, 2))
    angle = 1.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    np.testing.assert_allclose(turn_onto(place @ turn + [3, -2], place), place, atol=1e-5)


def test_a_picture_is_never_stretched() -> None:
    place = np.random.default_rng(0).normal(size=(20, 2))
    turned = turn_onto(place, 5 * place)
    assert np.ptp(turned, axis=0) == pytest.approx(np.ptp(place, axis=0), abs=1e-4)


def test_points_without_a_reference_are_carried_along() -> None:
    place = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    reference = place[:, ::-1].copy()  # mirrored at the diagonal
    reference[3] = np.nan
    np.testing.assert_allclose(turn_onto(place, reference), place[:, ::-1], atol=1e-5)


def test_without_any_reference_the_picture_stays() -> None:
    place = np.array([[0.0, 1.0], [2.0, 3.0]], dtype=np.float32)
    assert np.array_equal(turn_onto(place, np.full((2, 2), np.nan)), place)
