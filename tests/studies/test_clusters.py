"""Groups that are there are found; groups that are not are not invented."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from workbench.studies import cluster_texts
from workbench.studies.clusters import SAMPLE, silhouettes


@pytest.mark.parametrize("n", [40, 400, SAMPLE + 500])
def test_separate_groups_are_found(n: int) -> None:
    rng = np.random.default_rng(0)
    member = rng.integers(0, 5, size=n)
    vectors = rng.normal(size=(5, 32))[member] + 0.3 * rng.normal(size=(n, 32))
    assert adjusted_rand_score(member, cluster_texts(vectors)) == 1


def test_noise_has_no_groups() -> None:
    assert set(cluster_texts(np.random.default_rng(0).normal(size=(300, 384)))) == {-1}


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_equal_or_few_texts_have_no_groups(n: int) -> None:
    assert cluster_texts(np.ones((n, 4))).tolist() == [-1] * n


def test_the_largest_group_comes_first_and_a_lone_text_is_in_none() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(8)[[0] * 3 + [1] * 6 + [2] * 1]
    groups = cluster_texts(centres + 0.01 * rng.normal(size=(10, 8)))
    assert groups.tolist() == [1] * 3 + [0] * 6 + [-1]


def test_silhouettes_are_those_of_sklearn() -> None:
    rng = np.random.default_rng(0)
    points, groups = rng.normal(size=(40, 3)), rng.integers(0, 4, size=40)
    groups[groups == 3] = 2
    groups[0] = 3  # alone
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    expected = silhouette_samples(distances, groups, metric="precomputed")
    np.testing.assert_allclose(silhouettes(distances, groups), expected, atol=1e-9)
