"""What a server means by an answer that is not 200: each server says it in words of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeAlias

from workbench.embedders.remote.reply import Reply

RefusalKind: TypeAlias = Literal[
    "too_long", "too_many_items", "too_large", "empty", "key", "model", "path", "no_embeddings",
    "dimensions", "encoding_format", "busy", "fault", "not_the_server", "other",
]  # fmt: skip

_SHOWN = 300
_READ = 20_000
"""Characters of a body that are looked at: some servers repeat the whole request."""


@dataclass(frozen=True)
class Refusal:
    """A refusal, understood as far as its words go.

    Attributes:
        kind: What is refused, or what went wrong.
        status: HTTP status.
        message: The server's own words, in one line.
        limit: The number it allows, where it says one.
        index: Which text of the request it means, from 0, where it says that.
        retry_after_s: Seconds it asks to wait.
    """

    kind: RefusalKind
    status: int
    message: str
    limit: int | None = None
    index: int | None = None
    retry_after_s: float | None = None


# In this order: the first pattern that is found decides. A group "limit" or "index" is read.
_WORDS: tuple[tuple[RefusalKind, str], ...] = (
    # SGLang, vLLM
    ("no_embeddings", r"does not appear to be an embedding model|does not support embeddings"),
    ("no_embeddings", r"started? (?:it|the server)? ?with `?--embeddings?|pooling type.{0,40}none"),
    ("dimensions", r"matryoshka|MatryoshkaDimError|`?dimensions`? (?:parameter )?(?:is )?not sup"),
    ("dimensions", r"UnsupportedParamsError: Setting dimensions"),
    ("encoding_format", r"encoding_format|encoding format|format to return the embeddings"),
    # SGLang, then vLLM, llama.cpp, OpenAI, TEI, Ollama
    ("too_long", r"longer than the model's context length \((?P<limit>\d+) tokens\)"),
    ("too_long", r"maximum (?:context|model) length (?:is|of) (?P<limit>\d+) ?(?:tokens)?"),
    ("too_long", r"exceeds the available context size \((?P<limit>\d+) tokens\)"),
    ("too_long", r"exceeds? the (?:available |maximum )?context"),
    (
        "too_long",
        r"too large to process.{0,60}batch size(?: \(current batch size: (?P<limit>\d+))?",
    ),
    ("too_long", r"must have less than (?P<limit>\d+) tokens"),
    ("too_long", r"ContextWindowExceeded|context length exceeded|[Rr]ange of input length"),
    ("too_many_items", r"batch size \d+ > maximum allowed batch size (?P<limit>\d+)"),
    ("too_many_items", r"batch size is invalid.{0,60}larger than (?P<limit>\d+)"),
    ("too_many_items", r"at most (?P<limit>\d+) items|\"max_length\": ?(?P<limit2>\d+)"),
    ("too_many_items", r"array.{0,40}(?:too long|maximum length (?P<limit>\d+))"),
    ("too_large", r"[Mm]ax(?:imum)? (?P<limit>\d+) tokens per request|tokens? per request"),
    ("too_large", r"[Rr]equest [Ee]ntity [Tt]oo [Ll]arge|length limit exceeded|body too large"),
    ("empty", r"[Ii]nput at index (?P<index>\d+) cannot be empty"),
    ("empty", r"cannot be empty|must not be empty|[Ii]nput content cannot be empty"),
    ("key", r"No connected db|[Ii]nvalid API [Kk]ey|Incorrect API key"),
    ("model", r"model .{0,120}(?:does not exist|not found)|Invalid model|unknown model"),
)
_PATTERNS = tuple((kind, re.compile(words)) for kind, words in _WORDS)

_BY_STATUS: dict[int, RefusalKind] = {
    401: "key",
    403: "key",
    404: "path",
    405: "path",
    413: "too_large",
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
    text = reply.body[: 4 * _READ].decode("utf-8", "replace")[:_READ]
    page = text.lstrip()[:15].casefold().startswith(("<!doctype", "<html"))
    message = _title(text) if page else _message(reply, text)
    kind, found = _kind(reply.status, message, text, page=page)
    return Refusal(
        kind,
        reply.status,
        message or f"no words, {len(reply.body):,} bytes",
        limit=_number(found, "limit"),
        index=_number(found, "index"),
        retry_after_s=read_retry_after(reply, now=now),
    )


def _kind(
    status: int, message: str, text: str, *, page: bool
) -> tuple[RefusalKind, re.Match[str] | None]:
    known = _BY_STATUS.get(status)
    if page and known is None:
        return "not_the_server", None
    if known not in ("key", "busy"):
        for kind, pattern in _PATTERNS:
            found = pattern.search(message) or pattern.search(text[:2000])
            if found is not None:
                return kind, found
    return known or _by_class(status, text), None


def _by_class(status: int, text: str) -> RefusalKind:
    if status in _GATEWAY or (status == 503 and not text.strip()):
        return "not_the_server"
    if status == 503:
        return "busy"
    return "fault" if status >= 500 else "other"


def read_retry_after(reply: Reply, *, now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait: ``retry-after-ms``, seconds, or a date; else None."""
    headers = {name.casefold(): value for name, value in reply.headers.items()}
    millis, plain = headers.get("retry-after-ms"), headers.get("retry-after")
    for value, unit in ((millis, 1000.0), (plain, 1.0)):
        try:
            wait = float(value) / unit if value else -1.0
        except ValueError:
            continue
        if 0 <= wait < float("inf"):
            return wait
    try:
        then = parsedate_to_datetime(plain or "")
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())


def _message(reply: Reply, text: str) -> str:
    """The words inside the shapes that servers wrap them in."""
    content = reply.json()
    return _fold(_words(content) if isinstance(content, dict) else text)


def _words(content: dict[str, Any]) -> str:
    for name in ("error", "detail", "message"):
        value = content.get(name)
        if isinstance(value, dict):
            return _words(value)
        if isinstance(value, list):
            return "; ".join(_item_words(item) for item in value[:3])
        if value:
            return str(value)
    return ""


def _item_words(item: object) -> str:
    """One of pydantic's complaints, without the input that it repeats."""
    if not isinstance(item, dict):
        return str(item)
    where = ".".join(str(part) for part in item.get("loc", ())[:4])
    return f"{where}: {item.get('msg', '')}"


def _title(text: str) -> str:
    found = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return f"a page, {_fold(found[1])!r}" if found else "a page without a title"


def _fold(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _number(found: re.Match[str] | None, name: str) -> int | None:
    if found is None:
        return None
    groups = found.groupdict()
    value = groups.get(name) or groups.get(f"{name}2")
    return int(value) if value else None
