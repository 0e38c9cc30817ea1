"""The panel that starts servers: planned, started, followed, stopped; and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.panels.fake_engines import FakeStarter
from tests.panels.fakes import wait_until
from workbench.errors import EngineError, InputError
from workbench.panels.serve import ServePanel

FORM = {
    "engine": "vllm",
    "model": "tiny",
    "port": "",
    "python": "",
    "key_env": "",
    "extra": "",
    "timeout": "",
    "matryoshka": False,
}


@pytest.fixture
def starter() -> FakeStarter:
    return FakeStarter()


@pytest.fixture
def panel(starter: FakeStarter) -> Iterator[ServePanel]:
    panel = ServePanel(starter)
    yield panel
    starter.gate.open()
    panel.close()
    assert all(engine.stopped for engine in starter.engines_made)


def send(panel: ServePanel, do: str, **changes: object) -> None:
    panel._handle_custom_msg({"do": do, "form": {**FORM, **changes}}, [])


def plan(panel: ServePanel, **changes: object) -> dict[str, Any]:
    """Ask for a plan, and give what is shown."""
    send(panel, "plan", **changes)
    assert panel.wait(10)
    shown: dict[str, Any] = panel.plan
    return shown


def phase(panel: ServePanel, name: str) -> Callable[[], bool]:
    return lambda: bool(panel.status["phase"] == name)


def start(panel: ServePanel, **changes: object) -> None:
    """Press Start and wait until it is ready."""
    send(panel, "start", **changes)
    wait_until(phase(panel, "ready"))


def test_a_plan_is_shown_in_every_form_and_nothing_is_started(
    panel: ServePanel, starter: FakeStarter
) -> None:
    shown = plan(panel)
    assert [name for name, _ in shown["forms"]] == ["command", "docker", "systemd", "nginx"]
    assert shown["forms"][0][1] == "serve tiny --port 8000"
    assert shown["notes"] == ["It was chosen."]
    assert shown["about"] == "vllm 1.0: tiny at http://127.0.0.1:8000/v1"
    assert not starter.timeouts


def test_the_fields_are_what_the_plan_is_made_of(panel: ServePanel, starter: FakeStarter) -> None:
    plan(
        panel, engine="llamacpp", model=" a b.gguf ", port=" 9001 ", python=" ~/v/bin/python ",
        key_env="$MY_KEY", matryoshka=True, extra="--flag 'two words'",
    )  # fmt: skip
    assert starter.planned == [
        {
            "engine": "llamacpp",
            "model": "a b.gguf",
            "port": 9001,
            "python": "~/v/bin/python",
            "key_env": "MY_KEY",
            "matryoshka": True,
            "extra": ("--flag", "two words"),
        }
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("port", "eighty", "The port is 'eighty'. Give a whole number from 1 to 65,535."),
        ("port", "70000", "The port is '70000'"),
        ("port", "٣", "The port is '٣'"),
        ("timeout", "0", "The time to wait is '0'"),
        ("extra", "--flag 'open", "Close each quote"),
        ("model", "odd", "The model is 'odd', and must not be."),
    ],
)
def test_a_field_that_makes_no_sense_is_said(
    panel: ServePanel, field: str, value: str, said: str
) -> None:
    (problem,) = plan(panel, **{field: value})["problems"]
    assert said in problem
    assert panel.plan["forms"] == []


def test_without_a_model_nothing_is_planned(panel: ServePanel, starter: FakeStarter) -> None:
    assert plan(panel, model=" ")["problems"] == []
    assert not starter.planned


def test_a_start_goes_through_its_phases_to_the_line_that_connects(
    panel: ServePanel, starter: FakeStarter
) -> None:
    seen: list[str] = []
    panel.observe(lambda change: seen.append(change["new"]["phase"]), "status")
    start(panel, timeout="20")
    assert seen == ["starting", "starting", "loading", "ready"]
    assert panel.status["message"] == (
        "It embeds: tiny at http://127.0.0.1:8000/v1, 1,024 dimensions, ready after 2.5 s, "
        "process 4711."
    )
    assert panel.status["connect"] == "wb.connect('http://127.0.0.1:8000/v1', 'tiny')"
    assert starter.timeouts == [20.0]
    assert panel.engine is starter.engines_made[0]
    wait_until(lambda: panel.log == ["Loading weights", "Listening", "POST /v1/embeddings 200"])


def test_a_key_stands_in_the_line_that_connects_by_its_variable(panel: ServePanel) -> None:
    start(panel, key_env="MY_KEY")
    assert panel.status["connect"].splitlines() == [
        "import os",
        "",
        "wb.connect('http://127.0.0.1:8000/v1', 'tiny', key=os.environ['MY_KEY'])",
    ]


def test_stop_stops_it(panel: ServePanel, starter: FakeStarter) -> None:
    start(panel)
    send(panel, "stop")
    assert panel.wait(10)
    assert starter.engines_made[0].stopped
    assert panel.engine is None
    assert panel.status["phase"] == "stopped" and not panel.status["runs"]
    assert panel.status["connect"] == ""


def test_a_start_is_stopped_before_it_is_ready(panel: ServePanel, starter: FakeStarter) -> None:
    starter.gate.shut()
    send(panel, "start")
    assert starter.gate.reached.wait(10)
    assert panel.status["message"] == "It loads the model. (1 s)"
    assert panel.status["runs"]
    panel.stop()
    assert panel.wait(10)
    assert panel.status["message"] == "Stopped before it was ready."
    assert not starter.engines_made


def test_closing_the_panel_stops_the_engine(starter: FakeStarter) -> None:
    panel = ServePanel(starter)
    start(panel)
    panel.close()
    assert starter.engines_made[0].stopped


def test_what_stands_in_the_way_is_shown_and_nothing_is_started(
    panel: ServePanel, starter: FakeStarter
) -> None:
    starter.problems = ("vLLM is not installed here. Run: pip install vllm",)
    send(panel, "start")
    assert panel.wait(10)
    assert panel.plan["problems"] == list(starter.problems)
    assert panel.plan["forms"], "the command can be copied and run elsewhere"
    assert panel.status["phase"] == "error"
    assert not starter.timeouts


def test_a_death_is_said_with_its_mend_and_the_log_stays(
    panel: ServePanel, starter: FakeStarter
) -> None:
    starter.failure = EngineError("vLLM died: out of memory.\nLower --gpu-memory-utilization.")
    send(panel, "start")
    assert panel.wait(10)
    assert panel.status["phase"] == "error" and not panel.status["details"]
    assert panel.status["message"].endswith("Lower --gpu-memory-utilization.")
    assert panel.log == starter.log
    start(panel)


def test_an_unforeseen_failure_comes_with_its_traceback(
    panel: ServePanel, starter: FakeStarter
) -> None:
    starter.failure = ZeroDivisionError("nothing")
    send(panel, "start")
    assert panel.wait(10)
    assert panel.status["message"] == "ZeroDivisionError: nothing."
    assert "Traceback" in panel.status["details"]


def test_an_engine_that_ends_by_itself_is_said(panel: ServePanel, starter: FakeStarter) -> None:
    start(panel)
    starter.engines_made[0].ends.open()
    assert panel.wait(10)
    assert panel.status["phase"] == "error"
    assert "'tiny' at http://127.0.0.1:8000/v1 has ended by itself" in panel.status["message"]


def test_the_log_is_what_a_terminal_would_show(panel: ServePanel, starter: FakeStarter) -> None:
    starter.log = ["\x1b[32mINFO\x1b[0m up", "0%\r50%\r100%\r\n", "<b>not markup</b>"]
    start(panel)
    wait_until(lambda: len(panel.log) == 4)
    assert panel.log[:3] == ["INFO up", "100%", "<b>not markup</b>"]


def test_of_a_long_log_the_end_is_kept_and_sent_in_a_few_messages(
    panel: ServePanel, starter: FakeStarter
) -> None:
    sent: list[int] = []
    panel.observe(lambda change: sent.append(len(change["new"])), "log")
    starter.log = [f"line {at}" for at in range(5_000)]
    start(panel)
    wait_until(lambda: bool(panel.log) and panel.log[-1] == "POST /v1/embeddings 200")
    assert panel.log[0] == "line 4701" and len(panel.log) == 300
    assert len(sent) < 50


@pytest.mark.parametrize("content", [{}, {"do": "no such thing"}, {"do": "start"}])
def test_a_message_that_makes_no_sense_is_said(
    panel: ServePanel, content: dict[str, object]
) -> None:
    panel._handle_custom_msg(content, [])
    assert panel.plan["problems"]
    assert plan(panel)["forms"], "the panel goes on"


def test_a_panel_opens_with_what_it_was_given(starter: FakeStarter) -> None:
    panel = ServePanel(starter, model="tiny", engine="llamacpp")
    assert (panel.options["model"], panel.options["engine"]) == ("tiny", "llamacpp")
    panel.close()
    with pytest.raises(InputError, match=r"engine is 'ollama'; there are vllm, llamacpp"):
        ServePanel(starter, engine="ollama")  # type: ignore[arg-type]
