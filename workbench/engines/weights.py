"""Whether the weight files of a model directory are there, and whole."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

LFS_POINTER = b"version https://git-lfs"


def say_lacking(directory: Path, what: str) -> str:
    """That a file is not there, and what to do about it."""
    return (
        f"{directory.name} lacks {what}: the download is not complete, or this is not the directory"
        " of the model. Download it once more: hf download NAME --local-dir DIRECTORY"
    )


def find_broken_weights(directory: Path) -> Iterator[str]:
    """What is missing, cut off or no weight file at all, a sentence each."""
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(
                set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            )
        except (KeyError, ValueError, AttributeError):
            yield f"{index.name} of {directory.name} names no weight files."
            return
    else:
        names = sorted(path.name for path in directory.glob("*.safetensors"))
        if not names and not any(directory.glob("pytorch_model*.bin")):
            yield say_lacking(directory, "its weights (model.safetensors)")
    for name in names:
        if why := _judge_safetensors(directory / name):
            yield f"{name} of {directory.name} {why}. Download it once more."


def _judge_safetensors(path: Path) -> str | None:
    """Why a weight file is no whole one; None: its size is what its head says."""
    if not path.is_file():
        return "is missing"
    with path.open("rb") as file:
        start = file.read(len(LFS_POINTER))
        if start == LFS_POINTER:
            return "is a Git LFS pointer, not the weights (git lfs pull fetches them)"
        (length,) = struct.unpack("<Q", (start + bytes(8))[:8])
        size = path.stat().st_size
        if length > size or size < 8:
            return f"is cut off or no safetensors file ({size:,} bytes)"
        file.seek(8)
        try:
            head = json.loads(file.read(length))
            end = max(
                (part["data_offsets"][1] for name, part in head.items() if name != "__metadata__"),
                default=0,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return "is no safetensors file"
    if size < 8 + length + end:
        return f"is cut off: {size:,} of {8 + length + end:,} bytes"
    return None
