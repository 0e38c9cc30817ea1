"""A whole evaluation as JSON, and back again."""

from __future__ import annotations

import base64
import json
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from workbench.contracts import Evaluation
from workbench.errors import InputError

FORMAT = 1
"""Of the JSON; a field that is added does not change it."""
KIND = "embedding workbench evaluation"
_PLAIN = {str: "a text", float: "a number", int: "a whole number", bool: "true or false"}
_OBEYED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def to_json(evaluation: Evaluation) -> str:
    """The whole of it for programs: one JSON object, with a line break at its end.

    Texts are in it to the letter, and characters that a terminal obeys are escaped; a number that
    is none is null. Of the draws those of the main scores are kept, to the bit, so that further
    pairs can be compared; the other scores keep their intervals only.
    """
    kept = {"kind": KIND, "format": FORMAT, **_encode(evaluation)}
    text = json.dumps(kept, ensure_ascii=False, indent=1, allow_nan=False)
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"


def from_json(text: str) -> Evaluation:
    """Read what ``to_json`` wrote. Draws that it left out are empty, (0,).

    Raises:
        InputError: It is no JSON, no evaluation, of a later format, or a field has the wrong type;
            the message has the field's place.
    """
    try:
        kept = json.loads(text)
    except ValueError as exc:
        raise InputError(
            f"An evaluation was to be read and the text is no JSON: {exc}. Pass what to_json wrote."
        ) from exc
    kind = kept.get("kind") if isinstance(kept, dict) else None
    if kind != KIND:
        raise InputError(
            f"An evaluation was to be read and the JSON has kind {kind!r}; allowed is {KIND!r}. "
            "Pass what to_json wrote."
        )
    if kept.get("format") != FORMAT:
        raise InputError(
            f"The evaluation has format {kept.get('format')!r}; this version reads {FORMAT}. Read "
            "it with the version that wrote it."
        )
    evaluation: Evaluation = _decode(kept, Evaluation, "evaluation")
    return evaluation


def _encode(value: object) -> Any:  # noqa: ANN401  (what JSON can hold)
    if is_dataclass(value) and not isinstance(value, type):
        made = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        if "draws" in made and isinstance(made["draws"], dict) and not made["main"]:
            made["draws"] = _encode(np.empty(0))
        return made
    if isinstance(value, Mapping):
        return {str(key): _encode(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        numbers = np.ascontiguousarray(value, dtype="<f8")
        return {"float64": base64.b64encode(numbers.tobytes()).decode("ascii")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_encode(each) for each in value]
    return _encode_plain(value.item() if isinstance(value, np.generic) else value)


def _encode_plain(value: object) -> object:
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)  # a path or a date in the manifest


def _decode(value: Any, wanted: Any, place: str) -> Any:  # noqa: ANN401  (by the annotation)
    """A value of JSON as what a field is annotated to be."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        some = next(kind for kind in inner if kind is not type(None))
        return None if value is None else _decode(value, some, place)
    if is_dataclass(wanted):
        return _decode_record(value, wanted, place)
    if origin is np.ndarray:
        return _decode_array(value, place)
    if origin is tuple:
        return _decode_tuple(value, inner, place)
    if origin is not None and origin is not Literal:
        _check(value, dict, "an object", place)
        return {key: _decode(each, inner[1], f"{place}[{key!r}]") for key, each in value.items()}
    return _decode_plain(value, wanted, place)


def _decode_plain(value: object, wanted: Any, place: str) -> object:  # noqa: ANN401
    if wanted is object:
        return value
    if get_origin(wanted) is Literal:
        allowed = get_args(wanted)
        return value if value in allowed else _refuse(value, f"one of {allowed}", place)
    if wanted is float:
        if value is None:
            return float("nan")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif type(value) is wanted:
        return value
    return _refuse(value, _PLAIN[wanted], place)


def _decode_record(value: object, wanted: Any, place: str) -> object:  # noqa: ANN401
    _check(value, dict, "an object", place)
    assert isinstance(value, dict)
    hints = _hints(wanted)
    made = {}
    for field in fields(wanted):
        if field.name in value:
            name = f"{place}.{field.name}"
            made[field.name] = _decode(value[field.name], hints[field.name], name)
        elif _is_needed(field):
            raise InputError(f"The evaluation lacks {place}.{field.name}: the JSON is not whole.")
    return wanted(**made)


@cache
def _hints(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _decode_tuple(value: object, inner: tuple[Any, ...], place: str) -> tuple[object, ...]:
    _check(value, list, "a list", place)
    assert isinstance(value, list)
    kinds = [inner[0]] * len(value) if inner[-1] is ... else list(inner)
    if len(kinds) != len(value):
        _refuse(value, f"a list of {len(kinds)}", place)
    return tuple(
        _decode(each, kind, f"{place}[{at}]")
        for at, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _decode_array(value: object, place: str) -> object:
    try:
        numbers = base64.b64decode(value["float64"], validate=True)  # type: ignore[index]
        return np.frombuffer(numbers, dtype="<f8").astype(np.float64)
    except (TypeError, KeyError, ValueError):
        return _refuse(value, 'an object {"float64": base64}', place)


def _check(value: object, kind: type, words: str, place: str) -> None:
    if not isinstance(value, kind):
        _refuse(value, words, place)


def _refuse(value: object, needed: str, place: str) -> object:
    raise InputError(f"{place} is {value!r:.80}; {needed} is needed there. The JSON is not whole.")
