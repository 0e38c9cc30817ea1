"""Which of the served models is meant, and whose prompts it wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.embedders.preflight import inspect_model
from workbench.embedders.recipe import Recipe
from workbench.embedders.registry import find_card, near_names
from workbench.embedders.remote.address import Address
from workbench.embedders.remote.identify import ServerIdentity
from workbench.errors import InputError, ModelNotServedError


def choose_model(identity: ServerIdentity, asked: str | None, address: Address) -> tuple[str, str]:
    """The name that requests carry, and what a person should know about it.

    Raises:
        ModelNotServedError: None was named, and the server lists several or none.
    """
    served = tuple(model.id for model in identity.served)
    if asked is None:
        if len(served) == 1:
            return served[0], f"the server lists one model, {served[0]!r}"
        listed = f"serves {', '.join(map(repr, served))}" if served else "lists no models"
        raise ModelNotServedError(
            f"{address.base_url} {listed}, and no model was named. Pass its name: "
            f"connect({address.base_url!r}, 'NAME').",
            served,
        )
    if not served or asked in served:
        return asked, ""
    alike = [name for name in served if _last(name) == _last(asked)]
    if len(alike) == 1:
        return alike[0], f"{asked!r} is served as {alike[0]!r}"
    return asked, (
        f"the server lists {', '.join(map(repr, served))} and not {asked!r}; where it answers all "
        "the same, it answers to any name"
    )


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", maxsplit=1)[-1].casefold()


def find_recipe(name: str | Path) -> Recipe:
    """The recipe that the caller named.

    Raises:
        InputError: Neither a known name nor a model directory that says how it makes vectors.
    """
    card = find_card(str(name))
    if card is not None:
        return card.recipe
    if Path(name).expanduser().is_dir():
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
    """The recipe of a served model that is known by its name, or by where its weights lie."""
    roots: Sequence[str | None] = [
        model.root for model in identity.served if model.id == name or len(identity.served) == 1
    ]
    for known in (name, *roots):
        card = find_card(_last(known)) if known else None
        if card is not None:
            return card.recipe, f"prompts are those of {card.name}, by its name"
    return None, f"no prompts are known for {name!r}: pass recipe= with a known name or a directory"
