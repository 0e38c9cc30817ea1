"""How the numbers arrive: encodings, types, order, and rows that are no vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import (
    DIM,
    Call,
    Fault,
    FaultServer,
    Reply,
    encode_vector,
    vectors_of,
)
from tests.studies.doctor.endpoints import examine_address, examine_fault, lists
from tests.studies.doctor.toys import drift, serve
from workbench.studies.doctor.texts import TEXTS

NAN_TEXT = TEXTS[14]


def in_base64(fault: Fault) -> Fault:
    return f.where(lambda call: call.asked.get("encoding_format") == "base64", fault)


def in_batches(fault: Fault) -> Fault:
    return f.where(lambda call: len(call.texts) > 1, fault)


def quarter_of(dim: int) -> Fault:
    def change(payload: dict[str, Any], call: Call) -> None:
        for record in payload["data"]:
            record["embedding"] = [0.0] * (dim // 4)

    return f.alters(change)


def shuffled(payload: dict[str, Any], _: Call) -> None:
    payload["data"] = payload["data"][::2] + payload["data"][1::2]


def test_numbers_and_base64_that_agree_are_right() -> None:
    finding = examine_fault()["decode"]
    assert (finding.status, finding.cause) == ("ok", "")
    assert "bit for bit" in finding.says
    assert finding.numbers["largest"] == 0


@pytest.mark.parametrize(
    ("fault", "status", "cause"),
    [
        (in_base64(f.FLOAT64), "fail", "float64"),
        (in_base64(f.FLOAT16), "fail", "float16"),
        (in_base64(f.BIG_ENDIAN), "fail", "big_endian"),
        (in_base64(f.NO_BASE64), "fail", "not_base64"),
        (f.FLOAT64, "fail", "float64"),
        (f.EMPTY_DATA, "fail", "no_data"),
        (in_batches(f.EMPTY_DATA), "fail", "no_data"),
        (in_batches(f.ONE_FEWER), "fail", "count_wrong"),
        (in_batches(f.ONE_MORE), "fail", "count_wrong"),
        (f.INDEX_TWICE, "fail", "index_wrong"),
        (in_batches(f.ALL_INDICES_ZERO), "fail", "index_wrong"),
        (in_batches(f.INDEX_OUT_OF_RANGE), "fail", "index_wrong"),
        (in_batches(f.cut_json), "fail", "reply_broken"),
        (f.ALWAYS_FLOATS, "warn", "base64_ignored"),
        (f.ALWAYS_BASE64, "warn", "base64_unasked"),
        (
            in_base64(f.says(400, {"error": "encoding_format must be float"})),
            "warn",
            "base64_refused",
        ),
        (in_batches(f.OUT_OF_ORDER), "warn", "order_reversed_with_index"),
        (in_batches(f.alters(shuffled)), "warn", "order_shuffled_with_index"),
        (f.NO_INDEX, "ok", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_arrives_otherwise_is_named(fault: Fault, status: str, cause: str) -> None:
    finding = examine_fault(fault)["decode"]
    assert (finding.status, finding.cause) == (status, cause)
    assert finding.mend or status == "ok"
    assert finding.evidence


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "null"),
        ([None] * DIM, "null"),
        ([math.nan] * DIM, "not_finite"),
        (f.base64_of([math.nan] * DIM), "not_finite"),
        ([0.0] * DIM, "zero_vectors"),
    ],
    ids=["null", "nulls", "NaN", "NaN in base64", "zeros"],
)
def test_a_text_that_gets_no_vector_is_named(value: object, cause: str) -> None:
    finding = examine_fault(f.alters_vector(NAN_TEXT, value))["decode"]
    assert (finding.status, finding.cause) == ("fail", cause)
    assert "1 of 16 texts" in finding.says
    assert NAN_TEXT[:20] in finding.says
    assert any(NAN_TEXT in line for line in finding.evidence)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("failed to encode response: json: unsupported value: NaN", "not_finite"),
        ("embedding contains NaN or Inf values", "not_finite"),
        ("llama_decode returned -1", "some_texts_fail"),
        ("an instance of finance", "some_texts_fail"),
    ],
)
def test_a_server_that_fails_at_one_text_is_named_with_it(words: str, cause: str) -> None:
    fault = f.holding(NAN_TEXT, f.says(500, {"error": {"message": words}}))
    finding = examine_fault(fault)["decode"]
    assert (finding.status, finding.cause) == ("fail", cause)
    assert NAN_TEXT[:20] in finding.says


def test_a_text_that_is_too_long_is_left_to_the_probe_of_lengths() -> None:
    assert examine_fault(f.refuses_long(60, "vllm"))["decode"].status == "ok"


def test_zeros_of_a_quarter_of_the_width_that_base64_has_come_through_javascript() -> None:
    floats = f.where(lambda call: call.asked.get("encoding_format") == "float", quarter_of(DIM))
    finding = examine_fault(floats)["decode"]
    assert (finding.status, finding.cause) == ("fail", "quarter_zeros")
    assert "JavaScript" in finding.mend


def test_zeros_of_a_quarter_of_the_width_that_the_model_is_known_for_do_as_well() -> None:
    with FaultServer(quarter_of(1024), dim=1024) as server:
        server.other_fault = lists({"id": "Qwen3-Embedding-0.6B"})
        found = examine_address(server.base_url, model="Qwen3-Embedding-0.6B")
    assert found["decode"].cause == "quarter_zeros"


def test_a_server_that_dies_after_the_first_request_is_named() -> None:
    finding = examine_fault(f.after(1, f.CLOSES))["decode"]
    assert (finding.status, finding.cause) == ("fail", "server_died")


def test_a_server_that_stops_answering_is_wrong_and_not_asked_on() -> None:
    asked = []

    def hang(server: FaultServer, call: Call) -> Reply | None:
        asked.append(call.target)
        return f.STALLS(server, call) if asked.count("/v1/embeddings") > 6 else None

    found = examine_fault(hang, timeout_s=0.3)
    assert (found["decode"].status, found["decode"].cause) == ("fail", "stops_answering")
    assert found["decode"].numbers["texts"] == 16
    assert asked.count("/v1/embeddings") == 6 + 3


def test_base64_that_holds_other_vectors_each_time_is_told() -> None:
    def others(payload: dict[str, Any], call: Call) -> None:
        for record, row in zip(payload["data"], vectors_of(call.texts), strict=True):
            record["embedding"] = encode_vector(np.roll(row, 1), "base64")

    finding = examine_fault(in_base64(f.alters(others)))["decode"]
    assert (finding.status, finding.cause) == ("fail", "encodings_differ")


def test_a_call_that_is_off_by_chance_is_not_laid_to_base64() -> None:
    fault = f.once(in_base64_by_chance())
    assert examine_fault(in_base64(fault))["decode"].status == "ok"


def in_base64_by_chance() -> Fault:
    def other(server: FaultServer, call: Call) -> Reply:
        rolled = serve(lambda call: [np.roll(row, 1) for row in vectors_of(call.texts)])
        return rolled(server, call)

    return other


def test_drift_of_arithmetic_between_calls_is_no_fault() -> None:
    def drifting(call: Call) -> list[Any]:
        rows = vectors_of(call.texts)
        return [
            drift(row, f"{t}{call.number}", 1e-3) for t, row in zip(call.texts, rows, strict=True)
        ]

    finding = examine_fault(serve(drifting))["decode"]
    assert finding.status == "ok"
    assert "from call to call" in finding.says
    assert finding.numbers["largest"] > 0


def test_where_no_vector_comes_at_all_nothing_is_said_of_numbers() -> None:
    for fault in (f.NO_KEY, f.NO_PATH, f.bare_list):
        assert examine_fault(fault)["decode"].status == "unknown"
