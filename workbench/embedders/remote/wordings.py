"""The words inside an answer, whatever it wraps them in, fit to be shown in one line."""

from __future__ import annotations

import html
import re

from workbench.embedders.remote.reply import Reply

SHOWN = 300
"""Characters of a server's words that are shown."""
_READ = 20_000
"""Characters that are looked at: some servers repeat the whole request."""
_DEEP = 6
"""Wrappings that are taken off."""
_FIELDS = ("error", "errors", "detail", "message", "msg")
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?<(?:!--|(?:!doctype|html|head|body|title|h1|center|error)\b)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,300}?)</title>", re.IGNORECASE | re.DOTALL)
_COMPLAINT = re.compile(
    r"'loc': (?:'(?P<where>[^']*)'|[\[(](?P<parts>[^\])]*)[\])]), "
    r"'msg': (?:'(?P<one>(?:[^'\\]|\\.)*)'|\"(?P<other>(?:[^\"\\]|\\.)*)\")"
)


def is_page(reply: Reply) -> bool:
    """Whether a web page or XML came: words of a proxy, or of another program altogether."""
    start = reply.body[:1000].decode("utf-8-sig", "replace")
    return _PAGE.match(start) is not None


def read_words(reply: Reply) -> str:
    """The words of an answer without the JSON around them; "" where it has none.

    Of pydantic's complaints the input that they repeat is left out.
    """
    if is_page(reply):
        return _title(_text(reply))
    content = reply.json()
    words = "" if content is None else _words(content, _DEEP)
    return _condense(words or _text(reply))


def fold_words(words: str, *, shown: int = SHOWN) -> str:
    """Words in one line of at most ``shown`` characters that a terminal neither hides nor obeys."""
    line = " ".join(words[: 20 * shown].split())
    line = "".join(mark if mark.isprintable() else "\ufffd" for mark in line)
    return line if len(line) <= shown else f"{line[: shown - 1]}…"


def _text(reply: Reply) -> str:
    return reply.body[: 4 * _READ].decode("utf-8-sig", "replace")[:_READ].strip()


def _words(content: object, deep: int) -> str:
    """The words in a JSON value."""
    if deep == 0:
        return ""
    if isinstance(content, str):
        return content[:_READ].strip()
    if isinstance(content, list):
        found = (_item_words(item, deep) for item in content[:5])
        return "; ".join(dict.fromkeys(filter(None, found)))
    if not isinstance(content, dict):
        return ""
    for name in _FIELDS:
        words = _words(content.get(name), deep - 1)
        if words:
            return _add_upstream(words, content, deep)
    return ""


def _add_upstream(words: str, content: dict[str, object], deep: int) -> str:
    """OpenRouter says "Provider returned error", and what the provider said beside it."""
    beside = content.get("metadata")
    raw = beside.get("raw") if isinstance(beside, dict) else None
    if not isinstance(raw, str):
        return words
    inner = _words(Reply(0, {}, raw[:_READ].encode("utf-8", "replace")).json(), deep - 1) or raw
    return f"{words}: {inner}"


def _item_words(item: object, deep: int) -> str:
    """One of pydantic's complaints without the input that it repeats, or another list's item."""
    if not isinstance(item, dict) or "msg" not in item:
        return _words(item, deep - 1)
    where = item.get("loc")
    parts = where[:5] if isinstance(where, list) else []
    return ": ".join(filter(None, (".".join(map(str, parts)), str(item["msg"]))))


def _condense(words: str) -> str:
    """A list of complaints that came as one text, as vLLM and SGLang write it: each once."""
    if not re.match(r"\d+ validation errors?:", words):
        return words
    said: dict[str, None] = {}
    for found in _COMPLAINT.finditer(words):
        where = found["where"] or re.sub(r"[\s'\"]", "", found["parts"] or "").replace(",", ".")
        said[f"{where}: {found['one'] or found['other'] or ''}"] = None
    return "; ".join(said) or words


def _title(text: str) -> str:
    found = _TITLE.search(text)
    title = " ".join(html.unescape(found[1]).split()) if found else ""
    return f"a page, {title!r}" if title else "a page without a title"
