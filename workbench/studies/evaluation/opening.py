"""Embedders of an evaluation: their short names, and when each is loaded and unloaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from workbench.contracts import CancelSignal, Embedder, check_cancel
from workbench.errors import InputError

Spec: TypeAlias = "Embedder | str | os.PathLike[str]"
"""An embedder, or what loads it: a name, a directory, "URL#MODEL"."""


def label_embedders(
    embedders: Spec | Sequence[Spec] | Mapping[str, Spec],
) -> dict[str, Embedder | str]:
    """Embedders by short name, each name once; paths as text."""
    if isinstance(embedders, Mapping):
        return {str(label): _plain(one) for label, one in embedders.items()}
    several = isinstance(embedders, Sequence) and not isinstance(embedders, str)
    labelled: dict[str, Embedder | str] = {}
    for one in embedders if several else [embedders]:  # type: ignore[union-attr]
        given = _plain(one)  # type: ignore[arg-type]
        name = label = _short_name(given)
        number = 1
        while label in labelled:
            number += 1
            label = f"{name} ({number})"
        labelled[label] = given
    return labelled


class OpenedEmbedders(Mapping[str, Embedder]):
    """Embedders by label, loaded when they are first asked for, and unloaded by ``close``.

    Args:
        asked: Embedders, or what loads them.
        load: Loads one.
        together: Keep all of them; else the one before is unloaded.
    """

    def __init__(
        self,
        asked: Mapping[str, Embedder | str],
        load: Callable[[str], Embedder],
        *,
        together: bool,
    ) -> None:
        self._asked, self._load, self._together = asked, load, together
        self._loaded: dict[str, Embedder] = {}

    @property
    def specs(self) -> dict[str, str]:
        """What loads each; only those that are loaded here."""
        return {label: one for label, one in self._asked.items() if isinstance(one, str)}

    def open_all(self, cancel: CancelSignal | None) -> None:
        """Load what is kept together before anything is embedded: a wrong name costs nothing."""
        for done, label in enumerate(self._asked if self._together else ()):
            check_cancel(cancel, done=done, total=len(self), unit="embedders")
            self[label]

    def close(self) -> None:
        """Unload what was loaded here."""
        while self._loaded:
            self._loaded.popitem()[1].unload()

    def __getitem__(self, label: str) -> Embedder:
        given = self._asked[label]
        if not isinstance(given, str):
            return given
        if label not in self._loaded:
            if not self._together:
                self.close()
            self._loaded[label] = self._load(given)
        return self._loaded[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)


def _plain(given: Spec) -> Embedder | str:
    if isinstance(given, str | os.PathLike):
        return os.fspath(given)
    if isinstance(given, Embedder):
        return given
    raise InputError(
        f"{given!r} was given to be evaluated; allowed is an embedder, or what wb.load takes: a "
        "name, a directory, or an endpoint as 'URL#MODEL'."
    )


def _short_name(given: Embedder | str) -> str:
    """The last part of a name or path; an endpoint's model with its host."""
    if not isinstance(given, str):
        name, url = given.info.name, given.info.base_url or ""
    elif "://" in given:
        url, _, name = given.partition("#")
    else:
        name, url = given, ""
    host = urlsplit(url).netloc.rpartition("@")[2]
    last = name.replace("\\", "/").rstrip("/").rsplit("/", maxsplit=1)[-1] or name
    return " at ".join(filter(None, (last, host))) or "embedder"
