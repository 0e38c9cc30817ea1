"""Vectors as a checked matrix: finite, two-dimensional, float32."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError

Matrix: TypeAlias = NDArray[np.float32]


def as_matrix(vectors: ArrayLike, *, name: str = "vectors") -> Matrix:
    """Take anything array-like (an Embeddings, an array, a list of rows) as a checked matrix.

    Args:
        vectors: n rows of the same length.
        name: What the error message calls it.

    Returns:
        (n, dim) float32, C-contiguous; the same memory where it already is one. No rows at all
        (``[]``) gives (0, 0).

    Raises:
        InputError: Not two-dimensional, ragged, not numbers, or a row with NaN or infinity.
    """
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes inf and is refused below
            matrix: Matrix = np.ascontiguousarray(np.asarray(vectors), dtype=np.float32)
    except (TypeError, ValueError) as exc:
        raise InputError(
            f"{name} is not a matrix of numbers: {_describe_rows(vectors)}. "
            "Pass n rows of the same length, shape (n, dim)."
        ) from exc
    if matrix.ndim == 1 and matrix.size == 0:
        return matrix.reshape(0, 0)
    if matrix.ndim != 2:
        raise InputError(
            f"{name} has {np.ndim(vectors)} dimension(s), shape {np.shape(vectors)!r}; two are "
            "needed, (n, dim). For one vector pass [vector]."
        )
    broken = ~np.isfinite(matrix).all(axis=1)  # (n,)
    if broken.any():
        row = int(np.argmax(broken))
        value = matrix[row][~np.isfinite(matrix[row])][0]
        raise InputError(
            f"{name} row {row} holds {float(value)!r} ({int(broken.sum()):,} of {len(matrix):,} "
            "rows hold NaN or infinity). All values must be finite: look at the text of that row "
            "and at the number type the model computes in."
        )
    return matrix


def normalize_rows(matrix: ArrayLike) -> Matrix:
    """Rows at unit L2 norm, (n, dim) float32; a zero row stays zero: it has no direction."""
    rows = as_matrix(matrix)
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)  # (n, 1)
    # divided by the largest first, so that the squares of tiny or huge values stay finite
    scaled = rows / np.where(largest > 0, largest, 1)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)  # (n, 1)
    unit: Matrix = (scaled / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
    return unit


def truncate_dim(matrix: ArrayLike, dim: int) -> Matrix:
    """The first ``dim`` components of each row at unit norm again (Matryoshka), (n, dim) float32.

    Raises:
        InputError: ``dim`` is below 1 or above the width of the matrix.
    """
    rows = as_matrix(matrix)
    width = rows.shape[1]
    if not 1 <= dim <= width:
        raise InputError(
            f"dim={dim!r} was asked of vectors {width} wide; allowed is 1 to {width}. A shorter "
            "vector can be cut from a longer one, never the other way round."
        )
    return normalize_rows(rows[:, :dim])  # (n, width) -> (n, dim)


def _describe_rows(vectors: ArrayLike) -> str:
    """Say which row is the odd one, for the message."""
    if not isinstance(vectors, list | tuple):
        return f"found {type(vectors).__name__}"
    try:
        lengths = [len(row) for row in vectors]
    except TypeError:
        return "its rows are not all sequences"
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return "a row holds something that is not a number"
    return f"row 0 has length {lengths[0]}, row {odd} has length {lengths[odd]}"
