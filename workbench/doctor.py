"""The endpoint doctor, bound: a line to the server, a reference from wherever there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import (
    Budget,
    CancelSignal,
    Diagnosis,
    Embedder,
    Finding,
    Opening,
    ProgressFn,
    Reference,
)
from workbench.errors import InputError, ModelError

if TYPE_CHECKING:
    from workbench.embedders import ApiKey

USUAL = Budget(requests=200, tokens=60_000)
DEEP = Budget(requests=600, tokens=800_000)
"""Texts up to and beyond 32,768 tokens come to some 560,000, as tokens are estimated from bytes."""
NO_REFERENCE = "none"


def diagnose(  # noqa: PLR0913  (each is a choice of the caller's, most have a good default)
    base_url: str,
    *,
    model: str | None = None,
    key: str | ApiKey | None = None,
    reference: Embedder | Reference | str | Path | None = None,
    against: str | Path | None = None,
    save: str | Path | None = None,
    deep: bool = False,
    accept: Collection[str] = (),
    timeout_s: float = 60.0,
    tell: Callable[[Finding], None] | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Diagnosis:
    """Find out whether an endpoint serves the model that it says, and if not, why.

    At most 200 requests and some 60,000 tokens are sent, one after another but for one short crowd;
    with ``deep`` three times as many requests and the model's whole length. Nothing is sent that a
    server may die of, and nothing is retried.

    Args:
        base_url: The address as an OpenAI client is given it, or "address#model".
        model: Name of the model; None: the one that the server lists.
        key: Its key; None: the environment's, else none.
        reference: The same weights on this machine: an embedder, a directory or a known name; or a
            reference made of one (``embedders.reference_for``), which keeps what it computed;
            "none": no weights; None: those that lie on this machine, where the model's name is
            known.
        against: What else to hold it against: a golden file, or another endpoint, "URL#MODEL".
        save: Write a golden file there, where the endpoint may be trusted.
        deep: Look longer.
        accept: Probes whose warnings are known and do not count in the verdict, e.g. "dimensions".
        timeout_s: Longest wait for one answer.
        tell: Given each finding as it is made.
        progress: Told what is being tried.
        cancel: Looked at between requests.

    Raises:
        AddressError: ``base_url`` is no address.
        InputError: Another argument cannot be used.
        ModelError: The reference cannot be loaded.
        Cancelled: ``cancel`` was set.
    """
    from workbench.embedders.remote import EndpointLine, split_spec
    from workbench.studies.doctor import examine

    kept = _check(reference, against, accept, save)
    url, named = split_spec(base_url)
    budget = DEEP if deep else USUAL
    line = EndpointLine(
        url, model or named, key=key, budget=budget, timeout_s=timeout_s, cancel=cancel
    )
    chosen = _open_reference(reference, against, progress, cancel)

    with closing(line):
        return examine(
            line,
            find_reference=partial(_find_reference, chosen, reference, progress, cancel),
            deep=deep,
            accept=accept,
            save=kept,
            tell=tell,
            progress=progress,
            cancel=cancel,
        )


def plan_words(*, deep: bool = False) -> str:
    """The most that an examination asks, in words."""
    budget = DEEP if deep else USUAL
    return f"at most {budget.requests} requests and {budget.tokens:,} tokens"


def _check(
    reference: Embedder | Reference | str | Path | None,
    against: str | Path | None,
    accept: Collection[str],
    save: str | Path | None,
) -> Path | None:
    """Refuse before the examination what could only be refused after it; where to keep vectors."""
    from workbench.studies.doctor import PROBES

    if reference is not None and against is not None:
        raise InputError("Both reference and against were given. Pass one: the other is not used.")
    known = [probe.name for probe in PROBES]
    for name in [accept] if isinstance(accept, str) else accept:
        if name not in known:
            raise InputError(f"accept={name!r} is no probe. Known: {', '.join(known)}.")
    kept = None if save is None else Path(save).expanduser().absolute()
    if kept is not None and not kept.parent.is_dir():
        raise InputError(f"save={str(save)!r} lies in a folder that is not there. Make it first.")
    return kept


def _open_reference(
    reference: Embedder | Reference | str | Path | None,
    against: str | Path | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> Reference | None:
    """What the caller named; None where nothing was."""
    from workbench.embedders import load, reference_for
    from workbench.embedders.remote import is_address
    from workbench.studies.doctor import read_golden

    if against is not None:
        if isinstance(against, str) and is_address(against):
            return reference_for(load(against, progress=progress, cancel=cancel), cancel=cancel)
        return read_golden(Path(against))
    if reference is None or reference == NO_REFERENCE:
        return None
    if isinstance(reference, str | os.PathLike):
        has_weights = reference != "lexical" and not is_address(str(reference))
        dtype = "float32" if has_weights else None
        loaded = load(reference, dtype=dtype, progress=progress, cancel=cancel)
        return reference_for(loaded, cancel=cancel)
    return reference_for(reference, cancel=cancel) if isinstance(reference, Embedder) else reference


def _find_reference(
    chosen: Reference | None,
    asked: Embedder | Reference | str | Path | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
    opening: Opening,
) -> Reference | None:
    """What was named; else the model's weights, where its name is known and they lie here."""
    if chosen is not None or asked == NO_REFERENCE:
        return chosen
    from workbench.embedders import load, model_state, reference_for
    from workbench.embedders.remote import find_by_name

    for name in (opening.asked_model, opening.model, *opening.roots):
        card = find_by_name(name) if name else None
        if card is not None and model_state(card) == "ready":
            try:
                loaded = load(card.name, dtype="float32", progress=progress, cancel=cancel)
            except ModelError:  # the server may fill the GPU
                loaded = load(
                    card.name, device="cpu", dtype="float32", progress=progress, cancel=cancel
                )
            return reference_for(loaded, cancel=cancel)
    return None
