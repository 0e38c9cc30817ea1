"""One vector of a reply: the numbers, or what its bytes are instead of little-endian float32."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import NullValueError, PayloadTypeError, ReplyError

_FLOAT32 = 4  # bytes
_OTHERS = {"float64": "<f8", "big-endian float32": ">f4", "float16": "<f2"}
_LEAST, _MOST = 1e-8, 1e4
"""Sizes of nearly all components of an embedding that are not 0."""
_SHORT, _LONG = 1e-3, 1e6
"""Norms of embeddings: 1 where they are normalised, some 10 to 100 where they are not."""
_SHARE = 0.9
"""Bytes of another type, read as float32, have such sizes in some 15 to 75 % of the places."""


def read_base64(text: str, dim: int | None, *, look: bool) -> NDArray[np.float32]:
    """One vector; where ``look``, its numbers are judged too: once a reply is enough."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise PayloadTypeError(
            "A vector is text, and not base64.", f"{text!r:.60}", word="not_base64"
        ) from exc
    if len(raw) % _FLOAT32:
        raise PayloadTypeError(
            "A vector's base64 does not hold whole float32 numbers.", f"{len(raw):,} bytes"
        )
    kind = {dim * 8: "float64", dim * 2: "float16"}.get(len(raw)) if dim else None
    kind = kind or (find_other_type(raw) if look else None)
    if kind is not None:
        raise PayloadTypeError(
            f"A vector's base64 holds {kind}, not float32 in little-endian order.",
            f"{len(raw):,} bytes" + (f" for {dim:,} numbers" if dim else ""),
            word="big_endian" if kind.startswith("big") else kind,
        )
    return np.frombuffer(raw, "<f4").astype(np.float32)


def read_list(value: list[Any]) -> tuple[NDArray[np.float32] | None, ReplyError | None]:
    """One vector of plain numbers, and what is wrong with it."""
    if None in value:
        nulls = sum(number is None for number in value)
        return None, NullValueError("null in a vector.", f"{nulls:,} of {len(value):,} numbers")
    try:
        with np.errstate(over="ignore"):  # what is too large becomes inf, and is named below
            row = np.asarray(value, np.float64).astype(np.float32)  # (dim,)
    except (TypeError, ValueError) as exc:
        raise PayloadTypeError("A vector holds what is no number.", f"{value!r:.60}") from exc
    if row.ndim != 1 or any(isinstance(number, str) for number in value[:1]):
        raise PayloadTypeError("A vector is not a flat list of numbers.", f"{value!r:.60}")
    return row, None


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
