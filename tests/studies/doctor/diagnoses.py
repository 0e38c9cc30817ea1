"""Diagnoses made by hand, for what shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from workbench.contracts import Budget, Diagnosis, Finding

HOSTILE: Mapping[str, str] = MappingProxyType(
    {
        "script": "<script>alert(1)</script>",
        "image": "<img src=x onerror=alert(1)>",
        "entity": "&lt;b&gt; &amp;",
        "quotes": "\" ' > < `code`",
        "link": "[click](javascript:alert(1)) ![x](http://127.0.0.1/x.png)",
        "reference": "[a]: javascript:alert(1)",
        "pipes": "a | b || c",
        "stars": "**bold** __bold__ ~~gone~~",
        "underscores": "_a_ a_b_ _a_b __c__d__ a__b__ *_x_*",
        "heading": "# heading",
        "list": "- item",
        "plus": "+ item",
        "number": "1. item",
        "bracketed": "23) item",
        "rule": "---",
        "quote": "> quote",
        "formula": "$x^2$ and $$y$$",
        "backslash": "\\| \\* \\",
        "fence": "```python",
    }
)
"""What a server may answer, that some reader would take for markup."""

FAULTY = (
    Finding("reach", "ok", "It answers."),
    Finding(
        "tokens", "fail", "The end token is missing", "end_token_missing",
        "Append <|endoftext|> to every text.", "Qwen3-Embedding model card",
        ("'apple': 1 token by its usage, 2 expected",), {"lacking": 1}, 0.98,
    ),
    Finding(
        "parity", "fail", "16 of 16 texts match the variant without an end token",
        "end_token_missing", "Convert the weights again with add_eos_token.", "QwenLM issue 54",
        ("cosine to the right recipe: 0.81 at the least", "without an end token: 0.99999"),
        {"cosine_min": 0.8123456789, "texts": 16}, 1.0,
    ),
    Finding("batch", "unknown", "It was not asked: the budget was spent"),
    Finding("dimensions", "warn", "dimensions are ignored", "dimensions_ignored", "Cut them."),
    Finding("latency", "ok", "12 ms for one text", evidence=("half of 20 calls under 12 ms",)),
)  # fmt: skip


def make_diagnosis(*findings: Finding, **changes: object) -> Diagnosis:
    """A diagnosis of an endpoint without its end token, changed as told."""
    whole = Diagnosis(
        verdict="The end token is missing. Append <|endoftext|> to every text.",
        status="fail",
        cause="end_token_missing",
        findings=findings or FAULTY,
        base_url="http://127.0.0.1:8080/v1",
        model="Qwen/Qwen3-Embedding-0.6B",
        server="llama.cpp b9000",
        reference="the weights here",
        spent=Budget(87, 12_345),
        budget=Budget(200, 60_000),
        seconds=4.25,
        when="2026-11-26T16:00:00+00:00",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]
