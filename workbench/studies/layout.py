"""UMAP's layout from neighbours that are known already.

umap-learn's class would search for neighbours again, stretch the start to a square, and warn
about what is asked of it; its documented functions do neither. Only this module imports umap.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import one_import
from workbench.errors import DependencyError
from workbench.maths.vectors import Matrix

EPOCHS, EPOCHS_LARGE, LARGE = 500, 200, 10_000
"""umap-learn's own defaults: 500 epochs up to 10,000 points, 200 above."""
WARM_RATE, WARM_RATE_A_TEXT = 0.1, 0.002
"""Learning rate when growing from an earlier map, where a fresh one has 1: 0.1, less below 50
texts. Measured: a small change moves the points of 200 texts by a tenth of the map, where a fresh
map moves them by its whole size; and a map started from one of unrelated texts keeps as many
neighbours as a fresh one, within 0.04."""

COMPILED = (
    "smooth_knn_dist",
    "compute_membership_strengths",
    "_optimize_layout_euclidean_single_epoch",
)
"""What numba compiles for the first map of a process."""
_ONE_AT_A_TIME = threading.Lock()
"""numba's fallback thread pool aborts the process when two threads enter it at once."""


class _Epochs(int):
    """A count that calls back at each epoch.

    umap-learn (0.5.9 to 0.5.12) offers no callback, but its loop takes ``float(n_epochs)`` after
    each epoch. Where a later version does not, the map is still right and only cancelling waits.
    """

    on_epoch: Callable[[int, int], None]
    done = 0

    def __float__(self) -> float:
        self.done += 1
        self.on_epoch(self.done, int(self))
        return float(int(self))


def lay_out(
    begin: Matrix,
    indices: NDArray[np.int64],
    distances: Matrix,
    *,
    min_dist: float,
    seed: int,
    warm: bool,
    on_epoch: Callable[[int, int], None],
) -> Matrix:
    """Move points until near texts are near.

    Args:
        begin: (n, 2), where the points begin; left as it is.
        indices: (n, k), nearest others of each text.
        distances: (n, k) float32, cosine distances, ascending.
        min_dist: 0 to 1.
        seed: Of the sampling of edges and of the jitter that parts coinciding points.
        warm: ``begin`` is an earlier map: move gently.
        on_epoch: Called after each epoch with epochs done and in all; may raise to stop.

    Returns:
        (n, 2) float32, the same for the same arguments.

    Raises:
        DependencyError: umap-learn cannot be imported.
    """
    with _ONE_AT_A_TIME:
        umap, layouts = _import_umap()
        _keep_compiled(umap, layouts)
        n = len(begin)
        random = np.random.RandomState(seed)
        epochs = _Epochs(EPOCHS if n <= LARGE else EPOCHS_LARGE)
        epochs.on_epoch = on_epoch
        graph = _neighbour_graph(umap, indices, distances, random)
        graph.data[graph.data < graph.data.max() / int(epochs)] = 0  # would never be sampled
        graph.eliminate_zeros()
        a, b = umap.find_ab_params(1.0, min_dist)
        jitter = random.normal(scale=1e-4 * max(float(np.ptp(begin)), 1.0), size=begin.shape)
        points = np.ascontiguousarray(begin + jitter, dtype=np.float32)
        laid: Matrix = umap.optimize_layout_euclidean(
            points,
            points,
            graph.row,
            graph.col,
            epochs,
            n,
            umap.make_epochs_per_sample(graph.data, int(epochs)),
            a,
            b,
            random.randint(-(2**31) + 1, 2**31 - 2, 3).astype(np.int64),
            initial_alpha=min(WARM_RATE, WARM_RATE_A_TEXT * n) if warm else 1.0,
            parallel=False,  # the parallel loop is not repeatable
            move_other=True,
        )
        return laid


def _import_umap() -> tuple[ModuleType, ModuleType]:
    # umap-learn 0.5 says at import that its neural variant needs Tensorflow; nobody asked
    warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
    try:
        with one_import("umap"):
            from umap import layouts, umap_
    except ImportError as exc:
        raise DependencyError(
            "The UMAP map needs umap-learn, which cannot be imported. Install it with "
            "`pip install umap-learn`, or draw the map with method='pca'."
        ) from exc
    return umap_, layouts


def _keep_compiled(umap: ModuleType, layouts: ModuleType) -> None:
    """Have numba read from disk what an earlier process compiled, and leave there what it compiles.

    umap-learn (0.5.12) asks for that in its small functions, and not in these, which take all of
    the time. Where the names are others, or nothing can be written, they are compiled each time.
    """
    loop = getattr(layouts, "_nb_optimize_layout_euclidean_single_epoch", None)
    for function in (*(getattr(umap, name, None) for name in COMPILED[:2]), loop):
        if function is not None and function.stats.cache_path is None:
            with suppress(RuntimeError):  # no folder to write to
                function.enable_caching()


def _neighbour_graph(
    umap: ModuleType,
    indices: NDArray[np.int64],
    distances: Matrix,
    random: np.random.RandomState,
) -> Any:  # noqa: ANN401  (a scipy.sparse.coo_matrix, (n, n))
    """UMAP's weights between neighbours; it counts each text as its own first neighbour."""
    n = len(indices)
    near = np.hstack([np.arange(n)[:, None], indices])  # (n, k + 1)
    apart = np.hstack([np.zeros((n, 1)), np.maximum(distances, 0)]).astype(np.float32)
    graph = umap.fuzzy_simplicial_set(
        apart, near.shape[1], random, "cosine", knn_indices=near, knn_dists=apart
    )[0]
    return graph.tocoo()
