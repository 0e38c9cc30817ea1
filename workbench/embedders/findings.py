"""What a look at a model's files found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["ok", "warn", "fail"]

FETCH_AGAIN = "Fetch that file again."
_LFS_START = b"version https://git-lfs"


@dataclass(frozen=True)
class Finding:
    """One thing noticed about a model directory.

    Attributes:
        severity: "fail": it cannot be loaded; "warn": it can, and a person should know.
        what: What was found.
        mend: What to do; "" where nothing has to be done.
    """

    severity: Severity
    what: str
    mend: str = ""


class BrokenFileError(Exception):
    """A file that cannot be read; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is git-lfs's note of where the content is, instead of the content."""
    with path.open("rb") as file:
        return file.read(len(_LFS_START)) == _LFS_START


def read_json(path: Path) -> Any:  # noqa: ANN401  (a file may hold any JSON)
    """The content of a JSON file; None where there is no such file.

    Raises:
        BrokenFileError: It is a git-lfs pointer, or no JSON.
    """
    if not path.is_file():
        return None
    if is_lfs_pointer(path):
        raise BrokenFileError(lfs_finding(path.name))
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise BrokenFileError(
            Finding("fail", f"{path.name} is not valid JSON ({exc})", FETCH_AGAIN)
        ) from exc


def read_record(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object; {} where there is no such file.

    Raises:
        BrokenFileError: It is a git-lfs pointer, no JSON, or no object.
    """
    content = read_json(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BrokenFileError(Finding("fail", f"{path.name} holds no JSON object", FETCH_AGAIN))
    return content


def lfs_finding(name: str) -> Finding:
    """The finding for a git-lfs pointer."""
    return Finding(
        "fail",
        f"{name} is a git-lfs pointer of some 130 bytes, not the file itself",
        "Run `git lfs pull` in the clone, or fetch the model with wb.load and its hub id.",
    )
