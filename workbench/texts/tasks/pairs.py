"""Pairs of texts: with a score (STS), with a label, or as translations of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from workbench.contracts import LabelledPairs, ScoredPairs
from workbench.texts.tasks.layouts import INPUT, LABELLED, SCORED
from workbench.texts.tasks.opening import open_text, split_numbered
from workbench.texts.tasks.origin import Origin, open_origin, take_paste
from workbench.texts.tasks.problems import Problems, counted, shorten
from workbench.texts.tasks.sealing import seal
from workbench.texts.tasks.tables import Cells, TableChoice, read_cells

_LABELS = {"1": True, "true": True, "0": False, "false": False}


def read_scored_pairs(
    path: str | Path,
    *,
    name: str | None = None,
    scores: str | Path | None = None,
    **choice: Unpack[TableChoice],
) -> ScoredPairs:
    """Read pairs with scores: ``score ⇥ a ⇥ b``, STSBenchmark, SICK, SemEval's STS 2012 to 2016.

    Pairs without a score, which SemEval's files hold, are left out and counted in the source's
    note. Pairs that are there twice count twice, as in published numbers; they are counted too.

    Args:
        path: The table; .gz is unpacked.
        name: Of the task; None: the file's.
        scores: A file with a score a line, where ``path`` holds the texts only ("STS.gs.*.txt").
        **choice: See ``TableChoice``; three columns (score, a, b), two (a, b) beside ``scores``.

    Raises:
        InputError: The file, its columns or some of its rows cannot be used; names lines.
    """
    options = {**choice, "scores": None if scores is None else str(scores)}
    origin = open_origin(path, "read_scored_pairs", name=name, options=options)
    if scores is None:
        return _scored(origin, _cells(origin, choice))
    return _scored(origin, _join_scores(origin, choice, scores))


def parse_scored_pairs(
    text: str, *, name: str = "pasted", **choice: Unpack[TableChoice]
) -> ScoredPairs:
    """Like ``read_scored_pairs``, from what was pasted.

    Raises:
        InputError: As there.
    """
    origin = take_paste(text, name=name, options=choice)
    return _scored(origin, _cells(origin, choice))


def read_labelled_pairs(
    path: str | Path, *, name: str | None = None, **choice: Unpack[TableChoice]
) -> LabelledPairs:
    """Read pairs that mean the same (1, true) or do not (0, false): ``label ⇥ a ⇥ b``.

    Raises:
        InputError: The file, its columns or some of its rows cannot be used, a pair has both
            labels, or all pairs have one; names lines.
    """
    return _labelled(open_origin(path, "read_labelled_pairs", name=name, options=choice), choice)


def parse_labelled_pairs(
    text: str, *, name: str = "pasted", **choice: Unpack[TableChoice]
) -> LabelledPairs:
    """Like ``read_labelled_pairs``, from what was pasted.

    Raises:
        InputError: As there.
    """
    return _labelled(take_paste(text, name=name, options=choice), choice)


def _cells(origin: Origin, choice: TableChoice) -> Cells:
    return read_cells(origin.text, origin.problems, SCORED, choice, suffix=origin.suffix)


def _join_scores(origin: Origin, choice: TableChoice, scores: str | Path) -> Cells:
    """Texts of one file beside the scores of another, line by line."""
    text = open_text(scores)
    texts = read_cells(origin.text, origin.problems, INPUT, choice, suffix=".tsv")
    by_line = dict(split_numbered(text))
    last = max(texts.lines)
    if len(by_line) < last or any(by_line[line].strip() for line in by_line if line > last):
        raise origin.problems.refuse(
            f"it ends on line {last:,}, and the scores in {scores} on line {len(by_line):,}. Both "
            "need a line for every pair, an empty one where there is no score."
        )
    found = tuple(by_line[line] for line in texts.lines)
    said = f"Scores are from {Path(scores).name}."
    return Cells(texts.lines, (found, *texts.columns), [*texts.notes, said])


def _scored(origin: Origin, cells: Cells) -> ScoredPairs:
    a, b, scores = [], [], []
    kept, unscored = [], 0
    for line, score, one, other in zip(cells.lines, *cells.columns, strict=True):
        if not score.strip():
            unscored += 1
            continue
        scores.append(_take_score(score, line, origin.problems))
        a.append(one)
        b.append(other)
        kept.append(line)
    origin.problems.check()
    if not scores:
        raise origin.problems.refuse("no pair has a score. Give each a number.")
    notes = [f"Scores are the file's own, from {min(scores):g} to {max(scores):g}.", *cells.notes]
    if unscored:
        were = counted(unscored, "pair without a score was", "pairs without a score were")
        notes.append(f"{were} left out.")
    notes += _note_twice(a, b, scores, "scores")
    task = ScoredPairs(origin.source.name, tuple(a), tuple(b), tuple(scores), origin.source)
    return seal(task, notes)


def _take_score(score: str, line: int, problems: Problems) -> float:
    try:
        value = float(score)
    except ValueError:
        value = math.nan
        if score.strip().casefold().lstrip("+-") != "nan":
            problems.add(
                line,
                f"the score {shorten(score)} is no number. Write one like 3.5; where this line "
                "holds names of columns, pass header=True.",
            )
            return value
    if not math.isfinite(value):
        problems.add(line, f"the score {shorten(score)} is not finite. Write a number like 3.5.")
    return value


def _note_twice(
    a: Sequence[str], b: Sequence[str], values: Sequence[object], what: str
) -> list[str]:
    """How many pairs stand there again, and how many of those with another score."""
    first: dict[tuple[str, str], object] = {}
    again = other = 0
    for one, two, value in zip(a, b, values, strict=True):
        if (one, two) in first:
            again += 1
            other += first[one, two] != value
        first.setdefault((one, two), value)
    if not again:
        return []
    differ = f", {other:,} of them with other {what}" if other else ""
    are = counted(again, "pair is there again and counts", "pairs are there again and count")
    return [f"{are} once more{differ}."]


def _labelled(origin: Origin, choice: TableChoice) -> LabelledPairs:
    problems = origin.problems
    cells = read_cells(origin.text, problems, LABELLED, choice, suffix=origin.suffix)
    labels, a, b = cells.columns
    first: dict[tuple[str, str], tuple[int, bool]] = {}
    found = []
    for line, label, one, two in zip(cells.lines, labels, a, b, strict=True):
        value = _LABELS.get(label.strip().casefold())
        if value is None:
            problems.add(line, f"the label {shorten(label)} is none of 1, 0, true and false.")
            continue
        found.append(value)
        line_before, before = first.setdefault((one, two), (line, value))
        if before != value:
            problems.add(
                line,
                f"this pair is labelled {int(value)} here and {int(before)} on line {line_before}. "
                "Decide for one.",
            )
    problems.check()
    if len(set(found)) == 1:
        raise problems.refuse(
            f"all {len(found):,} pairs are labelled {int(found[0])}, and one class can be told "
            "from nothing. Add pairs of the other."
        )
    notes = [f"Labels are the file's own: {sum(found):,} of {len(found):,} mean the same."]
    notes += [*cells.notes, *_note_twice(a, b, found, "labels")]
    return seal(LabelledPairs(origin.source.name, a, b, tuple(found), origin.source), notes)
