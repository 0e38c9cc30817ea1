"""The first requests of an examination: which address embeds, what the server is, which model."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from workbench.contracts import Answer, Ask, Attempt, Opening
from workbench.embedders.remote.address import Address, host_of
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
    for base_url in _near(given, address):
        if not attempts:  # the shortest way to learn whether anything is there
            identity = identify(line.get, address)
            model = _choose(line, identity)
        attempts.append(_try(line, base_url, model))
        if _settles(attempts[-1].answer):
            break
    found = attempts[-1]
    if found.base_url != address.base_url and _is_route(found.answer):
        identity = _identify_at(line, found.base_url, identity)
        if _choose(line, identity) != model:
            model = _choose(line, identity)
            attempts[-1] = _try(line, found.base_url, model)
    return _describe(line, given, attempts, identity, model)


def _try(line: EndpointLine, base_url: str, model: str) -> Attempt:
    return Attempt(base_url, line.ask_at(base_url, [Ask(FIRST, model=model)])[0])


def _is_route(answer: Answer) -> bool:
    """Whether embeddings are asked for at that address, though they may not be given."""
    return answer.outcome == "vectors" or answer.kind in ("model", "no_embeddings")


def _settles(answer: Answer) -> bool:
    """Whether no other address needs to be tried."""
    return _is_route(answer) or answer.kind in _HOPELESS | {"key", "busy", "timeout"}


def _identify_at(line: EndpointLine, base_url: str, known: ServerIdentity) -> ServerIdentity:
    """What the server is, asked beside the path that embeds, where the other did not tell."""
    if known.engine is not None and known.lists_models:
        return known
    return identify(line.get, Address(base_url, line.address.root, (base_url,)))


def _near(given: str, address: Address) -> list[str]:
    """The given address, and what it may have been meant to be."""
    other = given.removesuffix("/v1") if given.endswith("/v1") else f"{given}/v1"
    usual = (f"{address.root}/v1", address.root)
    return list(dict.fromkeys((given, *address.candidates, other, *usual)))


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
