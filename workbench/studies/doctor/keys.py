"""Whether a key is wanted, and whether the one that was given is taken."""

from __future__ import annotations

from workbench.contracts import Answer, Ask, Finding, Line, Opening
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe

_MISSING_WORDS = "Pass the key as key=, or name the variable that holds it (--key-from VARIABLE)."
_WRONG_WORDS = (
    "Pass the key that the server was started with; where a gateway stands before it, the "
    "gateway's. A gateway that has a wrong key for the server behind it answers the same."
)
_SOURCE = "LiteLLM 1.106 answers 401 where its own key is right and the one behind it is wrong"


def ask_keyless(line: Line, evidence: Evidence) -> None:
    """Ask once without the key, where one was given and taken."""
    opening = evidence.opening
    if opening.has_key and opening.embeds:
        evidence.keyless = line.ask([Ask(_first_texts(opening), with_key=False)])[0]


def judge_key(evidence: Evidence) -> Finding:
    """The finding of the probe "auth"."""
    opening = evidence.opening
    refused = next((a.answer for a in opening.attempts if a.answer.kind == "key"), None)
    if not opening.embeds:
        return _name_untried(opening) if refused is None else _name_refused(opening, refused)
    if not opening.has_key:
        return Finding("auth", "ok", "No key was given, and none is asked for")
    return _name_taken(evidence.keyless)


def _first_texts(opening: Opening) -> tuple[str, ...]:
    return opening.attempts[0].answer.ask.texts


def _name_untried(opening: Opening) -> Finding:
    if any(attempt.answer.kind in ("model", "no_embeddings") for attempt in opening.attempts):
        return Finding("auth", "ok", "The key is not what is refused")
    return Finding("auth", "unknown", "No answer says whether the key is taken")


def _name_refused(opening: Opening, answer: Answer) -> Finding:
    lines = (name_answer(answer), *(note for note in opening.notes if "key" in note))
    if answer.status == 402:
        return Finding(
            "auth",
            "fail",
            "The account behind the key has no credit",
            "no_credit",
            "Fill up the account, or pass another key.",
            evidence=lines,
        )
    if opening.has_key:
        says = "The key that was given is refused"
        return Finding("auth", "fail", says, "key_refused", _WRONG_WORDS, _SOURCE, lines)
    says = "The server wants a key, and none was given"
    return Finding("auth", "fail", says, "key_missing", _MISSING_WORDS, evidence=lines)


def _name_taken(keyless: Answer | None) -> Finding:
    if keyless is None or keyless.outcome == "unasked":
        return Finding("auth", "ok", "The key is taken")
    if keyless.outcome == "vectors":
        return Finding(
            "auth",
            "ok",
            "A key was given, and the server answers without one just as well",
            "key_not_asked_for",
            "Start the server with a key (--api-key) where others can reach its port.",
        )
    if keyless.kind == "key":
        return Finding("auth", "ok", "A key is asked for, and the one that was given is taken")
    told = (f"without the key: {name_answer(keyless)}",)
    return Finding("auth", "ok", "The key is taken", evidence=told)


PROBE = Probe("auth", "whether the key is taken", ask_keyless, judge_key, needs_vectors=False)
