"""What the controls of the doctor's panel say, from the strings of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from workbench.errors import InputError

REFERENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "auto": ("the same weights, if they are here", ""),
        "bundled": ("the bundled model", ""),
        "directory": ("weights in a directory", "directory, or a known name"),
        "golden": ("a golden file", "golden.json"),
        "endpoint": ("another endpoint", "http://127.0.0.1:8000/v1#model"),
        "none": ("nothing", ""),
    }
)
"""What vectors can be held against: what it is called, and what its field shows while empty."""


@dataclass(frozen=True)
class DoctorForm:
    """What the fields say; its ``repr`` has no key."""

    url: str
    model: str = ""
    key: str = field(default="", repr=False)
    reference: str = "auto"
    where: str = ""
    deep: bool = False

    @classmethod
    def from_page(cls, asked: Mapping[str, Any]) -> DoctorForm:
        """The form from the strings of its fields.

        Raises:
            InputError: No address, or a reference without the place where it lies.
        """
        words = {
            name: str(asked.get(name, "")).strip()
            for name in ("url", "model", "reference", "where")
        }
        form = cls(**words, key=str(asked.get("key", "")), deep=bool(asked.get("deep")))
        if not form.url:
            raise InputError("No address was given. Type one, e.g. http://127.0.0.1:8000/v1")
        if form.reference not in REFERENCES:
            raise InputError(
                f"The reference is {form.reference!r}; there are {', '.join(REFERENCES)}."
            )
        called, needed = REFERENCES[form.reference]
        if needed and not form.where:
            raise InputError(f"To hold it against {called}, say which: {needed}")
        return form

    def choose(self) -> Mapping[str, str]:
        """The arguments ``reference`` and ``against`` that they come to."""
        if self.reference == "auto":
            return {}
        if self.reference in ("golden", "endpoint"):
            return {"against": self.where}
        return {"reference": self.where if self.reference == "directory" else self.reference}
