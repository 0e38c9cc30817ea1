"""The doctor's panel: asked, told finding by finding, cancelled, exported; and the key's way."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import workbench as wb
from tests.panels.fakes import Gate, wait_until
from tests.studies.doctor.diagnoses import FAULTY, HOSTILE, make_diagnosis
from workbench.contracts import CancelSignal, Diagnosis, Finding, Progress, ProgressFn, check_cancel
from workbench.errors import AddressError, InputError
from workbench.panels.doctor import DoctorPanel

URL = "http://127.0.0.1:9/v1"
KEY = "sk-nobody-may-read-this-7f3a"
FORM = {"url": URL, "key": "", "model": "", "reference": "auto", "where": "", "deep": False}


class FakeExaminer:
    """Tells the findings of a diagnosis, and stops before each at a gate.

    Attributes:
        asked: The arguments of each examination.
        failure: Raised by the next one.
    """

    def __init__(self) -> None:
        self.diagnosis = make_diagnosis()
        self.gate = Gate()
        self.asked: list[dict[str, Any]] = []
        self.failure: BaseException | None = None

    def plan_words(self, *, deep: bool = False) -> str:
        return "at most 600 requests" if deep else "at most 200 requests"

    def diagnose(
        self,
        base_url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        reference: str | None = None,
        against: str | None = None,
        deep: bool = False,
        tell: Callable[[Finding], None] | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Diagnosis:
        asked = {"url": base_url, "model": model, "key": key, "deep": deep}
        self.asked.append(asked | {"reference": reference, "against": against})
        assert tell is not None and progress is not None
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        for place, finding in enumerate(self.diagnosis.findings):
            progress(Progress("load", place, 6, f"the {finding.probe}"))
            if place == 2:
                self.gate.pass_through(cancel)
            check_cancel(cancel, done=place, total=6, unit="probes")
            tell(finding)
        return self.diagnosis


@pytest.fixture
def examiner() -> FakeExaminer:
    return FakeExaminer()


@pytest.fixture
def panel(examiner: FakeExaminer) -> Iterator[DoctorPanel]:
    panel = DoctorPanel(examiner)
    yield panel
    examiner.gate.open()
    panel.close()


def press(panel: DoctorPanel, **changes: object) -> None:
    panel._handle_custom_msg({"do": "examine", "form": {**FORM, **changes}}, [])


def run(panel: DoctorPanel, **changes: object) -> str:
    """Press Examine, wait, and give what the status says."""
    press(panel, **changes)
    assert panel.wait(10)
    return str(panel.status["message"])


def test_findings_come_one_by_one_and_then_the_verdict(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    examiner.gate.shut()
    press(panel)
    assert examiner.gate.reached.wait(10)
    wait_until(lambda: len(panel.findings) == 2)
    assert panel.status["phase"] == "examining"
    assert panel.status["message"] == "The parity…"
    assert (panel.status["done"], panel.status["total"]) == (2, 6)
    assert panel.verdict == {}
    examiner.gate.open()
    assert panel.wait(10)
    assert panel.status["phase"] == "done"
    assert [one["probe"] for one in panel.findings] == [one.probe for one in FAULTY]
    assert panel.verdict["says"] == examiner.diagnosis.verdict
    assert (panel.verdict["status"], panel.verdict["sign"]) == ("fail", "✗")
    assert panel.diagnosis is examiner.diagnosis


def test_a_finding_is_shown_with_its_evidence_its_mend_and_its_source(panel: DoctorPanel) -> None:
    run(panel)
    shown = panel.findings[1]
    assert shown["evidence"] == ["'apple': 1 token by its usage, 2 expected"]
    assert dict(shown["details"])["what to do"] == "Append <|endoftext|> to every text."
    assert dict(shown["details"])["known from"] == "Qwen3-Embedding model card"


@pytest.mark.parametrize(
    ("reference", "where", "reached"),
    [
        ("auto", "", (None, None)),
        ("none", "", ("none", None)),
        ("bundled", "", ("bundled", None)),
        ("directory", " models/mine ", ("models/mine", None)),
        ("golden", "golden.json", (None, "golden.json")),
        ("endpoint", "http://h/v1#m", (None, "http://h/v1#m")),
    ],
)
def test_what_it_is_held_against_is_what_was_chosen(
    panel: DoctorPanel, examiner: FakeExaminer, reference: str, where: str, reached: object
) -> None:
    run(panel, reference=reference, where=where, model=" m ", deep=True)
    (asked,) = examiner.asked
    assert (asked["reference"], asked["against"]) == reached
    assert (asked["model"], asked["deep"]) == ("m", True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": " "}, "No address was given"),
        ({"reference": "golden"}, "say which: golden.json"),
        ({"reference": "odd"}, "The reference is 'odd'; there are auto, bundled"),
    ],
)
def test_a_field_that_makes_no_sense_is_said_and_nothing_is_asked(
    panel: DoctorPanel, examiner: FakeExaminer, changes: dict[str, object], said: str
) -> None:
    assert said in run(panel, **changes)
    assert panel.status["phase"] == "error"
    assert not examiner.asked


def test_cancel_stops_it_and_what_was_found_stays(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    examiner.gate.shut()
    press(panel)
    assert examiner.gate.reached.wait(10)
    panel._handle_custom_msg({"do": "cancel"}, [])
    assert panel.wait(10)
    assert panel.status["phase"] == "cancelled"
    assert len(panel.findings) == 2
    assert panel.diagnosis is None and panel.verdict == {}


def test_a_second_examination_takes_the_place_of_the_first(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    run(panel)
    examiner.gate.shut()
    press(panel)
    assert examiner.gate.reached.wait(10)
    wait_until(lambda: len(panel.findings) == 2)
    assert panel.verdict == {} and panel.diagnosis is None


def test_an_address_that_is_none_is_said_in_its_own_words(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    examiner.failure = AddressError("'x y' is no address.")
    assert run(panel, url="x y") == "'x y' is no address."
    assert not panel.status["details"]


def test_an_unforeseen_failure_comes_with_its_traceback_and_without_the_key(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    examiner.failure = ValueError(f"bad header {KEY}")
    assert run(panel, key=KEY) == "ValueError: bad header •••."
    assert "Traceback" in panel.status["details"]
    assert KEY not in panel.status["details"]


def test_a_key_reaches_the_examiner_and_no_trait(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    run(panel, key=KEY)
    run(panel)
    assert [asked["key"] for asked in examiner.asked] == [KEY, KEY], "kept for the same address"
    run(panel, url="http://127.0.0.1:10/v1")
    run(panel)
    assert [asked["key"] for asked in examiner.asked[2:]] == [None, None]
    assert KEY not in repr(panel.get_state()) + repr(panel)


def test_a_key_is_there_again_after_a_failure_as_its_field_says(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    examiner.failure = ValueError("no such luck")
    run(panel, key=KEY)
    run(panel)
    assert [asked["key"] for asked in examiner.asked] == [KEY, KEY]


def test_a_form_keeps_its_key_to_itself(panel: DoctorPanel, examiner: FakeExaminer) -> None:
    from workbench.panels.doctor_form import DoctorForm

    assert KEY not in repr(DoctorForm.from_page({**FORM, "key": KEY}))
    run(panel, key=KEY)
    gc.collect()
    left = [one for one in gc.get_objects() if type(one) is DoctorForm and one.key]
    assert left == []


@pytest.mark.parametrize(
    ("form", "mime", "start"),
    [
        ("markdown", "text/markdown", b"# "),
        ("html", "text/html", b"<!doctype html>"),
        ("json", "application/json", b"{"),
    ],
)
def test_it_is_exported_to_the_page_that_asked(
    panel: DoctorPanel,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    mime: str,
    start: bytes,
) -> None:
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    run(panel)
    monkeypatch.setattr(panel, "send", lambda content, buffers: sent.append((content, buffers)))
    panel._handle_custom_msg({"do": "export", "form": form, "id": "page-1"}, [])
    ((told, (content,)),) = sent
    assert (told["type"], told["id"], told["mime"]) == ("file", "page-1", mime)
    assert told["name"].startswith("doctor-Qwen-Qwen3-Embedding-0.6B.")
    assert content.startswith(start)


def test_before_a_verdict_there_is_nothing_to_export(panel: DoctorPanel) -> None:
    panel._handle_custom_msg({"do": "export", "form": "json", "id": "x"}, [])
    assert panel.status["phase"] == "error"


@pytest.mark.parametrize("content", [{}, {"do": "no such thing"}, {"do": "examine"}])
def test_a_message_that_makes_no_sense_is_said(
    panel: DoctorPanel, content: dict[str, object]
) -> None:
    panel._handle_custom_msg(content, [])
    assert panel.status["phase"] == "error"
    assert run(panel) == "", "the panel goes on"


def test_what_a_server_says_comes_as_one_clean_line(
    panel: DoctorPanel, examiner: FakeExaminer
) -> None:
    said = "\x1b[31m" + HOSTILE["image"] + "\nnext\x00"
    examiner.diagnosis = make_diagnosis(Finding("reach", "fail", said, evidence=(said,)))
    run(panel)
    assert panel.findings[0]["says"] == HOSTILE["image"] + "⏎next�"
    assert panel.findings[0]["evidence"] == [HOSTILE["image"] + "⏎next�"]


def test_driven_by_code_it_does_the_same(panel: DoctorPanel, examiner: FakeExaminer) -> None:
    assert panel.examine(URL, model="m") is examiner.diagnosis
    assert json.loads(json.dumps(panel.verdict))["outcome"] == "Wrong"
    with pytest.raises(InputError, match="No address"):
        panel.examine("")


def test_by_its_public_name_it_opens_on_what_it_is_given() -> None:
    panel = wb.doctor_panel(URL, model="m")
    assert (panel.options["url"], panel.options["model"]) == (URL, "m")
    assert panel.options["plan"] == "at most 200 requests and 60,000 tokens"
    panel.close()
