"""What the search panel draws, as the browser takes it: pieces of text, never markup."""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.contracts import EmbedderChoice
from workbench.panels.notices import choice_payload
from workbench.panels.search_run import Found
from workbench.panels.wire import Payload
from workbench.studies import Background
from workbench.studies.found import Hit, SearchComparison, SearchResult, compare_results
from workbench.studies.highlights import Highlight
from workbench.studies.judgements import Judgements
from workbench.texts import guess_kind

SHOWN_CHARACTERS = 4_000
"""Of each passage that the page shows; the vectors are of the whole text."""


def choices_payload(choices: Sequence[EmbedderChoice]) -> list[Payload]:
    """The picker's lines."""
    return [choice_payload(choice) for choice in choices]


def column_payload(
    result: SearchResult,
    highlights: Sequence[Highlight],
    *,
    against: SearchResult | None = None,
    background: Background | None = None,
) -> Payload:
    """One ranking.

    Args:
        result: It.
        highlights: One a hit.
        against: The ranking that moves are told from.
        background: Cosines of unrelated queries and passages under the same prefixes.
    """
    return {
        "prefix": result.prompt.prefix,
        "note": result.prompt.note,
        "cut": result.truncated,
        "hits": [
            _hit(hit, lights, result.query, against, background, len(result.hits))
            for hit, lights in zip(result.hits, highlights, strict=True)
        ],
    }


def overlap_words(found: SearchComparison) -> str:
    """What the instruction changed, in a sentence."""
    new = sum(move.after <= found.k < move.before for move in found.moves)
    moved = sum(move.before != move.after for move in found.moves)
    kept = round(found.overlap * found.k)
    return (
        f"{kept} of the first {found.k} are in both rankings (overlap {found.overlap:.0%}); "
        f"{new} came in, {moved} of {len(found.moves)} changed their rank."
    )


def found_payload(found: Found) -> Payload:
    """All that a search found."""
    first = found.results[0]
    columns = [
        column_payload(result, lights, against=first if at else None, background=background)
        for at, (result, lights, background) in enumerate(
            zip(found.results, found.lights, found.backgrounds, strict=True)
        )
    ]
    cut = int(found.index.truncated.sum())
    notes = [
        found.said,
        f"{cut:,} passages were cut: too long for the model." if cut else "",
        *(f"Passage {name} was refused: {why}" for name, why in found.index.refused[:20]),
    ]
    return {
        "query": first.query,
        "n": len(found.index),
        "embedder": found.label,
        "document": found.index.prompt.prefix,
        "columns": columns,
        "overlap": overlap_words(compare_results(*found.results)) if len(columns) == 2 else "",
        "notes": [note for note in notes if note],
    }


def labels_payload(labels: Judgements, found: Found | None) -> Payload:
    """The list of labels, and which of the present query's passages have one."""
    query = None if found is None else found.results[0].query
    shown = {} if found is None else {h.id: h.text for r in found.results for h in r.hits}
    current = [
        [one.passage_id, one.right]
        for one in labels.records
        if one.query == query and shown.get(one.passage_id) == one.passage
    ]
    return {
        "rows": [
            {"query": one.query, "passage": one.passage[:300], "id": one.passage_id}
            | {"right": one.right, "embedder": one.embedder, "rank": one.rank}
            for one in labels.records
        ],
        "current": current,
        "undoable": labels.undoable,
    }


def _hit(
    hit: Hit,
    lights: Highlight,
    query: str,
    against: SearchResult | None,
    background: Background | None,
    k: int,
) -> Payload:
    before = None if against is None else int(against.ranks[hit.row])
    standing = ""
    if background is not None:
        standing = str(background.percentile(hit.cosine, guess_kind(query), guess_kind(hit.text)))
    return {
        "rank": hit.rank,
        "row": hit.row,
        "id": hit.id,
        "cosine": round(hit.cosine, 4),
        "percentile": math.floor(hit.percentile * 10) / 10,  # 99.9 % is not yet all of them
        "unrelated": standing,
        "before": before,
        "new": before is not None and before > k,
        "pieces": _pieces(hit.text, lights),
        "more": max(0, len(hit.text) - SHOWN_CHARACTERS),
        "unscored": lights.unscored,
    }


def _pieces(text: str, lights: Highlight) -> list[list[object]]:
    """[text, cosine or None, its place among the nearest or -1], up to ``SHOWN_CHARACTERS``."""
    if not lights.best:
        return [[text[:SHOWN_CHARACTERS], None, -1]]
    pieces: list[list[object]] = []
    for at, one in enumerate(lights.sentences):
        if one.begin >= SHOWN_CHARACTERS:
            break
        place = lights.best.index(at) if at in lights.best else -1
        piece = text[one.begin : min(one.end, SHOWN_CHARACTERS)]
        sentence = piece.rstrip()  # white space after it is not marked
        pieces.append([sentence, one.cosine, place])
        if sentence != piece:
            pieces.append([piece[len(sentence) :], None, -1])
    last = lights.sentences[-1].end
    if last < min(len(text), SHOWN_CHARACTERS):
        pieces.append([text[last:SHOWN_CHARACTERS], None, -1])
    return pieces
