"""Which texts share a pass of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def plan_batches(lengths: Sequence[int], *, budget: int) -> Iterator[list[int]]:
    """Row numbers grouped so that little is padded, longest rows first.

    Longest first, so that memory runs out at the start of a long run or not at all.

    Args:
        lengths: Tokens of each row.
        budget: Most tokens in a batch, padding included; a longer row goes alone.

    Yields:
        Row numbers of one batch; together each row once.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        width = max(1, lengths[order[start]])
        stop = start + max(1, budget // width)
        yield order[start:stop]
        start = stop
