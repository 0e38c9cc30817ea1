"""One served model and how to ask for it, and what became of texts that were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.embedders.remote.decode import Encoding
from workbench.embedders.remote.limits import Limits
from workbench.embedders.remote.policy import Policy
from workbench.embedders.remote.transport import Transport
from workbench.errors import EndpointError


@dataclass
class Endpoint:
    """One served model, and what is known of how to ask for it.

    Attributes:
        transport: Sends requests.
        model: The name that requests carry.
        policy: How patient to be.
        limits: What a request may hold.
        in_flight: Requests out at once, at most.
        encoding: What is asked for: base64 unless the server has refused it or got it wrong.
        dimensions: The width that requests ask for; None: none is asked for.
        dim: Width of what comes back; None until the first reply.
    """

    transport: Transport
    model: str
    policy: Policy
    limits: Limits = field(default_factory=Limits)
    in_flight: int = 8
    encoding: Encoding = "base64"
    dimensions: int | None = None
    dim: int | None = None


@dataclass
class Outcome:
    """What became of each text.

    Attributes:
        vectors: (n, dim) float32; zero where there is none. (n, 0) before the first reply.
        done: (n,) bool, which texts have a vector.
        failed: Why a text has none, for those that were blamed.
        cause: What ended the run early, or None.
    """

    vectors: NDArray[np.float32]
    done: NDArray[np.bool_]
    failed: dict[int, EndpointError] = field(default_factory=dict)
    cause: EndpointError | None = None
