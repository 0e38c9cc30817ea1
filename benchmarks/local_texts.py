"""Texts to measure the local embedder with, made from the sample texts of the project."""

from __future__ import annotations

import random

INSTRUCTION = (
    "Instruct: Given a question of an engineer, retrieve the passages and code that answer it\n"
    "Query:"
)
"""About 25 tokens of Qwen3's tokenizer."""
TOGGLED = tuple(
    f"Instruct: Given {asked}, retrieve the texts that say the same in any language\nQuery:"
    for asked in ("a question", "a claim", "an error message", "a product's name", "some code")
)
COUNTS = {
    "short": 512,
    "instructed": 512,
    "templated": 512,
    "passages": 256,
    "mixed": 2_000,
    "toggles": 500,
}
CORPORA = tuple(COUNTS)
_SHORTEST, _LONGEST = 10, 1_000
_MEDIAN, _SPREAD = 80, 1.0
"""Of the passages' lengths, log-normal: most are short, a few take all the time."""
_CHARACTERS_A_TOKEN = 2.6
"""Of the mixed sample under Qwen3's tokenizer, Chinese, English and code together."""


def make_corpus(name: str, count: int = 0) -> list[str]:
    """Texts of a kind, the same each time and no two alike.

    Args:
        name: One of ``CORPORA``: "short", "instructed" and "toggles" are single sample texts,
            with letters in front, so that hardly two begin alike; "templated" are numbered at the
            end, and do; "mixed" as pasted, numbered at the end; "passages" are sample texts joined
            until they are as long as drawn, 10 to 1,000 tokens with a long tail.
        count: How many; 0: as many as ``COUNTS`` says.
    """
    from workbench import samples

    texts = [str(text) for text in samples("mixed")["text"]]
    wanted = count or COUNTS[name]
    chance = random.Random(0)
    if name == "passages":
        return [_passage(texts, chance) for _ in range(wanted)]
    sentences = texts if name == "mixed" else [text for text in texts if "\n" not in text]
    if name in ("mixed", "templated"):
        return [f"{sentences[n % len(sentences)]} {n}" for n in range(wanted)]
    return [f"{_letters(n)} {sentences[n % len(sentences)]}" for n in range(wanted)]


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + number // 26**place % 26) for place in range(3))


def prompts_of(name: str) -> tuple[str, ...]:
    """The prefixes that a corpus is embedded with, one after the other."""
    return {"instructed": (INSTRUCTION,), "toggles": TOGGLED}.get(name, ("",))


def _passage(texts: list[str], chance: random.Random) -> str:
    tokens = min(_LONGEST, max(_SHORTEST, _MEDIAN * chance.lognormvariate(0, _SPREAD)))
    parts: list[str] = []
    while sum(map(len, parts)) < tokens * _CHARACTERS_A_TOKEN:
        parts.append(chance.choice(texts))
    return " ".join(parts)[: int(tokens * _CHARACTERS_A_TOKEN)]
