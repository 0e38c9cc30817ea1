"""Retrieval from a folder in BEIR's form: corpus.jsonl, queries.jsonl, qrels/<split>.tsv."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.contracts import Retrieval
from workbench.errors import InputError
from workbench.texts.collecting import is_empty
from workbench.texts.tasks.objects import Record, read_records, take_string, take_text
from workbench.texts.tasks.opening import open_text, split_numbered
from workbench.texts.tasks.problems import Problems, counted, listed, shorten
from workbench.texts.tasks.sealing import make_source, seal


def read_beir(
    folder: str | Path,
    *,
    name: str | None = None,
    split: str = "test",
    instruction: str | None = None,
) -> Retrieval:
    """Read queries, corpus and judgements; each file may be packed (.gz).

    A title stands before its text and a space. Queries without a judgement in the split, which
    belong to another, are left out and counted in the source's note; so are judgements of 0 and
    below, which say that a document does not answer. A query's ``metadata["language"]`` is its
    group.

    Args:
        folder: With corpus.jsonl (_id, title, text), queries.jsonl (_id, text) and qrels/.
        name: Of the task; None: the folder's.
        split: Which file of qrels.
        instruction: What a query asks for, for models that take an instruction; None: nothing.

    Raises:
        InputError: A file is missing, an id is there twice, a judgement names a query or a
            document that is missing, or has no number; names lines.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder (looked in {Path.cwd()}). read_beir takes one with "
            "corpus.jsonl, queries.jsonl and qrels/."
        )
    corpus, notes = _read_corpus(_find(folder, "corpus.jsonl"))
    asked = _read_queries(_find(folder, "queries.jsonl"))
    judged = _read_qrels(_find_split(folder, split), asked.texts, corpus)
    queries = {query: text for query, text in asked.texts.items() if query in judged.relevant}
    source = make_source(
        name or folder.resolve().name,
        reader="read_beir",
        path=str(folder),
        options={"split": split, "instruction": instruction},
        note="Judgements are the folder's own.",
    )
    if others := len(asked.texts) - len(queries):
        have = counted(others, "query has", "queries have")
        notes.append(f"{have} no right document in {split!r} and were left out.")
    groups = {query: group for query, group in asked.groups.items() if query in queries}
    task = Retrieval(source.name, queries, corpus, judged.relevant, groups, instruction, source)
    return seal(task, [*notes, *judged.notes])


@dataclass(frozen=True)
class _Queries:
    texts: Mapping[str, str]
    groups: Mapping[str, str]


@dataclass(frozen=True)
class _Judged:
    relevant: Mapping[str, Mapping[str, float]]
    notes: list[str]


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    held = listed(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise InputError(
        f"{folder} has no {name}, packed or not; it holds {held}. A BEIR folder has corpus.jsonl, "
        "queries.jsonl and qrels/."
    )


def _find_split(folder: Path, split: str) -> Path:
    qrels = folder / "qrels"
    there = sorted(qrels.glob("*.tsv*")) if qrels.is_dir() else []
    for path in there:
        if path.name in (f"{split}.tsv", f"{split}.tsv.gz"):
            return path
    splits = sorted({path.name.partition(".tsv")[0] for path in there})
    raise InputError(
        f"{folder} has no judgements for split={split!r}: qrels/{split}.tsv is missing. Splits "
        f"that are there: {listed(splits) or 'none'}."
    )


def _take_id(record: Record, lines: dict[str, int], line: int, problems: Problems) -> str | None:
    """The id of a record, new among those before; numbers count as their digits."""
    value = record.get("_id")
    if isinstance(value, int) and not isinstance(value, bool):
        record = {**record, "_id": str(value)}
    before = len(problems)
    name = take_string(record, "_id", line, problems)
    if len(problems) > before:
        return None
    if not name:
        problems.add(line, "the '_id' is empty. Give each its own.")
        return None
    if name in lines:
        problems.add(line, f"the id {name!r} is also on line {lines[name]:,}. Give each its own.")
        return None
    lines[name] = line
    return name


def _read_corpus(path: Path) -> tuple[dict[str, str], list[str]]:
    problems, lines = Problems(str(path)), dict[str, int]()
    corpus, empty = {}, 0
    for line, record in read_records(open_text(path), problems):
        name = _take_id(record, lines, line, problems)
        text = take_string(record, "text", line, problems)
        title = record.get("title") or ""
        if not isinstance(title, str):
            problems.add(line, f"'title' is {shorten(title)}, and a string is needed.")
            continue
        whole = f"{title} {text}" if title else text
        if is_empty(whole):
            empty += 1  # FiQA's corpus has such ones, and published numbers are over all
        else:
            problems.check_text(line, "the document", whole)
        if name is not None:
            corpus[name] = whole
    problems.check()
    if not corpus:
        raise problems.refuse("it holds no documents.")
    have = counted(empty, "document has", "documents have")
    return corpus, [f"{have} no text, and stayed in the corpus."] if empty else []


def _read_queries(path: Path) -> _Queries:
    problems, lines = Problems(str(path)), dict[str, int]()
    texts, groups = {}, {}
    for line, record in read_records(open_text(path), problems):
        name = _take_id(record, lines, line, problems)
        text = take_text(record, "text", line, problems)
        if name is None:
            continue
        texts[name] = text
        metadata = record.get("metadata")
        language = metadata.get("language") if isinstance(metadata, dict) else None
        if isinstance(language, str) and language:
            groups[name] = language
    problems.check()
    if not texts:
        raise problems.refuse("it holds no queries.")
    return _Queries(texts, groups)


def _read_qrels(path: Path, queries: Mapping[str, str], corpus: Mapping[str, str]) -> _Judged:
    problems = Problems(str(path))
    relevant: dict[str, dict[str, float]] = {}
    seen: dict[tuple[str, str], int] = {}
    below = 0
    for line, content in split_numbered(open_text(path)):
        fields = content.split("\t")
        if not content.strip() or (line == 1 and _is_header(fields)):
            continue
        grade = _take_grade(fields, line, problems)
        if grade is None or not _is_known(fields, line, problems, queries, corpus):
            continue
        query, document = fields[0], fields[1]
        first = seen.setdefault((query, document), line)
        if first != line:
            problems.add(
                line,
                f"query {query!r} and document {document!r} are judged on line {first:,} already. "
                "Keep one of the lines.",
            )
        elif grade > 0:
            relevant.setdefault(query, {})[document] = grade
        else:
            below += 1
    problems.check()
    if not relevant:
        raise problems.refuse("no judgement is above 0, so no query has a right document.")
    say = counted(below, "judgement says", "judgements say")
    notes = [f"{say} that a document does not answer (0 or below)."] if below else []
    return _Judged(relevant, notes)


def _is_header(fields: list[str]) -> bool:
    return len(fields) == 3 and fields[2].strip().casefold() in ("score", "relevance", "grade")


def _take_grade(fields: list[str], line: int, problems: Problems) -> float | None:
    if len(fields) != 3:
        problems.add(
            line,
            f"{shorten(fields)} where query-id, corpus-id and score are needed, a tab between.",
        )
        return None
    try:
        grade = float(fields[2])
    except ValueError:
        grade = math.nan
    if math.isfinite(grade):
        return grade
    problems.add(line, f"the score {fields[2]!r} is no finite number. Write one like 1.")
    return None


def _is_known(
    fields: list[str],
    line: int,
    problems: Problems,
    queries: Mapping[str, str],
    corpus: Mapping[str, str],
) -> bool:
    before = len(problems)
    for what, name, file, known in (
        ("query", fields[0], "queries.jsonl", queries),
        ("document", fields[1], "corpus.jsonl", corpus),
    ):
        if name not in known:
            problems.add(
                line, f"the {what} {name!r} is not in {file}. Add it, or take the line out."
            )
    return len(problems) == before
