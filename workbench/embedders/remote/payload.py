"""Bytes that should be little-endian float32: whether they are, by what an embedding looks like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_OTHERS = {"float64": "<f8", "big-endian float32": ">f4", "float16": "<f2"}
_LEAST, _MOST = 1e-8, 1e4
"""Sizes of nearly all components of an embedding that are not 0."""
_SHORT, _LONG = 1e-3, 1e6
"""Norms of embeddings: 1 where they are normalised, some 10 to 100 where they are not."""
_SHARE = 0.9
"""Bytes of another type, read as float32, have such sizes in some 15 to 75 % of the places."""


def find_other_type(raw: bytes) -> str | None:
    """The type of a vector's numbers where they make sense in it, and none as float32.

    None where they look like float32, or like nothing: NaN and zeros are judged elsewhere.
    """
    if _is_vector(np.frombuffer(raw, "<f4")):
        return None
    for name, dtype in _OTHERS.items():
        if len(raw) % np.dtype(dtype).itemsize == 0 and _is_vector(np.frombuffer(raw, dtype)):
            return name
    return None


def _is_vector(row: NDArray[np.floating]) -> bool:
    """Whether (dim,) numbers of any type look like an embedding."""
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(row.astype(np.float64))
        usual = (sizes == 0) | ((sizes > _LEAST) & (sizes < _MOST))
        norm = float(np.linalg.norm(sizes[usual]))
    return float(usual.mean()) >= _SHARE and _SHORT < norm < _LONG if len(row) else True
