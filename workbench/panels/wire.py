"""Arrays and figures as the browser takes them: plain values, and numbers as bytes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Payload: TypeAlias = dict[str, Any]

_STEPS = 65_000
"""Levels of a matrix on the wire: over a range of 2 a cosine is right to 0.00002."""


def status_payload(
    phase: str, message: str = "", *, details: str = "", done: int = 0, total: int = 0
) -> Payload:
    """How far a panel is: "idle", "done", "cancelled", "error", or what it is doing."""
    return {
        "phase": phase,
        "message": message,
        "details": details,
        "done": done,
        "total": total,
    }


def told_payload(
    state: str = "", message: str = "", *, name: str = "", kept: bool = False
) -> Payload:
    """What adding something came to: "", "busy", "ok" or "error"; ``name`` is what was added."""
    return {"state": state, "message": message, "name": name, "kept": kept}


def encode_array(array: NDArray[Any]) -> Payload:
    """An array as ``{dtype, shape, buffer}``; whole numbers in 4 bytes, reals in 4."""
    kind = "<i4" if array.dtype.kind in "iu" else "<f4"
    packed = np.ascontiguousarray(array, dtype=kind)
    return {
        "dtype": kind[1:],
        "shape": list(array.shape),
        "buffer": _bytes(packed),
    }


def encode_cells(cells: NDArray[np.floating[Any]]) -> Payload:
    """A matrix in two bytes a cell, with the offset and step that give back its values."""
    low, high = (float(cells.min()), float(cells.max())) if cells.size else (0.0, 0.0)
    step = (high - low) / _STEPS or 1.0
    packed = np.round((cells - low) / step).astype("<u2")
    return {
        "dtype": "u2",
        "shape": list(cells.shape),
        "scale": [low, step],
        "buffer": _bytes(packed),
    }


def _bytes(packed: NDArray[Any]) -> memoryview:
    """The array's own memory; casting a memoryview would refuse an array without elements."""
    return packed.reshape(-1).view(np.uint8).data


def encode_figure(figure: Figure) -> Payload:
    """A figure's data and layout, its arrays as bytes instead of base64 text."""
    drawn = figure.to_plotly_json()
    return {"data": _unpack(drawn["data"]), "layout": _unpack(drawn["layout"])}


def _unpack(value: Any) -> Any:  # noqa: ANN401  (plotly's figures are nested plain values)
    if isinstance(value, dict):
        if "bdata" in value:
            shape = [int(side) for side in str(value.get("shape", "-1")).split(",")]
            raw = base64.b64decode(value["bdata"])
            size = np.dtype(value["dtype"]).itemsize
            if shape == [-1]:
                shape = [len(raw) // size]
            return {"dtype": value["dtype"], "shape": shape, "buffer": memoryview(raw)}
        return {key: _unpack(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_unpack(inner) for inner in value]
    return value
