"""The embedders an evaluation panel offers: those on this machine, and endpoints that answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderCatalogue,
    EmbedderChoice,
    EndpointVerdict,
    size_words,
)
from workbench.errors import InputError
from workbench.panels.endpoints import Address, endpoints_of, hide
from workbench.panels.wire import Payload

GIVEN = "given"
"""Spec of the embedder that the caller handed in; nothing else loads it."""


@dataclass(frozen=True)
class AddedWords:
    """What became of adding an embedder.

    Attributes:
        ok: It is in the list.
        message: A sentence.
        spec: Of what was added, "" where nothing was.
        kept: The key that was given is in memory, for another model of the same server.
    """

    ok: bool
    message: str
    spec: str = ""
    kept: bool = False


@dataclass(frozen=True)
class AskedEmbedder:
    """What the fields say; its ``repr`` has no key."""

    spec: str
    key: str = field(default="", repr=False)

    @property
    def address(self) -> Address:
        """The endpoint that is meant."""
        url, _, model = self.spec.partition("#")
        return Address(url, model, self.key)

    def hide(self, text: str) -> str:
        """The text without the key."""
        return hide(text, self.address)


class EmbedderList:
    """What can be ticked.

    Args:
        catalogue: Lists and loads embedders, and connects to endpoints if it can.
    """

    def __init__(self, catalogue: EmbedderCatalogue) -> None:
        self._catalogue = catalogue
        self._added: dict[str, EmbedderChoice] = {}
        self._loaded_here: set[str] = {GIVEN}  # by the catalogue alone: it has their keys
        self._kept: dict[str, str] = {}  # at most one: the key that its address was tried with

    def choices(self) -> dict[str, EmbedderChoice]:
        """By spec, in the order to offer them; what would have to be downloaded is left out."""
        listed = {choice.spec: choice for choice in self._catalogue.choices()}
        here = {spec: choice for spec, choice in listed.items() if choice.state == "ready"}
        return here | self._added

    def label(self, specs: Sequence[str]) -> dict[str, str]:
        """Spec by label, each label once.

        Raises:
            InputError: A spec that is not offered.
        """
        choices = self.choices()
        labels: dict[str, str] = {}
        for spec in dict.fromkeys(specs):
            if spec not in choices:
                raise InputError(
                    f"No embedder {spec!r} is in the list: {', '.join(map(repr, choices))}. "
                    "Add it first."
                )
            label = choices[spec].label
            labels[label if label not in labels else spec] = spec
        return labels

    def open(self, spec: str, cancel: CancelSignal | None) -> Embedder | str:
        """What is evaluated: an embedder that only the catalogue has, else what loads it."""
        if spec in self._loaded_here:
            return self._catalogue.load(spec, cancel=cancel)
        return spec

    def add(self, asked: AskedEmbedder, cancel: CancelSignal | None) -> AddedWords:
        """Put an endpoint, a directory or a name into the list.

        Raises:
            InputError: Nothing was named, it would have to be downloaded first, or this catalogue
                connects to nothing.
            Cancelled: ``cancel`` was set.
        """
        if not asked.spec:
            raise InputError(
                "No embedder was named. Type the address of an endpoint, such as "
                "http://127.0.0.1:8000/v1#model, or a directory with weights."
            )
        if "://" in asked.spec:
            return self._connect(asked.address, cancel)
        choice = self._catalogue.describe(asked.spec)
        if choice.state != "ready":
            size = f" ({size_words(choice.download_bytes)})" if choice.download_bytes else ""
            raise InputError(
                f"{asked.spec!r} is not on this machine{size}. Download it first: "
                f"wb.load({asked.spec!r}), or choose it in the Explorer; then add it again."
            )
        self._added[choice.spec] = choice
        return AddedWords(
            True, f"{choice.label} is in the list. {choice.about}".strip(), choice.spec
        )

    def payload(self) -> list[Payload]:
        """What the list shows."""
        return [
            {"spec": choice.spec, "label": choice.label, "about": choice.about}
            for choice in self.choices().values()
        ]

    def _connect(self, asked: Address, cancel: CancelSignal | None) -> AddedWords:
        endpoints = endpoints_of(self._catalogue)
        if endpoints is None:
            raise InputError("This panel's catalogue connects to no endpoints.")
        key = asked.key or self._kept.get(asked.url, "")
        self._kept.clear()
        hidden = Address(asked.url, asked.model, key)
        verdict = endpoints.connect(
            asked.url, model=asked.model or None, key=key or None, cancel=cancel
        )
        if key and (verdict.ok or verdict.served):
            self._kept[asked.url] = key
        if verdict.ok:
            self._loaded_here.add(verdict.spec)
        words = " ".join([verdict.message, *verdict.notes, *_list_served(asked, verdict)])
        return AddedWords(verdict.ok, hide(words, hidden), verdict.spec, bool(self._kept))


def _list_served(asked: Address, verdict: EndpointVerdict) -> list[str]:
    """Which addresses would do, where a server has several models and none was named."""
    if verdict.ok or not verdict.served:
        return []
    named = ", ".join(f"{asked.url}#{model}" for model in verdict.served[:5])
    return [f"Name the model after the address: {named}"]
