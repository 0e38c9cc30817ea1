"""A 200 reply of ``/v1/embeddings`` as float32 rows, or the named error that says what it is.

Decoded by our own hand: the openai client decodes base64 only when its caller named no
encoding_format, does not order by index, and takes NaN, null and float64 payloads as they come.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.embedders.remote.payload import read_base64, read_list
from workbench.errors import (
    CountError,
    DimError,
    IndexMismatchError,
    MalformedReplyError,
    NotFiniteError,
    NullValueError,
    PayloadTypeError,
    ReplyError,
    ZeroVectorError,
)

Encoding: TypeAlias = Literal["base64", "float"]

_SHOWN = 120


@dataclass(frozen=True)
class Decoded:
    """The vectors of one reply, in the order of the texts asked.

    Attributes:
        vectors: (n, dim) float32; a row with a fault is zero.
        faults: What is wrong with single rows, by row.
        encoding: How the server sent them, whichever it was asked for.
        tokens: ``usage.prompt_tokens`` of the whole request; None where the server gives none.
        model: What the server calls the model.
        indexed: Whether the rows carried an index; without one they are taken in the order given.
    """

    vectors: NDArray[np.float32]
    faults: dict[int, ReplyError] = field(default_factory=dict)
    encoding: Encoding = "float"
    tokens: int | None = None
    model: str | None = None
    indexed: bool = True


def decode_reply(body: bytes, count: int, *, dim: int | None = None) -> Decoded:
    """Decode the body of a 200 reply to a request for ``count`` texts.

    Args:
        body: As it came.
        count: Texts asked.
        dim: Width that the model has; None: taken from the reply.

    Raises:
        MalformedReplyError: No JSON, or JSON of another shape.
        CountError: Fewer or more vectors than texts.
        IndexMismatchError: An index is missing, doubled or out of range.
        PayloadTypeError: A vector is neither a list of numbers nor base64 of float32.
        DimError: The rows have different widths and ``dim`` does not say which is right.
    """
    reply = _read_json(body)
    records = _read_records(reply)
    if len(records) != count:
        raise CountError(
            f"{count:,} texts were sent and {len(records):,} vectors came back.",
            _shorten(body),
            word="" if records else "none",
        )
    ordered, indexed = _order(records)
    rows, faults, encoding = _read_rows([record.get("embedding") for record in ordered], dim)
    width = _find_width(rows, dim)
    vectors = np.zeros((count, width), np.float32)
    for place, row in enumerate(rows):
        fault = faults.get(place) or _judge_row(row, width)
        if fault is None and row is not None:
            vectors[place] = row
        elif fault is not None:
            faults[place] = fault
    usage = reply.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    model = reply.get("model")
    return Decoded(
        vectors,
        faults,
        encoding,
        tokens=tokens if isinstance(tokens, int) else None,
        model=model if isinstance(model, str) else None,
        indexed=indexed,
    )


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedReplyError(
            "The reply is no JSON: cut off on its way, or not from an embeddings server. "
            "Look for a proxy between, and at the server's log.",
            f"{len(body):,} bytes, {_shorten(body)}",
            word="page" if body.lstrip()[:1] == b"<" else "no_json",
        ) from exc
    if isinstance(reply, list):
        raise MalformedReplyError(
            "The reply is a bare list: llama.cpp's native route, not the OpenAI one. "
            "Put /v1 at the end of the address.",
            _shorten(body),
            word="bare_list",
        )
    if not isinstance(reply, dict):
        raise MalformedReplyError("The reply is no JSON object.", _shorten(body))
    return reply


def _read_records(reply: dict[str, Any]) -> list[dict[str, Any]]:
    data = reply.get("data")
    if isinstance(data, list) and all(isinstance(record, dict) for record in data):
        return data
    told = json.dumps(reply, ensure_ascii=False)
    if "error" in reply or "detail" in reply:
        raise MalformedReplyError(
            "The server said 200 and sent an error.", told[:_SHOWN], word="error"
        )
    raise MalformedReplyError(
        'The reply has no list "data" of embeddings: another API answers there.', told[:_SHOWN]
    )


def _order(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """The records by their index; as they come where none has one, or a single one is alone."""
    indices = [record.get("index") for record in records]
    if len(records) == 1 or all(index is None for index in indices):
        return records, not indices or indices[0] is not None
    if sorted(indices, key=str) != sorted(range(len(records)), key=str):
        doubled = sorted({str(index) for index in indices if indices.count(index) > 1})
        lacking = sorted(set(range(len(records))) - {i for i in indices if isinstance(i, int)})
        raise IndexMismatchError(
            f"The indices of {len(records):,} vectors are not 0 to {len(records) - 1:,}, so that "
            "no one can say which vector is whose.",
            f"doubled {', '.join(doubled[:5]) or 'none'}; missing "
            f"{', '.join(map(str, lacking[:5])) or 'none'}",
        )
    return sorted(records, key=lambda record: int(record["index"])), True


def _read_rows(
    values: Sequence[object], dim: int | None
) -> tuple[list[NDArray[np.float32] | None], dict[int, ReplyError], Encoding]:
    rows: list[NDArray[np.float32] | None] = []
    faults: dict[int, ReplyError] = {}
    encoding: Encoding = "float"
    for place, value in enumerate(values):
        if value is None:
            faults[place] = NullValueError("A vector is null.", "null")
            rows.append(None)
        elif isinstance(value, str):
            rows.append(read_base64(value, dim, look=encoding == "float"))
            encoding = "base64"
        elif isinstance(value, list):
            row, fault = read_list(value)
            rows.append(row)
            if fault is not None:
                faults[place] = fault
        else:
            raise PayloadTypeError("A vector is neither list nor base64.", f"{value!r:.60}")
    return rows, faults, encoding


def _find_width(rows: Sequence[NDArray[np.float32] | None], dim: int | None) -> int:
    if dim is not None:
        return dim
    widths = {len(row) for row in rows if row is not None}
    if len(widths) > 1:
        raise DimError("The vectors of one reply differ in width.", f"{sorted(widths)[:5]}")
    return widths.pop() if widths else 0


def _judge_row(row: NDArray[np.float32] | None, width: int) -> ReplyError | None:
    if row is None:
        return None
    if len(row) * 4 == width and not row.any():
        return ZeroVectorError(
            "A quarter of the width and all zero: somewhere a list of floats was read as base64 "
            "(JavaScript clients do that). Ask for encoding_format 'float' there.",
            f"{len(row)} zeros instead of {width} numbers",
        )
    if len(row) != width:
        return DimError(
            f"A vector has {len(row):,} numbers; this model's have {width:,}. If another model is "
            "served there now, connect again.",
            f"{row[:3]!r}",
        )
    if not np.isfinite(row).all():
        broken = int((~np.isfinite(row)).sum())
        return NotFiniteError(
            "A vector holds NaN or infinity: the model overflowed on that text (float16 does). "
            "Serve it in bfloat16 or float32.",
            f"{broken:,} of {width:,} numbers",
        )
    if not row.any():
        return ZeroVectorError("A vector of zeros only.", f"{width:,} zeros")
    return None


def _shorten(body: bytes) -> str:
    text = body[: 4 * _SHOWN].decode("utf-8", "replace")
    return repr(text[:_SHOWN]) + ("…" if len(body) > _SHOWN else "")
