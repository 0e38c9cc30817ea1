"""What the Explorer says in words: choices, status, the warning above, what was noticed."""

from __future__ import annotations

from dataclasses import asdict

from workbench.contracts import EmbedderChoice, Kind, Prompt, size_words
from workbench.figures import KIND_NAMES, clip
from workbench.panels.sources import Source
from workbench.panels.state import Layout, Status, View
from workbench.panels.wire import Payload
from workbench.studies import same_vectors, unknown_by_kind
from workbench.texts import report_truncated, sample_names

UNREAD = 0.1
"""Share of unknown tokens in the texts of a kind from which the panel warns."""


def opening_options(source: Source, choice: EmbedderChoice, choices: list[Payload]) -> Payload:
    """What the controls show when the panel opens."""
    return {
        "samples": list(sample_names()),
        "kinds": dict(KIND_NAMES),
        "choices": choices,
        "spec": choice.spec,
        "mode": "lines",
        "source": source.words,
        "clipped": source.clipped,
        "column": "",
        "prompt": prompt_option(None, choice),
        "order": "given",
        "colour": "kind",
        "layout": asdict(Layout()),
    }


def prompt_option(asked: str | Prompt | None, choice: EmbedderChoice) -> Payload:
    """What the controls say for a ``prompt`` argument; ``exact``: a prefix to the letter."""
    wanted = choice.default_prompt if asked is None else asked
    if isinstance(wanted, Prompt):
        own = wanted.prefix
        return {"choice": "own" if own else "none", "own": own, "exact": bool(own)}
    if wanted and wanted in choice.prompts:
        return {"choice": wanted, "own": "", "exact": False}
    return {"choice": "own" if wanted else "none", "own": wanted or "", "exact": False}


def instead_words(asked: EmbedderChoice, choice: EmbedderChoice) -> str:
    """Why another embedder stands in for the one that was asked for."""
    return (
        f"{asked.label} cannot be loaded. {asked.about}. Shown instead: {choice.label}. "
        f"{choice.about}"
    )


def choice_payload(choice: EmbedderChoice) -> Payload:
    """A line of the embedder picker."""
    words = choice.state
    if choice.state == "needs download":
        words = f"download, {size_words(choice.download_bytes)}"  # type: ignore[assignment]
    return {
        "spec": choice.spec,
        "label": choice.label,
        "state": choice.state,
        "words": words,
        "about": choice.about,
        "prompts": dict(choice.prompts),
        "default": choice.default_prompt,
    }


def banner_payload(view: View, recommended: EmbedderChoice) -> Payload:
    """A warning where the model does not know the texts' language, else an empty message."""
    kinds = [item.kind for item in view.request.parsed.items]
    unread = [
        cover
        for cover in unknown_by_kind(view.embeddings.unknown, kinds)
        if cover.mean is not None and cover.mean >= UNREAD
    ]
    if not unread:
        return {"message": ""}
    shares = ", ".join(
        f"{cover.mean:.0%} of the tokens of the {cover.n} {_name(cover.kind)} texts"
        for cover in unread
    )
    same = same_vectors(view.embeddings.vectors, view.request.texts)
    twins = ""
    if same:
        pair = [clip(view.request.texts[i], 16) for i in same[0][:2]]
        twins = f" It cannot tell “{pair[0]}” from “{pair[1]}”: their vectors are equal."
    name = view.embeddings.info.name.rsplit("/", maxsplit=1)[-1]
    payload = {"message": f"{name} does not know {shares}: it reads them as [UNK].{twins}"}
    if recommended.spec == view.request.spec or recommended.state == "missing":
        return payload
    size = f" ({size_words(recommended.download_bytes)})" * (recommended.state != "ready")
    return payload | {"spec": recommended.spec, "action": f"Use {recommended.label}{size}"}


def issues_payload(view: View) -> list[Payload]:
    """What was noticed about the texts, by line."""
    made, parsed = view.embeddings, view.request.parsed
    cut = report_truncated(
        parsed.items,
        tokens=made.tokens.tolist(),
        truncated=made.truncated.tolist(),
        max_tokens=made.info.max_tokens,
    )
    found = sorted((*parsed.issues, *cut), key=lambda issue: issue.line)
    return [{"line": issue.line, "what": issue.what, "message": issue.message} for issue in found]


def status_payload(status: Status) -> Payload:
    """A status as plain values."""
    return {
        "phase": status.phase,
        "message": status.message,
        "done": status.done,
        "total": status.total,
        "rate": status.rate,
        "unit": status.unit,
        "details": status.details,
        "facts": [list(fact) for fact in status.facts],
        "ask_bytes": status.ask_bytes,
        "ask_spec": status.ask_spec,
    }


def _name(kind: Kind) -> str:
    return KIND_NAMES[kind] if kind in ("zh", "en") else kind
