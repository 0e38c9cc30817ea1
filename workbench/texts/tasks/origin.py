"""Where a task's text came from, a file or a paste, and what is found wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.contracts import Source
from workbench.errors import InputError
from workbench.texts.tasks.opening import open_text, suffix_of
from workbench.texts.tasks.problems import Problems
from workbench.texts.tasks.sealing import make_source


@dataclass(frozen=True)
class Origin:
    """What a reader needs, whether a file was named or text was pasted.

    Attributes:
        text: The content.
        source: To be sealed into the task.
        problems: Names the file, or the paste's lines.
        suffix: Of the file; "" of a paste.
    """

    text: str
    source: Source
    problems: Problems
    suffix: str = ""


def open_origin(
    path: str | Path, reader: str, *, name: str | None, options: Mapping[str, object]
) -> Origin:
    """Open a file for a reader of this name.

    Raises:
        InputError: It cannot be read.
    """
    source = make_source(name or stem_of(path), reader=reader, path=str(path), options=options)
    return Origin(open_text(path), source, Problems(str(path)), suffix_of(path))


def take_paste(text: str, *, name: str, options: Mapping[str, object]) -> Origin:
    """Take what was pasted; nothing can read it again.

    Raises:
        InputError: It is no string, or empty.
    """
    if not isinstance(text, str):
        raise InputError(f"A paste is one string; found {type(text).__name__}.")
    if not text.strip():
        raise InputError(f"What was pasted is empty ({text[:20]!r}). Paste an item a line.")
    source = make_source(name, reader="", path=None, options=options)
    return Origin(text.removeprefix("\ufeff"), source, Problems())


def stem_of(path: str | Path) -> str:
    """What a file's task is called: "a" for "a.tsv.gz"."""
    path = Path(path)
    return (path.with_suffix("") if path.suffix == ".gz" else path).stem or str(path)
