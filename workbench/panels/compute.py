"""From a request to its vectors: consent, loading, embedding, and what a server refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderCatalogue,
    Embeddings,
    Issue,
    PartialError,
    check_cancel,
    size_words,
)
from workbench.errors import InputError
from workbench.panels.reports import report_progress, short_reason
from workbench.panels.state import Request, Status

TellFn: TypeAlias = Callable[[Status], None]


@dataclass(frozen=True)
class Made:
    """What became of a request.

    Attributes:
        request: It, without the texts that were refused; these are among its issues.
        embeddings: The vectors of its texts.
        embedder: Who made them.
        label: What the picker calls it.
        note: How many texts were refused, in words, or "".
    """

    request: Request
    embeddings: Embeddings
    embedder: Embedder
    label: str
    note: str = ""


def compute(
    catalogue: EmbedderCatalogue, request: Request, *, say: TellFn, cancel: CancelSignal
) -> Made | None:
    """Load the embedder and embed; None where a download has to be agreed to first.

    Raises:
        InputError: There is no text.
        PartialError: No text came through, or the run ended before all were asked for.
        WorkbenchError: It cannot be loaded, or does not embed.
        Cancelled: ``cancel`` was set.
    """
    if not request.parsed.items:
        raise InputError("There is nothing to embed: no text was given. Paste one a line.")
    say(Status("loading", "Loading the model…"))
    choice = catalogue.describe(request.spec)
    if choice.state == "needs download" and not request.agreed:
        size = choice.download_bytes or catalogue.measure_download(request.spec)
        ask = f"{choice.label} is not on this machine: a download of {size_words(size)}."
        say(Status("consent", ask, ask_bytes=size, ask_spec=request.spec))
        return None
    progress = report_progress(say, "loading")
    embedder = catalogue.load(request.spec, progress=progress, cancel=cancel)
    try:
        embeddings = embedder.embed(
            request.texts,
            prompt=request.prompt,
            progress=report_progress(say, "embedding"),
            cancel=cancel,
        )
    except PartialError as partial:
        if partial.cause is not None or not len(partial.rows):
            raise
        note = f"{len(partial.failed):,} of {partial.total:,} texts were refused, see below."
        made = Made(_drop_refused(request, partial), partial.made, embedder, choice.label, note)
    else:
        made = Made(request, embeddings, embedder, choice.label)
    check_cancel(cancel, done=len(made.embeddings), total=len(request.texts))
    return made


def _drop_refused(request: Request, partial: PartialError) -> Request:
    parsed = request.parsed
    found = [
        Issue(line, "refused", f"The text on line {line} was refused and left out: {why}")
        for line, why in (
            (parsed.items[text.row].line, short_reason(text.error)) for text in partial.failed
        )
    ]
    issues = tuple(sorted((*parsed.issues, *found), key=lambda issue: issue.line))
    items = tuple(parsed.items[row] for row in partial.rows.tolist())
    return replace(request, parsed=replace(parsed, items=items, issues=issues))
