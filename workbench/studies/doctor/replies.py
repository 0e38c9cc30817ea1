"""200 replies that hold no vectors: what came instead, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.contracts import Answer, Finding
from workbench.studies.doctor.drift import name_answer

_ONE_BY_ONE = "Send one text a request until whatever answers in batches is mended."
_TYPES = "QwenLM and vLLM take embed_dtype and endianness; vllm issues 5734 and 6744"


@dataclass(frozen=True)
class _Cause:
    word: str
    says: str
    mend: str
    source: str = ""


_PAYLOADS = {
    "float64": _Cause(
        "float64",
        "base64 holds float64: read as float32 it is twice as many numbers, and wrong ones",
        'Ask for encoding_format="float", or read the bytes as "<f8".',
        "vllm issue 6744",
    ),
    "float16": _Cause(
        "float16",
        "base64 holds float16: read as float32 it is half as many numbers, and wrong ones",
        'Ask for encoding_format="float", or for float32 where the server lets you (vLLM: '
        "embed_dtype).",
        "vLLM's embed_dtype",
    ),
    "big_endian": _Cause(
        "big_endian",
        "base64 holds big-endian numbers, which every client reads as little-endian ones",
        'Ask for encoding_format="float", or for little-endian bytes where the server lets you '
        "(vLLM: endianness).",
        "TEI issue 288, vLLM's endianness",
    ),
    "not_base64": _Cause(
        "not_base64",
        "A vector is text, and not base64",
        'Ask for encoding_format="float".',
    ),
}
_NO_NUMBERS = _Cause(
    "no_numbers",
    "A vector is neither a flat list of numbers nor base64 of float32",
    "See what stands between: the server's own answer may be right.",
)
_KINDS = {
    "index": _Cause(
        "index_wrong",
        "The indices of a batch are not one for each text, so that nobody can say which vector is "
        "whose",
        _ONE_BY_ONE,
    ),
    "count": _Cause(
        "count_wrong",
        "A batch comes back with fewer or more vectors than it has texts",
        _ONE_BY_ONE,
    ),
    "dim": _Cause(
        "widths_differ",
        "The vectors of one reply differ in width",
        "See whether several models answer under one name behind a gateway.",
    ),
    "malformed": _Cause(
        "reply_broken",
        "A reply is no JSON of embeddings",
        "Look for a proxy between that cuts off large replies, and at the server's log.",
    ),
}
_NO_DATA = _Cause(
    "no_data",
    "The server answers 200 and sends no vector",
    "Send strings and no token ids; read the gateway's log. The openai client says of this: No "
    "embedding data received.",
    "mem0 issue 4151",
)


def name_reply(answer: Answer) -> Finding:
    """The finding of the probe "decode" on a 200 reply without vectors."""
    cause = _find_cause(answer)
    count = len(answer.ask.texts)
    asked = f"{count} texts" if count > 1 else "one text"
    line = f"{asked} in {answer.ask.encoding}: {name_answer(answer)}"
    return Finding("decode", "fail", cause.says, cause.word, cause.mend, cause.source, (line,))


def _find_cause(answer: Answer) -> _Cause:
    if answer.kind == "payload":
        return _PAYLOADS.get(answer.detail, _NO_NUMBERS)
    if answer.detail == "none":
        return _NO_DATA
    return _KINDS.get(answer.kind, _NO_NUMBERS)
