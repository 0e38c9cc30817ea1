"""Keep an endpoint's vectors, so that it or another can be held against them later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Ask, Finding, Line, Opening, Variant
from workbench.errors import EndpointError
from workbench.maths import normalize_rows
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.goldenfile import GoldenReference, read_golden, write_golden
from workbench.studies.doctor.serving import name_model
from workbench.studies.doctor.texts import TEXTS
from workbench.studies.doctor.tokens import PREFIX
from workbench.texts.edits import QWEN_END, text_edits

__all__ = ["GoldenReference", "read_golden", "save_golden"]

_TRUST = ("decode", "vectors", "repeat", "batch")
"""Probes that have to be well before an endpoint's vectors are kept."""


def save_golden(
    path: Path,
    line: Line,
    evidence: Evidence,
    *,
    findings: Sequence[Finding] = (),
    force: bool = False,
) -> GoldenReference:
    """Keep an endpoint's vectors of ``TEXTS``, and of these as servers are known to alter them.

    Up to eight requests are sent. The file holds neither the key nor the address.

    Args:
        path: Where; a file there is replaced.
        line: To the endpoint.
        evidence: Of an examination of it.
        findings: Of that examination.
        force: Keep them although they cannot be trusted.

    Raises:
        EndpointError: A vector is lacking; or they change from call to call or with their company,
            and ``force`` is not given.
        InputError: The file cannot be written.
        Cancelled: The line's cancel signal was set.
    """
    _check_trust(findings, force=force)
    rows = evidence.vectors_alone()
    if rows is None or len(rows) != len(TEXTS):
        raise EndpointError(
            f"{path.name} was not written: the endpoint did not give a sound vector of each of the "
            f"{len(TEXTS)} texts. The probes before say why."
        )
    opening = evidence.opening
    right = normalize_rows(rows)
    made = GoldenReference(
        model=opening.model,
        server=opening.label or "",
        dtype=opening.dtype,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        max_tokens=opening.max_tokens,
        tokens=_count(evidence),
        rows={"right": right, **_ask_variants(line, opening, right)},
    )
    write_golden(path, made)
    return made


def _check_trust(findings: Sequence[Finding], *, force: bool) -> None:
    bad = [one for one in findings if one.probe in _TRUST and one.status == "fail"]
    if bad and not force:
        raise EndpointError(
            f"No golden file was written: {bad[0].says} ({bad[0].probe}: {bad[0].cause}). Vectors "
            "that cannot be had twice are no measure for others. Mend that first, or pass "
            "force=True to keep them all the same."
        )


def _ask_variants(
    line: Line, opening: Opening, right: NDArray[np.float32]
) -> dict[Variant, NDArray[np.float32]]:
    """(n, dim) by variant; those that the endpoint did not answer are left out."""
    qwen = any("qwen3" in name.casefold() for name in name_model(opening))
    edits = text_edits(query=PREFIX if qwen else "", end=QWEN_END if qwen else "", chat=qwen)
    kept: dict[Variant, NDArray[np.float32]] = {}
    for variant, edit in edits.items():
        altered = [place for place, text in enumerate(TEXTS) if edit(text) != text]
        (answer,) = line.ask([Ask(tuple(edit(TEXTS[place]) for place in altered))])
        if answer.whole is None or answer.whole.shape != (len(altered), right.shape[1]):
            continue
        rows = right.copy()
        rows[altered] = normalize_rows(answer.whole)
        kept[variant] = rows
    return kept


def _count(evidence: Evidence) -> dict[str, int]:
    """Tokens by text; none where the server counts characters (infinity does)."""
    usage = {answer.ask.texts[0]: answer.tokens or 0 for answer in evidence.alone}
    if all(count == len(text) for text, count in usage.items()):
        usage = {}
    routes = {one.text: one.route or 0 for one in evidence.tokens if one.route}
    return {text: count for text, count in (usage | routes).items() if count and text in TEXTS}
