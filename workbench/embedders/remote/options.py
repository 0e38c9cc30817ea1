"""How a caller wants to be connected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InputError


@dataclass(frozen=True)
class Options:
    """The caller's wishes; see ``connect``."""

    model: str | None
    recipe: str | Path | None
    dim: int | None
    normalize: bool
    in_flight: int
    batch_items: int | None
    batch_tokens: int | None
    timeout_s: float
    patience_s: float


def check_options(options: Options) -> None:
    """Refuse numbers out of range.

    Raises:
        InputError: One is.
    """
    for name in ("in_flight", "batch_items", "batch_tokens", "dim"):
        value = getattr(options, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and value >= 1):
            raise InputError(f"{name}={value!r} was asked. Allowed: a whole number from 1 on.")
    for name, least in (("timeout_s", 1e-3), ("patience_s", 0.0)):
        value = getattr(options, name)
        if not (isinstance(value, int | float) and least <= value < float("inf")):
            raise InputError(f"{name}={value!r} was asked. Allowed: seconds, {least:g} or more.")
    if not isinstance(options.model, str | None):
        raise InputError(f"model={options.model!r} was asked. Pass the served model's name.")
