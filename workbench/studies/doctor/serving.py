"""What program answers, whether it embeds at all, and what its version is known for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from workbench.contracts import Answer, Finding, Opening
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.known import find_known
from workbench.studies.doctor.paths import NOT_READY
from workbench.studies.doctor.reach import has_answered

_SWITCHES = {
    "sglang": "--is-embedding",
    "vllm": "--runner pooling (--task embed in old versions)",
    "llamacpp": "--embeddings and the pooling of the model (Qwen3-Embedding: --pooling last)",
}
_ANY_SWITCH = (
    "Start it as a server of embeddings: SGLang with --is-embedding, vLLM with --runner pooling, "
    "llama.cpp with --embeddings"
)


@dataclass(frozen=True)
class _KnownBad:
    """Versions of a program that give wrong vectors of some models.

    Attributes:
        engine: The program.
        below: The first version that is right again.
        concerns: Whether a model is one of those.
        cause: For programs.
        says: What it does to them.
        source: Where it is known from.
    """

    engine: str
    below: tuple[int, ...]
    concerns: Callable[[Opening], bool]
    cause: str
    says: str
    source: str

    def holds(self, opening: Opening) -> bool:
        """Whether the version is told, is one of those, and the model is concerned."""
        version = read_version(opening.label)
        return version is not None and version < self.below and self.concerns(opening)


def _is_qwen3(opening: Opening) -> bool:
    return any("qwen3" in name.casefold() for name in name_model(opening))


def _is_bert(opening: Opening) -> bool:
    found = (find_known(name) for name in name_model(opening))
    return any(known is not None and known.is_bert for known in found)


_KNOWN_BAD = (
    _KnownBad(
        "tei",
        (1, 7, 4),
        _is_qwen3,
        "known_bad_version",
        "computes Qwen3 without its causal mask, or with the padding attended to",
        "TEI issues 642, 646, 649 and 668",
    ),
    _KnownBad(
        "sglang",
        (0, 5, 9),
        _is_bert,
        "known_bad_version",
        "takes the last token's vector of every BERT, where the model wants its first or the mean",
        "SGLang's models/bert.py up to 0.5.8",
    ),
)
_TOLD = {
    "tei": "TEI without flash attention (CPU, Metal) ignores the causal mask where all texts of a "
    "batch are of one length, in 1.9.3 still; the probe of batches tries it (TEI issue 882)",
}
"""What is tried later, and not to be warned of before."""


def judge_server(evidence: Evidence) -> Finding:
    """The finding of the probe "server"."""
    opening = evidence.opening
    if not has_answered(opening):
        return Finding("server", "unknown", "Nothing answered, so that no server can be told")
    lines = _lines(opening)
    if opening.embeds:
        return _name_version(opening, lines)
    answer = find_telling(opening)
    if answer.kind == "no_embeddings":
        return _name_off(opening, answer, lines)
    if answer.kind == "busy":
        return Finding("server", "unknown", *NOT_READY, evidence=(name_answer(answer), *lines))
    if answer.detail == "error" or answer.kind in ("fault", "other", "too_long", "empty"):
        return Finding(
            "server",
            "fail",
            f"The server fails at one short text: {name_answer(answer)}",
            "server_fails",
            "Read the server's log: its answers about its health and its models do not show "
            "whether the model can compute.",
            "vLLM 0.32 on a head size that it has no kernel for: health 200, first request 500",
            (f"asked for {answer.ask.texts[0]!r} alone", *lines),
        )
    return Finding("server", "ok", _name_program(opening), evidence=lines)


def find_telling(opening: Opening) -> Answer:
    """The answer at the address that says most."""
    return next(a.answer for a in opening.attempts if a.base_url == opening.base_url)


def name_model(opening: Opening) -> tuple[str, ...]:
    """The names that the model under examination goes by: as asked, as served, its weights."""
    root = dict(zip(opening.served, opening.roots, strict=False)).get(opening.model, "")
    names = (opening.asked_model, opening.model, root)
    return tuple(dict.fromkeys(name for name in names if name))


def read_version(label: str | None) -> tuple[int, ...] | None:
    """The numbers of a version at the end of "vLLM 0.32.0"; None where there is none."""
    found = re.search(r"\bv?(\d+(?:\.\d+)+)", label or "")
    return None if found is None else tuple(map(int, found[1].split(".")))


def _name_version(opening: Opening, lines: tuple[str, ...]) -> Finding:
    for bad in _KNOWN_BAD:
        if bad.engine == opening.engine and bad.holds(opening):
            right = ".".join(map(str, bad.below))
            return Finding(
                "server",
                "warn",
                f"{opening.label} {bad.says}",
                bad.cause,
                f"Upgrade to {right} or later.",
                bad.source,
                lines,
            )
    told = _TOLD.get(opening.engine or "") if _is_qwen3(opening) else None
    return Finding(
        "server", "ok", _name_program(opening), evidence=(*lines, *([told] if told else []))
    )


def _name_program(opening: Opening) -> str:
    if opening.label is None:
        return "The program does not say what it is"
    if read_version(opening.label) is None:
        return f"{opening.label}, in a version that it does not tell"
    return opening.label


def _name_off(opening: Opening, answer: Answer, lines: tuple[str, ...]) -> Finding:
    switch = _SWITCHES.get(opening.engine or "")
    mend = f"Start it again with {switch}." if switch else f"{_ANY_SWITCH}."
    return Finding(
        "server",
        "fail",
        f"{opening.label or 'The server'} was not started as a server of embeddings",
        "embeddings_off",
        mend,
        "the server's own words",
        (name_answer(answer), *lines),
    )


def _lines(opening: Opening) -> tuple[str, ...]:
    stated = [
        f"it states {what} {value}"
        for what, value in (
            ("a longest input of", opening.max_tokens and f"{opening.max_tokens:,} tokens"),
            ("that it computes in", opening.dtype),
            ("at most", opening.max_items and f"{opening.max_items:,} texts in a request"),
        )
        if value
    ]
    return (*(f"recognised: {sentence}" for sentence in opening.evidence), *stated)


PROBE = Probe("server", "which program and version it is", None, judge_server, needs_vectors=False)
