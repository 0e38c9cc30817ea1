"""The first requests of an examination: which address embeds, what the server is, which model."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from workbench.contracts import Answer, Ask, Attempt, Opening
from workbench.embedders.remote.address import host_of
from workbench.embedders.remote.identify import ServerIdentity, identify
from workbench.embedders.remote.naming import choose_model
from workbench.errors import ModelNotServedError

if TYPE_CHECKING:
    from workbench.embedders.remote.line import EndpointLine

FIRST = ("apple",)
_HOPELESS = frozenset({"refused", "silent", "dns", "tls", "proxy"})
"""Kinds of trouble that another path of the same host does not mend."""


def open_line(line: EndpointLine) -> Opening:
    """Try the address as it was given, and others near it where that does not embed."""
    address = line.address
    given = address.candidates[-1]  # without a path, what an OpenAI client would be given
    model = line.asked_model or ""
    attempts: list[Attempt] = []
    identity = ServerIdentity()
    for base_url in _near(given, address.candidates):
        if not attempts:  # the shortest way to learn whether anything is there
            identity = identify(line.get, address)
            model = _choose(line, identity)
        answer = line.ask_at(base_url, [Ask(FIRST, model=model)])[0]
        attempts.append(Attempt(base_url, answer))
        if answer.outcome == "vectors" or answer.kind in _HOPELESS | {"key", "model"}:
            break
        if answer.kind in ("no_embeddings", "busy", "timeout"):
            break
    return _describe(line, given, attempts, identity, model)


def _near(given: str, candidates: tuple[str, ...]) -> list[str]:
    """The given address, and what it may have been meant to be."""
    other = given.removesuffix("/v1") if given.endswith("/v1") else f"{given}/v1"
    return list(dict.fromkeys((given, *candidates, other)))


def _choose(line: EndpointLine, identity: ServerIdentity) -> str:
    try:
        return choose_model(identity, line.asked_model, line.address)[0]
    except ModelNotServedError:
        return line.asked_model or ""


def _describe(
    line: EndpointLine,
    given: str,
    attempts: list[Attempt],
    identity: ServerIdentity,
    model: str,
) -> Opening:
    best = _best(attempts)
    return Opening(
        given=given,
        base_url=best.base_url,
        attempts=tuple(attempts),
        model=model,
        asked_model=line.asked_model,
        served=tuple(served.id for served in identity.served),
        lists_models=identity.lists_models,
        roots=tuple(served.root or "" for served in identity.served),
        engine=identity.engine,
        label=identity.label,
        max_tokens=identity.max_tokens,
        dtype=identity.dtype,
        max_items=identity.max_items,
        evidence=identity.evidence,
        has_key=not line.key.is_none,
        notes=tuple(note for note in (line.address.note, line.key_note) if note),
        proxy=_find_proxy(line),
    )


def _best(attempts: list[Attempt]) -> Attempt:
    """The one that embeds, else the one whose answer says most."""

    def rank(attempt: Attempt) -> int:
        answer: Answer = attempt.answer
        if answer.outcome == "vectors":
            return 0
        return 2 if answer.kind in ("path", "malformed", "not_the_server") else 1

    return min(attempts, key=rank)


def _find_proxy(line: EndpointLine) -> str:
    """The proxy that other clients would send these requests through; "" where none stands."""
    host = host_of(line.address)
    proxies = getproxies()
    proxy = proxies.get(line.address.root.partition(":")[0]) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return ""
    return proxy.rpartition("@")[2]
