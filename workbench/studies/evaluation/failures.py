"""What went wrong, in words: the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.contracts import Failure
from workbench.maths.ranking import Standing


def worst(failures: Iterable[Failure], most: int) -> tuple[Failure, ...]:
    """The worst failures first, at most ``most``; of equals the earlier item."""
    return tuple(sorted(failures, key=lambda failure: -failure.badness)[:most])


def describe_rank(
    item: str,
    asked: str,
    texts: Sequence[str],
    standing: Standing,
    *,
    part: str = "",
) -> Failure | None:
    """The failure of a query whose first right document does not stand first, else None.

    Args:
        item: Which query.
        asked: Its text.
        texts: The documents' texts by place.
        standing: Where its right documents stand.
        part: Which search this was of several ("zh to code"), or "".
    """
    rank = int(standing.ranks[0])
    if rank == 1:
        return None
    right = set(standing.right.tolist())
    wrong = next(
        (place for place, document in enumerate(standing.top.tolist()) if document not in right),
        None,
    )
    cosine = float(standing.scores[0])
    says = f"rank {rank:,} (cosine {cosine:.3f})"
    found = ""
    if wrong is not None:
        found = texts[int(standing.top[wrong])]
        says += f", before it a wrong text ({float(standing.top_scores[wrong]):.3f})"
    return Failure(
        item=item,
        asked=asked,
        expected=texts[int(standing.right[0])],
        found=found,
        says=f"{part}: {says}" if part else says,
        badness=float(rank),
    )
