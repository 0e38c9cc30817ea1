"""What came of the cases, as a table and two figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.engines.doctor.cases import Outcome


@dataclass(frozen=True)
class Row:
    """One examination.

    Attributes:
        name: Of the case.
        cause: That has to be named; "": the server is as it should be.
        outcome: What came of it.
    """

    name: str
    cause: str
    outcome: Outcome

    def write(self) -> str:
        """A line."""
        said = self.outcome.diagnosis
        sign = "WRONG" if self.outcome.wrong else "right"
        spent = f"{said.spent.requests:4d} {said.spent.tokens:6d} {self.outcome.seconds:5.1f}"
        line = f"{sign}  {self.name:44.44} {self.cause or 'healthy':28} {said.status:8} {spent}"
        return f"{line}\n       {self.outcome.wrong}" if self.outcome.wrong else line


def write_table(rows: Sequence[Row]) -> str:
    """All lines, and the figures that count."""
    faults = [row for row in rows if row.cause]
    healthy = [row for row in rows if not row.cause]
    named = sum(not row.outcome.wrong for row in faults)
    alarms = sum(bool(row.outcome.wrong) for row in healthy)
    head = f"{'':7}{'case':44} {'cause to be named':28} {'status':8} reqs tokens     s"
    requests = [row.outcome.diagnosis.spent.requests for row in rows] or [0]
    seconds = [row.outcome.seconds for row in rows] or [0.0]
    return "\n".join(
        [
            head,
            *(row.write() for row in rows),
            f"right cause named: {named} of {len(faults)} faults",
            f"false alarms: {alarms} in {len(healthy)} runs on healthy servers",
            f"requests: at most {max(requests)}; seconds: at most {max(seconds):.1f}, "
            f"{sum(seconds):.0f} in all",
        ]
    )
