"""Lines that do again what was just done: with curl, and with the openai client."""

from __future__ import annotations

import json
import shlex

from workbench.contracts import EmbedderInfo, Snippet
from workbench.embedders.remote.keys import NO_KEY

_LONGEST_WORD = 100_000
"""Bytes of one word on a command line: Linux takes 131,072."""


def make_snippets(
    info: EmbedderInfo, *, text: str, prefix: str, key_variable: str | None = None
) -> tuple[Snippet, ...]:
    """A curl line and three lines of Python that embed ``prefix + text`` to the letter.

    Args:
        info: Of an endpoint.
        text: One text.
        prefix: What stands before it.
        key_variable: The environment variable that holds the key; None: the server wants none.
    """
    assert info.base_url is not None
    body: dict[str, object] = {"model": info.name, "input": [prefix + text]}
    return (
        Snippet("curl", _curl(info.base_url, body, key_variable)),
        Snippet("python", _python(info.base_url, body, key_variable)),
    )


def _curl(base_url: str, body: dict[str, object], key_variable: str | None) -> str:
    packed = json.dumps(body, ensure_ascii=False)
    if not packed.isprintable():  # what a terminal would not show, or would obey
        packed = json.dumps(body)
    parts = [f"curl -sS {shlex.quote(f'{base_url}/embeddings')}"]
    parts.append("-H 'Content-Type: application/json'")
    if key_variable is not None:
        parts.append(f'-H "Authorization: Bearer ${key_variable}"')
    if len(packed.encode()) > _LONGEST_WORD:
        return " \\\n  ".join([*parts, f"-d @- <<'JSON'\n{packed}\nJSON"])
    return " \\\n  ".join([*parts, f"-d {shlex.quote(packed)}"])


def _python(base_url: str, body: dict[str, object], key_variable: str | None) -> str:
    key = repr(NO_KEY) if key_variable is None else f"os.environ[{key_variable!r}]"
    imports = "import openai" if key_variable is None else "import os, openai"
    made = f"client.embeddings.create(model={body['model']!r}, input={body['input']!r})"
    return "\n".join(
        (
            imports,
            f"client = openai.OpenAI(base_url={base_url!r}, api_key={key})",
            f"vector = {made}.data[0].embedding",
        )
    )
