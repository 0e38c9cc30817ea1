"""An evaluation as a panel runs it, without any widget: what is offered, what runs, what came."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType

from workbench.contracts import EmbedderCatalogue, Evaluation, Evaluator, Progress, Task, TaskKind
from workbench.errors import InputError
from workbench.panels.background import Background, Show
from workbench.panels.evaluation_form import EvaluationForm
from workbench.panels.evaluation_payloads import result_payload
from workbench.panels.evaluation_pictures import PictureForm, draw_pictures
from workbench.panels.evaluation_tasks import TaskReader, TaskShelf
from workbench.panels.reports import begin_sentence, report_failure
from workbench.panels.wire import Payload, told_payload
from workbench.studies.evaluation import EvaluationError


class Evaluating(Background):
    """What the panel does; the widget only shows it.

    Args:
        catalogue: Lists and loads embedders.
        evaluator: Evaluates.
        reader: Reads tasks.
        show: Takes what has changed, by name (``lists``, ``status``, ``added``, ``pasted``,
            ``result``, ``pictures``); called in any thread.

    Attributes:
        evaluation: What was found last; None before.
        shelf: The tasks that are offered.
    """

    def __init__(
        self, catalogue: EmbedderCatalogue, evaluator: Evaluator, reader: TaskReader, show: Show
    ) -> None:
        super().__init__("evaluate", catalogue, show)
        self.evaluation: Evaluation | None = None
        self.shelf = TaskShelf(reader.builtin_tasks())
        self._evaluated: Mapping[str, Task] = MappingProxyType({})
        self._evaluator, self._reader = evaluator, reader

    # ---- what is offered --------------------------------------------------------------------

    def lists(self) -> Payload:
        """What can be ticked."""
        return {"embedders": self.embedders.payload(), "tasks": self.shelf.payload()}

    def add_task(
        self,
        kind: TaskKind,
        *,
        text: str = "",
        path: str = "",
        name: str = "",
        upload: bytes | None = None,
    ) -> None:
        """Read a task in the background and put it into the list; errors are told by line.

        Args:
            kind: Of the task.
            text: Pasted lines.
            path: A file or folder on this machine, where ``text`` is empty.
            name: What to call it; "": "pasted", or the file's name.
            upload: A file's content, instead of either.
        """

        def job(_: threading.Event) -> None:
            self._show(pasted=told_payload("busy", "Reading…"))
            try:
                given = text if upload is None else decode_upload(upload, name)
                task = self._read(kind, given, path.strip(), name.strip())
            except Exception as exc:  # noqa: BLE001  (anything must end as a message in the panel)
                self._show(pasted=told_payload("error", report_failure(exc).message))
                return
            told = told_payload("ok", self.shelf.describe(task), name=task.name)
            self._show(lists=self.lists(), pasted=told)

        self._errands.submit(job)

    def remove_task(self, name: str) -> None:
        """Take a task of the user's own out of the list.

        Raises:
            InputError: A built-in one, or one that is not there.
        """
        self.shelf.remove(name)
        self._show(lists=self.lists())

    def _read(self, kind: TaskKind, text: str, path: str, name: str) -> Task:
        if text.strip():
            return self.shelf.add(self._reader.parse_task(text, kind=kind, name=name or "pasted"))
        if path:
            return self.shelf.add(self._reader.read_task(path, kind=kind), name=name)
        raise InputError("There is nothing to read: paste lines, choose a file, or name a path.")

    # ---- what runs --------------------------------------------------------------------------

    def run(self, form: EvaluationForm) -> None:
        """Evaluate in the background, instead of what runs; the result before stays until then.

        Raises:
            InputError: What was ticked is not offered.
        """
        labels = self.embedders.label(form.embedders)
        tasks = self.shelf.choose(form.tasks)

        self._submit(
            lambda cancel: self._run(form, labels, tasks, cancel),
            lambda _: "Cancelled: nothing of this run is kept.",
        )

    def _offered(self) -> Payload:
        return {"lists": self.lists()}

    def _below(self) -> str:
        return " What is below is the run before." if self.evaluation else ""

    def _run(
        self,
        form: EvaluationForm,
        labels: Mapping[str, str],
        tasks: list[Task],
        cancel: threading.Event,
    ) -> None:
        def progress(step: Progress) -> None:
            message = f"{begin_sentence(step.message or step.stage)}…"
            self._say("evaluating", message, done=step.done, total=step.total)

        self._say("evaluating", "Loading…")
        lost: tuple[str, ...] = ()
        try:
            found = self._evaluator.evaluate(
                {label: self.embedders.open(spec, cancel) for label, spec in labels.items()},
                tasks,
                prompts=form.prompts(tuple(labels)),
                cost=form.cost,
                draws=form.draws,
                progress=progress,
                cancel=cancel,
            )
        except EvaluationError as exc:
            found, lost = exc.evaluation, tuple(map(str, exc.lost))
        self.evaluation = found
        self._evaluated = {task.name: task for task in tasks}
        code = form.code(labels, tasks, self.shelf.builtin)
        self._show(result=result_payload(found, lost=lost, code=code), pictures={})
        said = f"{len(lost):,} could not be finished: see below." if lost else ""
        self._say("partial" if lost else "done", said)

    # ---- what came --------------------------------------------------------------------------

    def draw(self, form: PictureForm) -> None:
        """Draw the figures of what was found."""
        if self.evaluation is not None:
            self._show(pictures=draw_pictures(self.evaluation, self._evaluated, form))


def decode_upload(content: bytes, name: str) -> str:
    """The text of a file.

    Raises:
        InputError: It is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise InputError(
            f"The file {name!r} is not UTF-8: byte {exc.start:,} is {content[exc.start]:#04x}. "
            "Save it as UTF-8 and choose it again."
        ) from exc
