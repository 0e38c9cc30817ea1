"""The probes in the order they are tried."""

from __future__ import annotations

from workbench.studies.doctor.evidence import Probe

PROBES: tuple[Probe, ...] = ()
