"""The map: repeatable, faithful, still where nothing changed, sensible for few texts."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

from workbench.contracts import Progress
from workbench.errors import Cancelled, InputError
from workbench.maths import preservation
from workbench.studies import Projection, carry_over, project


def grouped(
    n: int, groups: int = 6, dim: int = 64, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    member = rng.integers(0, groups, size=n)
    centres = rng.normal(size=(groups, dim))
    return (centres[member] + 0.7 * rng.normal(size=(n, dim))).astype(np.float32), member


def map_size(projection: Projection) -> float:
    """Root mean square distance of the points from their middle."""
    points = projection.points
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean()))


def displacement(before: Projection, after: Projection) -> float:
    """Median way of a point, in sizes of the map before."""
    moved = np.linalg.norm(after.points - before.points, axis=1)
    return float(np.median(moved)) / map_size(before)


def test_the_same_seed_draws_the_same_map() -> None:
    vectors, _ = grouped(120)
    first, second = project(vectors), project(vectors)
    assert first.method == "umap"
    assert np.array_equal(first.points, second.points)


def test_another_seed_draws_another_map() -> None:
    vectors, _ = grouped(120)
    assert not np.array_equal(project(vectors).points, project(vectors, seed=1).points)


def test_groups_in_the_vectors_are_groups_on_the_map() -> None:
    vectors, member = grouped(200)
    points = project(vectors).points
    half = np.arange(200) % 2 == 0
    told = KNeighborsClassifier(3).fit(points[half], member[half]).predict(points[~half])
    assert adjusted_rand_score(member[~half], told) == 1


def test_umap_keeps_more_neighbours_than_pca_and_far_more_than_chance() -> None:
    vectors, _ = grouped(200)
    umap, pca = project(vectors), project(vectors, method="pca")
    assert umap.preservation.mean() > pca.preservation.mean()
    assert umap.preservation.mean() > 5 * 10 / 199
    assert umap.preservation_k == 10


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_up_to_three_texts_are_drawn_exactly_without_umap(n: int) -> None:
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0]], dtype=np.float32)[:n]
    projection = project(vectors)
    assert projection.method == "pca"
    assert "PCA, which is exact" in projection.notes[0]
    assert projection.points.shape == (n, 2)
    true = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    drawn = np.linalg.norm(projection.points[:, None] - projection.points[None], axis=2)
    scale = drawn.max() / true.max() if n > 1 else 1
    np.testing.assert_allclose(drawn, scale * true, atol=1e-4)


@pytest.mark.parametrize("n", [4, 5, 12])
def test_fewer_texts_than_n_neighbors_are_drawn_and_the_note_says_so(n: int) -> None:
    projection = project(grouped(n)[0], n_neighbors=15)
    assert np.isfinite(projection.points).all()
    assert projection.n_neighbors == n
    assert f"n_neighbors 15 is more than the {n} texts" in projection.notes[0]


@pytest.mark.parametrize("vectors", [np.ones((40, 8)), np.zeros((40, 8))], ids=["equal", "zero"])
def test_equal_vectors_are_drawn_without_falling_over(vectors: NDArray[np.float64]) -> None:
    projection = project(vectors)
    assert np.isfinite(projection.points).all()
    assert (projection.preservation == 1).all()


def test_doubles_lie_together() -> None:
    vectors, _ = grouped(60)
    vectors[1] = vectors[0]
    points = project(vectors).points
    apart = np.linalg.norm(points[0] - points, axis=1)
    assert apart[1] < np.quantile(apart[2:], 0.2)


@pytest.mark.parametrize("n", [12, 60, 400])
def test_after_a_small_change_points_move_less_when_started_from_the_old_map(n: int) -> None:
    vectors, _ = grouped(n)
    changed = vectors + 0.3 * np.random.default_rng(1).normal(size=vectors.shape)
    before = project(vectors)
    cold, warm = project(changed), project(changed, start=before.points)
    assert warm.started
    assert displacement(before, warm) < displacement(before, cold) / 2
    assert warm.preservation.mean() > cold.preservation.mean() - 0.05


def test_a_map_started_from_one_of_unrelated_texts_is_as_faithful_as_a_fresh_one() -> None:
    old = project(grouped(200)[0])
    other, _ = grouped(200, seed=7)
    fresh, started = project(other), project(other, start=old.points)
    assert started.preservation.mean() > fresh.preservation.mean() - 0.05


def test_a_new_text_appears_among_its_true_neighbours() -> None:
    vectors, member = grouped(120)
    old = project(vectors[:-1])
    start = np.vstack([old.points, [[np.nan, np.nan]]])
    projection = project(vectors, start=start)
    assert np.isfinite(projection.points).all()
    nearest = np.argsort(np.linalg.norm(projection.points - projection.points[-1], axis=1))[1:6]
    assert (member[nearest] == member[-1]).all()


def test_a_umap_map_lies_as_its_pca_map_lies() -> None:
    vectors, _ = grouped(150)
    umap, pca = project(vectors).points, project(vectors, method="pca").points
    cross = np.asarray((umap - umap.mean(axis=0)).T @ (pca - pca.mean(axis=0)), dtype=float)
    # turned as well as can be: the cross-covariance is symmetrical without a negative direction
    cross /= np.abs(cross).max()
    assert cross[0, 1] == pytest.approx(cross[1, 0], abs=1e-2)
    assert np.linalg.eigvalsh((cross + cross.T) / 2).min() > -1e-3


@pytest.mark.parametrize("start", [np.full((30, 2), np.nan), np.zeros((30, 2))], ids=["nan", "0"])
def test_a_start_that_shows_nothing_is_a_fresh_map(start: NDArray[np.float64]) -> None:
    vectors, _ = grouped(30)
    projection = project(vectors, start=start)
    assert not projection.started
    assert np.array_equal(projection.points, project(vectors).points)


def test_the_callers_start_is_left_as_it_is() -> None:
    vectors, _ = grouped(30)
    start = project(vectors, method="pca").points
    copy = start.copy()
    project(vectors, start=start)
    assert np.array_equal(start, copy)


def test_progress_counts_epochs_to_the_end() -> None:
    seen: list[Progress] = []
    project(grouped(30)[0], progress=seen.append)
    assert [p.stage for p in seen] == ["project"] * len(seen)
    assert seen[-1].done == seen[-1].total == 500
    assert len(seen) == 20


def test_cancelling_stops_umap_between_two_epochs() -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done >= 100:
            cancel.set()

    with pytest.raises(Cancelled, match="101 of 500 epochs"):
        project(grouped(30)[0], progress=stop, cancel=cancel)


def test_two_threads_may_ask_for_maps_at_once() -> None:
    vectors, _ = grouped(100)
    expected = project(vectors).points
    drawn: list[NDArray[np.float32]] = []
    threads = [
        threading.Thread(target=lambda: drawn.append(project(vectors).points)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [np.array_equal(points, expected) for points in drawn] == [True] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neighbors": 1}, "n_neighbors=1.*2 or more"),
        ({"min_dist": 1.5}, "min_dist=1.5.*0 to 1"),
        ({"method": "tsne"}, "'umap' or 'pca'"),
        ({"start": np.zeros((3, 2))}, r"start has shape \(3, 2\); \(5, 2\)"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        project(grouped(5)[0], **options)  # type: ignore[arg-type]


def test_a_map_of_before_is_judged_by_the_vectors_it_is_shown_with() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.normal(size=(2, 30, 8)).astype(np.float32)
    earlier = project(old, method="pca")
    carried = carry_over(earlier, new)
    np.testing.assert_array_equal(carried.points, earlier.points)
    np.testing.assert_allclose(carried.preservation, preservation(new, earlier.points, 10))
    assert carried.preservation.mean() < earlier.preservation.mean()
    assert carried.notes[0] == "these are the points of the map before"
