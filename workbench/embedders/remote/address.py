"""From what a person pastes to the address that the openai client takes."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from workbench.errors import AddressError

_EXAMPLE = "http://localhost:30000/v1"
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")
_FEW_SLASHES = re.compile(r"^(https?):/?(?=[^/\d])", re.IGNORECASE)
_ROUTES = ("/embeddings", "/models", "/chat/completions", "/completions", "/embed", "/rerank")
_AROUND = " \t\r\n\"'`<>"
_LISTEN_ONLY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (recognised, never bound)
_LOOKS_LIKE_KEY = re.compile(r"sk-\S+|(?:sk|hf|pk|key)[-_][\w-]+|[\w-]{32,}")
_SECRET_MARKS = (
    ("@", "user and password"),
    ("%40", "user and password"),
    ("?", "query"),
    ("#", "part after '#'"),
)
_ENDS_AT_HOME = (".localhost", ".local", ".lan", ".internal", ".home.arpa")


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
    url, _, model = spec.strip(_AROUND).partition("#")
    return url, model or None


def read_address(text: str) -> Address:
    """Read an address as a person pastes it.

    Known routes (``/embeddings`` and the like) and slashes are taken off its end. Without a path
    both ``/v1`` and none are candidates: most servers want the first, infinity and TEI also
    answer, or answer only, at the second.

    Raises:
        AddressError: It is none, holds a secret, or leaves open what is meant.
    """
    if not isinstance(text, str):
        raise AddressError(f"The address is {text!r:.40}, not a string. Pass one: {_EXAMPLE}.")
    pasted = text.strip(_AROUND)
    _check_pasted(pasted)
    whole, notes = _add_scheme(pasted)
    parts = _split(whole, pasted)
    host = _read_host(parts, pasted)
    if host in _LISTEN_ONLY:
        notes.append(f"{host} is where a server listens; asked at {_LISTEN_ONLY[host]}")
        host = _LISTEN_ONLY[host]
    shown = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme.lower()}://{shown}" + (f":{parts.port}" if parts.port else "")
    path, route = _read_path(parts.path, notes)
    bases = (f"{root}{path}",) if path or route else (f"{root}/v1", root)
    if path == "/api" and route.startswith("/embed"):  # Ollama's own; its /v1 is ours
        bases = (f"{root}/v1", f"{root}/api")
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


def _check_pasted(pasted: str) -> None:
    """Refuse what may hold a secret before any of it can come into a message."""
    if not pasted:
        raise AddressError(f"The address is empty. Pass one such as {_EXAMPLE}.")
    where = pasted.partition("://")[2] or pasted
    for mark, what in _SECRET_MARKS:
        if mark in where:
            advice = "A model is named by itself: connect(address, model). " if mark == "#" else ""
            raise AddressError(
                f"The address holds a {what}, which may be a secret and would show in logs and "
                f"notebooks. {advice}Take it out, and pass a key as key=, or by the environment."
            )
    if _LOOKS_LIKE_KEY.fullmatch(pasted):
        raise AddressError(
            f"This looks like a key and not like an address. Pass an address such as {_EXAMPLE}, "
            "and the key as key=."
        )
    if any(mark.isspace() or not mark.isprintable() for mark in pasted):
        raise AddressError(
            f"{_quote(pasted)} has white space in its middle. Pass one address, such as {_EXAMPLE}."
        )


def _add_scheme(pasted: str) -> tuple[str, list[str]]:
    if _SCHEME.match(pasted):
        return pasted, []
    if _FEW_SLASHES.match(pasted):
        return _FEW_SLASHES.sub(r"\1://", pasted), ["put // behind http:"]
    bare = pasted.lstrip("/")
    host = re.split("[/\\\\]", bare, maxsplit=1)[0]
    name = re.sub(r":\d*$", "", host)
    if _is_near(name.strip("[]").casefold(), has_port=name != host):
        return f"http://{bare}", ["took http://, as the address names none"]
    if re.fullmatch(r":?\d{1,5}", host):
        port = bare.removeprefix(":")[:80]
        raise AddressError(
            f"{_quote(pasted)} names no host. For a server on this machine pass "
            f"http://localhost:{port}."
        )
    raise AddressError(
        f"{_quote(pasted)} has no http:// or https:// before it, and a key must not go unsealed "
        f"by mistake. Pass http://{bare[:80]} or https://{bare[:80]}."
    )


def _is_near(name: str, *, has_port: bool) -> bool:
    """Whether a host is this machine or one of the house, so that http:// is what is meant."""
    if name == "localhost" or name.endswith(_ENDS_AT_HOME):
        return True
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return has_port and re.fullmatch(r"[a-z][\w-]*", name) is not None
    return number.is_loopback or number.is_private or number.is_unspecified


def _split(whole: str, pasted: str) -> SplitResult:
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as exc:
        raise AddressError(
            f"{_quote(pasted)} is no address ({exc}). Pass one such as {_EXAMPLE}."
        ) from exc
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressError(
            f"{_quote(pasted)} starts with {parts.scheme}://. Allowed: http:// and https://."
        )
    if port == 0:
        raise AddressError(f"{_quote(pasted)} names port 0. Allowed: 1 to 65535.")
    return parts


def _read_host(parts: SplitResult, pasted: str) -> str:
    host = parts.hostname or ""
    try:
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    if not ascii_host or re.search(r"[\s\\<>\"'^`{|}%*,;()!$&+=~]", ascii_host):
        raise AddressError(f"{_quote(pasted)} names no host. Pass an address such as {_EXAMPLE}.")
    return ascii_host


def _read_path(path: str, notes: list[str]) -> tuple[str, str]:
    """The path without what the client puts there itself, and the route that was taken off."""
    single = re.sub("/{2,}", "/", path).rstrip("/")
    if single != path.rstrip("/"):
        notes.append("made one / of several in a row")
    for route in _ROUTES:
        if single.endswith(route):
            notes.append(f"took {route} off the end of the address")
            return single.removesuffix(route).rstrip("/"), route
    return single, ""


def _quote(pasted: str) -> str:
    return repr(pasted if len(pasted) <= 80 else f"{pasted[:79]}…")
