"""Token counts: those of the model, and rules by which servers count otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import MODEL, Call, Fault, FaultServer, Reply, as_json
from tests.embedders.remote.fault_server import tokens_of as count
from tests.studies.doctor.endpoints import examine_address, examine_fault, open_with, texts_of
from tests.studies.doctor.toys import ToyReference
from workbench.contracts import Answer, Ask, Finding
from workbench.studies.doctor.evidence import TokenCount
from workbench.studies.doctor.texts import TEXTS
from workbench.studies.doctor.tokens import PREFIX, PUBLISHED, judge_tokens

QWEN = "Qwen/Qwen3-Embedding-0.6B"
CHAT = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")


def counts_by(rule: Callable[[str], int | None]) -> Fault:
    """``usage`` is the sum of a rule over the texts."""

    def change(payload: dict[str, Any], call: Call) -> None:
        found = [rule(text) for text in call.texts]
        whole = None if None in found else sum(number or 0 for number in found)
        payload["usage"] = {"prompt_tokens": whole}

    return f.alters(change)


def judge(rule: Callable[[str], int | None], **more: Any) -> Finding:
    return examine_fault(counts_by(rule), reference=ToyReference(), **more)["tokens"]


def test_the_texts_are_asked_for_alone_together_and_in_base64() -> None:
    with FaultServer() as server:
        found = examine_address(server.base_url, reference=ToyReference())
    assert texts_of(found.evidence.alone) == list(TEXTS)
    assert found.evidence.batch is not None
    assert found.evidence.packed is not None
    assert (found.evidence.batch.ask.texts, found.evidence.batch.encoding) == (TEXTS, "float")
    assert (found.evidence.packed.ask.texts, found.evidence.packed.encoding) == (TEXTS, "base64")
    assert found.requests <= 30


def test_where_fewer_texts_are_taken_fewer_are_asked_for_together() -> None:
    found = examine_fault(f.over_items(5), reference=ToyReference())
    assert found.evidence.batch is not None
    assert found.evidence.packed is not None
    assert found.evidence.batch.ask.texts == found.evidence.packed.ask.texts == TEXTS[:5]
    assert not found.causes("fail")


def test_counts_as_the_model_counts_are_right() -> None:
    finding = judge(count)
    assert (finding.status, finding.cause) == ("ok", "")
    assert "16 of 16" in finding.says
    assert (finding.numbers["usage_least"], finding.numbers["usage_most"]) == (0, 0)


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (lambda text: count(text) - 1, "end_token_missing"),
        (lambda text: count(text) - 2, "special_tokens_missing"),
        (lambda text: count(text) + 1, "end_token_doubled"),
        (lambda text: count(PREFIX + text), "query_prompt_added"),
        (lambda text: count(PREFIX + text) - 1, "query_prompt_added"),
        (lambda text: count(PREFIX + PREFIX + text), "query_prompt_added"),
        (lambda text: count(text) + 19, "query_prompt_added"),
        (lambda text: count(text) + 9, "chat_template"),
    ],
    ids=["end", "both", "twice", "prompt", "prompt, no end", "prompts", "19", "template"],
)
def test_a_rule_that_all_texts_show_is_named_as_a_warning_only(
    rule: Callable[[str], int], cause: str
) -> None:
    finding = judge(rule)
    assert (finding.status, finding.cause) == ("warn", cause)
    assert finding.confidence is not None
    assert finding.confidence < 1
    assert finding.numbers["texts"] >= 14


@pytest.mark.parametrize(
    "rule",
    [
        lambda text: count(text) + len(text) % 3,
        lambda text: count(text.strip().lower().replace("\n", "")),
        lambda text: min(count(text), 12),
        lambda text: count(text) + (text == TEXTS[7]),
        lambda text: len(text) // 4 + 1,
    ],
    ids=["odd", "folded", "cut", "one text", "an estimate"],
)
def test_what_shows_no_rule_is_told_and_not_warned_of(rule: Callable[[str], int]) -> None:
    finding = judge(rule)
    assert (finding.status, finding.cause) == ("ok", "counts_differ")


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (len, "usage_counts_characters"),
        (lambda text: len(text.strip()), "usage_counts_characters"),
        (lambda _: 0, "usage_absent"),
        (lambda _: None, "usage_absent"),
    ],
    ids=["characters", "stripped", "zero", "null"],
)
def test_what_is_no_count_of_tokens_is_remarked_upon(
    rule: Callable[[str], int | None], cause: str
) -> None:
    finding = judge(rule)
    assert (finding.status, finding.cause) == ("ok", cause)


def test_without_anything_to_hold_counts_against_nothing_is_said_against_them() -> None:
    finding = examine_fault(counts_by(lambda text: count(text) - 1))["tokens"]
    assert (finding.status, finding.cause) == ("ok", "")
    assert any(line.startswith("usage of each text alone") for line in finding.evidence)


@pytest.mark.parametrize(
    ("more", "status", "cause"),
    [
        (0, "ok", ""),
        (-1, "warn", "end_token_missing"),
        (1, "warn", "end_token_doubled"),
        (19, "warn", "query_prompt_added"),
        (8, "warn", "chat_template"),
    ],
)
def test_published_counts_serve_where_the_model_is_known_by_name(
    more: int, status: str, cause: str
) -> None:
    known = dict(PUBLISHED)
    with FaultServer(counts_by(lambda text: known.get(text, 50) + more), dim=1024) as server:
        finding = examine_address(server.base_url, model=QWEN)["tokens"]
    assert (finding.status, finding.cause) == (status, cause)


def test_the_counts_of_infinity_without_the_end_token_are_no_fault() -> None:
    evidence = open_with(Answer(Ask(("apple",)), "vectors"), engine="infinity")
    evidence.reference = ToyReference()
    evidence.tokens = [TokenCount(text, count(text) - 1, None, count(text)) for text in TEXTS]
    assert judge_tokens(evidence).status == "ok"


def test_the_route_of_the_server_speaks_where_usage_does_not() -> None:
    def short(server: FaultServer, call: Call) -> Reply | None:
        if call.target == "/tokenize":
            return as_json({"tokens": [0] * (count(call.asked["content"]) - 1)})
        if call.target == "/v1/models":
            return as_json({"data": [{"id": MODEL, "owned_by": "llamacpp"}]})
        return None

    quiet = examine_fault(counts_by(lambda _: 0), reference=ToyReference(), other=short)["tokens"]
    assert quiet.cause == "usage_absent"
    both = counts_by(lambda text: count(text) - 1)
    finding = examine_fault(both, reference=ToyReference(), other=short)["tokens"]
    assert finding.cause == "end_token_missing"
    assert finding.confidence == 0.9
    assert any(line.startswith("by /tokenize") for line in finding.evidence)


def test_a_chat_template_is_known_by_what_it_adds_to_each_text() -> None:
    evidence = open_with(Answer(Ask(("apple",)), "vectors"))
    evidence.reference = ToyReference()
    before, behind = CHAT
    evidence.tokens = [
        TokenCount(text, count(f"{before}{text}{behind}"), None, count(text)) for text in TEXTS
    ]
    assert judge_tokens(evidence).cause == "chat_template"
