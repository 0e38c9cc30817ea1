"""The first requests to an endpoint: what it sends, how exactly, and how wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.embedders.remote.decode import decode_reply
from workbench.embedders.remote.dispatch import Dispatch
from workbench.embedders.remote.endpoint import Endpoint
from workbench.errors import EndpointError, ReplyError
from workbench.maths import normalize_rows, truncate_dim

PROBES = (
    "apple",
    "苹果是一种常见的水果，富含维生素。",
    "def add(a: int, b: int) -> int:\n    return a + b\n",
    "A vector database keeps the embeddings of passages and returns those that lie nearest to the "
    "embedding of a question, which is how a retrieval system finds what a model should read.",
)
"""Four texts of the project's own: short and long, English, Chinese and code."""

SAME = 0.99
"""Cosine above which two replies hold the same vector: other types or kernels keep 0.997 and more,
another text's vector or bytes read in the wrong order stay far below."""
DRIFT_ROOM = 10
"""Factor from the difference seen on one text to the one to expect on any."""
LEAST_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Probed:
    """What the first requests showed.

    Attributes:
        vectors: (4, native_dim) float32 of ``PROBES``, as the server sent them.
        drift: Largest difference of a component between a text alone and in a batch, unit norm.
        notes: What a person should know, a sentence each.
    """

    vectors: NDArray[np.float32]
    drift: float
    notes: tuple[str, ...]

    @property
    def tolerance(self) -> float:
        """The difference to expect between a text alone and in any batch."""
        return max(LEAST_TOLERANCE, DRIFT_ROOM * self.drift)


def probe(endpoint: Endpoint) -> Probed:
    """Ask for the probes in floats, then for one of them alone in base64, and compare.

    Sets the endpoint's ``dim``, and its ``encoding`` to base64 where the server does that right.

    Raises:
        EndpointError: The endpoint does not embed.
    """
    endpoint.encoding = "float"
    batch = ask(endpoint, PROBES)  # (4, native_dim)
    notes: list[str] = []
    alone, trouble = _ask_base64(endpoint)
    if alone is None or _cosine(alone, batch[0]) < SAME:
        packed, alone = alone, ask(endpoint, PROBES[:1])[0]  # (native_dim,)
        if packed is None or _cosine(packed, alone) < SAME:
            notes.append(f"asked for floats: its base64 is no use ({trouble or 'other numbers'})")
        else:
            endpoint.encoding = "base64"
    else:
        endpoint.encoding = "base64"
    drift = float(np.abs(normalize_rows([alone]) - normalize_rows(batch[:1])).max())
    if _cosine(alone, batch[0]) < SAME:
        notes.append(
            f"the same text alone and in a batch has cosine {_cosine(alone, batch[0]):.3f} only: "
            "its vectors depend on what else is asked for"
        )
    notes.append(_describe_norms(batch))
    return Probed(batch, drift, tuple(notes))


def ask(endpoint: Endpoint, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors (n, native_dim) of a few texts, all of them or an error.

    Raises:
        EndpointError: One of them has no vector.
    """
    outcome = endpoint.transport.loop.run(Dispatch(endpoint, texts).run())
    error = outcome.cause or next(iter(outcome.failed.values()), None)
    if error is not None:
        raise error
    return outcome.vectors


def _ask_base64(endpoint: Endpoint) -> tuple[NDArray[np.float32] | None, str]:
    """One probe alone in base64; None and the reason where that gives no vector."""
    post = endpoint.transport.post(PROBES[:1], model=endpoint.model, encoding="base64")
    try:
        reply = endpoint.transport.loop.run(post)
        if reply.status != 200:
            return None, f"the server answered {reply.status}"
        decoded = decode_reply(reply.body, 1, dim=endpoint.dim)
    except ReplyError as fault:
        return None, str(fault)
    except EndpointError as error:
        return None, str(error)
    if decoded.faults:
        return None, str(decoded.faults[0])
    return decoded.vectors[0], ""


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if not np.isfinite(one).all():
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        rows = normalize_rows([one, other])  # (2, native_dim)
    return float(rows[0] @ rows[1])


def _describe_norms(batch: NDArray[np.float32]) -> str:
    norms = np.linalg.norm(batch.astype(np.float64), axis=1)  # (4,)
    spread = f"{norms.min():.4g} to {norms.max():.4g}"
    if np.abs(norms - 1).max() < 1e-3:
        return "the server sends unit vectors"
    return f"the server sends vectors of norm {spread}"


def settle_dim(endpoint: Endpoint, dim: int, full: NDArray[np.float32]) -> str:
    """Find out who cuts the vectors: the server where it does so rightly, else we.

    Sets the endpoint's ``dimensions`` and ``dim`` where the server is asked.

    Args:
        endpoint: Probed already.
        dim: Width wanted, less than the native one.
        full: (4, native_dim) vectors of ``PROBES``.

    Returns:
        What was found, for the notes.
    """
    trial = replace(endpoint, dimensions=dim, dim=None)
    here = f"cut to {dim} of {full.shape[1]} dimensions and normalised again here"
    try:
        cut = ask(trial, PROBES)  # (4, dim), or (4, native_dim) where it ignores the wish
    except EndpointError as error:
        return f"{here}: the server does not ({error})"
    if cut.shape[1] != dim:
        return f"{here}: the server ignores dimensions={dim} and sends {cut.shape[1]}"
    cosines = np.einsum("ij,ij->i", normalize_rows(cut), truncate_dim(full, dim))  # (4,)
    if cosines.min() < SAME:
        return f"{here}: what the server cuts is another vector (cosine {cosines.min():.3f})"
    endpoint.dimensions, endpoint.dim = dim, dim
    norms = np.linalg.norm(cut.astype(np.float64), axis=1)  # (4,)
    again = "" if np.abs(norms - 1).max() < 1e-2 else ", and normalised again here: it does not"
    return f"the server is asked for dimensions={dim}, and cuts rightly{again}"
