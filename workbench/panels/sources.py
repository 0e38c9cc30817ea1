"""Where the Explorer's texts come from: a paste, a sample, a file, a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from workbench.contracts import TextItem
from workbench.errors import InputError
from workbench.panels.state import Unrelated
from workbench.texts import (
    Draft,
    ParsedTexts,
    collect,
    join_texts,
    parse_texts,
    read_texts,
    samples,
    texts_from_frame,
)

if TYPE_CHECKING:
    import pandas as pd

TextsArgument: TypeAlias = "Sequence[str] | str | Path | pd.DataFrame | Source | None"

STARTER = "starter"
BOX_CHARACTERS = 300_000
"""Most characters put into the text box: a browser gets slow beyond."""


@dataclass(frozen=True)
class Source:
    """Texts as they came, with their kinds and labels, and as one pasted string.

    While the text box is as it was filled, the items are these; once it is edited they are parsed
    from the box, and texts that are still the same keep kind and label (``keep_marks``).

    Attributes:
        parsed: The items and what was noticed.
        pasted: The items joined as they could be pasted.
        name: What to call it, "" for a paste.
    """

    parsed: ParsedTexts
    pasted: str
    name: str = ""

    @property
    def clipped(self) -> bool:
        """Whether the box shows the beginning only; it is then not for editing."""
        return len(self.pasted) > BOX_CHARACTERS

    @property
    def box(self) -> str:
        """What the text box shows: all, or the lines that fit."""
        if not self.clipped:
            return self.pasted
        return self.pasted[: self.pasted.rfind("\n", 0, BOX_CHARACTERS) + 1]

    @property
    def words(self) -> str:
        """Name and count for the line above the text box."""
        words = f"{self.name} · {len(self.parsed.items):,} texts" if self.name else ""
        return f"{words} · the box shows the first lines" if self.clipped else words


def source_of(parsed: ParsedTexts, name: str = "") -> Source:
    """A source from parsed texts."""
    return Source(parsed, join_texts(parsed.items), name)


def sample_source(name: str) -> Source:
    """One of the project's sample files; its topics are the labels."""
    frame = samples(name)
    return source_of(texts_from_frame(frame, column="text", label_column="topic"), f"sample {name}")


def source_from(
    texts: TextsArgument, *, column: str | None = None, label_column: str | None = None
) -> Source:
    """What ``explore(texts)`` was given; None is the starter sample, a Source stays as it is.

    Args:
        texts: See ``workbench.explore``.
        column: Column of the texts in a file or DataFrame; None: found by its name.
        label_column: Column of the labels; None: "label", else "topic", if there is one.

    Raises:
        InputError: It is no string, list of strings, path or DataFrame, or cannot be read; a
            column is named of what has none.
    """
    if isinstance(texts, Path):
        return source_of(read_texts(texts, column=column, label_column=label_column), texts.name)
    if hasattr(texts, "columns"):
        parsed = texts_from_frame(texts, column=column, label_column=label_column)
        return source_of(parsed, "DataFrame")
    for argument, value in {"column": column, "label_column": label_column}.items():
        if value is not None:
            raise InputError(
                f"{argument}={value!r} needs columns, and texts of type {type(texts).__name__} "
                "have none. Pass a DataFrame or the Path of a file, or leave it out."
            )
    if isinstance(texts, Source):
        return texts
    if isinstance(texts, str):
        _check_whole(texts, "The pasted string")
        _check_no_file(texts)
        return Source(parse_texts(texts), texts)
    return sample_source(STARTER) if texts is None else source_of(_from_list(texts), "list")


def keep_marks(parsed: ParsedTexts, source: Source) -> ParsedTexts:
    """Give texts of the edited box the kinds and labels that they came with.

    Args:
        parsed: From the box. With columns of its own it stays as it is.
        source: What the box was filled with. A text that is there several times gives its marks in
            that order, the last of them to all that follow.
    """
    if parsed.columns:
        return parsed
    marks: dict[str, list[TextItem]] = {}
    for item in reversed(source.parsed.items):
        marks.setdefault(item.text, []).append(item)
    items = []
    for item in parsed.items:
        known = marks.get(item.text, [item])
        mark = known.pop() if len(known) > 1 else known[0]
        items.append(replace(item, kind=mark.kind, label=mark.label))
    return replace(parsed, items=tuple(items))


def _from_list(texts: Sequence[str]) -> ParsedTexts:
    """What is empty, odd or there twice is reported as in a paste; lines are positions from 1."""
    if not hasattr(texts, "__len__") or isinstance(texts, Mapping | Set | bytes):
        raise InputError(
            f"texts is {texts!r:.80} of type {type(texts).__name__}. Pass a list of strings, one "
            "pasted string, a Path, a DataFrame, or None for a small sample."
        )
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"texts[{at}] is {text!r} of type {type(text).__name__}; every text must be a str. "
                "Pass a list of strings, one pasted string, a Path, or a DataFrame."
            )
    return collect(Draft(text, line) for line, text in enumerate(texts, start=1))


def _check_whole(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InputError(
            f"{name} holds half a character ({text[exc.start]!r} at {exc.start}), which no page "
            "can show and no model reads. Mend the text, or leave it out."
        ) from exc


def _check_no_file(text: str) -> None:
    """A name in place of the file is seldom meant as a text."""
    try:
        is_file = len(text.splitlines()) == 1 and Path(text).expanduser().is_file()
    except (OSError, RuntimeError):  # too long for a name, or ~ of nobody
        return
    if is_file:
        raise InputError(
            f"{text!r} is the name of a file and would be embedded as a text. Pass Path({text!r}) "
            f"to read the file, or [{text!r}] for the text."
        )


def unrelated_samples() -> Unrelated:
    """The project's mixed sample: texts of different topics are unrelated by how it was written."""
    frame = samples("mixed")
    return Unrelated(
        texts=frame["text"].tolist(), kinds=frame["kind"].tolist(), topics=frame["topic"].tolist()
    )
