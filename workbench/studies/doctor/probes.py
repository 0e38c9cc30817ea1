"""The probes in the order they are tried."""

from __future__ import annotations

from workbench.studies.doctor import (
    batching,
    dimensions,
    keys,
    latency,
    limits,
    models,
    parity,
    paths,
    payload,
    reach,
    serving,
    stability,
    tokens,
    truncation,
    vectors,
)
from workbench.studies.doctor.evidence import Probe

PROBES: tuple[Probe, ...] = (
    reach.PROBE,
    paths.PROBE,
    serving.PROBE,
    keys.PROBE,
    models.PROBE,
    tokens.PROBE,
    payload.PROBE,
    vectors.PROBE,
    stability.PROBE,
    batching.PROBE,
    parity.PROBE,
    truncation.PROBE,
    dimensions.PROBE,
    limits.PROBE,
    latency.PROBE,
)
