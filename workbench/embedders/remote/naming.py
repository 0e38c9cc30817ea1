"""Which of the served models is meant, and whose prompts it wants."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from workbench.embedders.preflight import inspect_model
from workbench.embedders.recipe import Recipe
from workbench.embedders.registry import CARDS, ModelCard, find_card, near_names
from workbench.embedders.remote.address import Address
from workbench.embedders.remote.identify import ServerIdentity
from workbench.errors import InputError, ModelNotServedError

_LISTED = 12
"""Names that a message lists: a service may serve hundreds."""
_WRAPPING = re.compile(
    r"^text-embedding-(?=\w+-)|(?:[-.](?:gguf|latest|i?q\d\w*|b?f16|fp16|f32|fp32|[48]bit))+$"
)
"""What LM Studio, Ollama and files of llama.cpp put around a model's name; in lower case."""


def choose_model(identity: ServerIdentity, asked: str | None, address: Address) -> tuple[str, str]:
    """The name that requests carry, and what a person should know about it.

    Raises:
        ModelNotServedError: None was named, and the server lists several or none.
    """
    served = tuple(model.id for model in identity.served)
    if not asked:
        if len(served) == 1:
            return served[0], f"the server lists one model, {served[0]!r}"
        listed = f"serves {list_names(served)}" if served else "lists no models"
        raise ModelNotServedError(
            f"{address.base_url} {listed}, and no model was named. Pass its name"
            + (": " if served else ", and see that the path is right (it often ends in /v1): ")
            + f"connect({address.base_url!r}, 'NAME').",
            served,
        )
    if not served or asked in served:
        return asked, ""
    alike = [name for name in served if _last(name) == _last(asked)]
    if len(alike) == 1:
        return alike[0], f"{asked!r} is served as {alike[0]!r}"
    return asked, (
        f"the server lists {list_names(served)}, and not {asked!r}; where it answers all the same, "
        "it answers to any name"
    )


def list_names(names: Sequence[str]) -> str:
    """The names in quotes, the first of them where they are many."""
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, names[:_LISTED])) + more


def _last(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rsplit("/", maxsplit=1)[-1].casefold()


def find_recipe(name: str | Path) -> Recipe:
    """The recipe that the caller named.

    Raises:
        InputError: Neither a known name nor a model directory that says how it makes vectors.
    """
    card = find_card(str(name))
    if card is not None:
        return card.recipe
    if os.path.isdir(os.path.expanduser(name)):  # noqa: PTH111, PTH112  (Path's raise on odd names)
        found = inspect_model(name).recipe
        if found is not None:
            return found
    near = " or ".join(map(repr, near_names(str(name))))
    raise InputError(
        f"recipe={str(name)!r} is no known name and no model directory with modules.json. "
        + (f"Did you mean {near}? " if near else "")
        + "See models() for the known names."
    )


def guess_recipe(name: str, identity: ServerIdentity) -> tuple[Recipe | None, str]:
    """The recipe of a served model that is known by where its weights lie, or by its name."""
    alone = len(identity.served) == 1
    for model in identity.served:
        card = find_by_name(model.root or "") if alone or model.id == name else None
        if card is not None and card != find_by_name(name):
            return card.recipe, f"prompts are those of {card.name}: its weights lie behind {name!r}"
    card = find_by_name(name)
    if card is not None:
        return card.recipe, f"prompts are those of {card.name}, by its name"
    return None, f"no prompts are known for {name!r}: pass recipe= with a known name or a directory"


def find_by_name(name: str) -> ModelCard | None:
    """The model of that full name, however a server or a hub's cache wraps it.

    No alias is taken: ``qwen3-0.6b`` is one, and on a server it is a model that chats.
    """
    cached = re.search(r"models--(?:[^/\\]+--)?([^/\\]+)", name)
    tagged = (cached[1] if cached else _last(name)).casefold().replace(":", "-")
    bare = _WRAPPING.sub("", tagged)
    return next((card for card in CARDS if _last(card.name) == bare), None)
