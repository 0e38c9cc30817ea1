"""An endpoint's key: kept in one object that never shows it, and sent to one host."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import quote, quote_plus

from workbench.embedders.remote.address import Address, host_of
from workbench.embedders.remote.presets import preset_of_host
from workbench.errors import InputError

NO_KEY = "EMPTY"
"""Sent where the server wants none: the openai client insists on some text."""
OWN_VARIABLE = "WORKBENCH_API_KEY"
"""Key of the servers that are no known service."""
_HIDDEN = "***"
_WORD_BEFORE = re.compile(r"(?:authorization\s*:\s*)?bearer\b|authorization\s*:", re.IGNORECASE)
_SHORTEST = 6
"""A shorter key would be found in ordinary words."""


class ApiKey:
    """A secret that no repr, format, log or pickle shows.

    Attributes:
        variable: The environment variable it came from; None where it was given or asked for.
        note: What was changed in what was pasted, or "".

    Raises:
        InputError: No HTTP header can carry it, or more than a key was pasted.
    """

    __slots__ = ("_secret", "note", "variable")

    def __init__(self, secret: str, *, variable: str | None = None) -> None:
        self.variable = variable
        self.note = ""
        trouble = _find_trouble(secret)
        if trouble:
            del secret  # a traceback may show what names hold
            raise InputError(trouble)
        self._secret = secret.strip()
        if self._secret != secret:
            self.note = "took white space off the ends of the key"

    @classmethod
    def from_env(cls, name: str, *, environ: Mapping[str, str] | None = None) -> ApiKey:
        """The key in an environment variable; ``environ``: None, the process's own.

        Raises:
            InputError: It is not set, or empty.
        """
        known = os.environ if environ is None else environ
        secret, is_set = known.get(name, ""), name in known
        del known, environ  # a traceback may show what names hold
        if not secret.strip():
            raise InputError(
                f"The environment variable {name} is {'empty' if is_set else 'not set'}"
                ". Set it before the kernel starts, or pass key=ApiKey.ask()."
            )
        try:
            return cls(secret, variable=name)
        except InputError:
            del secret  # a traceback may show what names hold
            raise

    @classmethod
    def ask(cls, prompt: str = "Key: ") -> ApiKey:
        """Ask on the terminal or under the cell, without showing what is typed."""
        import getpass

        return cls(getpass.getpass(prompt))

    def reveal(self) -> str:
        """The secret itself."""
        return self._secret

    @property
    def is_none(self) -> bool:
        """Whether it only stands for there being none."""
        return self._secret == NO_KEY

    def __repr__(self) -> str:
        return f"ApiKey({_HIDDEN})"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._secret == self._secret

    def __hash__(self) -> int:
        return hash((ApiKey, self._secret))

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApiKey is not pickled: it would be written down")

    def __copy__(self) -> ApiKey:
        return self

    def __deepcopy__(self, memo: object) -> ApiKey:
        return self


def find_key(
    key: str | ApiKey | None, address: Address, *, environ: Mapping[str, str] | None = None
) -> tuple[ApiKey, str]:
    """The key to send to an address, and where it came from, in words.

    Args:
        key: What the caller passed; None or "": the variable of the service whose host it is,
            else ``WORKBENCH_API_KEY``, else none. A service's key goes to its own host only.
        address: Where it is sent.
        environ: None: the process's environment.

    Raises:
        InputError: The key cannot be sent as it is.
    """
    if isinstance(key, ApiKey):
        return key, key.note
    if key:
        try:
            found = ApiKey(key)
        except InputError:
            key = None  # a traceback may show what names hold
            raise
        return found, found.note
    name = _variable_of(address)
    if not (os.environ if environ is None else environ).get(name, "").strip():
        return ApiKey(NO_KEY), ""
    if name != OWN_VARIABLE and not address.root.startswith("https://"):
        return ApiKey(NO_KEY), f"{name} is not sent, as http:// would show it on its way"
    found = ApiKey.from_env(name, environ=environ)
    notes = (f"key from the environment variable {name}", found.note)
    return found, "; ".join(note for note in notes if note)


def usual_variable(key: ApiKey, address: Address) -> str:
    """The environment variable that a key came from, or where one for that address belongs."""
    return key.variable or _variable_of(address)


def _variable_of(address: Address) -> str:
    preset = preset_of_host(host_of(address))
    return (preset.key_env if preset is not None else None) or OWN_VARIABLE


def scrub(text: str, key: ApiKey) -> str:
    """A text that is going to be shown, the key in it hidden, escaped forms included."""
    for form in _forms(key):
        text = text.replace(form, _HIDDEN)
    return text


def scrub_bytes(body: bytes, key: ApiKey) -> bytes:
    """As ``scrub``, for a reply that nobody has decoded yet."""
    for form in _forms(key):
        body = body.replace(form.encode(), _HIDDEN.encode())
    return body


def _forms(key: ApiKey) -> list[str]:
    """The ways in which a server may repeat a key, the longest first; none where it is none."""
    secret = key.reveal()
    if key.is_none or len(secret) < _SHORTEST:
        return []
    packed = json.dumps(secret)[1:-1]
    forms = {secret, packed, packed.replace("/", "\\/"), repr(secret)[1:-1], html.escape(secret)}
    forms.add(re.sub("[<>&]", lambda mark: f"\\u{ord(mark[0]):04x}", packed))  # as Go writes JSON
    forms |= {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return sorted(forms, key=len, reverse=True)


def _find_trouble(secret: str) -> str:
    """Why a key cannot be sent, without any of it; "" where it can."""
    if not isinstance(secret, str):
        return f"The key is of type {type(secret).__name__}. Pass a string."
    trimmed = secret.strip()
    if not trimmed:
        return "The key is empty. Leave key= out where the server wants none."
    if _WORD_BEFORE.match(trimmed):
        return "The key begins with 'Bearer' or 'Authorization:'. Pass what follows that word."
    if len(trimmed) > 1 and trimmed[0] == trimmed[-1] and trimmed[0] in "\"'`":
        return "The key stands in quotes. Pass what is between them."
    if not trimmed.isascii() or not trimmed.isprintable() or " " in trimmed:
        return (
            "The key holds a space, a line break or a character outside ASCII, which no HTTP "
            "header carries. Was something pasted with it?"
        )
    return ""
