"""Queries with candidates that answer and candidates that do not, for reranking."""

from __future__ import annotations

from pathlib import Path

from workbench.contracts import Reranking
from workbench.texts.tasks.objects import read_records, take_text, take_texts
from workbench.texts.tasks.origin import Origin, open_origin, take_paste
from workbench.texts.tasks.problems import shorten
from workbench.texts.tasks.sealing import seal


def read_reranking(
    path: str | Path, *, name: str | None = None, instruction: str | None = None
) -> Reranking:
    """Read JSON lines of ``{"query": ..., "positive": [...], "negative": [...]}``.

    Args:
        path: The file; .gz is unpacked.
        name: Of the task; None: the file's.
        instruction: What a query asks for, for models that take an instruction; None: nothing.

    Raises:
        InputError: A field is missing or empty, or a candidate is on both sides; names lines.
    """
    options = {"instruction": instruction}
    origin = open_origin(path, "read_reranking", name=name, options=options)
    return _reranking(origin, instruction)


def parse_reranking(
    text: str, *, name: str = "pasted", instruction: str | None = None
) -> Reranking:
    """Like ``read_reranking``, from what was pasted.

    Raises:
        InputError: As there.
    """
    return _reranking(take_paste(text, name=name, options={}), instruction)


def _reranking(origin: Origin, instruction: str | None) -> Reranking:
    problems = origin.problems
    queries, positives, negatives = [], [], []
    for line, record in read_records(origin.text, problems):
        queries.append(take_text(record, "query", line, problems))
        positives.append(take_texts(record, "positive", line, problems))
        negatives.append(take_texts(record, "negative", line, problems))
        for text in sorted(set(positives[-1]) & set(negatives[-1])):
            problems.add(
                line, f"{shorten(text)} is both right and wrong for this query. Decide for one."
            )
    problems.check()
    if not queries:
        raise problems.refuse("it holds no queries.")
    task = Reranking(
        origin.source.name,
        tuple(queries),
        tuple(positives),
        tuple(negatives),
        instruction,
        origin.source,
    )
    return seal(task, ["Which candidates answer is the file's own judgement."])
