"""The openai client, asked for one thing: the server's own bytes, or why there are none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from workbench.contracts import CancelSignal, one_import
from workbench.embedders.remote.address import Address, is_loopback
from workbench.embedders.remote.decode import Encoding
from workbench.embedders.remote.keys import ApiKey, scrub, scrub_bytes, usual_variable
from workbench.embedders.remote.loop import LoopThread
from workbench.embedders.remote.proxies import proxy_hint
from workbench.embedders.remote.reply import Reply
from workbench.embedders.remote.troubles import NoAnswerError, explain_trouble
from workbench.errors import RedirectedError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_S = 10.0
"""Longest wait for a connection to be made; nine tenths of the whole patience where that is less,
so that a connection that never came about is not taken for an answer that is late."""
GET_S = 10.0
"""Longest wait for one of the short answers that tell servers apart."""
_HOPS = 3
_NO_PROXY = {"http://": None, "https://": None, "all://": None}


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
        self,
        texts: Sequence[str],
        *,
        model: str,
        encoding: Encoding,
        dimensions: int | None = None,
        padding: int = 0,
    ) -> Reply:
        """Ask for the embeddings of some texts.

        Args:
            texts: The exact strings.
            model: The name to ask for.
            encoding: How the numbers shall come.
            dimensions: The width to ask for; None: the model's own.
            padding: Bytes of white space to put behind the JSON, where it means nothing.

        Raises:
            NoAnswerError: No answer came.
            RedirectedError: The server sends us elsewhere.
        """
        body: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": encoding}
        if dimensions is not None:
            body["dimensions"] = dimensions
        for _ in range(_HOPS):
            reply = await self._send(body, padding)
            target = urljoin(self._route, reply.headers.get("location", ""))
            if reply.status not in (307, 308) or not target.startswith(f"{self.address.root}/"):
                break
            self._route = target  # the same server, at another of its paths
        self.check_redirect(reply, self._route)
        return reply

    async def _send(self, body: Mapping[str, object], padding: int) -> Reply:
        import httpx2
        import openai

        sent: dict[str, Any] = {"body": body}
        if padding:
            sent = {
                "content": json.dumps(body).encode() + b" " * padding,
                "options": {"headers": {"Content-Type": "application/json"}},
            }
        try:
            async with asyncio.timeout(self._timeout_s):
                # embeddings.create looks at the type of each text by itself: a third of its time
                found = await self._open().post(self._route, cast_to=httpx2.Response, **sent)
        except openai.APIStatusError as exc:
            found = exc.response
        except (openai.APIConnectionError, TimeoutError) as exc:
            raise self._explain(exc, self._route) from exc
        return self._read(found)

    async def get(self, url: str, body: Mapping[str, object] | None = None) -> Reply | None:
        """Ask one of the routes that tell servers apart; None where nothing answered in time.

        Args:
            url: Absolute.
            body: Posted as JSON; None: it is a GET.
        """
        import httpx2

        self._open()
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        assert self._closer.http is not None
        try:
            async with asyncio.timeout(min(GET_S, self._timeout_s)):
                method = "GET" if body is None else "POST"
                found = await self._closer.http.request(method, url, headers=headers, json=body)
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
            timeout = openai.Timeout(self._timeout_s, connect=min(CONNECT_S, 0.9 * self._timeout_s))
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
        hint = proxy_hint(self.address)
        return explain_trouble(exc, where, self._scrub, hint, timeout_s=self._timeout_s)


class _Closer:
    """Holds what has to be closed in the loop, without a reference to who uses it."""

    def __init__(self) -> None:
        self.http: Any = None

    async def close(self) -> None:
        if self.http is not None:
            await self.http.aclose()
            self.http = None
