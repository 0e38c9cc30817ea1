"""What a .gguf file says of itself: the head of the file, without its tensors.

The layout is that of ggml's docs/gguf.md: magic, version, counts, then typed key/value pairs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, TypeAlias

Scalar: TypeAlias = int | float | bool | str

FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONGEST = 1 << 28
"""Bytes or items; a count beyond it is no count but a broken file."""


def read_gguf_head(path: Path) -> Mapping[str, Scalar]:
    """The single values of the file's metadata; lists (the vocabulary) are passed over.

    Raises:
        ValueError: The file is no GGUF, or ends too early.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if (magic := file.read(4)) != b"GGUF":
            raise ValueError(f"it begins with {magic!r} where b'GGUF' belongs")
        version, _, pairs = _unpack(file, "<IQQ")
        if not 2 <= version <= 3 or pairs > LONGEST:
            raise ValueError(f"GGUF version {version} with {pairs:,} entries is none that is known")
        head: dict[str, Scalar] = {}
        for _ in range(pairs):
            key = _read_string(file)
            (kind,) = _unpack(file, "<I")
            if kind == ARRAY:
                _pass_array(file)
            else:
                head[key] = _read_scalar(file, kind)
    return head


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    size = struct.calcsize(layout)
    content = file.read(size)
    if len(content) < size:
        raise ValueError("the file ends within its head")
    return struct.unpack(layout, content)


def _read_scalar(file: BinaryIO, kind: int) -> Scalar:
    if kind == STRING:
        return _read_string(file)
    if kind not in FIXED:
        raise ValueError(f"value type {kind} is none that is known")
    (value,) = _unpack(file, f"<{FIXED[kind]}")
    return value


def _read_string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    content = file.read(min(length, LONGEST))
    if len(content) < length:
        raise ValueError("the file ends within its head")
    return content.decode("utf-8", errors="replace")


def _pass_array(file: BinaryIO) -> None:
    kind, count = _unpack(file, "<IQ")
    if count > LONGEST:
        raise ValueError(f"a list of {count:,} items is none that is meant")
    if kind in FIXED:
        file.seek(count * struct.calcsize(FIXED[kind]), 1)
        return
    for _ in range(count):
        _pass_array(file) if kind == ARRAY else _read_scalar(file, kind)
