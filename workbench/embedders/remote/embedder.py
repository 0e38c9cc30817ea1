"""A served model, as an Embedder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue

import numpy as np

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    Progress,
    ProgressFn,
    Prompt,
    check_cancel,
    resolve_prompt,
)
from workbench.embedders.arrays import check_encodable, check_texts
from workbench.embedders.remote.dispatch import Dispatch
from workbench.embedders.remote.endpoint import Endpoint, Outcome
from workbench.embedders.remote.identify import ServerIdentity
from workbench.embedders.remote.limits import Limits
from workbench.embedders.remote.results import Call, finish
from workbench.errors import ModelError

LOOK_S = 0.05
"""How often a waiting call looks whether it shall stop."""


class RemoteEmbedder:
    """Texts to vectors by an endpoint. Made by ``workbench.connect``.

    The prompt is put before each text here, as text: servers ignore ``prompt_name``,
    ``input_type`` and the like without a word. ``resolve_prompt(p).apply(text)`` is the exact
    string that is sent.

    Attributes:
        identity: What the server showed of itself.
    """

    def __init__(self, info: EmbedderInfo, endpoint: Endpoint, identity: ServerIdentity) -> None:
        self._info = info
        self._endpoint = endpoint
        self._unloaded = False
        self.identity = identity

    def __repr__(self) -> str:
        info = self._info
        return f"RemoteEmbedder({info.name!r}, dim={info.dim}, {info.base_url!r}, {info.server!r})"

    @property
    def info(self) -> EmbedderInfo:
        """What this embedder is, and what was noticed on connecting."""
        return self._info

    @property
    def key_variable(self) -> str | None:
        """The environment variable that holds the key, or is meant to; None: no key is sent."""
        return self._endpoint.transport.key_variable

    @property
    def limits(self) -> Limits:
        """What a request may hold, as far as it is known by now."""
        return self._endpoint.limits

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        """The exact prefix that ``embed`` puts before every text.

        Raises:
            PromptError: The model has no such prompt.
        """
        return resolve_prompt(
            prompt,
            prompts=self._info.prompts,
            default=self._info.default_prompt,
            template=self._info.instruction_template,
        )

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        """Embed texts, keeping their order; see ``workbench.contracts.Embedder``.

        Equal texts are sent once. ``cancel`` is looked at all the while; requests that are out
        are then dropped.

        Raises:
            InputError: One string, or something that is not a string.
            PromptError: The model has no such prompt.
            PartialError: Some texts have no vector; it holds the others and resumes.
            Cancelled: ``cancel`` was set.
            ModelError: ``unload`` was called.
        """
        started = time.perf_counter()
        if self._unloaded:
            raise ModelError(
                f"{self._info.name} was unloaded. Connect again: "
                f"wb.connect({self._info.base_url!r}, {self._info.name!r})."
            )
        listed = check_texts(texts)
        resolved = self.resolve_prompt(prompt)
        check_encodable(resolved.prefix, "the prompt")
        strings = [resolved.apply(text) for text in listed]
        unique = {string: place for place, string in enumerate(dict.fromkeys(strings))}
        places = np.array([unique[string] for string in strings], np.intp)  # (n,)
        outcome = self._ask(list(unique), np.bincount(places).tolist(), progress, cancel)

        def again(
            rest: Sequence[str], progress: ProgressFn | None, cancel: CancelSignal | None
        ) -> Embeddings:
            return self.embed(rest, prompt=resolved, progress=progress, cancel=cancel)

        return finish(Call(listed, resolved, self._info, started, again), outcome, places)

    def unload(self) -> None:
        """Close the connections; ``embed`` raises ModelError from here on."""
        self._unloaded = True
        self._endpoint.transport.close()

    def _ask(
        self,
        strings: list[str],
        copies: list[int],
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
    ) -> Outcome:
        """Run the requests in their thread; this one reports, and looks at ``cancel``."""
        total, done = sum(copies), 0
        check_cancel(cancel, done=0, total=total)
        news: SimpleQueue[tuple[Sequence[int], str]] = SimpleQueue()
        dispatch = Dispatch(
            self._endpoint, strings, lambda places, words: news.put((places, words))
        )
        future = self._endpoint.transport.loop.submit(dispatch.run())
        try:
            self._report(progress, 0, total, "")
            while True:
                ended = future.done()  # before the look: what is told until then is still read
                try:
                    places, words = news.get(timeout=0 if ended else LOOK_S)
                except Empty:
                    if ended:
                        break
                else:
                    done += sum(copies[place] for place in places)
                    self._report(progress, done, total, words)
                check_cancel(cancel, done=done, total=total)
        except BaseException:
            future.cancel()  # what is out is dropped; nobody waits for it
            raise
        try:
            return future.result()
        except CancelledError as exc:
            raise ModelError(f"{self._info.name} was unloaded while it embedded.") from exc

    @staticmethod
    def _report(progress: ProgressFn | None, done: int, total: int, words: str) -> None:
        if progress is not None:
            progress(Progress("embed", done, total, words))
