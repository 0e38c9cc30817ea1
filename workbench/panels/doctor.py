"""The panel that asks whether an endpoint serves the model that it says, and if not, why."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import traitlets

from workbench.contracts import Diagnosis, Examiner, Finding, Progress
from workbench.errors import Cancelled, InputError
from workbench.panels import assets
from workbench.panels.doctor_form import REFERENCES, DoctorForm
from workbench.panels.endpoints import Address, hide
from workbench.panels.reports import begin_sentence, report_failure
from workbench.panels.widget import PanelWidget
from workbench.panels.wire import Payload, status_payload
from workbench.panels.worker import ENDING_S, Worker
from workbench.studies.doctor.page import to_html
from workbench.studies.doctor.render import (
    OUTCOMES,
    SIGNS,
    WORDS,
    describe_details,
    describe_run,
    to_json,
    to_markdown,
)
from workbench.studies.shown import clean

FORMS: Mapping[str, tuple[str, str, Callable[[Diagnosis], str]]] = MappingProxyType(
    {
        "markdown": ("md", "text/markdown", to_markdown),
        "html": ("html", "text/html", to_html),
        "json": ("json", "application/json", to_json),
    }
)


class DoctorPanel(PanelWidget):
    """A panel for the notebook: an address, Examine, findings as they come, the verdict on top.

    Args:
        examiner: Examines.
        url: What the field for the address says at first.
        model: What the field for the model says at first.
    """

    _esm: ClassVar[str] = assets.doctor_script()
    _css: ClassVar[str] = assets.style()

    options: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    status: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    findings: traitlets.List[Any] = traitlets.List().tag(sync=True)
    verdict: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(self, examiner: Examiner, *, url: str = "", model: str = "") -> None:
        options = {
            "url": url,
            "model": model,
            "references": [[name, *words] for name, words in REFERENCES.items()],
            "plan": examiner.plan_words(deep=False),
            "plan_deep": examiner.plan_words(deep=True),
        }
        super().__init__(options=options, status=status_payload("idle"))
        self.diagnosis: Diagnosis | None = None
        self._examiner = examiner
        self._kept: dict[str, str] = {}  # at most one: the key that its address was tried with
        self._worker = Worker("workbench-doctor", self._crashed)

    def examine(self, url: str, **fields: object) -> Diagnosis | None:
        """Do what a press of Examine does, and wait; None where it came to no verdict.

        Args:
            url: The address.
            **fields: ``model``, ``key``, ``reference`` (a name of ``REFERENCES``), ``where``,
                ``deep``.

        Raises:
            InputError: A field that makes no sense.
        """
        self._start(DoctorForm.from_page({"reference": "auto", **fields, "url": url}))
        self.wait()
        return self.diagnosis

    def cancel(self) -> None:
        """Do what a press of Cancel does; ``wait`` blocks until it has stopped."""
        self._worker.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing is examined; False when ``timeout_s`` passed first."""
        return self._worker.wait(timeout_s)

    def close(self) -> None:
        """Stop asking and take the panel off the page."""
        if "_worker" in vars(self):  # ipywidgets closes what was never finished, too
            self._worker.end()
            self._worker.wait(ENDING_S)
        super().close()

    def _answer(self, content: Mapping[str, Any], _: list[memoryview]) -> None:
        asked = str(content.get("do"))
        if asked == "cancel":
            self.cancel()
        elif asked == "examine":
            self._start(DoctorForm.from_page(content["form"]))
        elif asked == "export":
            self._export(str(content.get("form")), str(content.get("id")))
        else:
            raise InputError(f"The page asked for {asked!r}, which nothing answers.")

    def _export(self, form: str, page: str) -> None:
        diagnosis = self.diagnosis
        if form not in FORMS or diagnosis is None:
            raise InputError(f"Export as {form!r} was asked for; there is nothing of that kind.")
        suffix, mime, write = FORMS[form]
        name = re.sub(r"[^\w.-]+", "-", f"doctor-{diagnosis.model or 'endpoint'}").strip("-.")
        told = {"type": "file", "id": page, "name": f"{name}.{suffix}", "mime": mime}
        self.send(told, buffers=[write(diagnosis).encode("utf-8")])

    def _start(self, form: DoctorForm) -> None:
        held = [form]  # taken out when it is used: a job that is done is kept by its thread

        def job(cancel: threading.Event) -> None:
            asked = held.pop()
            key = asked.key or self._kept.get(asked.url, "")
            self._kept.clear()
            self._kept[asked.url] = key  # also after a failure: its field says "as given before"
            try:
                self._run(asked, key, cancel)
            except Cancelled:
                self._show(status=status_payload("cancelled", "Cancelled: there is no verdict."))
            except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
                self._crashed(exc, Address(asked.url, asked.model, key))

        self._worker.submit(job)

    def _run(self, form: DoctorForm, key: str, cancel: threading.Event) -> None:
        self.diagnosis = None
        came: list[Finding] = []
        first = status_payload("examining", "Reaching the endpoint…")
        self._show(status=first, findings=[], verdict={})

        def tell(finding: Finding) -> None:
            came.append(finding)
            self._show(findings=[finding_payload(one) for one in came])

        def progress(step: Progress) -> None:
            message = f"{begin_sentence(step.message or step.stage)}…"
            told = status_payload("examining", message, done=step.done, total=step.total)
            self._show(status=told)

        diagnosis = self._examiner.diagnose(
            form.url, model=form.model or None, key=key or None, deep=form.deep,
            tell=tell, progress=progress, cancel=cancel, **form.choose(),
        )  # fmt: skip
        self.diagnosis = diagnosis
        self._show(
            findings=[finding_payload(one) for one in diagnosis.findings],
            verdict=verdict_payload(diagnosis),
            status=status_payload("done"),
        )

    def _crashed(self, exc: BaseException, asked: Address | None = None) -> None:
        failure = report_failure(exc)
        asked = asked or Address("")
        message, details = (hide(text, asked) for text in (failure.message, failure.details))
        self._show(status=status_payload("error", message, details=details))


def finding_payload(finding: Finding) -> Payload:
    """A finding as plain values; every text is one clean line."""
    return {
        "probe": clean(finding.probe),
        "status": finding.status,
        "sign": SIGNS[finding.status],
        "word": WORDS[finding.status],
        "says": clean(finding.says),
        "evidence": [clean(line) for line in finding.evidence],
        "details": [list(pair) for pair in describe_details(finding)],
    }


def verdict_payload(diagnosis: Diagnosis) -> Payload:
    """The verdict as plain values, with what was examined and what it took."""
    return {
        "status": diagnosis.status,
        "sign": SIGNS[diagnosis.status],
        "outcome": OUTCOMES[diagnosis.status],
        "says": clean(diagnosis.verdict, 2_000),
        "facts": [list(pair) for pair in describe_run(diagnosis)],
    }
