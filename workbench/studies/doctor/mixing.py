"""Why a text's vector depends on its company: by the requests in which it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.contracts import Finding
from workbench.studies.doctor.company import Company, Vector, find_order, find_owner
from workbench.studies.doctor.texts import LONG, PAIR_ALIKE, TEXTS

_A, _SHORT = TEXTS[PAIR_ALIKE[0]], TEXTS[0]
TWICE, WITH_SHORT, WITH_LONG = (_A, _A), (_A, _SHORT), (_A, LONG)
"""Requests that hold a text with itself, with a shorter and with a longer one."""


@dataclass(frozen=True)
class Cause:
    """A cause in the words of a finding."""

    word: str
    says: str
    mend: str
    source: str = ""


def name_cause(
    companies: Mapping[str, Company], own: Mapping[str, Vector], again: Finding
) -> Cause:
    """Why rows are off, from which requests they are off in."""
    if again.cause == "second_call_differs":
        return Cause(again.cause, "A text asked for again is given another vector", again.mend)
    return (
        _name_order(companies, own)
        or _name_crossing(companies["crowd"], own)
        or _name_company({name for name, company in companies.items() if company.off})
    )


def _name_order(companies: Mapping[str, Company], own: Mapping[str, Vector]) -> Cause | None:
    """Whether the vectors are right and lie at the wrong texts."""
    batch, shuffled = companies["batch"], companies["shuffled"]
    if not batch.off and _is_earlier(companies, own):
        return name_cache("A batch is given the vectors of an earlier one that is like it")
    orders = [find_order(one, own) for one in (batch, shuffled) if one.off]
    if not orders or None in orders:
        return None
    word = "order_reversed" if set(orders) == {"reversed"} else "order_permuted"
    how = {"reversed": "in reversed order", "another order": "in another order than was asked"}
    return Cause(
        word,
        "The vectors of a batch are right and lie at the wrong texts: they come "
        + how.get(str(orders[0]), f"sorted, {orders[0]}"),
        "Ask for one text a request until whatever stands before the server keeps the order, or "
        "sets the index of each vector rightly.",
    )


def _is_earlier(companies: Mapping[str, Company], own: Mapping[str, Vector]) -> bool:
    """Whether rows hold what an earlier request of as many texts has at their places."""
    earlier = {"short": TWICE, "long": TWICE, "shuffled": TEXTS}
    rows = [(earlier[name][row.place], row) for name in earlier for row in companies[name].off]
    return bool(rows) and all(find_owner(row, [text], own) is not None for text, row in rows)


def _name_crossing(crowd: Company, own: Mapping[str, Vector]) -> Cause | None:
    """Whether requests sent at once are given each other's vectors."""
    owners = [find_owner(row, [text for text in own if text != row.text], own) for row in crowd.off]
    if not owners or None in owners:
        return None
    return Cause(
        "answers_crossed",
        "Requests sent at once are given the vectors of one another's texts",
        "Send one request at a time until whatever stands before the server keeps them apart.",
    )


def _name_company(off: set[str]) -> Cause:
    if "twice" in off and not off & {"short", "long", "batch", "packed", "shuffled"}:
        return Cause(
            "equal_length_batch",
            "A text has another vector where all texts of a batch are of one length",
            "Use a build whose attention is always causal (TEI: flash attention on CUDA, or the "
            "patch of PR 883); until then send one text a request and one request at a time.",
            "TEI issue 882 and PR 883",
        )
    if off == {"crowd"}:
        return Cause(
            "concurrency",
            "A text has another vector when several requests come at once",
            "Upgrade the server; until then send one request at a time.",
            "TEI issues 648 and 649",
        )
    return Cause(
        "batch_dependent",
        "A text's vector depends on the texts it is sent with",
        "The padding of shorter texts is attended to, or positions count from the padding: upgrade "
        "the server; until then send one text a request.",
        "mlx-swift-lm issue 418, TEI issue 649",
    )


def name_cache(says: str) -> Cause:
    """The cause "cache", with what it did."""
    return Cause(
        "cache",
        says,
        "Switch off or mend the cache in front of the server: its key has to be the whole request, "
        "letter by letter.",
    )
