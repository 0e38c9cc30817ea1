"""An endpoint tried from the panel: off the kernel's thread, its key in memory and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlsplit

from workbench.contracts import (
    CancelSignal,
    EmbedderCatalogue,
    EmbedderChoice,
    EndpointCatalogue,
    EndpointPreset,
    EndpointVerdict,
    Snippet,
)
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.panels.reports import begin_sentence, report_failure
from workbench.panels.session import Session
from workbench.panels.state import Status, View
from workbench.panels.wire import Payload

LEAST_SECRET = 4
"""Characters from which a key is looked for in what is shown: a shorter one is part of any word."""
HIDDEN = "•••"
SNIPPET_CHARACTERS = 200
"""Of the text in the code to copy."""


@dataclass(frozen=True)
class Address:
    """What the form says; its ``repr`` has no key.

    Attributes:
        url: As it was pasted.
        model: Name of the model, or "" for the one that is served.
        key: The key, or "" for the one given before for the same address, else the environment's.
    """

    url: str
    model: str = ""
    key: str = field(default="", repr=False)


class Connector:
    """Tries endpoints on behalf of a panel.

    Args:
        session: Whose worker it is done in.
        catalogue: Connects; None: there is nothing that does.
        show: Takes what the form shows.
    """

    def __init__(
        self,
        session: Session,
        catalogue: EndpointCatalogue | None,
        show: Callable[[Payload], None],
    ) -> None:
        self._session = session
        self._catalogue = catalogue
        self._show = show
        self._kept: dict[str, str] = {}  # at most one: the key that its address was tried with

    def connect(self, address: Address, use: Callable[[str], None]) -> None:
        """Try an endpoint instead of what runs; ``use`` is called with its spec once it embeds."""
        catalogue = self._catalogue
        if catalogue is None:
            raise InputError("This panel's catalogue connects to no endpoints.")
        held = [address]  # taken out when it is used: a job that is done is kept by its thread

        def job(cancel: threading.Event) -> None:
            asked = held.pop()
            key = asked.key or self._kept.get(asked.url, "")
            self._kept.clear()
            asked = replace(asked, key=key)
            verdict = self._try(catalogue, asked, cancel)
            if verdict is None:
                return
            if key and (verdict.ok or verdict.served):  # to choose another model of its
                self._kept[asked.url] = key
            self._tell(verdict, asked)
            if verdict.ok:
                use(verdict.spec)

        self._session.workers.embedding.submit(job)

    def _try(
        self, catalogue: EndpointCatalogue, asked: Address, cancel: CancelSignal
    ) -> EndpointVerdict | None:
        """Connect; None where it was cancelled, or failed in a way that nobody foresaw."""
        self._show(verdict_payload("connecting"))
        self._session.say(Status("connecting", "Connecting…"))
        try:
            verdict = catalogue.connect(
                asked.url, model=asked.model or None, key=asked.key or None, cancel=cancel
            )
        except Cancelled:
            self._show(verdict_payload("none"))
            self._session.say(Status("cancelled", "Connecting was cancelled."))
            return None
        except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
            failure = report_failure(exc)
            message, details = (hide(text, asked) for text in (failure.message, failure.details))
            self._show(verdict_payload("failed", message))
            self._session.say(replace(failure, message=message, details=details))
            return None
        return replace(
            verdict,
            message=hide(verdict.message, asked),
            notes=tuple(hide(note, asked) for note in verdict.notes),
        )

    def _tell(self, verdict: EndpointVerdict, asked: Address) -> None:
        choose = not asked.model and len(verdict.served) > 1
        state = "ok" if verdict.ok else "ask" if choose else "failed"
        kept = bool(self._kept)
        self._show(verdict_payload(state, verdict.message, verdict=verdict, kept=kept))
        if state == "ask":
            self._session.say(Status("idle", "Choose one of the endpoint's models."))
        elif state == "failed":
            self._session.say(Status("error", "Not connected: see above."))


def verdict_payload(
    state: str, message: str = "", *, verdict: EndpointVerdict | None = None, kept: bool = False
) -> Payload:
    """What the form shows of a try.

    Args:
        state: "none", "connecting", "ok", "ask" (for a model) or "failed".
        message: A sentence.
        verdict: What it came to.
        kept: A key is in memory for the address that was tried.
    """
    return {
        "state": state,
        "message": message if state == "ok" else begin_sentence(message),
        "spec": verdict.spec if verdict else "",
        "served": list(verdict.served) if verdict else [],
        "notes": list(verdict.notes) if verdict else [],
        "kept": kept,
    }


def hide(text: str, asked: Address) -> str:
    """The text without the key, should an error have it: HTTP libraries name a bad header."""
    try:
        password = urlsplit(asked.url).password or ""
    except ValueError:  # no address
        password = ""
    for secret in (asked.key, password):
        if len(secret) >= LEAST_SECRET:
            text = text.replace(secret, HIDDEN).replace(repr(secret)[1:-1], HIDDEN)
    return text


def endpoints_of(catalogue: EmbedderCatalogue) -> EndpointCatalogue | None:
    """The catalogue as one that connects to endpoints; None where it does not."""
    return cast(EndpointCatalogue, catalogue) if hasattr(catalogue, "connect") else None


def presets_payload(catalogue: EmbedderCatalogue) -> list[Payload] | None:
    """The list of servers; None where the catalogue connects to none."""
    endpoints = endpoints_of(catalogue)
    return None if endpoints is None else [_preset_payload(one) for one in endpoints.presets()]


def _preset_payload(preset: EndpointPreset) -> Payload:
    return {
        "name": preset.name,
        "label": preset.label,
        "url": preset.base_url,
        "key_env": preset.key_env or "",
        "about": preset.about,
    }


def carry_prompt(asked: Mapping[str, Any], choice: EmbedderChoice) -> dict[str, Any]:
    """The instruction of the controls as an embedder can take it that has other prompts."""
    if asked["choice"] == "own":
        return dict(asked)
    kept = asked["choice"] if asked["choice"] in choice.prompts else "none"
    return {**asked, "choice": choice.default_prompt or kept}


def code_payload(catalogue: EmbedderCatalogue, view: View) -> list[Payload]:
    """Code that does for the first text what was done for all, to copy."""
    endpoints, texts = endpoints_of(catalogue), view.request.texts
    if endpoints is None or not texts:
        return []
    text = texts[0][:SNIPPET_CHARACTERS]
    try:
        found = endpoints.snippets(
            view.request.spec, text=text, prefix=view.embeddings.prompt.prefix
        )
    except WorkbenchError:  # there is none for this embedder
        return []
    return [_snippet_payload(snippet) for snippet in found]


def _snippet_payload(snippet: Snippet) -> Payload:
    return {"language": snippet.language, "code": snippet.code}
