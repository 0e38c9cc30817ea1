"""Why no answer came, from the chain of exceptions that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

from workbench.errors import UnreachableError

TroubleKind: TypeAlias = Literal[
    "refused", "silent", "dns", "tls", "proxy", "dropped", "timeout", "other"
]


class NoAnswerError(UnreachableError):
    """No answer came.

    Attributes:
        kind: "refused" (nothing listens), "silent" (no connection came about), "dns", "tls",
            "proxy", "dropped" (the connection broke), "timeout", or "other".
    """

    def __init__(self, kind: TroubleKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def explain_trouble(
    exc: BaseException,
    where: str,
    scrub: Callable[[str], str],
    hint: str,
    *,
    timeout_s: float,
) -> NoAnswerError:
    """The error that says what went wrong.

    Args:
        exc: What was raised.
        where: The address that was asked.
        scrub: Hides the key in words from outside.
        hint: What is known of a proxy between, or "".
        timeout_s: How long an answer was waited for.
    """
    chain = list(_causes(exc))
    kind = _kind_of(chain)
    found = scrub(next((str(link) for link in reversed(chain) if str(link)), ""))
    told = {
        "refused": f"nothing listens at {where}. Is the server started, and is it this port?",
        "silent": f"no connection to {where} came about in time. Is the address right, is a "
        "firewall between, or is it a server for http:// that https:// was asked of?",
        "dns": f"the host of {where} has no address ({found}). Is it spelt right?",
        "tls": f"no secure connection to {where} ({found}). A server without a certificate "
        "wants http://, and one behind a private certificate SSL_CERT_FILE.",
        "proxy": f"the proxy between here and {where} refused ({found}).",
        "dropped": f"{where} broke the connection ({found}). Its log may say why.",
        "timeout": f"{where} gave no whole answer in {timeout_s:g} s. Pass a larger "
        "timeout_s, or look whether the server is stuck.",
        "other": f"{where} could not be asked ({found}).",
    }
    return NoAnswerError(kind, f"{told[kind]} {hint}".strip())


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


_KINDS: tuple[tuple[TroubleKind, frozenset[str]], ...] = (
    ("proxy", frozenset({"ProxyError"})),
    ("dns", frozenset({"gaierror"})),
    ("tls", frozenset({"SSLError", "SSLCertVerificationError", "SSLEOFError"})),
    ("refused", frozenset({"ConnectionRefusedError"})),
    ("silent", frozenset({"ConnectTimeout", "PoolTimeout"})),
    ("timeout", frozenset({"APITimeoutError", "TimeoutError", "ReadTimeout"})),
    ("dropped", frozenset({"ReadError", "WriteError", "RemoteProtocolError", "DecodingError"})),
    ("refused", frozenset({"ConnectError"})),
)
"""What the classes in a chain of causes mean, the first that fits."""


def _kind_of(chain: Sequence[BaseException]) -> TroubleKind:
    names = {type(link).__name__ for link in chain}
    return next((kind for kind, telling in _KINDS if names & telling), "other")
