"""A catalogue and embedders that a test can hold back, count and break; and what a browser does."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from workbench.contracts import (
    CancelSignal,
    EmbedderChoice,
    EmbedderInfo,
    Embeddings,
    EndpointPreset,
    EndpointVerdict,
    FailedText,
    PartialError,
    Progress,
    ProgressFn,
    Prompt,
    Snippet,
    check_cancel,
    resolve_prompt,
)
from workbench.errors import EndpointError, RefusedError
from workbench.panels.explorer import Explorer

DIM = 16
PROMPTS: Mapping[str, str] = MappingProxyType({"query": "Query: ", "document": "Doc: "})
TEMPLATE = "Instruct: {task}\nQuery: "
PATIENCE_S = 60.0
URL = "http://127.0.0.1:9/v1"


class Gate:
    """Work stops at it until a test opens it; open from the start unless it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()

    def shut(self) -> None:
        self.reached.clear()
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def pass_through(self, cancel: CancelSignal | None) -> None:
        """Wait; a cancel signal ends the wait."""
        self.reached.set()
        end = time.monotonic() + PATIENCE_S
        while not self._open.wait(0.005) and not (cancel is not None and cancel.is_set()):
            assert time.monotonic() < end, "a test forgot to open the gate"


class FakeEmbedder:
    """A real Embedder whose vectors follow from the exact string: a hash of it seeds them.

    Attributes:
        calls: The strings of each call, prefix and text together, in the order asked.
        running: Calls in progress; ``most_running`` is the most there ever were.
        gate: Stops each call after ``before_gate`` texts.
        failure: Raised by the next call instead of embedding.
        refuses: Texts that have no vector, each with the server's reason.
        breaks: Ends the next call after its first ``before_gate`` texts.
        seconds: What a call says it took.
        known: Strings reported as cached: none, unless ``caches``.
    """

    def __init__(self, name: str = "fake/fake") -> None:
        self.info = EmbedderInfo(
            name, "local", DIM, DIM, True, 1e-6, max_tokens=512, dtype="float32", device="cpu",
            prompts=PROMPTS, instruction_template=TEMPLATE,
        )  # fmt: skip
        self.caches = False
        self.known: set[str] = set()
        self.calls: list[tuple[str, ...]] = []
        self.running = self.most_running = 0
        self.gate = Gate()
        self.before_gate = 1
        self.failure: BaseException | None = None
        self.refuses: dict[str, str] = {}
        self.breaks: EndpointError | None = None
        self.seconds = 0.001
        self.unknown = 0.0
        self.unloaded = False

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        return resolve_prompt(prompt, prompts=PROMPTS, template=TEMPLATE)

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return self._embed(texts, self.resolve_prompt(prompt), progress, cancel)
        finally:
            self.running -= 1

    def _embed(
        self,
        texts: Sequence[str],
        prompt: Prompt,
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
    ) -> Embeddings:
        strings = tuple(map(prompt.apply, texts))
        self.calls.append(strings)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        for done in range(len(texts)):
            if done == self.before_gate:
                self.gate.pass_through(cancel)
            check_cancel(cancel, done=done, total=len(texts))
            if progress is not None:
                progress(Progress("embed", done + 1, len(texts)))
        made = self._make(strings, prompt)
        rows = [row for row, text in enumerate(texts) if text not in self.refuses]
        if self.breaks is not None:
            rows = [row for row in rows if row < self.before_gate]
        if len(rows) == len(texts):
            return made
        failed = [
            FailedText(row, text, RefusedError(self.refuses[text]))
            for row, text in enumerate(texts)
            if text in self.refuses
        ]
        cause, self.breaks = self.breaks, None
        raise PartialError(
            self._make(tuple(strings[row] for row in rows), prompt),
            np.array(rows, np.int64),
            failed=failed,
            total=len(texts),
            cause=cause,
            resume=lambda progress, cancel: made,
        )

    def _make(self, strings: tuple[str, ...], prompt: Prompt) -> Embeddings:
        cached = np.array([string in self.known for string in strings], dtype=np.bool_)
        self.known |= set(strings) if self.caches else set()
        count = len(strings)
        return Embeddings(
            vectors=np.array([vector_of(string) for string in strings], np.float32).reshape(
                count, DIM
            ),
            tokens=np.array([len(string) for string in strings], np.int64),
            truncated=np.zeros(count, np.bool_),
            unknown=np.full(count, self.unknown, np.float32),
            prompt=prompt,
            info=self.info,
            seconds=self.seconds,
            cached=cached,
        )

    def unload(self) -> None:
        self.unloaded = True


def vector_of(string: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The unit vector of a string: half of it follows from the first character."""
    parts = [string[:1], string]
    seeds = [hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest() for part in parts]
    rows = [np.frombuffer(seed[:DIM], np.uint8).astype(np.float32) - 127.5 for seed in seeds]
    vector = rows[0] + rows[1]
    vector /= np.linalg.norm(vector)
    return vector


class FakeCatalogue:
    """Embedders by spec; "far" needs a download, "gone" a package; and one endpoint at ``URL``.

    Attributes:
        served: Models of the endpoint.
        key: The key that it wants, or "".
        tried: URL, model and key of each try to connect.
        connect_gate: Stops each try.
        connect_failure: Raised by the next try.
        loads: The specs that were loaded, in order.
        load_failure: Raised by the next load.
        load_gate: Stops each load.
    """

    recommended = "far"

    def __init__(self) -> None:
        self.embedders = {spec: FakeEmbedder(f"fake/{spec}") for spec in ("near", "other", "far")}
        self.loads: list[str] = []
        self.load_failure: BaseException | None = None
        self.load_gate = Gate()
        self.served: tuple[str, ...] = ("tiny",)
        self.key = ""
        self.tried: list[tuple[str, str | None, str | None]] = []
        self.connect_gate = Gate()
        self.connect_failure: BaseException | None = None
        shown = {"prompts": PROMPTS, "instruction_template": TEMPLATE}
        self.offered = {
            "near": EmbedderChoice("near", "Near", "ready", **shown),  # type: ignore[arg-type]
            "other": EmbedderChoice("other", "Other", "ready", **shown),  # type: ignore[arg-type]
            "far": EmbedderChoice("far", "Far", "needs download", 1_200_000_000),
            "gone": EmbedderChoice("gone", "Gone", "missing"),
            "lexical": EmbedderChoice("lexical", "n-grams", "ready"),
        }

    def choices(self) -> tuple[EmbedderChoice, ...]:
        return tuple(self.offered.values())

    def describe(self, spec: str) -> EmbedderChoice:
        return self.offered.get(spec) or replace(self.offered["near"], spec=spec, label=spec)

    def presets(self) -> tuple[EndpointPreset, ...]:
        return (
            EndpointPreset("sglang", "SGLang", "http://127.0.0.1:30000/v1", about="Starts slowly."),
            EndpointPreset("openai", "OpenAI", "https://api.example.org/v1", "EXAMPLE_API_KEY"),
        )

    def connect(
        self,
        base_url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        cancel: CancelSignal | None = None,
    ) -> EndpointVerdict:
        self.tried.append((base_url, model, key))
        self.connect_gate.pass_through(cancel)
        check_cancel(cancel, done=0, total=1)
        if self.connect_failure is not None:
            failure, self.connect_failure = self.connect_failure, None
            raise failure
        if base_url != URL:
            return EndpointVerdict(False, f"Nothing listens at {base_url}.")
        if (key or "") != self.key:
            return EndpointVerdict(False, f"The server wants another key than {key}.")
        if model is None and len(self.served) > 1:
            return EndpointVerdict(False, "It serves several models.", served=self.served)
        if (model or self.served[0]) not in self.served:
            return EndpointVerdict(False, f"It serves no {model!r}.", served=self.served)
        spec = f"{URL}#{model or self.served[0]}"
        embedder = FakeEmbedder(spec)
        embedder.info = replace(
            embedder.info,
            backend="remote",
            base_url=URL,
            server="fake 1.0",
            device=None,
            dtype=None,
        )
        self.embedders.setdefault(spec, embedder)
        self.offered[spec] = EmbedderChoice(
            spec, spec, "ready", prompts={"query": PROMPTS["query"]}, about="An endpoint."
        )
        notes = ("The only model was chosen.",)
        return EndpointVerdict(True, f"fake 1.0 embeds with key {key}.", spec, self.served, notes)

    def snippets(self, spec: str, *, text: str, prefix: str) -> tuple[Snippet, ...]:
        if spec == "other":
            raise EndpointError("No code.")
        return (Snippet("python", f"wb.load({spec!r}).embed([{prefix + text!r}])"),)

    def measure_download(self, spec: str) -> int:
        return 1_200_000_000

    def load(
        self, spec: str, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> FakeEmbedder:
        self.load_gate.pass_through(cancel)
        check_cancel(cancel, done=0, total=10, unit="bytes")
        if self.load_failure is not None:
            failure, self.load_failure = self.load_failure, None
            raise failure
        self.loads.append(spec)
        return self.embedders.setdefault(spec, FakeEmbedder(f"fake/{spec}"))


class Browser:
    """Sends to a panel what the page's script sends, as the comm delivers it."""

    def __init__(self, panel: Explorer) -> None:
        self.panel = panel
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.statuses: list[dict[str, Any]] = [panel.status]
        panel.send = self._take
        panel.observe(lambda change: self.statuses.append(change["new"]), "status")

    def _take(self, content: dict[str, Any], buffers: Sequence[bytes] | None = None) -> None:
        self.sent.append((content, list(buffers or [])))

    def send(self, do: str, *, buffers: Sequence[bytes] = (), **content: object) -> None:
        views = [memoryview(part) for part in buffers]
        self.panel._handle_custom_msg({"do": do, **content}, views)

    def press(self, text: str | None = None, **changes: object) -> None:
        """Press Embed, with what the controls show."""
        options = self.panel.options
        message = {
            "text": self.panel.text if text is None else text,
            "mode": options["mode"],
            "column": "",
            "spec": options["spec"],
            "prompt": options["prompt"],
        }
        self.send("embed", **{**message, **changes})

    def connect(self, url: str = URL, *, model: str = "", key: str = "", **press: object) -> None:
        """Press Connect, with what the controls show."""
        options = self.panel.options
        held = {"text": None, "mode": options["mode"], "column": "", "prompt": options["prompt"]}
        self.send("connect", url=url, model=model, key=key, press={**held, **press})

    def press_and_wait(self, text: str | None = None, **changes: object) -> None:
        self.press(text, **changes)
        self.rest()

    def rest(self) -> None:
        """Wait until runs, map and errands are done."""
        ended = threading.Event()
        self.panel.session.run_errand(ended.set)
        assert ended.wait(PATIENCE_S), "an errand did not end"
        assert self.panel.wait(PATIENCE_S), "the panel did not come to rest"
        ended.clear()
        self.panel.session.run_errand(ended.set)
        assert ended.wait(PATIENCE_S)

    def phases(self) -> list[str]:
        """The phases gone through, repeats left out."""
        found = [status["phase"] for status in self.statuses]
        return [phase for at, phase in enumerate(found) if at == 0 or phase != found[at - 1]]


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.005)


OWN = {"choice": "own", "own": "Find the fruit"}
NONE = {"choice": "none", "own": ""}
QUERY = {"choice": "query", "own": ""}
