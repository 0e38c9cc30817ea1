"""Whether an OpenAI client that is given this very address gets vectors."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from workbench.contracts import Answer, Attempt, Finding, Opening
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.reach import has_answered

_GATEWAY = (502, 503, 504)
_ROUTES = (
    "most servers embed at /v1/embeddings; infinity at /embeddings unless --url-prefix says "
    "otherwise; TEI at both"
)
NOT_READY = (
    "The server does not answer yet, or is too busy",
    "busy",
    "Wait until it is ready, and ask again.",
)
"""What is said, its cause, and what to do."""
_ROUTE_SHOWN = frozenset(
    {
        *("model", "no_embeddings", "too_long", "empty", "dimensions", "encoding_format"),
        *("fault", "other", "count", "index", "payload", "dim", "too_many_items"),
    }
)
"""Kinds of answers that only a route for embeddings gives; what is wrong there is found later."""


@dataclass(frozen=True)
class _Cause:
    word: str
    says: str
    mend: str
    source: str = ""


def judge_path(evidence: Evidence) -> Finding:
    """The finding of the probe "path"."""
    opening = evidence.opening
    if not has_answered(opening):
        return Finding("path", "unknown", "Nothing answered, so that no path can be told")
    first = opening.attempts[0]
    if opening.embeds:
        if opening.base_url == first.base_url:
            return _name_right(opening)
        return _fail(_name_neighbour(opening, first.answer), opening)
    return _name_without_vectors(opening)


def _name_without_vectors(opening: Opening) -> Finding:
    best = next(a for a in opening.attempts if a.base_url == opening.base_url)
    if best.answer.kind in _ROUTE_SHOWN or best.answer.detail == "error":
        return _name_route(opening, best)
    if best.answer.kind == "busy":
        return Finding("path", "unknown", *NOT_READY, evidence=_lines(opening))
    if best.answer.kind == "key":
        words = f"The server answers {best.answer.status} before any path can be told"
        return Finding("path", "unknown", words, evidence=_lines(opening))
    return _fail(_name_nothing(opening, best), opening)


def _name_right(opening: Opening) -> Finding:
    return Finding(
        "path",
        "ok",
        f"An OpenAI client with base_url {opening.given} gets vectors",
        evidence=_lines(opening),
    )


def _name_route(opening: Opening, best: Attempt) -> Finding:
    """A route for embeddings was found, and gives no vectors."""
    if best.base_url != opening.given:
        return _fail(_name_neighbour(opening, opening.attempts[0].answer), opening)
    says = f"{best.base_url}/embeddings is there, and gives no vectors"
    return Finding("path", "ok", says, evidence=_lines(opening))


def _name_neighbour(opening: Opening, first: Answer) -> _Cause:
    given, right = opening.given, opening.base_url
    mend = f"Give clients base_url {right}."
    if first.kind == "malformed" and first.detail == "bare_list":
        return _Cause(
            "native_route",
            f"{given} is llama.cpp's own route, whose answers no OpenAI client reads; {right} "
            "embeds",
            mend,
            "llama.cpp's server answers /embeddings in a form of its own",
        )
    word, says = "wrong_path", f"{given} has no route that embeds, {right} has one"
    if right == f"{given}/v1":
        word, says = "path_without_v1", f"/v1 is missing: {says}"
    elif given == f"{right}/v1":
        word, says = "path_with_v1", f"/v1 is too much: {says}"
        mend += " Or start infinity with --url-prefix /v1."
    return _Cause(word, says, mend, "infinity issues 298 and 541: " + _ROUTES)


def _name_nothing(opening: Opening, best: Attempt) -> _Cause:
    answer, where = best.answer, urlsplit(opening.given).netloc
    if answer.kind == "redirect":
        return _Cause(
            "redirected",
            f"{opening.given} sends clients to another place, where neither key nor texts are sent",
            "Give the address that it points to, if that is the server; a page to sign in means "
            "that a gateway wants to know you first.",
        )
    if answer.kind == "not_the_server" and answer.status in _GATEWAY:
        return _Cause(
            "gateway_without_server",
            f"A gateway answers {answer.status} at {where}: the server behind it does not answer",
            "Start the server, or point the gateway at its port; read the log of the gateway.",
        )
    if answer.detail in ("page", "no_json") or answer.kind == "not_the_server":
        return _Cause(
            "not_an_api",
            f"{where} answers with a page and not as an API",
            "See that host, port and path are those of the embeddings server.",
        )
    if answer.kind == "malformed":
        return _Cause(
            "not_an_api",
            f"{where} answers in the form of another API",
            "See that host, port and path are those of an OpenAI-compatible embeddings server.",
        )
    tried = ", ".join(f"{a.base_url}/embeddings" for a in opening.attempts)
    return _Cause(
        "no_embeddings_route",
        f"No path of {where} embeds; tried: {tried}",
        "See that this is the embeddings server and not another program, and name its path: "
        f"{_ROUTES}.",
    )


def _lines(opening: Opening) -> tuple[str, ...]:
    lines = []
    for attempt in opening.attempts:
        answer = attempt.answer
        told = "vectors" if answer.outcome == "vectors" else name_answer(answer)
        lines.append(f"{attempt.base_url}/embeddings: {told}")
    notes = (f"the address: {note}" for note in opening.notes if "address" in note)
    return (*lines, *notes)


def _fail(cause: _Cause, opening: Opening) -> Finding:
    return Finding(
        "path", "fail", cause.says, cause.word, cause.mend, cause.source, _lines(opening)
    )


PROBE = Probe("path", "which path embeds", None, judge_path, needs_vectors=False)
