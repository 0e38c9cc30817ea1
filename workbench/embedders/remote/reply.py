"""What a server answered, before anybody has read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        headers: By lower-case name.
        body: As it came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  (a server may send any JSON)
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def record(self) -> dict[str, Any]:
        """The body where it is a JSON object, else {}."""
        content = self.json()
        return content if isinstance(content, dict) else {}
