"""What to say when an engine does not come to embed: the cause, and the mend."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.contracts import EnginePlan
from workbench.engines.deaths import explain_end, explain_text, pick_last_errors
from workbench.engines.planning import PROGRAMS
from workbench.engines.ready import Answer
from workbench.errors import EngineError


def _label(plan: EnginePlan) -> str:
    return PROGRAMS[plan.engine].choice.label


def say_dead(
    plan: EnginePlan, last: Answer, lines: Sequence[str], code: int | None, seconds: float
) -> EngineError:
    """It ended during its start. ``last`` is its last answer, ``lines`` the end of its log."""
    when = "at its first text" if last.outcome == "failing" else "before it was ready"
    return _say_end(plan, when, lines, code, seconds)


def say_ended(
    plan: EnginePlan, lines: Sequence[str], code: int | None, seconds: float
) -> EngineError:
    """It had been ready, and ended by itself."""
    return _say_end(plan, "by itself", lines, code, seconds)


def _say_end(
    plan: EnginePlan, when: str, lines: Sequence[str], code: int | None, seconds: float
) -> EngineError:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    why = explain_end(code, lines)
    return EngineError(f"{_label(plan)} ended {when} ({how}, after {seconds:.0f} s). {why}")


def say_refused(plan: EnginePlan, last: Answer, lines: Sequence[str]) -> EngineError:
    """It runs, and answers with something else than a vector."""
    why = explain_text(last.words) or _read_status(plan, last) or explain_text("\n".join(lines))
    words = f"{_label(plan)} runs, but does not embed: it answered {last.words}."
    return EngineError(f"{words} {why}" if why else words)


def _read_status(plan: EnginePlan, last: Answer) -> str | None:
    if "HTTP 401" in last.words or "HTTP 403" in last.words:
        if plan.key_env:
            return f"It does not take the key in {plan.key_env}: an option after -- sets another."
        return "It asks for a key: name the variable that holds it with --api-key-env NAME."
    if "HTTP 404" in last.words:
        return (
            "It has no /v1/embeddings under that name: leave its URL prefix, its served name and "
            "the kind of model to this command."
        )
    return None


def say_late(plan: EnginePlan, last: Answer, lines: Sequence[str], timeout_s: float) -> EngineError:
    """Time is up."""
    state = {
        "nobody": "its port never opened",
        "later": f"it kept answering {last.words}",
        "failing": f"it kept answering {last.words}",
    }.get(last.outcome, "it did not answer")
    log = " | ".join(pick_last_errors(lines)) or "(it said nothing)"
    why = explain_text("\n".join(lines)) or f"The last of its log: {log}"
    return EngineError(
        f"{_label(plan)} did not embed within {timeout_s:.0f} s: {state}. {why} A large model may "
        "need longer: --timeout SECONDS (timeout_s=)."
    )
