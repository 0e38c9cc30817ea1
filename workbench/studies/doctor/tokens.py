"""Whether the server reads texts into as many tokens as the model does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.contracts import Ask, Finding, Line, Reference
from workbench.studies.doctor.asking import ask_texts
from workbench.studies.doctor.drift import name_text
from workbench.studies.doctor.evidence import Evidence, Probe, TokenCount
from workbench.studies.doctor.serving import name_model
from workbench.studies.doctor.texts import QUERY, TEXTS

PREFIX = QUERY[: QUERY.index("Query:") + len("Query:")]
PREFIX_TOKENS = 19
PUBLISHED: tuple[tuple[str, int], ...] = (
    ("a", 2),
    ("The capital of China is Beijing.", 8),
    (f"{PREFIX}What is the capital of China?", 27),
)
"""Tokens of texts in Qwen3-Embedding's tokenizer, the end token included."""
_SOURCE = "Qwen3-Embedding's tokenizer.json; QwenLM issues 54 and 122"
_CHAT = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
_CHAT_LEAST, _CHAT_MOST = 5, 12
"""Tokens that chat templates of this family add, where no tokenizer is at hand to count them."""
_ROUTED = 4
_MOST = 0.75
"""Share of the texts that have to differ alike before it is a rule."""


@dataclass(frozen=True)
class _Rule:
    """One way to count otherwise than the model, which all texts show.

    Attributes:
        word: Its cause.
        says: What was found.
        mend: What to do.
        source: Where it is known from.
    """

    word: str
    says: str
    mend: str = ""
    source: str = _SOURCE


_MISSING = _Rule(
    "end_token_missing",
    "the server counts each text one token short: the end token seems to be missing",
    "Convert the GGUF again with add_eos_token, or serve a directory whose tokenizer.json appends "
    "<|endoftext|>.",
    "llama.cpp issue 14234, QwenLM issues 54 and 122",
)
_SPECIAL = _Rule(
    "special_tokens_missing",
    "the server counts each text two tokens short: the tokens around it seem to be missing",
    "Serve the model with its own tokenizer.json, and let it add the special tokens.",
)
_DOUBLED = _Rule(
    "end_token_doubled",
    "the server counts one token more for each text: something seems to be appended",
    "Append no end token yourself: the tokenizer does; see what stands before the server.",
    "lattice issue 143",
)
_PROMPTED = _Rule(
    "query_prompt_added",
    "the server counts a query prompt more for each text: it seems to put one before all of them",
    "Start it without a default prompt (TEI: --default-prompt), or send queries bare and documents "
    "elsewhere.",
    "xinference issue 3751; TEI's default prompt reaches every route",
)
_TEMPLATED = _Rule(
    "chat_template",
    "the server counts some tokens more for each text, as a chat template adds them",
    "Send plain strings to /v1/embeddings; serve the model as an embedder and not as a chat model.",
    "QwenLM issue 156",
)
_EDITS = (
    (_PROMPTED, PREFIX, ""),
    (_PROMPTED, PREFIX + PREFIX, ""),
    (_TEMPLATED, *_CHAT),
)


def ask_tokens(line: Line, evidence: Evidence) -> None:
    """Ask for the texts, and count some by the server's own route."""
    ask_texts(line, evidence)
    count = _counter(evidence.reference)
    for place, (text, answer) in enumerate(zip(TEXTS, evidence.alone, strict=True)):
        route = line.count_tokens(text) if place < _ROUTED else None
        evidence.tokens.append(TokenCount(text, answer.tokens, route, count(text)))
    known = any("qwen3-embedding" in name.casefold() for name in name_model(evidence.opening))
    if count(TEXTS[0]) is None and known:
        answers = line.ask([Ask((text,)) for text, _ in PUBLISHED])
        for (text, tokens), answer in zip(PUBLISHED, answers, strict=True):
            evidence.tokens.append(TokenCount(text, answer.tokens, None, tokens))


def judge_tokens(evidence: Evidence) -> Finding:
    """The finding of the probe "tokens"."""
    counts = evidence.tokens
    told = [count for count in counts if count.usage is not None]
    if not told and all(count.route is None for count in counts):
        return _remark("The server counts no tokens", "usage_absent", counts)
    if told and all(count.usage == 0 for count in told):
        says = "The server says 0 tokens for every text"
        return _remark(says, "usage_absent", counts, "LM Studio issue 1546")
    if told and all(_is_characters(count) for count in told):
        says = "The server counts characters in place of tokens"
        return _remark(says, "usage_counts_characters", counts, "infinity counts so by default")
    return _compare(evidence)


def _counter(reference: Reference | None) -> Callable[[str], int | None]:
    return (lambda _: None) if reference is None else reference.count_tokens


def _is_characters(count: TokenCount) -> bool:
    """Whether the count is that of the text's characters, with or without white space at its ends.

    Of a text of few characters that is no sign; there are longer ones among the texts.
    """
    return count.usage in (len(count.text), len(count.text.strip()))


def _compare(evidence: Evidence) -> Finding:
    counts = evidence.tokens
    both = [count for count in counts if count.expected is not None]
    usage = [(c, c.usage - c.expected) for c in both if c.usage and c.expected]
    route = [(c, c.route - c.expected) for c in both if c.route and c.expected]
    if not usage and not route:
        says = "The server counts tokens, and nothing is at hand to hold the counts against"
        return Finding("tokens", "ok", says, evidence=_lines(counts))
    rule = _find_rule(evidence, usage or route)
    numbers = _numbers(usage, route)
    if rule is None:
        return _name_others(usage or route, _lines(counts), numbers)
    if rule is _MISSING and evidence.opening.engine == "infinity":
        says = "The server's counts leave out the end token, as infinity's do; it is there"
        return Finding("tokens", "ok", says, evidence=_lines(counts), numbers=numbers)
    both_ways = bool(usage) and bool(route) and _find_rule(evidence, route) == rule
    alike = sum(difference != 0 for _, difference in usage or route)
    return Finding(
        "tokens",
        "warn",
        f"{alike} of {len(usage or route)} texts: {rule.says}",
        rule.word,
        rule.mend,
        rule.source,
        _lines(counts),
        numbers,
        0.9 if both_ways else 0.7,
    )


def _find_rule(evidence: Evidence, pairs: Sequence[tuple[TokenCount, int]]) -> _Rule | None:
    """What most texts show alike and no text speaks against; None: nothing is."""
    differences = Counter(difference for _, difference in pairs)
    if not pairs or 0 in differences:
        return None
    usual, times = differences.most_common(1)[0]
    if times >= _MOST * len(pairs):
        simple = {-1: _MISSING, -2: _SPECIAL, 1: _DOUBLED, PREFIX_TOKENS: _PROMPTED}.get(usual)
        if simple is not None:
            return simple
    count = _counter(evidence.reference)
    for rule, before, behind in _EDITS:
        edited = [count(f"{before}{pair[0].text}{behind}") for pair in pairs]
        if _fit(pairs, edited):
            return rule
    templated = _CHAT_LEAST <= usual <= _CHAT_MOST and times >= _MOST * len(pairs)
    return _TEMPLATED if templated else None


def _fit(pairs: Sequence[tuple[TokenCount, int]], edited: Sequence[int | None]) -> bool:
    """Whether most counts are those of the text as it was edited, give or take the end token."""
    fits = [
        abs(count.expected + difference - other) <= 1
        for (count, difference), other in zip(pairs, edited, strict=True)
        if other is not None and count.expected is not None
    ]
    return len(fits) == len(pairs) and sum(fits) >= _MOST * len(pairs)


def _name_others(
    pairs: Sequence[tuple[TokenCount, int]], lines: tuple[str, ...], numbers: dict[str, float]
) -> Finding:
    off = [(count, difference) for count, difference in pairs if difference != 0]
    if not off:
        says = f"{len(pairs)} of {len(pairs)} texts have as many tokens as the model gives them"
        return Finding("tokens", "ok", says, evidence=lines, numbers=numbers)
    shown = tuple(
        f"{name_text(count.text)}: {difference:+d} tokens" for count, difference in off[:6]
    )
    says = (
        f"{len(off)} of {len(pairs)} texts are counted otherwise than the model's tokenizer does, "
        "by no rule: it may count what is no token, or read some characters otherwise"
    )
    return Finding(
        "tokens", "ok", says, "counts_differ", evidence=(*shown, *lines), numbers=numbers
    )


def _remark(says: str, cause: str, counts: Sequence[TokenCount], source: str = "") -> Finding:
    return Finding("tokens", "ok", says, cause, "", source, _lines(counts))


def _numbers(
    usage: Sequence[tuple[TokenCount, int]], route: Sequence[tuple[TokenCount, int]]
) -> dict[str, float]:
    numbers: dict[str, float] = {"texts": len(usage)}
    for name, pairs in (("usage", usage), ("route", route)):
        if pairs:
            numbers[f"{name}_least"] = min(difference for _, difference in pairs)
            numbers[f"{name}_most"] = max(difference for _, difference in pairs)
    return numbers


def _lines(counts: Sequence[TokenCount]) -> tuple[str, ...]:
    def show(values: list[int | None]) -> str:
        return " ".join("-" if value is None else str(value) for value in values)

    rows = (
        ("usage of each text alone", [count.usage for count in counts]),
        ("expected", [count.expected for count in counts]),
        ("by /tokenize", [count.route for count in counts]),
    )
    return tuple(f"{name}: {show(v)}" for name, v in rows if any(x is not None for x in v))


PROBE = Probe("tokens", "how many tokens known texts have", ask_tokens, judge_tokens)
