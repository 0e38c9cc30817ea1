"""A golden file on disk, and the reference that it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Variant
from workbench.errors import InputError
from workbench.studies.doctor.texts import TEXTS

FORMAT = "embedding workbench golden vectors"
VERSION = 1


@dataclass(frozen=True)
class GoldenReference:
    """Vectors of ``TEXTS`` as an endpoint gave them once.

    Attributes:
        model: Its name there.
        server: Program and version, or "".
        dtype: The type that it said it computes in; None: it did not say.
        when: ISO 8601 in UTC.
        max_tokens: The longest input that it stated.
        tokens: Tokens by text, as far as it counted them.
        rows: (n, dim) float32 of unit norm by variant, "right" first.
    """

    model: str
    server: str
    dtype: str | None
    when: str
    max_tokens: int | None
    tokens: Mapping[str, int]
    rows: Mapping[Variant, NDArray[np.float32]] = field(repr=False)

    @property
    def label(self) -> str:
        """The model, the server and the day."""
        server = f" on {self.server}" if self.server else ""
        return f"a golden file of {self.model}{server} of {self.when[:10]}"

    @property
    def kind(self) -> Literal["golden"]:
        """A saved file."""
        return "golden"

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those that were kept, "right" first."""
        return tuple(self.rows)

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        """(n, dim) float32 of unit norm.

        Raises:
            InputError: The variant was not kept, or a text is none of ``TEXTS``.
        """
        if variant not in self.rows:
            raise InputError(
                f"variant={variant!r} is not in {self.label}. It has: {', '.join(self.rows)}."
            )
        places = {text: place for place, text in enumerate(TEXTS)}
        unknown = [text for text in texts if text not in places]
        if unknown:
            raise InputError(
                f"{unknown[0]!r:.60} was asked of {self.label}, which holds the {len(TEXTS)} texts "
                "of the doctor only. Use weights on this machine for others."
            )
        return self.rows[variant][[places[text] for text in texts]]  # (n, dim)

    def count_tokens(self, text: str) -> int | None:
        """Tokens of a text as the endpoint counted them; None where it did not."""
        return self.tokens.get(text)

    def cut(self, text: str, tokens: int) -> str:
        """Not to be had.

        Raises:
            InputError: Always: the file has no tokenizer.
        """
        raise InputError(
            f"cut({text!r:.40}, {tokens!r}) was asked of {self.label}, which has no tokenizer. "
            "Use weights on this machine as the reference."
        )


def read_golden(path: Path) -> GoldenReference:
    """A file that ``save_golden`` wrote.

    Raises:
        InputError: There is no such file, or it is none, or of other texts or a later version.
    """
    content = _load(path)
    _check_format(path, content)
    try:
        rows = {name: _unpack(text, content["dim"]) for name, text in content["variants"].items()}
        if "right" not in rows or any(len(one) != len(TEXTS) for one in rows.values()):
            raise ValueError(f"vectors of {len(TEXTS)} texts are wanted")
        counted = zip(TEXTS, content["tokens"], strict=True)
        return GoldenReference(
            model=str(content["model"]),
            server=str(content["server"]),
            dtype=content["dtype"],
            when=str(content["when"]),
            max_tokens=content["max_tokens"],
            tokens={text: int(count) for text, count in counted if count is not None},
            rows=rows,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise InputError(
            f"{str(path)!r} is a golden file, but it is damaged: {exc!r:.120}. Write it again with "
            "--save from the endpoint that is trusted."
        ) from exc


def write_golden(path: Path, made: GoldenReference) -> None:
    """Write a golden file whole, or not at all.

    Raises:
        InputError: It cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": made.model,
        "server": made.server,
        "dtype": made.dtype,
        "when": made.when,
        "max_tokens": made.max_tokens,
        "dim": made.rows["right"].shape[1],
        "texts_sha256": _hash_texts(),
        "texts": list(TEXTS),
        "tokens": [made.tokens.get(text) for text in TEXTS],
        "variants": {
            name: base64.b64encode(rows.astype("<f4").tobytes()).decode()
            for name, rows in made.rows.items()
        },
    }
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        beside.replace(path)
    except OSError as exc:
        raise InputError(
            f"{str(path)!r} cannot be written: {exc.strerror or exc}. Name a file in a folder that "
            "is there and may be written."
        ) from exc


def _hash_texts() -> str:
    return hashlib.sha256(json.dumps(TEXTS, ensure_ascii=False).encode()).hexdigest()


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise InputError(
            f"The golden file {str(path)!r} cannot be read: {exc.strerror or exc}. Write one with "
            "workbench doctor URL --save FILE, from an endpoint that is trusted."
        ) from exc
    except ValueError as exc:
        raise InputError(
            f"{str(path)!r} is no golden file: it is not JSON ({exc}). Write one with workbench "
            "doctor URL --save FILE."
        ) from exc
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(
            f'{str(path)!r} is JSON, but no golden file: "format" has to be {FORMAT!r}. Write '
            "one with workbench doctor URL --save FILE."
        )
    return content


def _check_format(path: Path, content: Mapping[str, Any]) -> None:
    if content.get("version") != VERSION:
        raise InputError(
            f"The golden file {str(path)!r} is of version {content.get('version')!r}; this "
            f"workbench reads version {VERSION}. Write it again with this one, or upgrade."
        )
    if content.get("texts_sha256") != _hash_texts():
        raise InputError(
            f"The golden file {str(path)!r} holds vectors of other texts than this workbench asks "
            "for. Write it again with this version, from the endpoint that is trusted."
        )


def _unpack(text: str, dim: int) -> NDArray[np.float32]:
    """(n, dim) float32 of unit norm."""
    values = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    rows: NDArray[np.float32] = values.reshape(-1, dim).astype(np.float32)
    if not np.isfinite(rows).all() or not rows.any(axis=1).all():
        raise ValueError("a vector holds NaN, infinity or zeros only")
    return rows
