"""From what a person pastes to the address that the openai client takes."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from workbench.errors import AddressError

_EXAMPLE = "http://localhost:30000/v1"
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")
_ROUTES = ("/embeddings", "/models", "/chat/completions", "/completions", "/embed", "/rerank")
_AROUND = " \t\r\n\"'`<>"
_LISTEN_ONLY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (recognised, never bound)


@dataclass(frozen=True)
class Address:
    """An endpoint's address.

    Attributes:
        base_url: Without a slash at its end; ``/embeddings`` is put behind it.
        root: Scheme, host and port.
        candidates: The base_urls to try, the likeliest first; one where it is certain.
        note: What was changed in what was pasted, or "".
    """

    base_url: str
    root: str
    candidates: tuple[str, ...]
    note: str = ""


def is_address(spec: str) -> bool:
    """Whether the spec of an embedder is the address of an endpoint."""
    return spec.lstrip(_AROUND).casefold().startswith(("http://", "https://"))


def split_spec(spec: str) -> tuple[str, str | None]:
    """Address and model of "http://host:port/v1#model"; None where no model is named."""
    url, _, model = spec.partition("#")
    return url, model or None


def read_address(text: str) -> Address:
    """Read an address as a person pastes it.

    Known routes (``/embeddings`` and the like) and slashes are taken off its end. Without a path
    both ``/v1`` and none are candidates: most servers want the first, infinity and TEI also
    answer, or answer only, at the second.

    Raises:
        AddressError: It is none, holds a secret, or leaves open what is meant.
    """
    pasted = text.strip(_AROUND)
    if not pasted:
        raise AddressError(f"The address is empty. Pass one such as {_EXAMPLE}.")
    whole, notes = _add_scheme(pasted)
    parts = _split(whole, pasted)
    _check_no_secret(parts)
    host, port = _read_host(parts, pasted)
    if host in _LISTEN_ONLY:
        notes.append(f"{host} is where a server listens; asked at {_LISTEN_ONLY[host]}")
        host = _LISTEN_ONLY[host]
    shown = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme.lower()}://{shown}" + (f":{port}" if port else "")
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        if path.endswith(route):
            path = path.removesuffix(route).rstrip("/")
            notes.append(f"took {route} off the end of the address")
            break
    else:
        route = ""
    bases = (f"{root}{path}",) if path or route else (f"{root}/v1", root)
    return Address(bases[0], root, bases, "; ".join(notes))


def host_of(address: Address) -> str:
    """The host without port and brackets."""
    return urlsplit(address.root).hostname or ""


def is_loopback(address: Address) -> bool:
    """Whether the host is this machine by its name or number."""
    host = host_of(address)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _add_scheme(pasted: str) -> tuple[str, list[str]]:
    if _SCHEME.match(pasted):
        return pasted, []
    host = urlsplit(f"//{pasted}").netloc.rsplit("@", maxsplit=1)[-1]
    name = re.sub(r":\d+$", "", host).strip("[]")
    if name == "localhost" or _is_local_number(name):
        return f"http://{pasted}", ["took http://, as the address names none"]
    raise AddressError(
        f"{_shorten(pasted)} has no http:// or https:// before it, and a key must not go unsealed "
        f"by mistake. Pass http://{_shorten(pasted, '')} or https://{_shorten(pasted, '')}."
    )


def _is_local_number(name: str) -> bool:
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return False
    return number.is_loopback or number.is_private or number.is_unspecified


def _split(whole: str, pasted: str) -> SplitResult:
    try:
        parts = urlsplit(whole)
        _ = parts.port
    except ValueError as exc:
        raise AddressError(
            f"{_shorten(pasted)} is no address ({exc}). Pass one such as {_EXAMPLE}."
        ) from exc
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressError(
            f"{_shorten(pasted)} starts with {parts.scheme}://. Allowed: http:// and https://."
        )
    return parts


def _check_no_secret(parts: SplitResult) -> None:
    """A key in an address ends in logs, in notebooks and on screens."""
    for name, found in (("user and password", "@" in parts.netloc), ("query", parts.query)):
        if found:
            raise AddressError(
                f"The address of {parts.hostname} holds a {name}, which would show in logs and "
                "notebooks. Take it out, and pass a key as key=, or by the environment."
            )
    if parts.fragment:
        raise AddressError(
            f"The address of {parts.hostname} ends in '#…'. A model is named by itself: "
            "connect(address, model)."
        )


def _read_host(parts: SplitResult, pasted: str) -> tuple[str, int | None]:
    host = parts.hostname or ""
    try:
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_host = ""
    if not ascii_host or re.search(r"[\s\\<>\"'^`{|}%]", ascii_host):
        raise AddressError(f"{_shorten(pasted)} names no host. Pass an address such as {_EXAMPLE}.")
    return ascii_host, parts.port


def _shorten(text: str, quote: str = "'") -> str:
    """The address without what may be secret in it."""
    public = re.sub(r"//[^/@]*@|^[^/@]*@", "//…@" if "//" in text else "…@", text)
    public = public.split("?")[0].split("#")[0]
    return f"{quote}{public[:80]}{quote}"
