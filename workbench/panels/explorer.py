"""The Explorer: texts, embedder, instruction on the left; matrix, map, tables on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.contracts import EmbedderCatalogue, Embeddings, Prompt
from workbench.errors import Cancelled, InputError
from workbench.panels.endpoints import Connector, code_payload, endpoints_of, presets_payload
from workbench.panels.handlers import HANDLERS
from workbench.panels.notices import choice_payload, instead_words, opening_options, prompt_option
from workbench.panels.pictures import draw
from workbench.panels.scatter import scatter_view
from workbench.panels.screen import Screen
from workbench.panels.session import Session
from workbench.panels.sources import (
    Source,
    TextsArgument,
    keep_marks,
    source_from,
    unrelated_samples,
)
from workbench.panels.state import Request, Unrelated, View
from workbench.studies import save_embeddings
from workbench.texts import SplitMode, parse_texts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Explorer(Screen):
    """A panel for the notebook; everything that a click does can be done by code as well.

    Args:
        catalogue: Where embedders come from.
        texts: See ``workbench.explore``.
        spec: The embedder to start with.
        unrelated: Gives texts of known topics to measure percentiles on; None: no percentiles.

    Attributes:
        selection: Indices of the selected texts; set it to select everywhere.
    """

    def __init__(
        self,
        catalogue: EmbedderCatalogue,
        *,
        texts: TextsArgument = None,
        spec: str = "bundled",
        unrelated: Callable[[], Unrelated] | None = unrelated_samples,
    ) -> None:
        source = source_from(texts)
        self.source = source
        self.catalogue = catalogue
        asked = choice = catalogue.describe(spec)
        if asked.state == "missing":
            choice = catalogue.describe("lexical")
        choices = self.list_choices(choice.spec)
        presets = presets_payload(catalogue)
        options = opening_options(source, choice, choices) | {"presets": presets}
        super().__init__(text=source.box, options=options)
        if choice is not asked:
            self.instead = instead_words(asked, choice)
        self.session = Session(
            catalogue, show=self._show, tell=self.say, unrelated=unrelated, lock=self.lock
        )
        self.connector = Connector(self.session, endpoints_of(catalogue), self.show_endpoint)
        self.on_msg(self._receive)
        self.run(prompt=None)

    # ---- what code can do -------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """What is on screen: texts, embeddings, comparison, projection, change."""
        return self.session.view

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts on screen."""
        return () if self.view is None else self.view.request.texts

    @property
    def embeddings(self) -> Embeddings | None:
        """Their vectors, token counts and flags."""
        return None if self.view is None else self.view.embeddings

    def embed(
        self,
        texts: TextsArgument = None,
        *,
        prompt: str | Prompt | None = None,
        embedder: str | None = None,
    ) -> View:
        """Do what a press of Embed does, and wait for vectors, matrix and map.

        Args:
            texts: See ``workbench.explore``; None: the ones in the box.
            prompt: See ``workbench.contracts.prompts``.
            embedder: Its spec; None: the one chosen in the panel. A download that it needs is
                taken as agreed.

        Returns:
            The view on screen.

        Raises:
            Cancelled: Cancel was pressed, or another run took its place.
            WorkbenchError: The run failed; what was on screen stays.
        """
        if texts is not None:
            self.take_source(source_from(texts))
        choice = self.catalogue.describe(embedder or self.options["spec"])
        self.set_options(
            spec=choice.spec,
            choices=self.list_choices(choice.spec),
            prompt=prompt_option(prompt, choice),
        )
        mode, column = self.options["mode"], self.options["column"] or None
        self.run(mode=mode, column=column, prompt=prompt, agreed=True)
        self.wait()
        if self.session.failure is not None:
            raise self.session.failure
        view = self.view
        if view is None or (view.request.spec, view.request.prompt) != (choice.spec, prompt):
            raise Cancelled(0, 0 if view is None else len(view.request.texts))  # by another run
        return view

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the panel rests; False when ``timeout_s`` passed first."""
        return self.session.workers.wait(timeout_s)

    def cancel(self) -> None:
        """Do what a press of Cancel does; what is on screen stays."""
        self.session.workers.cancel()

    def close(self) -> None:
        """Stop what runs, end the panel's threads and take it off the page.

        The models stay in memory for the next panel.
        """
        if "session" in vars(self):  # ipywidgets closes what was never finished, too
            self.session.workers.end()
        super().close()

    def figure(self, name: str = "matrix") -> Figure | None:
        """The figure "matrix", "map" or "changes" on its own; None where there is none yet.

        Raises:
            InputError: There is no figure of that name.
        """
        order, colour = self.options["order"], self.options["colour"]
        return None if self.view is None else draw(name, self.view, order=order, colour=colour)

    def scatter(self) -> Any:  # noqa: ANN401  (jupyter-scatter has no types)
        """The map as a ``jscatter.Scatter``, for very many points, its selection linked.

        Raises:
            DependencyError: The extra "scatter" is not installed.
            InputError: There is no map yet.
        """
        return scatter_view(self)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write texts, vectors and recipe; the suffix says how: .npz .parquet .csv .jsonl.

        Raises:
            InputError: Nothing is on screen yet, an unknown suffix, or an existing file.
        """
        if self.view is None:
            raise InputError("There is nothing to save yet: press Embed, or call embed().")
        items = self.view.request.parsed.items
        return save_embeddings(path, items, self.view.embeddings, overwrite=overwrite)

    def __repr__(self) -> str:
        return "Explorer: run this cell to see it."

    # ---- what the handlers use --------------------------------------------------------------

    def run(
        self,
        *,
        pasted: str | None = None,
        mode: SplitMode = "lines",
        column: str | None = None,
        prompt: str | Prompt | None = "",
        agreed: bool = False,
    ) -> None:
        """Start a request with the chosen embedder; the texts are read in the worker."""
        text, spec, source = (
            self.text if pasted is None else pasted,
            self.options["spec"],
            self.source,
        )

        def make() -> Request:
            untouched = text == source.box
            if untouched and mode == "lines":
                parsed = source.parsed
            else:
                whole = source.pasted if untouched else text
                parsed = keep_marks(parse_texts(whole, mode=mode, column=column), source)
            return Request(parsed, spec, prompt, agreed)

        self.session.embed(make)

    def take_source(self, source: Source) -> None:
        """Put texts into the box, with the kinds and labels that came with them."""
        self.source = source
        with self.lock:
            self.text = source.box
            self.set_options(source=source.words, clipped=source.clipped, mode="lines", column="")

    def set_options(self, **changes: object) -> None:
        """Change what the controls show."""
        with self.lock:
            self.options = self.options | changes

    def list_choices(self, spec: str) -> list[dict[str, Any]]:
        """What the picker offers, ``spec`` among it."""
        choices = self.catalogue.choices()
        if spec not in [choice.spec for choice in choices]:
            choices = (self.catalogue.describe(spec), *choices)
        return [choice_payload(choice) for choice in choices]

    def show_map(self) -> None:
        """Send the map as it is."""
        with self.lock:
            if self.view is not None:
                self._show(self.view, frozenset({"map"}))

    def _show(self, view: View, parts: frozenset[str]) -> None:
        if "texts" in parts:  # a model that was loaded may be ready now, and its prompts known
            choices = self.list_choices(self.options["spec"])
            if choices != self.options["choices"]:
                self.set_options(choices=choices)
            self.code = code_payload(self.catalogue, view)
        self.show(view, parts, recommended=self.catalogue.describe(self.catalogue.recommended))

    def _receive(self, _: object, content: dict[str, Any], buffers: list[memoryview]) -> None:
        def answer() -> None:
            handle = HANDLERS.get(content["do"])
            if handle is None:
                raise InputError(f"The page asked for {content['do']!r}, which nothing answers.")
            handle(self, content, buffers)

        self.session.attempt(answer)
