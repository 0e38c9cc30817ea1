"""One function from a name to an Embedder."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.contracts import (
    CancelSignal,
    Embedder,
    Pooling,
    Progress,
    ProgressFn,
    check_cancel,
    size_words,
)
from workbench.embedders.bundled import PACKAGE, find_bundled, require_bundled
from workbench.embedders.download import download
from workbench.embedders.hub import find_downloaded
from workbench.embedders.lexical import DEFAULT_DIM, LexicalEmbedder
from workbench.embedders.plan import DownloadPlan, plan_download
from workbench.embedders.preflight import ModelReport, inspect_model
from workbench.embedders.registry import MINILM, find_card, known_names, near_names
from workbench.embedders.remote import connect, is_address, split_spec
from workbench.errors import InputError, UnknownModelError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class _Options:
    """The caller's wishes about how a model runs."""

    device: str | None
    dtype: str | None
    dim: int | None
    revision: str | None
    max_tokens: int | None
    pooling: Pooling | None
    compile: bool | None


def load(  # noqa: PLR0913  (a model has as many options as it has)
    spec: str | Path = "bundled",
    *,
    device: str | None = None,
    dtype: str | None = None,
    dim: int | None = None,
    revision: str | None = None,
    max_tokens: int | None = None,
    pooling: Pooling | None = None,
    compile: bool = False,
    cache_dir: Path | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Embedder:
    """Load an embedder.

    Args:
        spec: "bundled" (all-MiniLM-L6-v2 from an installed package), "lexical" (character
            n-grams), a model directory, a name of ``models()``, any hub id, or an endpoint,
            "http://host:port/v1#served-model" (see ``connect``).
        device: "cpu", "cuda", "mps"; None: the best there is.
        dtype: "float32", "bfloat16" or "float16"; None: float32 on a CPU, bfloat16 on a GPU.
        dim: Keep the first ``dim`` components and normalise again (Matryoshka).
        revision: Commit, branch or tag on the hub; None: the registry's pinned commit.
        max_tokens: Cut longer texts there; None: the model's own limit.
        pooling: Settles the pooling of a directory whose files do not.
        compile: Have torch compile the model's layers: 10 to 60 s more at load, of which most is
            saved the next time, and faster from there on, most of all in bfloat16 on a CPU.
        cache_dir: Root of the hub's cache.
        progress: Told of download and loading. Without it, a download prints one line with its
            size and draws a bar on the error stream.
        cancel: Looked at while downloading and before loading.

    Raises:
        UnknownModelError: Nothing of that name.
        IncompleteModelError: The model's files are not whole, or of a kind that is not loaded.
        DownloadError: The hub cannot be reached, or refuses.
        DependencyError: The bundled model's package is not installed.
        ModelError: It cannot run here as asked.
        InputError: An option outside what the model has.
        EndpointError: An endpoint cannot be used.
        Cancelled: ``cancel`` was set.
    """
    options = _Options(device, dtype, dim, revision, max_tokens, pooling, compile or None)
    if isinstance(spec, str) and is_address(spec):
        return _connect(spec, options, progress, cancel)
    if spec == "lexical":
        return _load_lexical(options)
    if spec == "bundled" or _is_bundled(spec, revision):
        directory, version = require_bundled()
        report = inspect_model(directory, pooling=pooling)
        name, source = MINILM, f"{PACKAGE} {version}"
        return _load_report(report, name, options, source, progress, cancel, bundled=True)
    folder = Path(spec).expanduser()
    if spec != "" and folder.is_dir():
        report = inspect_model(folder, pooling=pooling)
        return _load_report(report, str(spec), options, None, progress, cancel)
    name = _require_hub_id(spec)
    found = find_downloaded(name, revision=revision, cache_dir=cache_dir)
    if found is None:
        plan = plan_download(name, revision=revision, cache_dir=cache_dir)
        found = _download_aloud(plan, progress, cancel)
    report = inspect_model(found, pooling=pooling)
    return _load_report(report, name, options, found.name, progress, cancel)


def _connect(
    spec: str, options: _Options, progress: ProgressFn | None, cancel: CancelSignal | None
) -> Embedder:
    _allow_only_dim(options, spec, "where an endpoint is started, its {name} is chosen")
    url, model = split_spec(spec)
    return connect(url, model, dim=options.dim, progress=progress, cancel=cancel)


def _allow_only_dim(options: _Options, spec: str, why: str) -> None:
    for name in ("device", "dtype", "revision", "max_tokens", "pooling", "compile"):
        if getattr(options, name) is not None:
            asked = f"load({spec!r}, {name}=...) was asked"
            raise InputError(f"{asked}; {why.format(name=name)}. Allowed here: dim.")


def _load_lexical(options: _Options) -> LexicalEmbedder:
    _allow_only_dim(options, "lexical", "counting characters has no {name}")
    return LexicalEmbedder(dim=DEFAULT_DIM if options.dim is None else options.dim)


def _is_bundled(spec: str | Path, revision: str | None) -> bool:
    """Whether a registry name means the model that is installed as a package."""
    if not isinstance(spec, str) or revision is not None or Path(spec).is_dir():
        return False
    card = find_card(spec)
    return card is not None and card.name == MINILM and find_bundled() is not None


def _require_hub_id(spec: str | Path) -> str:
    card = find_card(str(spec))
    if card is not None:
        return card.name
    if isinstance(spec, str) and _HUB_ID.fullmatch(spec) and not spec.startswith("."):
        return spec
    near = near_names(str(spec))
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise UnknownModelError(
        f"{str(spec)!r} is no known name, no directory, no hub id ('owner/name') and no address "
        f"of an endpoint ('http://…').{hint} "
        f"Known: {', '.join(known_names())}."
    )


def _download_aloud(
    plan: DownloadPlan, progress: ProgressFn | None, cancel: CancelSignal | None
) -> Path:
    """Download with the caller's progress; without one, with a line and a bar on stderr."""
    if progress is not None:
        return download(plan, progress=progress, cancel=cancel)
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]  # exported, untyped

    sys.stderr.write(f"{plan}\n")
    options = {"total": plan.bytes_total, "unit": "B", "unit_scale": True, "desc": plan.model_id}
    with tqdm(**options) as bar:  # type: ignore[no-untyped-call]

        def move_bar(step: Progress) -> None:
            bar.update(step.done - bar.n)

        return download(plan, progress=move_bar, cancel=cancel)


def _load_report(
    report: ModelReport,
    name: str,
    options: _Options,
    revision: str | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
    *,
    bundled: bool = False,
) -> Embedder:
    from workbench.embedders.local import load_local

    recipe = report.require_complete()
    check_cancel(cancel, done=0, total=report.weights_bytes, unit="bytes")
    if progress is not None:
        then = ", then torch compiles it: up to a minute" if options.compile else ""
        progress(Progress("load", 0, 0, f"{name}: {size_words(report.weights_bytes)}{then}"))
    card = report.card or find_card(name)
    notes = [*report.notes]
    if card and card.caveat:
        notes.append(card.caveat)
    if card and not bundled and revision and options.revision is None and revision != card.revision:
        notes.append(f"the cache's own main is {revision[:12]}; {card.revision} is the tested one")
    return load_local(
        report.directory,
        recipe,
        name=name,
        backend="bundled" if bundled else "local",
        revision=revision,
        device=options.device,
        dtype=options.dtype,
        dim=options.dim,
        max_tokens=options.max_tokens,
        compile=bool(options.compile),
        notes=tuple(notes),
    )
