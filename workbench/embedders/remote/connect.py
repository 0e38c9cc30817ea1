"""From an address to an Embedder: find the route, the server, the model, and try it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from workbench.contracts import CancelSignal, EmbedderInfo, Progress, ProgressFn, check_cancel
from workbench.embedders.arrays import check_dim
from workbench.embedders.recipe import Recipe
from workbench.embedders.remote.address import Address, read_address, split_spec
from workbench.embedders.remote.embedder import RemoteEmbedder
from workbench.embedders.remote.endpoint import Endpoint
from workbench.embedders.remote.identify import ServerIdentity, identify
from workbench.embedders.remote.keys import ApiKey, find_key
from workbench.embedders.remote.limits import BATCH_ITEMS, BATCH_TOKENS, Limits
from workbench.embedders.remote.naming import (
    choose_model,
    find_recipe,
    guess_recipe,
    list_names,
)
from workbench.embedders.remote.options import Options, check_options
from workbench.embedders.remote.policy import Policy
from workbench.embedders.remote.presets import find_preset
from workbench.embedders.remote.probe import Probed, probe, settle_dim
from workbench.embedders.remote.proxies import proxy_hint
from workbench.embedders.remote.refusals import read_refusal
from workbench.embedders.remote.reply import Reply
from workbench.embedders.remote.transport import Transport
from workbench.embedders.remote.troubles import NoAnswerError
from workbench.errors import (
    EndpointError,
    InputError,
    KeyRefusedError,
    MalformedReplyError,
    ModelNotServedError,
    UnreachableError,
)


def connect(  # noqa: PLR0913  (each is a choice of the caller's, most have a good default)
    base_url: str,
    model: str | None = None,
    *,
    key: str | ApiKey | None = None,
    recipe: str | Path | None = None,
    dim: int | None = None,
    normalize: bool = True,
    in_flight: int = 8,
    batch_items: int | None = None,
    batch_tokens: int | None = None,
    timeout_s: float = 60.0,
    patience_s: float = 30.0,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> RemoteEmbedder:
    """Connect to an OpenAI-compatible endpoint, and see that it embeds.

    It costs some five short requests: which server it is, which models it lists, four probe texts
    in floats, one of them in base64, and once more with ``dimensions`` where ``dim`` is given.

    Args:
        base_url: Address as it is at hand: with or without /v1, with /v1/embeddings on the end, or
            "address#model".
        model: Name of the served model; None: the one that the server lists.
        key: Its key; None: the environment's (OPENAI_API_KEY and the like for their own hosts,
            WORKBENCH_API_KEY for others), else none.
        recipe: A name of ``models()`` or a model directory whose prompts, instruction template and
            limits hold for what is served; None: found by the served name.
        dim: Keep so many dimensions: asked of the server where it does that rightly, else cut
            here; ``info.notes`` says which.
        normalize: Scale the vectors to unit L2 norm here, whatever norm the server sends.
        in_flight: Requests out at once.
        batch_items: Texts in a request; None: 64, or fewer where the server says so.
        batch_tokens: Tokens in a request, estimated from bytes; None: 16,384.
        timeout_s: Longest wait for one reply.
        patience_s: How long one request's texts are asked for again after a 429, a 503, or where
            the server is gone; the time of the requests counts.
        progress: Told what is being tried.
        cancel: Looked at several times a second.

    Raises:
        AddressError: ``base_url`` is no address, or leaves open which is meant.
        InputError: Another argument cannot be used.
        ModelNotServedError: No such model, or several and none was named; ``served`` lists them.
        EndpointError: It cannot be used: see ``workbench.errors`` for the ways.
        Cancelled: ``cancel`` was set.
    """
    try:
        key = ApiKey(key) if isinstance(key, str) and key else key
    except InputError:
        key = None  # a traceback may show what names hold
        raise
    base_url, named = split_spec(base_url) if isinstance(base_url, str) else (base_url, None)
    model = named if model is None else model
    options = Options(
        model, recipe, dim, normalize, in_flight, batch_items, batch_tokens, timeout_s, patience_s
    )
    check_options(options)
    address = read_address(base_url)
    secret, key_note = find_key(key, address)
    known = find_recipe(recipe) if recipe is not None else None
    made = _try_each(address, secret, options, known, progress, cancel)
    notes = (address.note, key_note, *made.info.notes)
    info = replace(made.info, notes=tuple(note for note in notes if note))
    return RemoteEmbedder(info, made.endpoint, made.identity)


@dataclass(frozen=True)
class _Made:
    info: EmbedderInfo
    endpoint: Endpoint
    identity: ServerIdentity


def _try_each(
    address: Address,
    secret: ApiKey,
    options: Options,
    known: Recipe | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> _Made:
    tried: list[EndpointError] = []
    for base_url in address.candidates:
        candidate = replace(address, base_url=base_url, candidates=(base_url,))
        _tell(candidate, progress, cancel)
        transport = Transport(candidate, secret, timeout_s=options.timeout_s, cancel=cancel)
        try:
            return _try(transport, options, known, cancel)
        except NoAnswerError:  # from here; the host will not answer at another path either
            transport.close()
            raise
        except (UnreachableError, MalformedReplyError, ModelNotServedError) as error:
            transport.close()
            tried.append(error)
        except BaseException:
            transport.close()
            raise
    raise tried[0]


def _tell(address: Address, progress: ProgressFn | None, cancel: CancelSignal | None) -> None:
    check_cancel(cancel, done=0, total=0)
    if progress is not None:
        progress(Progress("load", 0, 0, f"asking {address.base_url}"))


def _try(
    transport: Transport, options: Options, known: Recipe | None, cancel: CancelSignal | None
) -> _Made:
    answered = False

    def get(url: str) -> Reply | None:
        nonlocal answered
        check_cancel(cancel, done=0, total=0)
        reply = transport.loop.run(transport.get(url))
        answered |= reply is not None
        if reply is not None and url.startswith(transport.address.base_url):
            transport.check_redirect(reply, url)
            if not options.model:
                _check_list(reply, url)
        return reply

    identity = identify(get, transport.address)
    if not answered:  # say why, before asking which model is meant
        transport.loop.run(transport.post(["."], model=options.model or "", encoding="float"))
    name, name_note = choose_model(identity, options.model, transport.address)
    policy = Policy(options.patience_s, proxy_hint=proxy_hint(transport.address), first=True)
    endpoint = Endpoint(
        transport, name, policy, limits=_limits(identity, options), in_flight=options.in_flight
    )
    check_cancel(cancel, done=0, total=0)
    try:
        probed = probe(endpoint)
    except ModelNotServedError as error:
        served = tuple(model.id for model in identity.served)
        listed = list_names(served) or "nothing by name"
        raise ModelNotServedError(f"{error} It lists: {listed}.", served) from error
    endpoint.policy = replace(policy, first=False)
    native = probed.vectors.shape[1]
    dim = check_dim(options.dim, native)
    check_cancel(cancel, done=0, total=0)
    dim_note = settle_dim(endpoint, dim, probed.vectors) if dim < native else ""
    recipe, recipe_note = (known, "") if known is not None else guess_recipe(name, identity)
    info = _describe(endpoint, identity, recipe, probed, options, dim)
    notes = (name_note, recipe_note, *probed.notes, dim_note, *info.notes)
    return _Made(replace(info, notes=notes), endpoint, identity)


def _describe(
    endpoint: Endpoint,
    identity: ServerIdentity,
    recipe: Recipe | None,
    probed: Probed,
    options: Options,
    dim: int,
) -> EmbedderInfo:
    preset = find_preset(identity.engine) if identity.engine else None
    too_long = preset.too_long if preset is not None else "unknown"
    cut_note = (
        "what it does with texts beyond its length is not known: it may cut them without a word"
        if too_long == "unknown"
        else ""
    )
    return EmbedderInfo(
        name=endpoint.model,
        backend="remote",
        dim=dim,
        native_dim=probed.vectors.shape[1],
        normalized=options.normalize,
        tolerance=probed.tolerance,
        max_tokens=identity.max_tokens,
        dtype=identity.dtype,
        prompts={} if recipe is None else recipe.prompts,
        default_prompt=None if recipe is None else recipe.default_prompt,
        instruction_template=None if recipe is None else recipe.instruction_template,
        notes=(cut_note, "" if preset is None else f"{preset.label}: {preset.about}"),
        too_long=too_long,
        base_url=endpoint.transport.address.base_url,
        server=identity.label,
    )


def _check_list(reply: Reply, url: str) -> None:
    """Where no model is named, its list has to be there to choose from.

    Raises:
        KeyRefusedError: The key is refused already there.
    """
    if reply.status in (401, 403):
        words = read_refusal(reply).message
        raise KeyRefusedError(f"{url} answers {reply.status}: {words!r}. Pass its key as key=.")


def _limits(identity: ServerIdentity, options: Options) -> Limits:
    limits = Limits(
        items=options.batch_items or BATCH_ITEMS,
        tokens=options.batch_tokens or BATCH_TOKENS,
        max_tokens=identity.max_tokens,
    )
    limits.lower(
        items=identity.max_items,
        tokens=identity.max_batch_tokens,
        body_bytes=identity.max_body_bytes,
    )
    return limits
