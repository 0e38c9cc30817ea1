"""Overlap of neighbours and what a map keeps, counted by hand and by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from workbench.errors import InputError
from workbench.maths import map_neighbours, neighbour_overlap, preservation


def test_overlap_counts_shared_neighbours_in_any_order() -> None:
    before, after = [[1, 2, 3], [0, 2, 3]], [[3, 1, 9], [4, 5, 6]]
    np.testing.assert_allclose(neighbour_overlap(before, after), [2 / 3, 0])


def test_neighbours_of_different_number_are_not_compared() -> None:
    with pytest.raises(InputError, match=r"\(1, 2\).*\(1, 1\)"):
        neighbour_overlap([[1, 2]], [[1]])


def test_without_neighbours_nothing_is_lost() -> None:
    assert neighbour_overlap(np.empty((1, 0)), np.empty((1, 0))).tolist() == [1.0]


def test_map_neighbours_are_those_of_sklearn() -> None:
    points = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    _, expected = NearestNeighbors(n_neighbors=6).fit(points).kneighbors()
    assert np.array_equal(map_neighbours(points, 6), expected)


def test_map_neighbours_far_from_the_origin_are_still_told_apart() -> None:
    points = np.array([[1000, 0], [1000.01, 0], [1000.03, 0]], dtype=np.float32)
    assert map_neighbours(points, 1).tolist() == [[1], [0], [1]]


def test_a_map_that_shows_the_angles_keeps_every_neighbour() -> None:
    angles = np.sort(np.random.default_rng(0).uniform(0, 1, size=60))
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    assert preservation(vectors, vectors, 5).tolist() == [1.0] * 60


def test_preservation_counts_true_neighbours_by_hand() -> None:
    angles = np.array([0.0, 0.1, 1.0, 1.2])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    swapped = [[0.0, 0.0], [1.2, 0.0], [1.0, 0.0], [0.1, 0.0]]
    # nearest by cosine: 0-1, 1-0, 2-3, 3-2; on the map: 0-3, 1-2, 2-1, 3-0
    assert preservation(vectors, swapped, 1).tolist() == [0, 0, 0, 0]
    assert preservation(vectors, vectors, 1).tolist() == [1, 1, 1, 1]


def test_a_random_map_keeps_the_share_that_chance_gives() -> None:
    rng = np.random.default_rng(0)
    kept = preservation(rng.normal(size=(1000, 32)), rng.normal(size=(1000, 2)), 10)
    assert kept.mean() == pytest.approx(10 / 999, abs=0.004)


def test_a_map_is_not_blamed_for_how_a_tie_was_broken() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)  # 4 groups of 5 equal texts
    points = vectors[:, :2] * 10 + vectors[:, 2:3] * 5
    points = points + np.random.default_rng(0).normal(scale=0.01, size=points.shape)
    assert preservation(vectors, points, 2).mean() == 1


def test_known_cosines_save_the_search_and_change_nothing() -> None:
    from workbench.maths import neighbours

    rng = np.random.default_rng(0)
    vectors, points = rng.normal(size=(200, 8)), rng.normal(size=(200, 2))
    _, scores = neighbours(vectors, 14)
    assert np.array_equal(
        preservation(vectors, points, 10), preservation(vectors, points, 10, scores=scores)
    )


@pytest.mark.parametrize("n", [0, 1])
def test_without_other_points_everything_is_kept(n: int) -> None:
    assert preservation(np.ones((n, 3)), np.zeros((n, 2)), 5).tolist() == [1.0] * n


def test_a_map_of_other_texts_is_refused() -> None:
    with pytest.raises(InputError, match=r"3 vectors.*2 points"):
        preservation(np.eye(3), np.zeros((2, 2)), 1)
