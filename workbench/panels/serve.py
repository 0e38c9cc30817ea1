"""The panel that starts a server program, shows how far it is, and stops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import traitlets

from workbench.contracts import EngineChoice, EngineName, EnginePlan, EngineStarter, RunningEngine
from workbench.errors import InputError
from workbench.panels import assets
from workbench.panels.reports import report_failure
from workbench.panels.serve_form import ServeForm
from workbench.panels.serving import ServeStatus, Serving
from workbench.panels.widget import PanelWidget
from workbench.panels.wire import Payload


class ServePanel(PanelWidget):
    """A panel for the notebook: choose, copy the command, or start it here.

    The engine ends with the panel and with the kernel.

    Args:
        starter: Plans and starts server programs.
        model: What the model's field says at first.
        engine: The engine chosen at first; None: the first one.
    """

    _esm: ClassVar[str] = assets.serve_script()
    _css: ClassVar[str] = assets.style()

    options = traitlets.Dict().tag(sync=True)
    plan: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    status: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    log: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(
        self, starter: EngineStarter, *, model: str = "", engine: EngineName | None = None
    ) -> None:
        choices = starter.engines()
        names = [choice.name for choice in choices]
        if engine is not None and engine not in names:
            raise InputError(f"engine is {engine!r}; there are {', '.join(names)}.")
        options = {
            "engines": [_choice_payload(choice) for choice in choices],
            "engine": engine or names[0],
            "model": model,
            "timeout": round(ServeForm.timeout_s),
        }
        super().__init__(
            options=options, plan=plan_payload(None), status=status_payload(ServeStatus())
        )
        self.serving = Serving(
            starter, tell=self._tell, show_plan=self._show_plan, show_log=self._show_log
        )

    @property
    def engine(self) -> RunningEngine | None:
        """The engine that runs, once it has embedded a first text."""
        return self.serving.engine

    def stop(self) -> None:
        """Do what a press of Stop does; ``wait`` blocks until it is done."""
        self.serving.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing runs; False when ``timeout_s`` passed first."""
        return self.serving.wait(timeout_s)

    def close(self) -> None:
        """Stop the engine and take the panel off the page."""
        if "serving" in vars(self):  # ipywidgets closes what was never finished, too
            self.serving.end()
        super().close()

    def _answer(self, content: Mapping[str, Any], _: list[memoryview]) -> None:
        asked = str(content.get("do"))
        if asked == "stop":
            self.serving.stop()
        elif asked == "plan":
            self.serving.plan(ServeForm.from_page(content["form"]))
        elif asked == "start":
            self.serving.start(ServeForm.from_page(content["form"]))
        else:
            raise InputError(f"The page asked for {asked!r}, which nothing answers.")

    def _tell(self, status: ServeStatus) -> None:
        self._show(status=status_payload(status))

    def _show_plan(self, plan: EnginePlan | None, wrong: str) -> None:
        self._show(plan=plan_payload(plan, wrong))

    def _crashed(self, exc: BaseException) -> None:
        self._show_plan(None, report_failure(exc).message)

    def _show_log(self, lines: Sequence[str]) -> None:
        self._show(log=list(lines))


def plan_payload(plan: EnginePlan | None, wrong: str = "") -> Payload:
    """What would be run, in the forms to copy; without a plan, what is wrong with the form."""
    if plan is None:
        return {"forms": [], "problems": [wrong] if wrong else [], "notes": [], "about": ""}
    forms = asdict(plan.forms)
    version = f"{plan.engine} {plan.version}".strip()
    return {
        "forms": [[name, forms[name]] for name in ("command", "docker", "systemd", "nginx")],
        "problems": list(plan.problems),
        "notes": list(plan.notes),
        "about": f"{version}: {plan.served_name} at {plan.base_url}",
    }


def status_payload(status: ServeStatus) -> Payload:
    """A status as plain values, with the line that connects to what is ready."""
    return {
        "phase": status.phase,
        "message": status.message,
        "details": status.details,
        "runs": status.runs,
        "url": status.base_url,
        "model": status.served_name,
        "connect": _connect_line(status) if status.base_url else "",
    }


def _connect_line(status: ServeStatus) -> str:
    key = f", key=os.environ[{status.key_env!r}]" if status.key_env else ""
    line = f"wb.connect({status.base_url!r}, {status.served_name!r}{key})"
    return f"import os\n\n{line}" if key else line


def _choice_payload(choice: EngineChoice) -> Payload:
    return {
        "name": choice.name,
        "label": choice.label,
        "port": choice.port,
        "install": choice.install,
        "about": choice.about,
    }
