"""Endpoints in panels and commands: connected on a press, judged in a sentence, examined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderChoice,
    EmbedderInfo,
    Embeddings,
    EndpointPreset,
    EndpointVerdict,
    EngineName,
    PartialError,
    ProgressFn,
    Snippet,
)
from workbench.errors import Cancelled, InputError, ModelNotServedError, WorkbenchError

if TYPE_CHECKING:
    from workbench.embedders import ApiKey
    from workbench.panels.doctor import DoctorPanel
    from workbench.panels.evaluation import EvaluationPanel
    from workbench.panels.serve import ServePanel


class Endpoints:
    """The endpoints that one panel has connected to; see ``EndpointCatalogue``.

    They hold their keys, in memory only: a spec is an address and a name.
    """

    def __init__(self) -> None:
        self._connected: dict[str, Embedder] = {}
        self._variables: dict[str, str | None] = {}

    @property
    def connected(self) -> Mapping[str, Embedder]:
        """The embedders by their spec, "http://host:port/v1#model"."""
        return MappingProxyType(self._connected)

    def presets(self) -> tuple[EndpointPreset, ...]:
        """See ``EndpointCatalogue``."""
        from workbench.embedders.remote import endpoint_presets

        return endpoint_presets()

    def connect(
        self,
        base_url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        cancel: CancelSignal | None = None,
    ) -> EndpointVerdict:
        """See ``EndpointCatalogue``."""
        from workbench.embedders import CachedEmbedder, connect

        try:
            embedder = connect(base_url, model or None, key=key or None, cancel=cancel)
        except Cancelled:
            raise
        except WorkbenchError as error:
            served = error.served if isinstance(error, ModelNotServedError) else ()
            return EndpointVerdict(ok=False, message=str(error), served=served)
        info = embedder.info
        spec = f"{info.base_url}#{info.name}"
        before = self._connected.get(spec)
        self._connected[spec] = CachedEmbedder(embedder)
        self._variables[spec] = embedder.key_variable
        if before is not None:
            before.unload()
        served = tuple(model.id for model in embedder.identity.served)
        return EndpointVerdict(True, endpoint_words(info), spec, served, info.notes)

    def snippets(self, spec: str, *, text: str, prefix: str) -> tuple[Snippet, ...]:
        """See ``EndpointCatalogue``."""
        from workbench.embedders.remote import make_snippets

        if spec in self._connected:
            return make_snippets(
                self._connected[spec].info,
                text=text,
                prefix=prefix,
                key_variable=self._variables[spec],
            )
        if spec == "given":  # an object of the caller's own: no line of ours makes it again
            return ()
        return (_load_snippet(spec, text, prefix),)


def doctor_panel(url: str = "", *, model: str = "") -> DoctorPanel:
    """Open the panel that examines endpoints: the verdict, and the evidence behind it.

    A key typed into it is kept in memory only.

    Args:
        url: What its field for the address says at first.
        model: What its field for the model says at first.
    """
    from workbench import doctor
    from workbench.panels.doctor import DoctorPanel

    return DoctorPanel(doctor, url=url, model=model)


def serve_panel(model: str | Path = "", *, engine: EngineName | None = None) -> ServePanel:
    """Open the panel that starts a server program: the command to copy, its log, a verdict.

    Closing the panel ends what it started, and so does the end of the kernel.

    Args:
        model: What its field for the model says at first: a directory, or a .gguf file.
        engine: "sglang", "vllm", "llamacpp" or "infinity", chosen at first; None: the first.

    Raises:
        InputError: An unknown engine.
    """
    from workbench.engines import Engines
    from workbench.panels.serve import ServePanel

    return ServePanel(Engines(), model=str(model), engine=engine)


def choose_key(spec: str, key_from: str | None) -> ApiKey | None:
    """The key that a command line names; None: the environment's usual one, or none.

    Args:
        spec: The embedder; only an endpoint has a key.
        key_from: Name of the environment variable that holds it; "-": asked for, unseen.

    Raises:
        InputError: A key for what has none, or an unset variable.
    """
    from workbench.embedders import ApiKey
    from workbench.embedders.remote import is_address

    if key_from is None:
        return None
    if not is_address(spec):
        raise InputError(f"A key was given for {spec!r}, which is no endpoint. Leave the key out.")
    return ApiKey.ask() if key_from == "-" else ApiKey.from_env(key_from)


def open_embedder(
    spec: str,
    key: ApiKey | None = None,
    *,
    device: str | None = None,
    dtype: str | None = None,
    compile: bool = False,
    dim: int | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Embedder:
    """Load a model, or connect to an endpoint with its key; raises as ``load`` and ``connect``."""
    from workbench.embedders import connect, load
    from workbench.embedders.remote import split_spec

    local: dict[str, Any] = {"device": device, "dtype": dtype, "compile": compile}
    if key is None or any(local.values()):
        return load(spec, dim=dim, progress=progress, cancel=cancel, **local)
    url, model = split_spec(spec)
    return connect(url, model, key=key, dim=dim, progress=progress, cancel=cancel)


def embed_what_goes(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    prompt: str | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> tuple[Embeddings, PartialError | None]:
    """The embeddings that came, and the error where that is not all; unloads the embedder."""
    try:
        return embedder.embed(texts, prompt=prompt, progress=progress, cancel=cancel), None
    except PartialError as partial:
        return partial.made, partial
    finally:
        embedder.unload()


def describe_endpoint(spec: str, info: EmbedderInfo) -> EmbedderChoice:
    """The picker's line for a connected endpoint."""
    name = info.name.rstrip("/").rsplit("/", maxsplit=1)[-1]
    return EmbedderChoice(
        spec,
        f"{name} at {urlsplit(info.base_url or '').netloc}",
        "ready",
        about=endpoint_words(info),
        prompts=info.prompts,
        default_prompt=info.default_prompt,
        instruction_template=info.instruction_template,
    )


def endpoint_words(info: EmbedderInfo) -> str:
    """What an endpoint turned out to be, in one sentence."""
    server = info.server or "A server that does not say what it is"
    length = f", texts up to {info.max_tokens:,} tokens" if info.max_tokens else ""
    return f"{server} serves {info.name}: {info.dim} dimensions{length}."


def _load_snippet(spec: str, text: str, prefix: str) -> Snippet:
    prompt = f"wb.Prompt.from_prefix({prefix!r})" if prefix else "''"
    lines = (
        "import workbench as wb",
        f"embedder = wb.load({spec!r})",
        f"made = embedder.embed([{text!r}], prompt={prompt})",
    )
    return Snippet("python", "\n".join(lines))


def evaluation_panel(
    embedders: Sequence[str] | None = None, *, tasks: Sequence[str] | None = None
) -> EvaluationPanel:
    """Open the panel that evaluates embedders on tasks; keys are kept in memory only.

    Args:
        embedders: Ticked at first, as ``load`` takes them; None: the bundled model and n-grams.
        tasks: Built-in tasks that are ticked at first; None: all.
    """
    from workbench import evaluation
    from workbench.catalogue import Catalogue
    from workbench.embedders.pool import shared_models
    from workbench.panels.evaluation import EvaluationPanel
    from workbench.studies.evaluation import to_csv, to_html, to_json, to_markdown
    from workbench.texts import tasks as reader

    catalogue = Catalogue(models=shared_models())
    here = [choice.spec for choice in catalogue.choices() if choice.state == "ready"]
    usual = [spec for spec in ("bundled", "lexical") if spec in here]
    return EvaluationPanel(
        catalogue,
        evaluation,
        reader,
        writers={"markdown": to_markdown, "csv": to_csv, "html": to_html, "json": to_json},
        embedders=tuple(usual if embedders is None else embedders),
        tasks=None if tasks is None else tuple(tasks),
    )
