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
    for name in ("in_flight", "batch_items", "batch_tokens"):
        value = getattr(options, name)
        if value is not None and (isinstance(value, bool) or value < 1):
            raise InputError(f"{name}={value!r} was asked. Allowed: 1 or more.")
    if options.timeout_s <= 0 or options.patience_s < 0:
        raise InputError(
            f"timeout_s={options.timeout_s!r}, patience_s={options.patience_s!r} were asked. "
            "Allowed: more than 0, and 0 or more."
        )
