"""How many texts and how many bytes one request may hold."""

from __future__ import annotations

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe

TEXT = "a"
"""One token in nearly every vocabulary: what is counted is texts."""
MOST, MOST_DEEP = 256, 4_096
FEW = 32
"""Below this a client that packs texts as usual is refused; TEI's own default is 32."""
STEPS = 7
BODY, BODY_DEEP = 1_100_000, 2_200_000
"""Just above what nginx takes by default (1 MiB), and above what TEI takes (2 MB)."""
_SMALLER = (1_000_000, 500_000, 100_000)
_SLOW_S = 10.0
_TIMES = "TEI's --max-client-batch-size is 32, infinity takes 2,048, DashScope 10"
_SIZES = "nginx: client_max_body_size is 1m unless set; TEI: 2 MB"


def ask_limits(line: Line, evidence: Evidence) -> None:
    """Send more and more texts, then larger and larger bodies, until one is refused."""
    _ask_items(line, evidence)
    _ask_bytes(line, evidence)


def _ask_items(line: Line, evidence: Evidence) -> None:
    most = MOST_DEEP if evidence.deep else MOST
    start = _taken(evidence)
    low, high = start, 0
    items = 2 if start < 2 else 2 * start
    while items <= most:
        answer = _send(line, evidence, items)
        if answer.outcome != "vectors":
            high = items if _says_no(answer) else 0
            break
        low, items = items, 2 * items
        if answer.seconds > _SLOW_S:
            return
    if high and (answer.limit is None or not low <= answer.limit < high):
        _close_in(line, evidence, low, high)


def _close_in(line: Line, evidence: Evidence, low: int, high: int) -> None:
    for _ in range(STEPS):
        items = (low + high) // 2
        if items <= low:
            return
        answer = _send(line, evidence, items)
        if answer.outcome == "vectors":
            low = items
        elif _says_no(answer):
            high = items
        else:
            return


def _send(line: Line, evidence: Evidence, items: int) -> Answer:
    (answer,) = line.ask([Ask((TEXT,) * items)])
    evidence.items.append(answer)
    return answer


def _ask_bytes(line: Line, evidence: Evidence) -> None:
    sizes = [BODY, BODY_DEEP] if evidence.deep else [BODY]
    for size in sizes:
        (answer,) = line.ask([Ask((TEXT,), padding=size)])
        evidence.bytes_.append(answer)
        if answer.outcome != "vectors":
            break
    if evidence.bytes_[0].kind == "too_large":
        for size in _SMALLER:
            (answer,) = line.ask([Ask((TEXT,), padding=size)])
            evidence.bytes_.append(answer)
            if answer.kind != "too_large":
                return


def _taken(evidence: Evidence) -> int:
    """Texts of the largest request that was answered with vectors so far; 1: only single ones."""
    batches = [*([] if evidence.batch is None else [evidence.batch]), *evidence.repeats]
    sizes = [len(answer.ask.texts) for answer in batches if answer.outcome == "vectors"]
    return max(sizes, default=1)


def _says_no(answer: Answer) -> bool:
    """Whether the server refused the request for what it is, and is well."""
    return answer.outcome == "refusal" and answer.kind not in ("fault", "not_the_server", "busy")


def judge_limits(evidence: Evidence) -> Finding:
    """The finding of the probe "limits"."""
    asked = [a for a in (*evidence.items, *evidence.bytes_) if a.outcome != "unasked"]
    if not asked:
        return Finding("limits", "unknown", "Neither more texts nor larger bodies were sent")
    most, refused, broken = _sort_items(evidence)
    body, body_line, small = _read_bytes(evidence)
    lines = [f"the largest request that was taken has {most:,} texts"]
    lines += [f"{len(a.ask.texts):,} texts: {name_answer(a)}" for a in (refused, broken) if a]
    lines += [body_line] if body_line else []
    limit = None if refused is None else refused.limit or most
    numbers: dict[str, float] = {"items": limit or most}
    if body is not None:
        numbers["bytes"] = body
    if limit is not None and limit < FEW:
        return _warn(
            f"A request may hold {limit:,} texts only",
            "few_items",
            f"Send at most {limit:,} texts a request (LangChain: chunk_size), or raise the limit.",
            _TIMES,
            lines,
            numbers,
        )
    if broken is not None:
        return _name_broken(broken, lines, numbers)
    if small:
        return _warn(
            f"Bodies of {BODY:,} bytes are refused",
            "small_bodies",
            "Raise client_max_body_size of the proxy in front, or send fewer texts a request.",
            _SIZES,
            lines,
            numbers,
        )
    items = f"at least {most:,}" if limit is None else f"{limit:,}"
    size = "" if body is None else f" and {body / 1e6:.1f} MB"
    says = f"A request may hold {items} texts{size}"
    return Finding("limits", "ok", says, evidence=tuple(lines), numbers=numbers)


def _warn(
    says: str,
    cause: str,
    mend: str,
    source: str,
    lines: list[str],
    numbers: dict[str, float],
) -> Finding:
    return Finding("limits", "warn", says, cause, mend, source, tuple(lines), numbers)


def _sort_items(evidence: Evidence) -> tuple[int, Answer | None, Answer | None]:
    """Most texts taken; the smallest request refused; the first that broke something."""
    taken = [len(answer.ask.texts) for answer in evidence.items if answer.outcome == "vectors"]
    no = [answer for answer in evidence.items if _says_no(answer)]
    refused = min(no, default=None, key=lambda one: (one.limit is None, len(one.ask.texts)))
    well = ("vectors", "unasked")
    broken = (a for a in evidence.items if a.outcome not in well and not _says_no(a))
    return max(taken, default=_taken(evidence)), refused, next(broken, None)


def _name_broken(broken: Answer, lines: list[str], numbers: dict[str, float]) -> Finding:
    items = len(broken.ask.texts)
    if broken.kind == "busy":
        says = f"The server was too busy for a request of {items:,} texts"
        return Finding("limits", "unknown", says, evidence=tuple(lines), numbers=numbers)
    return _warn(
        f"A request of {items:,} texts ends in an error, and not in a refusal",
        "many_items_fail",
        f"Send fewer than {items:,} texts a request, and read the server's log of this moment.",
        "",
        lines,
        numbers,
    )


def _read_bytes(evidence: Evidence) -> tuple[int | None, str, bool]:
    """Bytes of the largest body taken, None where it is not known; a line; whether it is small."""
    taken = [a.ask.padding for a in evidence.bytes_ if a.outcome == "vectors"]
    largest = max(taken, default=None)
    refused = [a for a in evidence.bytes_ if a.outcome not in ("vectors", "unasked")]
    if not refused:
        return largest, "" if largest is None else f"a body of {largest:,} bytes was taken", False
    first = min(refused, key=lambda answer: answer.ask.padding)
    line = f"a body of {first.ask.padding:,} bytes: {name_answer(first)}"
    if largest is not None:
        line += f"; one of {largest:,} bytes was taken"
    return largest, line, first.kind == "too_large" and first.ask.padding <= BODY


PROBE = Probe("limits", "more texts and larger requests", ask_limits, judge_limits)
