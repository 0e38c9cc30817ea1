"""All texts against all, and an order that puts like beside like."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.errors import Cancelled
from workbench.maths import neighbours, similarity
from workbench.studies import compare, order_by_likeness
from workbench.studies.comparison import OPTIMAL_LIMIT, TREE_LIMIT


def grouped(
    n: int, groups: int = 4, dim: int = 32
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of well separated groups, shuffled, and the group of each."""
    rng = np.random.default_rng(0)
    member = rng.integers(0, groups, size=n)
    centres = rng.normal(size=(groups, dim))
    return (centres[member] + 0.2 * rng.normal(size=(n, dim))).astype(np.float32), member


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench.studies, workbench.figures;"
        "heavy = {'umap', 'numba', 'sklearn', 'scipy', 'pandas', 'plotly', 'torch'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_comparison_holds_the_exact_neighbours() -> None:
    vectors, _ = grouped(50)
    comparison = compare(vectors, k=5)
    assert np.array_equal(comparison.indices, neighbours(vectors, 5)[0])
    assert len(comparison) == 50


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_very_few_texts_are_compared(n: int) -> None:
    comparison = compare(np.eye(4, dtype=np.float32)[:n])
    assert comparison.indices.shape == (n, max(n - 1, 0))
    assert sorted(comparison.order_clustered.tolist()) == list(range(n))
    assert comparison.summarize().mean.shape == (n, n)


@pytest.mark.parametrize(
    ("n", "method"),
    [
        (60, "optimal leaves"),
        (OPTIMAL_LIMIT + 1, "leaves"),
        (TREE_LIMIT + 1, "principal angle"),
    ],
)
def test_the_order_is_a_permutation_and_says_how_it_was_found(n: int, method: str) -> None:
    vectors, _ = grouped(n)
    comparison = compare(vectors, k=1)
    assert comparison.order_method == method
    assert sorted(comparison.order_clustered.tolist()) == list(range(n))
    assert any("texts" in note for note in comparison.notes) == (method != "optimal leaves")


@pytest.mark.parametrize("n", [60, OPTIMAL_LIMIT + 1, TREE_LIMIT + 1])
def test_the_order_keeps_each_group_together(n: int) -> None:
    vectors, member = grouped(n)
    order, _ = order_by_likeness(vectors)
    switches = np.count_nonzero(np.diff(member[order]))
    assert np.count_nonzero(np.diff(member)) > 30  # as given they are mixed
    assert switches <= (3 if n <= TREE_LIMIT else 4)


def test_equal_and_zero_vectors_can_be_ordered() -> None:
    vectors = np.vstack([np.ones((5, 3)), np.zeros((5, 3))])
    comparison = compare(vectors)
    assert sorted(comparison.order_clustered.tolist()) == list(range(10))
    assert "5 of 10 vectors are zero" in comparison.notes[0]


def test_the_order_as_given_costs_no_tree() -> None:
    vectors, _ = grouped(20)
    comparison = compare(vectors, clustered=False)
    assert comparison.order_clustered.tolist() == list(range(20))
    assert comparison.order_method == "given"


def test_a_window_is_read_in_the_order_on_screen() -> None:
    vectors, _ = grouped(30)
    comparison = compare(vectors)
    order = comparison.order_clustered
    window = comparison.window(rows=slice(0, 5), columns=slice(20, 30), order=order)
    np.testing.assert_allclose(window, similarity(vectors[order])[:5, 20:], atol=1e-6)


def test_a_cancelled_comparison_says_so() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled, match="0 of 20 texts"):
        compare(grouped(20)[0], cancel=cancel)
