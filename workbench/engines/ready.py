"""One real request: does the engine embed? That its health is good proves nothing."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

TEXT = "A first text, to see whether it embeds."
BODY_CHARS = 400

Outcome: TypeAlias = Literal["nobody", "later", "failing", "refused", "ready"]


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        outcome: "nobody": no connection, or it broke; "later": it is loading still; "failing": an
            error of the server's (5xx); "refused": it will not embed as it is; "ready": a vector.
        dim: Width of the vector.
        words: What it said, for a person.
    """

    outcome: Outcome
    dim: int = 0
    words: str = ""


def ask_once(base_url: str, model: str, *, key: str | None, timeout_s: float) -> Answer:
    """Send one text to ``/embeddings``, and judge the answer; no proxy is asked."""
    address = urlsplit(base_url)
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    body = json.dumps({"model": model, "input": [TEXT], "encoding_format": "float"})
    connection = HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)
    try:
        connection.request("POST", f"{address.path}/embeddings", body.encode(), headers)
        reply = connection.getresponse()
        content = reply.read()
    except (OSError, HTTPException):
        return Answer("nobody")
    finally:
        connection.close()
    return _judge(reply.status, content)


def _judge(status: int, content: bytes) -> Answer:
    text = content.decode("utf-8", errors="replace")[:BODY_CHARS].strip()
    said = f"HTTP {status} {text!r}"
    if status == 200:
        return _judge_vector(content, said)
    if status in (429, 503):
        return Answer("later", words=said)
    return Answer("failing" if status >= 500 else "refused", words=said)


def _judge_vector(content: bytes, said: str) -> Answer:
    try:
        vector = json.loads(content)["data"][0]["embedding"]
        numbers = [float(number) for number in vector]
    except (ValueError, KeyError, IndexError, TypeError):
        return Answer("refused", words=f"an answer without a vector: {said}")
    if not numbers or not all(map(math.isfinite, numbers)) or not any(numbers):
        return Answer("refused", words=f"{_name_numbers(numbers)}: {said}")
    return Answer("ready", dim=len(numbers))


def _name_numbers(numbers: Sequence[float]) -> str:
    if not numbers:
        return "an empty vector"
    return "a vector of zeros" if all(map(math.isfinite, numbers)) else "a vector with NaN"


class Question(threading.Thread):
    """``ask_once`` in a thread of its own, so that whoever waits for it can be interrupted."""

    def __init__(self, base_url: str, model: str, *, key: str | None, timeout_s: float) -> None:
        super().__init__(daemon=True)
        self.answer: Answer | None = None
        self._asked = (base_url, model)
        self._key = key
        self._timeout_s = timeout_s
        self.start()

    def run(self) -> None:
        """Ask."""
        self.answer = ask_once(*self._asked, key=self._key, timeout_s=self._timeout_s)
