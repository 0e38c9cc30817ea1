"""The search panel: passages and a query, instruction on and off, thumbs that become labels."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import traitlets

from workbench.contracts import EmbedderCatalogue, Prompt, Retrieval
from workbench.errors import InputError
from workbench.panels import assets
from workbench.panels.notices import instead_words
from workbench.panels.reports import report_failure
from workbench.panels.search_passages import (
    BUILTIN,
    Passages,
    PassagesArgument,
    passages_from,
    passages_of,
    read_passages,
    sample_passages,
)
from workbench.panels.search_payloads import choices_payload
from workbench.panels.search_run import Query
from workbench.panels.search_state import Searching
from workbench.panels.sources import Source
from workbench.panels.widget import PanelWidget
from workbench.panels.wire import status_payload, told_payload
from workbench.studies.found import SearchResult
from workbench.studies.judgements import Judgement
from workbench.texts import SplitMode, parse_texts, sample_names


class SearchPanel(PanelWidget):
    """A panel for the notebook; everything that a click does can be done by code as well.

    Args:
        catalogue: Lists and loads embedders, and connects to endpoints if it can.
        spec: The embedder that is chosen at first.
        passages: See ``workbench.search_panel``.
    """

    _esm: ClassVar[str] = assets.search_script()
    _css: ClassVar[str] = assets.style()

    options: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    choices: traitlets.List[Any] = traitlets.List().tag(sync=True)
    passages: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    status: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    added: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    result: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    labels: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        catalogue: EmbedderCatalogue,
        spec: str = "bundled",
        passages: PassagesArgument = None,
    ) -> None:
        taken = sample_passages("mixed") if passages is None else passages_from(passages)
        self.state = Searching(catalogue, taken, self._show)
        asked = choice = catalogue.describe(spec)
        if asked.state == "missing":
            choice = catalogue.describe("lexical")
        said = instead_words(asked, choice) if choice is not asked else ""
        super().__init__(
            options={"spec": choice.spec, "samples": [*sample_names(), BUILTIN]},
            choices=self._choices(),
            passages=_passages_payload(taken),
            status=status_payload("idle", said),
            added=told_payload(),
            labels={"rows": [], "current": [], "undoable": False},
        )

    @property
    def results(self) -> tuple[SearchResult, ...]:
        """What was found last: without instruction, and with it where one was asked for."""
        return () if self.state.found is None else self.state.found.results

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """The thumbs given so far."""
        return self.state.labels.records

    def search(
        self, query: str, *, embedder: str | None = None, prompt: str | Prompt = "", k: int = 10
    ) -> tuple[SearchResult, ...]:
        """Do what Enter in the query box does, and wait.

        Args:
            query: To the letter.
            embedder: Its spec; None: the one chosen at first. A download is taken as agreed.
            prompt: An instruction to compare with none; "": none.
            k: Passages wanted.

        Raises:
            InputError: An empty query, or an odd k.
            Cancelled: Cancel was pressed, or another search took its place.
            WorkbenchError: It came to nothing; what was on screen stays.
        """
        spec = embedder or str(self.options["spec"])
        self.state.search(Query(query, spec, prompt, k, agreed=True))
        self.wait()
        if self.state.failure is not None:
            raise self.state.failure
        return self.results

    def to_task(self, name: str = "search-labels", *, instruction: str | None = None) -> Retrieval:
        """The thumbs as a task for ``wb.evaluate``, over all passages that are searched now.

        Raises:
            InputError: No thumb is up, or labels of two sets of passages were mixed.
        """
        return self.state.labels.to_task(name, corpus=self.state.corpus, instruction=instruction)

    def save_labels(self, folder: str | Path) -> Path:
        """Write the thumbs and all passages as a BEIR folder.

        Raises:
            InputError: There are none, or the folder is not empty.
        """
        return self.state.labels.write_beir(folder, corpus=self.state.corpus)

    def cancel(self) -> None:
        """Do what a press of Cancel does."""
        self.state.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing runs; False when ``timeout_s`` passed first."""
        return self.state.wait(timeout_s)

    def close(self) -> None:
        """Stop what runs and take the panel off the page."""
        if "state" in vars(self):  # ipywidgets closes what was never finished, too
            self.state.end()
        super().close()

    def _choices(self) -> list[dict[str, Any]]:
        catalogue = self.state.catalogue
        known = {choice.spec: choice for choice in catalogue.choices()}
        return choices_payload(tuple((known | self.state.embedders.choices()).values()))

    def _show(self, **traits: object) -> None:
        if "choices" in traits:
            traits["choices"] = self._choices()
        super()._show(**traits)

    def _crashed(self, exc: BaseException) -> None:
        failure = report_failure(exc)
        self._show(status=status_payload("error", failure.message, details=failure.details))

    def _answer(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        asked = str(content.get("do"))
        handlers: dict[str, Callable[[], None]] = {
            "search": lambda: self._search(content),
            "cancel": self.cancel,
            "add_embedder": lambda: self.state.add_embedder(
                str(content["spec"]), str(content.get("key", ""))
            ),
            "sample": lambda: self._take(sample_passages(str(content["name"]))),
            "upload": lambda: self._take(read_passages(str(content["name"]), bytes(buffers[0]))),
            "judge": lambda: self._judge(content),
            "remove": lambda: self._change_labels(int(content["at"])),
            "undo": lambda: self._change_labels(None),
            "export": lambda: self._export(str(content.get("id"))),
        }
        handle = handlers.get(asked)
        if handle is None:
            raise InputError(f"The page asked for {asked!r}, which nothing answers.")
        handle()

    def _judge(self, asked: Mapping[str, Any]) -> None:
        column = int(asked.get("column", -1))
        self.state.judge(int(asked["row"]), right=bool(asked["right"]), column=column)

    def _search(self, asked: Mapping[str, Any]) -> None:
        if asked.get("text") is not None:  # the box was edited
            mode = cast(SplitMode, str(asked["mode"]))
            parsed = parse_texts(str(asked["text"]), mode=mode)
            taken = passages_of(Source(parsed, str(asked["text"])))
            if taken.texts != self.state.passages.texts:
                self.state.take(taken)
                self._show(passages=_passages_payload(taken) | {"edited": True})
        k = str(asked.get("k", "10")).strip()
        if not k.isdecimal():
            raise InputError(f"k is {k!r}, which is no whole number. Usual is 10.")
        prompt, agreed = str(asked.get("prompt", "")), bool(asked.get("agreed"))
        self.state.search(Query(str(asked["query"]), str(asked["spec"]), prompt, int(k), agreed))

    def _take(self, passages: Passages) -> None:
        self.state.take(passages)
        self._show(
            passages=_passages_payload(passages),
            status=status_payload("idle", f"{passages.words}. Type a query, then press Enter."),
        )

    def _change_labels(self, at: int | None) -> None:
        if at is None:
            self.state.labels.undo()
        else:
            self.state.labels.remove(at)
        self.state.show_labels()

    def _export(self, page: str) -> None:
        if not self.judgements:
            raise InputError("There are no labels to export. Give a thumb up or down first.")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.state.labels.beir_files(corpus=self.state.corpus).items():
                archive.writestr(f"search-labels/{name}", text)
        told = {"type": "file", "id": page, "name": "search-labels.zip", "mime": "application/zip"}
        self.send(told, buffers=[packed.getvalue()])


def _passages_payload(passages: Passages) -> dict[str, Any]:
    return {
        "box": passages.box,
        "words": passages.words,
        "issues": list(passages.issues[:200]),
        "queries": list(passages.queries[:200]),
        "edited": False,
    }
