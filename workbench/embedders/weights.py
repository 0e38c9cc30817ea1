"""Are the weights there, whole, and of the one format that runs no code?"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from workbench.embedders.findings import (
    FETCH_AGAIN,
    BrokenFileError,
    Finding,
    is_lfs_pointer,
    lfs_finding,
    read_record,
)

_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_REFUSED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.gguf", "*.onnx")


def check_weights(directory: Path) -> list[Finding]:
    """Findings about the weights; empty where they are whole.

    Reads headers only. A safetensors file says in its first bytes how long it must be.
    """
    if (directory / _INDEX).is_file() and not (directory / _SINGLE).is_file():
        return _check_shards(directory)
    if (directory / _SINGLE).is_file():
        return _check_file(directory / _SINGLE)
    others = sorted(path.name for kind in _REFUSED for path in directory.glob(kind))
    if others:
        return [
            Finding(
                "fail",
                f"the weights are {', '.join(others[:3])}, not {_SINGLE}",
                "Only safetensors is loaded: the other formats can run code or are another "
                "engine's. Take a revision that has it, or convert with transformers' "
                "save_pretrained.",
            )
        ]
    return [Finding("fail", f"{_SINGLE} is missing", "Fetch the weights.")]


def weights_size(directory: Path) -> int:
    """Bytes of all safetensors files."""
    return sum(path.stat().st_size for path in directory.glob("*.safetensors"))


def _check_shards(directory: Path) -> list[Finding]:
    try:
        index = read_record(directory / _INDEX)
    except BrokenFileError as exc:
        return [exc.finding]
    places = index.get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(p, str) for p in places.values()):
        return [Finding("fail", f"{_INDEX} has no weight_map of file names", FETCH_AGAIN)]
    shards = sorted(set(places.values()))
    if not shards:
        return [Finding("fail", f"{_INDEX} names no file", FETCH_AGAIN)]
    missing = [name for name in shards if not (directory / name).is_file()]
    findings = [
        Finding("fail", f"{name} is missing ({len(shards)} parts are named)", "Fetch that part.")
        for name in missing
    ]
    for name in shards:
        if name not in missing:
            findings += _check_file(directory / name)
    return findings


def _check_file(path: Path) -> list[Finding]:
    if is_lfs_pointer(path):
        return [lfs_finding(path.name)]
    actual = path.stat().st_size
    try:
        expected = _expected_size(path)
    except BrokenFileError as exc:
        return [exc.finding]
    if expected is None:
        return [Finding("fail", f"{path.name} has no safetensors header", FETCH_AGAIN)]
    if actual != expected:
        how = "cut short" if actual < expected else "too long"
        return [
            Finding(
                "fail",
                f"{path.name} is {how}: {actual:,} bytes where its header says {expected:,}",
                FETCH_AGAIN,
            )
        ]
    return []


def _expected_size(path: Path) -> int | None:
    """Bytes a safetensors file must have by its own header; None where there is none.

    Format: 8 bytes little-endian header length, the header as JSON, then the tensors at the
    offsets it names (huggingface/safetensors, README, "Format").

    Raises:
        BrokenFileError: A tensor in the header has no offsets.
    """
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            return None
        (length,) = struct.unpack("<Q", start)
        if length > path.stat().st_size:
            return None
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return None
    if not isinstance(header, dict):
        return None
    ends = [_end_of(entry, name, path) for name, entry in header.items() if name != "__metadata__"]
    return 8 + int(length) + max(ends, default=0)


def _end_of(entry: object, name: str, path: Path) -> int:
    match entry:
        case {"data_offsets": [int(), int() as end]}:
            return end
    what = f"{path.name} says of its tensor {name!r:.80} no data_offsets (start, end)"
    raise BrokenFileError(Finding("fail", what, FETCH_AGAIN))
