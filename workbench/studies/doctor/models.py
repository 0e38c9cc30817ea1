"""Whether the server serves the model that was asked for, as far as names and widths tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.contracts import Ask, Finding, Line, Opening
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.known import SOURCE, KnownModel, find_known, of_width
from workbench.studies.doctor.serving import name_model

NOBODY = "no-such-model"
"""A name that nobody serves; without a colon, behind which SGLang looks for an adapter."""
_SHOWN = 12
_OLLAMA_8B = ("qwen3-embedding", "qwen3-embedding:latest")


@dataclass(frozen=True)
class _Trouble:
    """What a name or a width says against the endpoint."""

    word: str
    says: str
    mend: str
    source: str


def ask_nameless(line: Line, evidence: Evidence) -> None:
    """Ask once for a model that nobody serves."""
    opening = evidence.opening
    if opening.embeds:
        texts = opening.attempts[0].answer.ask.texts
        evidence.nameless = line.ask([Ask(texts, model=NOBODY)])[0]


def judge_model(evidence: Evidence) -> Finding:
    """The finding of the probe "model"."""
    opening = evidence.opening
    if not opening.embeds:
        return _name_unserved(opening)
    lines, numbers = _lines(evidence), _numbers(evidence)
    trouble = _find_other(evidence) or _find_width(evidence)
    if trouble is not None:
        return Finding(
            "model",
            "fail",
            trouble.says,
            trouble.word,
            trouble.mend,
            trouble.source,
            lines,
            numbers,
        )
    any_name = evidence.nameless is not None and evidence.nameless.outcome == "vectors"
    return Finding(
        "model",
        "ok",
        _describe(opening, any_name=any_name),
        "any_name_answers" if any_name else "",
        evidence=lines,
        numbers=numbers,
    )


def _name_unserved(opening: Opening) -> Finding:
    refused = next((a.answer for a in opening.attempts if a.answer.kind == "model"), None)
    lines = (_list_served(opening), *(() if refused is None else (name_answer(refused),)))
    if opening.asked_model is None and len(opening.served) > 1:
        return Finding(
            "model",
            "fail",
            "Several models are served and none was named",
            "model_not_named",
            f"Name one of them: {_join(opening.served)}.",
            evidence=lines,
        )
    if refused is None:
        return Finding("model", "unknown", "No answer says whether it serves the model")
    names = f" It serves {_join(opening.served)}." if opening.served else ""
    return Finding(
        "model",
        "fail",
        f"{opening.model!r} is not served",
        "model_not_served",
        "Ask under a name that the server lists, letter by letter, or start the server with this "
        f"one (vLLM, SGLang: --served-model-name).{names}",
        "vllm issue 3486",
        lines,
    )


def _find_other(evidence: Evidence) -> _Trouble | None:
    """What the server itself says of its weights, where it is another known model."""
    opening = evidence.opening
    asked = find_known(opening.asked_model or opening.model)
    if asked is None:
        return None
    root = dict(zip(opening.served, opening.roots, strict=False)).get(opening.model, "")
    answered = evidence.opening.attempts[-1].answer.model or ""
    only = opening.served[0] if len(opening.served) == 1 else ""
    told = (("lists as its weights", root), ("answers as", answered), ("lists only", only))
    for how, name in told:
        other = find_known(name)
        if other is not None and other != asked:
            return _Trouble(
                "other_model_listed",
                f"{asked.name} was asked for, and the server {how} {name!r}, which is {other.name}",
                f"Start the server on the weights of {asked.name}, or ask for {other.name}.",
                "the server's own list of models and its answers",
            )
    return None


def _find_width(evidence: Evidence) -> _Trouble | None:
    """A width that the model does not have; with a reference the vectors themselves tell more."""
    opening, width = evidence.opening, _width(evidence)
    asked = _find_asked(opening)
    if evidence.reference is not None or asked is None or width in (0, asked.dim):
        return None
    says = f"The vectors have {width:,} numbers, those of {asked.name} {asked.dim:,}"
    others = [model.name for model in of_width(width) if _is_sibling(model, asked)]
    if others:
        says += f"; {others[0]} has {width:,}"
    elif asked.is_matryoshka and width < asked.dim:
        says += ": they may have been cut by the server or by a gateway"
    return _Trouble(
        "wrong_width",
        says,
        f"See which weights the server loaded. Ollama's qwen3-embedding without a tag is the 8B; "
        f"a gateway may cut vectors: ask for dimensions={asked.dim}, or the server itself.",
        SOURCE,
    )


def _find_asked(opening: Opening) -> KnownModel | None:
    return next(filter(None, map(find_known, name_model(opening))), None)


def _is_sibling(model: KnownModel, other: KnownModel) -> bool:
    return model.name.split("-")[0] == other.name.split("-")[0]


def _width(evidence: Evidence) -> int:
    """Numbers in the vectors of the first answer that has some; 0 where none has."""
    answers = [attempt.answer for attempt in evidence.opening.attempts]
    found = (answer.vectors.shape[1] for answer in answers if answer.vectors is not None)
    return next(found, 0)


def _describe(opening: Opening, *, any_name: bool) -> str:
    if any_name:
        listed = "" if opening.model in opening.served or not opening.served else " not listed but"
        return (
            f"{opening.model!r} is{listed} answered, and so is any other name: the name shows "
            "nothing"
        )
    if opening.model in opening.served:
        return f"{opening.model!r} is listed and answered, and other names are not"
    if opening.asked_model not in (None, opening.model):
        return f"{opening.asked_model!r} is served as {opening.model!r}"
    return f"{opening.model!r} is answered"


def _lines(evidence: Evidence) -> tuple[str, ...]:
    opening = evidence.opening
    lines = [_list_served(opening)]
    pairs = zip(opening.served, opening.roots, strict=False)
    lines += [f"weights behind {name!r}: {root!r}" for name, root in pairs if root]
    answered = opening.attempts[-1].answer.model
    if answered is not None and answered != opening.model:
        lines.append(f"asked for {opening.model!r} it answers as {answered!r}")
    if evidence.nameless is not None and evidence.nameless.outcome != "unasked":
        nameless = evidence.nameless
        told = "vectors" if nameless.outcome == "vectors" else name_answer(nameless)
        lines.append(f"asked for {NOBODY!r}: {told}")
    if opening.engine == "ollama" and opening.model in _OLLAMA_8B:
        lines.append(f"{opening.model!r} of Ollama is the 8B in 4 bits (DeepAudit issue 123)")
    return tuple(lines)


def _numbers(evidence: Evidence) -> dict[str, float]:
    numbers: dict[str, float] = {"served": len(evidence.opening.served)}
    width, asked = _width(evidence), _find_asked(evidence.opening)
    if width:
        numbers["width"] = width
    if asked is not None:
        numbers["known_width"] = asked.dim
    return numbers


def _list_served(opening: Opening) -> str:
    if opening.served:
        return f"served: {_join(opening.served)}"
    return "an empty list of models" if opening.lists_models else "it lists no models"


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more


PROBE = Probe("model", "whether it serves that model", ask_nameless, judge_model, False)
