"""Files of tasks as text: UTF-8, packed with gzip or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from workbench.contracts import size_words
from workbench.errors import InputError

LARGEST_BYTES = 2 * 1024**3
"""More than this is not taken into memory, packed or unpacked."""


def open_text(path: str | Path) -> str:
    """The content of a text file, its byte order mark taken off.

    Raises:
        InputError: It is missing, a folder, empty, too large, not UTF-8, or not the gzip file that
            its name says.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(
            f"{path} is a folder, and a file is needed. read_beir reads a BEIR folder "
            "(corpus.jsonl, queries.jsonl, qrels/)."
        )
    try:
        content = _read(path)
    except FileNotFoundError as exc:
        raise InputError(f"{path} does not exist (looked in {Path.cwd()}).") from exc
    except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
        raise InputError(
            f"{path} is not a whole gzip file, as its name says: {exc}. Fetch it again, or "
            "rename it."
        ) from exc
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}.") from exc
    if not content:
        raise InputError(f"{path} is empty (0 bytes).")
    return _decode(path, content)


def _read(path: Path) -> bytes:
    with path.open("rb") as packed:
        file = gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else packed
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise InputError(
            f"{path} holds more than {size_words(LARGEST_BYTES)}, the most that is read. Cut it "
            "down to the rows that you need."
        )
    return content


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        # with a mark, the position counts from behind it
        start = exc.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, start) + 1
        raise InputError(
            f"{path}:{line}: byte {content[start]:#04x} is not UTF-8. Save the file as UTF-8."
        ) from exc


def split_numbered(text: str) -> Iterator[tuple[int, str]]:
    r"""The lines of a file with their numbers from 1; they end at ``\n`` or ``\r\n`` only.

    A lone ``\r`` and the line ends that ``str.splitlines`` knows besides occur inside sentences.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix("\r")


def suffix_of(path: str | Path) -> str:
    """The suffix that says what a file holds: ".tsv" of "a.tsv.gz"."""
    path = Path(path)
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
