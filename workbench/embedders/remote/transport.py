"""The openai client, asked for one thing: the server's own bytes, or why there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urljoin

from workbench.contracts import CancelSignal, one_import
from workbench.embedders.remote.address import Address, is_loopback
from workbench.embedders.remote.decode import Encoding
from workbench.embedders.remote.keys import ApiKey, scrub, scrub_bytes, usual_variable
from workbench.embedders.remote.loop import LoopThread
from workbench.embedders.remote.proxies import proxy_hint
from workbench.embedders.remote.reply import Reply
from workbench.errors import RedirectedError, UnreachableError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TroubleKind: TypeAlias = Literal[
    "refused", "silent", "dns", "tls", "proxy", "dropped", "timeout", "other"
]

CONNECT_S = 10.0
"""Longest wait for a connection to be made."""
GET_S = 10.0
"""Longest wait for one of the short answers that tell servers apart."""
_HOPS = 3
_NO_PROXY = {"http://": None, "https://": None, "all://": None}


class NoAnswerError(UnreachableError):
    """No answer came.

    Attributes:
        kind: "refused" (nothing listens), "silent" (no connection came about), "dns", "tls",
            "proxy", "dropped" (the connection broke), "timeout", or "other".
    """

    def __init__(self, kind: TroubleKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Transport:
    """Sends single requests to one endpoint. Retries nothing: that is for whoever knows the texts.

    Loopback addresses are asked directly, whatever proxies the environment names. Redirects to
    another origin are not followed: neither key nor texts reach a host that nobody named.

    Args:
        address: The endpoint.
        key: Its key.
        timeout_s: Longest wait for one reply, from the first byte sent to the last received.
        cancel: Ends the wait of ``loop.run``.
    """

    def __init__(
        self,
        address: Address,
        key: ApiKey,
        *,
        timeout_s: float,
        cancel: CancelSignal | None = None,
    ) -> None:
        self.address = address
        self._key = key
        self._timeout_s = timeout_s
        self._route = f"{address.base_url}/embeddings"
        self._client: AsyncOpenAI | None = None
        closing = _Closer()
        self._closer = closing
        self.loop = LoopThread(closing.close, cancel)

    async def post(
        self, texts: Sequence[str], *, model: str, encoding: Encoding, dimensions: int | None = None
    ) -> Reply:
        """Ask for the embeddings of some texts.

        Raises:
            NoAnswerError: No answer came.
            RedirectedError: The server sends us elsewhere.
        """
        body: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": encoding}
        if dimensions is not None:
            body["dimensions"] = dimensions
        for _ in range(_HOPS):
            reply = await self._send(body)
            target = urljoin(self._route, reply.headers.get("location", ""))
            if reply.status not in (307, 308) or not target.startswith(f"{self.address.root}/"):
                break
            self._route = target  # the same server, at another of its paths
        self.check_redirect(reply, self._route)
        return reply

    async def _send(self, body: Mapping[str, object]) -> Reply:
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._timeout_s):
                # embeddings.create looks at the type of each text by itself: a third of its time
                found = await self._open().post(self._route, cast_to=httpx2.Response, body=body)
        except openai.APIStatusError as exc:
            found = exc.response
        except (openai.APIConnectionError, TimeoutError) as exc:
            raise self._explain(exc, self._route) from exc
        return self._read(found)

    async def get(self, url: str) -> Reply | None:
        """Ask one of the routes that tell servers apart; None where nothing answered in time."""
        import httpx2

        self._open()
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        assert self._closer.http is not None
        try:
            async with asyncio.timeout(min(GET_S, self._timeout_s)):
                found = await self._closer.http.get(url, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return None
        return self._read(found)

    @property
    def key_variable(self) -> str | None:
        """The environment variable of the key, or the one where it belongs; None: no key."""
        return None if self._key.is_none else usual_variable(self._key, self.address)

    def close(self) -> None:
        """Close the connections and end the thread."""
        self.loop.close()
        self._client = None

    def check_redirect(self, reply: Reply, where: str) -> None:
        """Refuse to be sent elsewhere.

        Raises:
            RedirectedError: The reply is a redirect.
        """
        if not 300 <= reply.status < 400:
            return
        target = urljoin(where, reply.headers.get("location", ""))
        raise RedirectedError(
            f"{where} answers {reply.status} and sends us to {target!r}. Neither key nor texts "
            "are sent there. If that address is the right one, connect to it directly."
        )

    def _open(self) -> AsyncOpenAI:
        """The client, made in the loop that uses it."""
        if self._client is None:
            with one_import("openai"):
                import openai
            timeout = openai.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s))
            self._closer.http = http = openai.DefaultAsyncHttpxClient(
                timeout=timeout,
                follow_redirects=False,
                mounts=_NO_PROXY if is_loopback(self.address) else None,
            )
            client = openai.AsyncOpenAI(
                base_url=self.address.base_url,
                api_key=self._key.reveal(),
                max_retries=0,
                timeout=timeout,
                http_client=http,
            )
            if "api.openai.com" not in self.address.root:
                client.organization = client.project = None  # names of an account elsewhere
            self._client = client
        return self._client

    def _read(self, found: Any) -> Reply:  # noqa: ANN401  (a response of httpx2)
        """The answer without the key, should the server have repeated it."""
        headers = {name: self._scrub(value) for name, value in found.headers.items()}
        return Reply(found.status_code, headers, scrub_bytes(found.content, self._key))

    def _scrub(self, text: str) -> str:
        return scrub(text, self._key)

    def _explain(self, exc: BaseException, where: str) -> NoAnswerError:
        chain = list(_causes(exc))
        kind = _kind_of(chain)
        found = self._scrub(next((str(link) for link in reversed(chain) if str(link)), ""))
        told = {
            "refused": f"nothing listens at {where}. Is the server started, and is it this port?",
            "silent": f"no connection to {where} came about in time. Is the address right, is a "
            "firewall between, or is it a server for http:// that https:// was asked of?",
            "dns": f"the host of {where} has no address ({found}). Is it spelt right?",
            "tls": f"no secure connection to {where} ({found}). A server without a certificate "
            "wants http://, and one behind a private certificate SSL_CERT_FILE.",
            "proxy": f"the proxy between here and {where} refused ({found}).",
            "dropped": f"{where} broke the connection ({found}). Its log may say why.",
            "timeout": f"{where} gave no whole answer in {self._timeout_s:g} s. Pass a larger "
            "timeout_s, or look whether the server is stuck.",
            "other": f"{where} could not be asked ({found}).",
        }
        return NoAnswerError(kind, f"{told[kind]} {proxy_hint(self.address)}".strip())


class _Closer:
    """Holds what has to be closed in the loop, without a reference to who uses it."""

    def __init__(self) -> None:
        self.http: Any = None

    async def close(self) -> None:
        if self.http is not None:
            await self.http.aclose()
            self.http = None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


_KINDS: tuple[tuple[TroubleKind, frozenset[str]], ...] = (
    ("proxy", frozenset({"ProxyError"})),
    ("dns", frozenset({"gaierror"})),
    ("tls", frozenset({"SSLError", "SSLCertVerificationError"})),
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
