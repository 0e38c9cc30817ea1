"""Whether a key is wanted and taken; no key is ever shown."""

from __future__ import annotations

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import FaultServer
from tests.studies.doctor.endpoints import examine_address, examine_fault

KEY = "sk-right-0123456789abcdef0123456789"
WRONG = "sk-wrong-0123456789abcdef0123456789"


@pytest.mark.parametrize(
    ("asked_for", "given", "status", "cause"),
    [
        (None, None, "ok", ""),
        (None, KEY, "ok", "key_not_asked_for"),
        (KEY, KEY, "ok", ""),
        (KEY, WRONG, "fail", "key_refused"),
        (KEY, None, "fail", "key_missing"),
    ],
    ids=["none", "needless", "right", "wrong", "missing"],
)
def test_what_becomes_of_a_key(
    asked_for: str | None, given: str | None, status: str, cause: str
) -> None:
    with FaultServer(key=asked_for) as server:
        found = examine_address(server.base_url, key=given)
        assert (found["auth"].status, found["auth"].cause) == (status, cause)
        shown = repr(found)
        assert KEY not in shown
        assert WRONG not in shown


def test_the_key_is_left_out_of_one_request_only() -> None:
    with FaultServer(key=KEY) as server:
        examine_address(server.base_url, key=KEY)
        sent = [call.headers.get("authorization") for call in server.asked]
    assert sum(KEY not in str(header) for header in sent) == 1


@pytest.mark.parametrize(
    ("status", "cause"), [(403, "key_missing"), (402, "no_credit")], ids=["403", "402"]
)
def test_other_ways_to_say_so(status: int, cause: str) -> None:
    finding = examine_fault(f.says(status, {"error": {"message": "no"}}))["auth"]
    assert (finding.status, finding.cause) == ("fail", cause)


def test_a_refusal_of_the_model_is_no_refusal_of_the_key() -> None:
    assert examine_fault(f.NO_MODEL)["auth"].status == "ok"
    assert examine_fault(f.NO_PATH)["auth"].status == "unknown"
