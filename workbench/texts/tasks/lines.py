"""The lines of a file or of pasted text, and what is wrong with some of them, told together."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from workbench.errors import InputError
from workbench.texts.collecting import is_empty
from workbench.texts.splitting import split_lines

SHOWN = 5
"""Problems that one message lists; the others are counted."""


class Problems:
    """What is wrong in one file, or in pasted text, line by line.

    Args:
        path: The file, as messages name it; None for pasted text, where "line 3" is said.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = None if path is None else str(path)
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def where(self, line: int) -> str:
        """``file:3``, or "line 3" for pasted text."""
        return f"line {line}" if self._path is None else f"{self._path}:{line}"

    def add(self, line: int, says: str) -> None:
        """Note what is wrong on a line.

        Args:
            line: Its number, from 1.
            says: What was found and what to do, as a sentence without its full stop.
        """
        self._found.append((line, says))

    def raise_any(self) -> None:
        """Raise what was noted, in the order of the lines; nothing where nothing was.

        Raises:
            InputError: Something was noted; lists the first five and says how many there are.
        """
        if not self._found:
            return
        found = sorted(self._found, key=lambda problem: problem[0])
        told = [f"{self.where(line)}: {says}." for line, says in found[:SHOWN]]
        if len(found) == 1:
            raise InputError(told[0])
        file = "the pasted text" if self._path is None else self._path
        rest = len(found) - SHOWN
        more = [f"and {rest:,} more"] if rest > 0 else []
        head = f"{len(found):,} problems in {file}:"
        raise InputError("\n  ".join([head, *told, *more]))


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, its mark removed; a file named .gz is unpacked.

    Raises:
        InputError: The file is missing, a folder, empty, no UTF-8, or cannot be unpacked.
    """
    file = Path(path).expanduser()
    try:
        content = file.read_bytes()
    except FileNotFoundError as exc:
        raise InputError(f"{file} does not exist (looked in {Path.cwd()}).") from exc
    except IsADirectoryError as exc:
        raise InputError(f"{file} is a folder, and a file is needed; name one in it.") from exc
    except OSError as exc:
        raise InputError(f"{file} cannot be read: {exc.strerror}.") from exc
    if file.suffix.lower() == ".gz":
        content = _unpack(file, content)
    if not content:
        raise InputError(f"{file} is empty (0 bytes).")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise InputError(
            f"{file}:{line}: byte {exc.object[exc.start]:#04x} is not UTF-8 ({exc.reason}). Save "
            "the file as UTF-8."
        ) from exc


def _unpack(file: Path, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as exc:
        raise InputError(f"{file} is named .gz and cannot be unpacked: {exc}.") from exc


def cut_lines(text: str) -> list[str]:
    r"""The lines of a text without their breaks (``\n``, ``\r\n`` or ``\r``)."""
    return [text[line.start : line.end] for line in split_lines(text)]


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 file without their breaks; line n of the file is at n - 1.

    Raises:
        InputError: As ``read_text``.
    """
    return cut_lines(read_text(path))


def blame_text(value: object, what: str) -> str | None:
    """Why a value is no text that can be embedded, as a sentence; None: it is one.

    Args:
        value: Anything.
        what: What a person calls the field: "text a".
    """
    if value is None:
        return f"{what} is missing"
    if not isinstance(value, str):
        return f"{what} is {value!r:.60} ({type(value).__name__}), and a text is needed"
    if is_empty(value):
        return f"{what} is empty ({value!r:.20}); write the text, or take the line out"
    if "\0" in value:
        return f"{what} holds a NUL character ({value!r:.60}); take it out"
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        return f"{what} holds half a character ({value[exc.start]!r}); write the whole one"
    return None
