"""What a cosine is held against: unrelated texts, measured where that is quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.contracts import CancelSignal, Embedder
from workbench.errors import WorkbenchError
from workbench.panels.describe import host_elsewhere
from workbench.panels.state import Unrelated, View
from workbench.studies import measure_background

BUDGET_S = 20.0
"""Percentiles are measured unasked only where the sample texts take less than this to embed."""


class Yardstick:
    """Measures the cosines of unrelated pairs for a view, under its model and its prompt.

    Another machine is asked for them only once the user has said so, for each model and prompt:
    somebody may pay for it.

    Args:
        unrelated: Gives the texts.
    """

    def __init__(self, unrelated: Callable[[], Unrelated]) -> None:
        self._unrelated = unrelated
        self._seconds_a_character: dict[str, float] = {}
        self._agreed: set[tuple[str, str]] = set()

    def measure(
        self, embedder: Embedder, view: View, *, cancel: CancelSignal, patient: bool = False
    ) -> dict[str, object]:
        """The view's ``background``, or ``no_background`` and why.

        Args:
            embedder: The view's.
            view: What is on screen.
            cancel: Looked at between batches.
            patient: The user asked for it: measure however long it takes.

        Raises:
            Cancelled: ``cancel`` was set.
        """
        texts = self._unrelated()
        asked, host = (
            (view.request.spec, view.embeddings.prompt.prefix),
            host_elsewhere(embedder.info),
        )
        if patient:
            self._agreed.add(asked)
        if host is not None and asked not in self._agreed:
            return {
                "no_background": f"measuring would send {len(texts.texts)} more texts to {host}"
            }
        cost_s = self._expect_s(view, texts.texts)
        if cost_s > BUDGET_S and not patient:
            return {"no_background": f"measuring takes about {cost_s:.0f} s with this model"}
        try:
            background = measure_background(
                embedder,
                texts.texts,
                texts.kinds,
                texts.topics,
                prompt=view.request.prompt,
                cancel=cancel,
            )
        except WorkbenchError as exc:
            if cancel.is_set():
                raise
            return {"no_background": f"they could not be measured: {exc}"}
        return {"background": background, "no_background": ""}

    def _expect_s(self, view: View, texts: Sequence[str]) -> float:
        """Seconds that ``texts`` would take, by the characters of this model's runs so far."""
        made, spec = view.embeddings, view.request.spec
        prefix = len(made.prompt.prefix)
        known = made.cached.tolist()
        fresh = [len(t) for t, seen in zip(view.request.texts, known, strict=True) if not seen]
        if fresh:
            characters = sum(fresh) + prefix * len(fresh)
            self._seconds_a_character[spec] = made.seconds / max(characters, 1)
        pace = self._seconds_a_character.get(spec, 0.0)
        return pace * sum(len(text) + prefix for text in texts)
