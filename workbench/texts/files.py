"""Texts from files: which format by suffix, which encoding by its bytes."""

from __future__ import annotations

import codecs
import io
from dataclasses import replace
from functools import partial
from pathlib import Path

from workbench.contracts import Issue
from workbench.errors import InputError
from workbench.texts.collecting import ParsedTexts
from workbench.texts.parsing import SplitMode, parse_texts, read_json, table_from_json
from workbench.texts.tables import Table, texts_from_table

_MODES: dict[str, SplitMode] = {
    ".txt": "lines",
    ".md": "lines",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
SUFFIXES = (*_MODES, ".json", ".parquet")
# the longer marks first: UTF-32's begins with UTF-16's
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_texts(
    path: str | Path,
    *,
    mode: SplitMode | None = None,
    column: str | None = None,
    kind_column: str | None = None,
    label_column: str | None = None,
) -> ParsedTexts:
    """Read the texts of a file.

    Args:
        path: A .txt, .md, .csv, .tsv, .jsonl, .ndjson, .json or .parquet file.
        mode: How to split a text file; None: by its suffix.
        column: Column of the texts; None: found by its name.
        kind_column: Column of the kinds; None: "kind" or "lang", if there is one.
        label_column: Column of the labels; None: "label", else "topic", if there is one.

    Raises:
        InputError: The file is missing, empty, of an unknown suffix or encoding, or its content
            cannot be used; the message begins with the path.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one file in it ({', '.join(SUFFIXES)}).")
    try:
        content = path.read_bytes()
    except FileNotFoundError as exc:
        raise InputError(f"{path} does not exist (looked in {Path.cwd()}).") from exc
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}.") from exc
    return read_texts_from_bytes(
        str(path),
        content,
        mode=mode,
        column=column,
        kind_column=kind_column,
        label_column=label_column,
    )


def read_texts_from_bytes(
    name: str,
    content: bytes,
    *,
    mode: SplitMode | None = None,
    column: str | None = None,
    kind_column: str | None = None,
    label_column: str | None = None,
) -> ParsedTexts:
    """Read the texts of an upload; like ``read_texts``, with ``name`` for suffix and messages.

    Raises:
        InputError: As ``read_texts``.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES and mode is None:
        raise InputError(
            f"{name}: the suffix {suffix!r} is unknown. Allowed are {', '.join(SUFFIXES)}; or pass "
            "mode= for a text file of another name."
        )
    if mode is not None and suffix == ".parquet":
        raise InputError(f"{name}: mode={mode!r} splits text files, and this is Parquet.")
    if not content:
        raise InputError(f"{name} is empty (0 bytes).")
    from_table = partial(
        texts_from_table, column=column, kind_column=kind_column, label_column=label_column
    )
    try:
        if suffix == ".parquet":
            return from_table(_read_parquet(content))
        text, issues = decode_text(content)
        if suffix == ".json" and mode is None:
            return from_table(_read_json_list(text), issues=issues)
        parsed = parse_texts(
            text,
            mode=mode or _MODES[suffix],
            column=column,
            kind_column=kind_column,
            label_column=label_column,
        )
    except InputError as exc:
        raise InputError(f"{name}: {exc}") from exc
    return replace(parsed, issues=(*issues, *parsed.issues))


def decode_text(content: bytes) -> tuple[str, list[Issue]]:
    """Decode UTF-8, or UTF-16/32 with its mark; GB18030 as a last resort, which is reported.

    Raises:
        InputError: None of them fits; names the byte where UTF-8 ends.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), []
    except UnicodeDecodeError as exc:
        reason = (
            f"byte {exc.start} ({content[exc.start]:#04x}) is not {encoding.removesuffix('-sig')}"
        )
        cause = exc
    if encoding == "utf-8":
        try:
            message = (
                f"Read as GB18030, because {reason}. If characters look wrong, save the file as "
                "UTF-8."
            )
            return content.decode("gb18030"), [Issue(1, "encoding", message)]
        except UnicodeDecodeError:
            reason += ", and the file is not GB18030 either"
    raise InputError(f"The text cannot be decoded: {reason}. Save it as UTF-8.") from cause


def _read_json_list(text: str) -> Table:
    values = read_json(text)
    if not isinstance(values, list):
        raise InputError(
            f"JSON needs a list of strings or of objects at the top; found {type(values).__name__}."
        )
    return table_from_json(values, lines=range(1, len(values) + 1))


def _read_parquet(content: bytes) -> Table:
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
    except (ArrowException, OSError) as exc:
        raise InputError(f"This is not a Parquet file that can be read: {exc}.") from exc

    def read_column(name: str) -> list[object]:
        values: list[object] = table.column(name).to_pylist()
        return values

    return Table(tuple(table.column_names), range(1, table.num_rows + 1), read_column)
