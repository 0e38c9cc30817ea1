"""Whether anything answers at the address: name, port, TLS, proxies, patience."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from workbench.contracts import Answer, Finding, Opening
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.evidence import Evidence, Probe

_PROXY_SOURCE = "openai-python issue 3044, vllm issue 1519"
_WANTS_HTTPS = "plain http request was sent to https port"


@dataclass(frozen=True)
class _Cause:
    word: str
    says: str
    mend: str


def judge_reach(evidence: Evidence) -> Finding:
    """The finding of the probe "reach"."""
    opening = evidence.opening
    wants = next((a.answer for a in opening.attempts if _wants_https(a.answer)), None)
    if wants is not None:
        return _fail(_name_https(opening), opening)
    if has_answered(opening):
        return _name_reached(opening)
    last = opening.attempts[0].answer if opening.attempts else None
    if last is None or last.outcome == "unasked":
        return Finding("reach", "unknown", "Nothing was asked: the budget allows no request")
    return _fail(_CAUSES.get(last.kind, _name_other)(opening), opening)


def has_answered(opening: Opening) -> bool:
    """Whether something spoke HTTP at one of the addresses that were tried."""
    return any(
        attempt.answer.outcome in ("vectors", "reply", "refusal")
        or attempt.answer.kind == "redirect"
        for attempt in opening.attempts
    )


def is_loopback(url: str) -> bool:
    """Whether an address is this machine by its name or number."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wants_https(answer: Answer) -> bool:
    return answer.outcome == "refusal" and _WANTS_HTTPS in answer.words.casefold()


def _name_reached(opening: Opening) -> Finding:
    where, lines = _parts(opening).netloc, tuple(opening.notes)
    if not opening.proxy:
        return Finding("reach", "ok", f"{where} answers", evidence=lines)
    if not is_loopback(opening.given):
        says = f"{where} answers, through the proxy {opening.proxy} of the environment"
        return Finding("reach", "ok", says, evidence=lines)
    return Finding(
        "reach",
        "warn",
        f"The environment names the proxy {opening.proxy}, and nothing exempts {where}: other "
        "clients, the openai package among them, ask the proxy for it",
        "proxy_in_environment",
        "Set NO_PROXY=localhost,127.0.0.1 where those clients run.",
        _PROXY_SOURCE,
        ("asked directly here, as every address of this machine is", *lines),
    )


def _name_dns(opening: Opening) -> _Cause:
    host = _parts(opening).hostname
    return _Cause(
        "dns_failed",
        f"The name {host} has no address",
        "See that it is spelt right, and that this machine knows it: the name of a container is "
        "known inside its network only.",
    )


def _name_refused(opening: Opening) -> _Cause:
    where = _parts(opening).netloc
    return _Cause(
        "nothing_listens",
        f"Nothing listens at {where}",
        "Start the server, or name the port that its log names; one that died while it loaded its "
        "model listens nowhere. In a container, publish the port and let the server listen on "
        "0.0.0.0.",
    )


def _name_silent(opening: Opening) -> _Cause:
    return _Cause(
        "no_connection",
        f"No connection to {_parts(opening).netloc} comes about: it is not refused, nobody takes "
        "it",
        f"{_doubt_https(opening)}See that the address is right and that no firewall drops the "
        "packets.",
    )


def _doubt_https(opening: Opening) -> str:
    parts = _parts(opening)
    if parts.scheme != "https":
        return ""
    return (
        "A server that was started without a certificate may stay silent when it is asked in "
        f"https: try http://{parts.netloc}{parts.path}. "
    )


def _name_tls(opening: Opening) -> _Cause:
    parts = _parts(opening)
    words = opening.attempts[0].answer.words.casefold()
    if "verify failed" in words or "certificate_verify" in words:
        return _Cause(
            "tls_failed",
            f"The certificate of {parts.netloc} is not trusted here",
            "Name the file of its authority in SSL_CERT_FILE, and ask under the name that the "
            "certificate is made out to.",
        )
    return _Cause(
        "tls_failed",
        f"No secure connection to {parts.netloc} comes about",
        f"A server that was started without a certificate speaks http: try "
        f"http://{parts.netloc}{parts.path}.",
    )


def _name_https(opening: Opening) -> _Cause:
    parts = _parts(opening)
    return _Cause(
        "tls_failed",
        f"{parts.netloc} speaks https and was asked in http",
        f"Ask https://{parts.netloc}{parts.path}.",
    )


def _name_proxy(opening: Opening) -> _Cause:
    host = _parts(opening).hostname
    return _Cause(
        "proxy_refuses",
        f"The proxy {opening.proxy or 'of the environment'} does not let the request through",
        f"Put {host} into NO_PROXY, where it can be reached without the proxy.",
    )


def _name_dropped(opening: Opening) -> _Cause:
    parts = _parts(opening)
    other = "https" if parts.scheme == "http" else "http"
    return _Cause(
        "connection_dropped",
        f"{parts.netloc} takes the connection and breaks it without an answer",
        f"Read the server's log: a server whose model process died does so. It may also speak "
        f"another protocol there: try {other}://.",
    )


def _name_timeout(opening: Opening) -> _Cause:
    return _Cause(
        "no_answer_in_time",
        f"{_parts(opening).netloc} takes the connection and gives no answer in time",
        f"{_doubt_https(opening)}See whether the server is still loading its model or is stuck on "
        "another request; give a larger timeout_s to a slow one.",
    )


def _name_other(opening: Opening) -> _Cause:
    return _Cause(
        "unreachable",
        f"{_parts(opening).netloc} cannot be asked",
        "The line of evidence says what the connection ended with.",
    )


_CAUSES: dict[str, Callable[[Opening], _Cause]] = {
    "dns": _name_dns,
    "refused": _name_refused,
    "silent": _name_silent,
    "tls": _name_tls,
    "proxy": _name_proxy,
    "dropped": _name_dropped,
    "timeout": _name_timeout,
}


def _parts(opening: Opening) -> SplitResult:
    return urlsplit(opening.given)


def _fail(cause: _Cause, opening: Opening) -> Finding:
    tried = (f"{a.base_url}/embeddings: {name_answer(a.answer)}" for a in opening.attempts)
    lines = (*tried, *opening.notes)
    return Finding("reach", "fail", cause.says, cause.word, cause.mend, evidence=lines)


PROBE = Probe("reach", "whether anything answers there", None, judge_reach, needs_vectors=False)
