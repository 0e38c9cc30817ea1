"""The panel that evaluates: tick embedders and tasks, see scores and how far to trust them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast, get_args

import traitlets

from workbench.contracts import EmbedderCatalogue, Evaluation, Evaluator, Task, TaskKind
from workbench.errors import InputError
from workbench.panels import assets
from workbench.panels.evaluation_form import EvaluationForm
from workbench.panels.evaluation_pictures import PictureForm
from workbench.panels.evaluation_state import Evaluating
from workbench.panels.evaluation_tasks import TaskReader, kinds_payload
from workbench.panels.widget import PanelWidget
from workbench.panels.wire import status_payload, told_payload

Write = Callable[[Evaluation], str]

MIME: Mapping[str, tuple[str, str, str]] = {
    "markdown": ("Markdown", "md", "text/markdown"),
    "csv": ("CSV", "csv", "text/csv"),
    "html": ("HTML", "html", "text/html"),
    "json": ("JSON", "json", "application/json"),
}
"""How a form of export is called, its suffix and its type."""


class EvaluationPanel(PanelWidget):
    """A panel for the notebook: embedders, tasks, Evaluate; then scores, differences, failures.

    Args:
        catalogue: Lists and loads embedders, and connects to endpoints if it can.
        evaluator: Evaluates.
        reader: Reads tasks, the built-in ones among them.
        writers: Write an evaluation, by a name of ``MIME``.
        embedders: Specs that are ticked at first.
        tasks: Names that are ticked at first; None: all.
    """

    _esm: ClassVar[str] = assets.evaluation_script()
    _css: ClassVar[str] = assets.style()

    options: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    lists: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    status: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    added: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    pasted: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    result: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    pictures: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        catalogue: EmbedderCatalogue,
        evaluator: Evaluator,
        reader: TaskReader,
        *,
        writers: Mapping[str, Write],
        embedders: tuple[str, ...] = ("bundled",),
        tasks: tuple[str, ...] | None = None,
    ) -> None:
        self.state = Evaluating(catalogue, evaluator, reader, self._show)
        self._writers = writers
        self.state.embedders.label(embedders)
        self.state.shelf.choose(tasks or ())
        options = {
            "embedders": list(embedders),
            "tasks": list(self.state.shelf.tasks if tasks is None else tasks),
            "kinds": kinds_payload(),
            "exports": [[form, MIME[form][0]] for form in MIME if form in writers],
        }
        super().__init__(
            options=options,
            lists=self.state.lists(),
            status=status_payload("idle"),
            added=told_payload(),
            pasted=told_payload(),
        )

    @property
    def evaluation(self) -> Evaluation | None:
        """What was found last; None before."""
        return self.state.evaluation

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The tasks in the list by name, those that were pasted or read among them."""
        return self.state.shelf.tasks

    def evaluate(self, embedders: list[str], tasks: list[str], **fields: object) -> Evaluation:
        """Do what a press of Evaluate does, and wait.

        Args:
            embedders: Their specs.
            tasks: Their names.
            **fields: ``instruction``, ``own``, ``cost``, ``draws``, as ``EvaluationForm`` has them.

        Raises:
            InputError: What is asked for is not in the lists.
            Cancelled: Cancel was pressed, or another run took its place.
            WorkbenchError: It came to no evaluation.
        """
        asked = {"embedders": embedders, "tasks": tasks, **fields}
        self.state.run(EvaluationForm.from_page(asked))
        self.wait()
        if self.state.failure is not None:
            raise self.state.failure
        assert self.evaluation is not None
        return self.evaluation

    def cancel(self) -> None:
        """Do what a press of Cancel does; ``wait`` blocks until it has stopped."""
        self.state.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until nothing runs; False when ``timeout_s`` passed first."""
        return self.state.wait(timeout_s)

    def close(self) -> None:
        """Stop what runs and take the panel off the page."""
        if "state" in vars(self):  # ipywidgets closes what was never finished, too
            self.state.end()
        super().close()

    def _crashed(self, exc: BaseException) -> None:
        self.state.crashed(exc)

    def _answer(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        asked = str(content.get("do"))
        if asked == "evaluate":
            self.state.run(EvaluationForm.from_page(content["form"]))
        elif asked == "cancel":
            self.cancel()
        elif asked == "add_embedder":
            self.state.add_embedder(str(content["spec"]), str(content.get("key", "")))
        elif asked == "add_task":
            self._add_task(content, buffers)
        elif asked == "remove_task":
            self.state.remove_task(str(content["name"]))
        elif asked == "draw":
            self.state.draw(PictureForm.from_page(content["form"]))
        elif asked == "export":
            self._export(str(content.get("form")), str(content.get("id")))
        elif asked == "send_plotly":
            self.send({"type": "plotly"}, buffers=[assets.packed_plotly()])
        else:
            raise InputError(f"The page asked for {asked!r}, which nothing answers.")

    def _add_task(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        kind = str(content.get("kind"))
        if kind not in get_args(TaskKind):
            raise InputError(f"The kind is {kind!r}; there are {', '.join(get_args(TaskKind))}.")
        words = {name: str(content.get(name, "")) for name in ("text", "path", "name")}
        self.state.add_task(
            cast(TaskKind, kind), upload=bytes(buffers[0]) if buffers else None, **words
        )

    def _export(self, form: str, page: str) -> None:
        evaluation = self.evaluation
        if form not in self._writers or evaluation is None:
            raise InputError(f"Export as {form!r} was asked for; there is nothing of that kind.")
        _, suffix, mime = MIME[form]
        labels = "-".join(one.label for one in evaluation.embedders)
        name = re.sub(r"[^\w.-]+", "-", f"evaluation-{labels}"[:80]).strip("-.")
        told = {"type": "file", "id": page, "name": f"{name}.{suffix}", "mime": mime}
        self.send(told, buffers=[self._writers[form](evaluation).encode("utf-8")])
