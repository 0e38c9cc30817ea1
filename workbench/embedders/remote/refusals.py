"""What a server means by an answer that is not 200: each server says it in words of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from workbench.embedders.remote.reply import Reply
from workbench.embedders.remote.wordings import fold_words, is_page, read_words

RefusalKind: TypeAlias = Literal[
    "too_long", "too_many_items", "too_large", "empty", "key", "model", "path", "no_embeddings",
    "dimensions", "encoding_format", "busy", "fault", "not_the_server", "other",
]  # fmt: skip

_LONGEST_WAIT_S = 366 * 86_400.0
"""A server that asks for more has made a mistake."""


@dataclass(frozen=True)
class Refusal:
    """A refusal, understood as far as its words go.

    Attributes:
        kind: What is refused, or what went wrong.
        status: HTTP status.
        message: The server's own words, in one line.
        limit: The number it allows, where it says one.
        found: The number it was given, where it says that.
        index: Which text of the request it means, from 0, where it says that.
        retry_after_s: Seconds it asks to wait.
    """

    kind: RefusalKind
    status: int
    message: str
    limit: int | None = None
    found: int | None = None
    index: int | None = None
    retry_after_s: float | None = None


# In this order: the first pattern that is found decides. Groups "limit", "found" and "index" are
# read. Each says whose words it is made for.
_WORDS: tuple[tuple[RefusalKind, str], ...] = (
    # SGLang; vLLM, Ollama, llama.cpp; llama.cpp; OpenAI; TEI
    ("no_embeddings", r"does not appear to be an embedding model|does not support embeddings"),
    ("no_embeddings", r"pooling type '?none|not allowed to generate embeddings"),
    ("no_embeddings", r"model is not an embedding model"),
    # SGLang and vLLM; infinity; vLLM; OpenAI; LiteLLM; SGLang
    ("dimensions", r"does not support matryoshka|MatryoshkaDimError|dimensions must be unset"),
    ("dimensions", r"dimensions`?'? (?:parameter )?(?:is )?not supported|Setting dimensions is"),
    ("dimensions", r"(?:provided|requested) dimensions (?:are|must)|`dimensions` should be"),
    # SGLang, vLLM, infinity; llama.cpp
    ("encoding_format", r"encoding_format|encoding format|format to return the embeddings"),
    # OpenAI; SGLang; vLLM, OpenAI, LiteLLM; older vLLM
    ("too_long", r"input\[(?P<index>\d+)\]'?: maximum context length is (?P<limit>[\d,]+)"),
    (
        "too_long",
        r"input \((?P<found>\d+) tokens\) is longer than the model's context length "
        r"\((?P<limit>\d+)",
    ),
    (
        "too_long",
        r"maximum context length is (?P<limit>[\d,]+)(?: tokens)?[.,]? however,? "
        r"(?:your prompt contains(?: at least)?|you requested) (?P<found>[\d,]*\d)"
        r"(?: input)? tokens",
    ),
    ("too_long", r"maximum (?:context|model) length (?:is|of) (?P<limit>[\d,]*\d)"),
    # llama.cpp: longer than its context; than its physical batch
    (
        "too_long",
        r"request \((?P<found>\d+) tokens\) exceeds the available context size \((?P<limit>\d+)",
    ),
    (
        "too_long",
        r"input (?:\((?P<found>\d+) tokens\) )?is too large to process\. increase the physical "
        r"batch size(?: \(current batch size: (?P<limit>\d+))?",
    ),
    # infinity; TEI; DashScope; Ollama, LM Studio; LiteLLM
    ("too_long", r"input\.list\[[\w-]+\]\.(?P<index>\d+): string should have at most \d+ char"),
    ("too_long", r"must have less than (?P<limit>\d+) tokens(?:\. Given: (?P<found>\d+))?"),
    ("too_long", r"range of input length should be \[\d+, ?(?P<limit>\d+)\]"),
    ("too_long", r"exceeds? (?:the )?(?:available |maximum |model's )?context"),
    (
        "too_long",
        r"ContextWindowExceeded|context length exceeded|string should have at most \d+ char",
    ),
    # TEI and SiliconFlow; DashScope; infinity; OpenAI
    (
        "too_many_items",
        r"batch size (?P<found>\d+) > maximum allowed batch size (?P<limit>\d+)",
    ),
    ("too_many_items", r"batch size is invalid.{0,60}larger than (?P<limit>\d+)"),
    (
        "too_many_items",
        r"at most (?P<limit>\d+) items?(?: after validation, not (?P<found>\d+))?",
    ),
    (
        "too_many_items",
        r"array with maximum length (?P<limit>\d+)(?:, but got an array with length "
        r"(?P<found>\d+))?",
    ),
    ("too_many_items", r"array too long"),
    # OpenAI, in two wordings; nginx, axum
    (
        "too_large",
        r"requested (?P<found>[\d,]+) tokens, max (?P<limit>[\d,]*\d) tokens per request",
    ),
    ("too_large", r"(?:maximum request size is|max) (?P<limit>[\d,]*\d) tokens per request"),
    ("too_large", r"request entity too large|length limit exceeded|body too large"),
    # SGLang; TEI, llama.cpp, vLLM; OpenAI; vLLM; infinity
    ("empty", r"input at index (?P<index>\d+) cannot be empty"),
    ("empty", r"(?:can(?:not|'t)|must not) be (?:an )?empty|at least one prompt"),
    ("empty", r"should have at least 1 (?:item|char)"),
)
# Only where the server took the request for a mistake of ours (4xx), for its log may say the same.
_OURS: tuple[tuple[RefusalKind, str], ...] = (
    ("key", r"no connected db|invalid api key|incorrect api key"),  # LiteLLM, others
    # vLLM, OpenAI, Ollama, Xinference; infinity, LiteLLM; OpenRouter; SGLang reads a:b as a LoRA
    ("model", r"model .{0,120}?(?:does not exist|not exist|not found)|invalid model|unknown model"),
    ("model", r"not a valid model|LoRA adapter .{0,120} was requested"),
)
_NO_EMBEDDINGS = tuple(
    (kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS if kind == "no_embeddings"
)
_PATTERNS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS)
_CLIENT_PATTERNS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _OURS)

_BY_STATUS: dict[int, RefusalKind] = {
    401: "key",
    402: "key",  # the account behind it has no credit
    403: "key",
    404: "path",
    405: "path",
    407: "not_the_server",
    408: "busy",
    413: "too_large",
    424: "fault",  # TEI: its backend failed
    425: "busy",
    429: "busy",
    501: "no_embeddings",
}
_GATEWAY = (502, 504)


def read_refusal(reply: Reply, *, now: datetime | None = None) -> Refusal:
    """Read a refusal.

    Args:
        reply: Of any status but 200.
        now: The time from which a date in Retry-After counts; None: this moment.
    """
    page = is_page(reply)
    words = read_words(reply)
    kind, found = _kind(reply.status, words, page=page)
    return Refusal(
        kind,
        reply.status,
        fold_words(words) or f"no words, {len(reply.body):,} bytes",
        limit=_number(found, "limit"),
        found=_number(found, "found"),
        index=_number(found, "index"),
        retry_after_s=read_retry_after(reply, now=now),
    )


def _kind(status: int, words: str, *, page: bool) -> tuple[RefusalKind, re.Match[str] | None]:
    known = _BY_STATUS.get(status)
    if page:
        return (_page_kind(known), None)
    if known == "busy":
        return known, None
    patterns = _PATTERNS if status >= 500 else (*_PATTERNS, *_CLIENT_PATTERNS)
    for kind, pattern in _NO_EMBEDDINGS if known == "key" else patterns:
        found = pattern.search(words)
        if found is not None:
            return kind, found
    return known or _by_class(status, words), None


def _page_kind(known: RefusalKind | None) -> RefusalKind:
    """A page is no embeddings server's; some of its statuses say enough all the same."""
    if known == "no_embeddings":  # a server of files, that takes no POST
        return "path"
    return "not_the_server" if known in (None, "fault") else known


def _by_class(status: int, words: str) -> RefusalKind:
    if status in _GATEWAY or (status == 503 and not words):
        return "not_the_server"
    if status == 503:
        return "busy"
    return "fault" if status >= 500 else "other"


def read_retry_after(reply: Reply, *, now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait: ``retry-after-ms``, seconds, or a date; else None."""
    headers = {name.casefold(): value.strip() for name, value in reply.headers.items()}
    millis, plain = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    for value, unit in ((millis, 1000.0), (plain, 1.0)):
        if re.fullmatch(r"\d{1,15}(?:\.\d{1,15})?", value, re.ASCII):
            wait = float(value) / unit
            return wait if wait <= _LONGEST_WAIT_S else None
    try:
        then = parsedate_to_datetime(plain)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    wait = (then - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, wait) if wait <= _LONGEST_WAIT_S else None


def _number(found: re.Match[str] | None, name: str) -> int | None:
    value = None if found is None else found.groupdict().get(name)
    digits = (value or "").replace(",", "")[:18]
    return int(digits) if digits else None
