"""Whether the numbers arrive as they were sent: encodings, types of numbers, order, lost rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.contracts import Answer, Finding
from workbench.studies.doctor.asking import are_apart
from workbench.studies.doctor.drift import distances, name_answer, name_text
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.lacking import find_lacking
from workbench.studies.doctor.replies import name_reply

_ASK_FLOATS = 'Ask for encoding_format="float"'
_JAVASCRIPT = (
    "JavaScript clients (openai-node, LangChain.js) ask for base64 and read whatever comes as "
    "that: a list of numbers becomes a quarter as many zeros"
)


@dataclass(frozen=True)
class _Warning:
    word: str
    says: str
    mend: str
    source: str = ""


def judge_decode(evidence: Evidence) -> Finding:
    """The finding of the probe "decode"."""
    if not evidence.opening.embeds:
        return _name_unopened(evidence)
    asked = [answer for answer in _all(evidence) if answer.outcome != "unasked"]
    if not asked:
        return Finding("decode", "unknown", "No text was asked for")
    found = _find_wrong(asked) or find_lacking(evidence, asked) or _find_differing(evidence)
    if found is not None:
        return found
    lines, numbers = _lines(evidence)
    warning = _find_warning(evidence)
    if warning is None:
        return Finding("decode", "ok", _describe(evidence), evidence=lines, numbers=numbers)
    return Finding(
        "decode", "warn", warning.says, warning.word, warning.mend, warning.source, lines, numbers
    )


def _name_unopened(evidence: Evidence) -> Finding:
    """Where not even one text came as a vector, what came in its place."""
    answers = [attempt.answer for attempt in evidence.opening.attempts]
    wrong = next((a for a in answers if a.outcome == "reply" and a.kind != "malformed"), None)
    if wrong is None:
        return Finding("decode", "unknown", "No vector came, so that none was read")
    return name_reply(wrong)


def _find_wrong(answers: Sequence[Answer]) -> Finding | None:
    wrong = next((answer for answer in answers if answer.outcome == "reply"), None)
    return None if wrong is None else name_reply(wrong)


def _all(evidence: Evidence) -> list[Answer]:
    together = (evidence.batch, evidence.packed)
    return [*evidence.alone, *(answer for answer in together if answer is not None)]


def _differs(evidence: Evidence) -> bool:
    """Whether base64 holds other vectors than floats do, each time, and floats are at one."""
    alone, batch = evidence.vectors_alone(), evidence.batch
    packed, again = evidence.packed, evidence.packed_again
    if alone is None or batch is None or packed is None or again is None:
        return False
    if batch.whole is None or are_apart(packed, again) or not are_apart(batch, again):
        return False
    same = alone[: len(batch.whole)]
    return same.shape == batch.whole.shape and bool(distances(same, batch.whole).max() < 0.01)


def _find_differing(evidence: Evidence) -> Finding | None:
    if not _differs(evidence):
        return None
    lines, numbers = _lines(evidence)
    return Finding(
        "decode",
        "fail",
        "The vectors that come in base64 are others than those that come as numbers",
        "encodings_differ",
        f"{_ASK_FLOATS} until what stands before the server is mended.",
        evidence=lines,
        numbers=numbers,
    )


def _find_warning(evidence: Evidence) -> _Warning | None:
    packed, batch = evidence.packed, evidence.batch
    order = _find_order(batch) or _find_order(packed)
    if order is not None:
        return order
    if any(answer.encoding == "base64" for answer in [*evidence.alone, batch] if answer):
        return _Warning(
            "base64_unasked",
            "Numbers were asked for, and base64 came",
            'Name no encoding_format: the openai client reads base64 then. With "float" it hands '
            "on the text as it is.",
            "openai-python issue 1490",
        )
    if packed is not None and packed.outcome == "vectors" and packed.encoding == "float":
        return _Warning(
            "base64_ignored",
            f"base64 was asked for, and lists of numbers came. {_JAVASCRIPT}",
            f"{_ASK_FLOATS} in JavaScript clients; Python's openai client reads both.",
            "openai-node issue 1542, n8n issue 16647",
        )
    if packed is not None and packed.outcome == "refusal" and packed.kind == "encoding_format":
        return _Warning(
            "base64_refused",
            "base64 is refused, which the openai clients ask for unless told otherwise",
            f"{_ASK_FLOATS} in every client.",
            "openai-python and openai-node ask for base64 by default",
        )
    return None


def _find_order(answer: Answer | None) -> _Warning | None:
    if answer is None or answer.outcome != "vectors" or len(answer.indices) < 2:
        return None
    if answer.indices == tuple(sorted(answer.indices)):
        return None
    turned = answer.indices == tuple(reversed(range(len(answer.indices))))
    return _Warning(
        "order_reversed_with_index" if turned else "order_shuffled_with_index",
        f"A batch comes in {'reversed' if turned else 'another'} order, each vector with its right "
        "index: clients that do not sort by it, the openai package among them, give texts the "
        "vectors of others",
        "Sort the rows by their index, or send one text a request.",
    )


def _describe(evidence: Evidence) -> str:
    batch, packed = evidence.batch, evidence.packed
    if batch is None or packed is None or batch.whole is None or packed.whole is None:
        return "The numbers can be read"
    if np.array_equal(batch.whole, packed.whole):
        return "Numbers and base64 hold the same vectors, bit for bit"
    return "Numbers and base64 hold the same vectors, up to what changes from call to call"


def _lines(evidence: Evidence) -> tuple[tuple[str, ...], Mapping[str, float]]:
    lines, numbers = [], {}
    batch, packed = evidence.batch, evidence.packed
    for name, answer in (("floats", batch), ("base64", packed)):
        if answer is None:
            continue
        came = answer.encoding or name_answer(answer)
        lines.append(f"{len(answer.ask.texts)} texts in {name}: {came}")
        if answer.outcome == "vectors" and not answer.indices:
            lines.append(f"its rows in {name} carry no index: taken in the order sent")
    if batch is not None and packed is not None:
        one, other = batch.whole, packed.whole
        if one is not None and other is not None and one.shape == other.shape:
            apart = distances(one, other)
            numbers["largest"] = float(apart.max())
            equal = int((one == other).all(axis=1).sum())
            lines.append(f"floats and base64: {equal} of {len(one)} vectors equal bit for bit")
            if equal < len(one):
                text = name_text(batch.ask.texts[int(apart.argmax())])
                lines.append(f"largest 1 - cosine between them {apart.max():.1e}, at {text}")
    return tuple(lines), numbers


PROBE = Probe("decode", "how the numbers arrive", None, judge_decode, needs_vectors=False)
