"""An endpoint's key: kept in one object that never shows it, and sent to one host."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import quote

from workbench.embedders.remote.address import Address, host_of
from workbench.embedders.remote.presets import preset_of_host
from workbench.errors import InputError

NO_KEY = "EMPTY"
"""Sent where the server wants none: the openai client insists on some text."""
OWN_VARIABLE = "WORKBENCH_API_KEY"
"""Key of the servers that are no known service."""
_HIDDEN = "***"
_SHORTEST = 6
"""A shorter key would be found in ordinary words."""


class ApiKey:
    """A secret that no repr, format, log or pickle shows.

    Attributes:
        variable: The environment variable it came from; None where it was given or asked for.
    """

    __slots__ = ("_secret", "variable")

    def __init__(self, secret: str, *, variable: str | None = None) -> None:
        self._secret = _check(secret)
        self.variable = variable

    @classmethod
    def from_env(cls, name: str) -> ApiKey:
        """The key in an environment variable.

        Raises:
            InputError: It is not set, or empty.
        """
        secret = os.environ.get(name, "")
        if not secret.strip():
            raise InputError(
                f"The environment variable {name} is {'empty' if name in os.environ else 'not set'}"
                f". Set it before the kernel starts, or pass key=ApiKey.ask()."
            )
        return cls(secret, variable=name)

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
        return key, ""
    if key:
        return ApiKey(key), ""
    name = _variable_of(address)
    secret = (os.environ if environ is None else environ).get(name, "")
    if secret.strip():
        return ApiKey(secret, variable=name), f"key from the environment variable {name}"
    return ApiKey(NO_KEY), ""


def usual_variable(key: ApiKey, address: Address) -> str:
    """The environment variable that a key came from, or where one for that address belongs."""
    return key.variable or _variable_of(address)


def _variable_of(address: Address) -> str:
    preset = preset_of_host(host_of(address))
    return (preset.key_env if preset is not None else None) or OWN_VARIABLE


def scrub(text: str, key: ApiKey) -> str:
    """A text that is going to be shown, the key in it hidden, escaped forms included."""
    secret = key.reveal()
    if key.is_none or len(secret) < _SHORTEST:
        return text
    for form in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), repr(secret)[1:-1]}:
        text = text.replace(form, _HIDDEN)
    return text


def _check(secret: str) -> str:
    """The key without the white space that a paste brings."""
    if not isinstance(secret, str):
        raise InputError(f"The key is of type {type(secret).__name__}. Pass a string.")
    trimmed = secret.strip()
    if trimmed.casefold().startswith("bearer "):
        raise InputError("The key begins with 'Bearer '. Pass what follows that word.")
    if not trimmed:
        raise InputError("The key is empty. Leave key= out where the server wants none.")
    if not trimmed.isascii() or not trimmed.isprintable() or " " in trimmed:
        raise InputError(
            "The key holds a space, a line break or a character outside ASCII, which no HTTP "
            "header carries. Was something pasted with it?"
        )
    return trimmed
