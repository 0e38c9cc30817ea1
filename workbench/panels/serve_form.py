"""What the controls of the serve panel say, from the strings of their fields."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from workbench.contracts import EngineName
from workbench.errors import InputError

MOST_PORT = 65_535


@dataclass(frozen=True)
class ServeForm:
    """What the controls say; None: as the engine has it by default."""

    engine: EngineName
    model: str
    port: int | None = None
    python: str | None = None
    key_env: str | None = None
    matryoshka: bool = False
    extra: tuple[str, ...] = ()
    timeout_s: float = 300.0

    @classmethod
    def from_page(cls, asked: Mapping[str, Any]) -> ServeForm:
        """The form from the strings of its fields.

        Raises:
            InputError: A port or a time that is none, or arguments whose quotes do not close.
        """
        return cls(
            engine=cast(EngineName, str(asked["engine"])),
            model=str(asked["model"]).strip(),
            port=_number(asked["port"], "port", MOST_PORT),
            python=str(asked["python"]).strip() or None,
            key_env=str(asked["key_env"]).strip().removeprefix("$") or None,
            matryoshka=bool(asked["matryoshka"]),
            extra=_words(str(asked["extra"])),
            timeout_s=_number(asked["timeout"], "time to wait", 86_400) or cls.timeout_s,
        )


def _number(asked: object, what: str, most: int) -> int | None:
    text = str(asked).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise InputError(f"The {what} is {text!r}. Give a whole number from 1 to {most:,}.")
    return int(text)


def _words(extra: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(extra))
    except ValueError as exc:
        raise InputError(
            f"The further arguments are {extra!r}, which a shell could not read: {exc}. "
            "Close each quote, or leave the field empty."
        ) from exc
