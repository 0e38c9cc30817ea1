r"""What the ``prompt`` argument means, said in this one place.

========================================  =================================================
``prompt=``                               what is put before every text
========================================  =================================================
``None``                                  the model's default prompt (for most models: nothing)
``""``                                    nothing
a name the model has, e.g. ``"query"``    that prompt, as the model's authors wrote it
``"query"`` or ``"document"`` otherwise   PromptError: a role the model does not know
a string that ends in ``:``, ``：``,
a space or a line break                   a full prefix, taken to the letter
any other string                          an instruction, put into the model's template
                                          (Qwen3: ``Instruct: {task}\nQuery:``)
``Prompt``                                itself
========================================  =================================================

``Prompt.from_prefix`` and ``Prompt.from_instruction`` leave nothing to these rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from workbench.errors import PromptError

PromptSource: TypeAlias = Literal["none", "default", "name", "instruction", "prefix"]

ROLES = ("query", "document")
GENERIC_TEMPLATE = "{task}: "
_PREFIX_ENDS = (":", "：", " ", "\n", "\t", "\u3000")


@dataclass(frozen=True)
class Prompt:
    """The exact string put before every text, and where it came from.

    Attributes:
        prefix: The string itself; the model sees ``prefix + text``.
        source: Which rule of this module's table produced it.
        name: The prompt's name, where it has one.
        note: What a person should know about it, or "".
    """

    prefix: str = ""
    source: PromptSource = "none"
    name: str | None = None
    note: str = ""

    @classmethod
    def from_prefix(cls, prefix: str) -> Prompt:
        """A full prefix, taken to the letter."""
        return cls(prefix, "prefix" if prefix else "none")

    @classmethod
    def from_instruction(cls, task: str, template: str | None = None) -> Prompt:
        """An instruction put into ``template``, which holds ``{task}``."""
        note = "" if template else "this model has no instruction template: its training saw none"
        return cls((template or GENERIC_TEMPLATE).replace("{task}", task), "instruction", note=note)

    def apply(self, text: str) -> str:
        """The string that is embedded for ``text``."""
        return self.prefix + text


def resolve_prompt(
    prompt: str | Prompt | None,
    *,
    prompts: Mapping[str, str],
    default: str | None = None,
    template: str | None = None,
) -> Prompt:
    """Turn the ``prompt`` argument into the exact prefix, by the table of this module.

    Args:
        prompt: What the caller passed.
        prompts: The model's named prompts.
        default: Name of the prompt that the model applies when none is asked for.
        template: The model's instruction template with ``{task}``, if it has one.

    Raises:
        PromptError: A role ("query", "document") that this model has no prompt for.
    """
    if isinstance(prompt, Prompt):
        return prompt
    if prompt is None:
        return Prompt(prompts[default], "default", default) if default else Prompt()
    if prompt == "":
        return Prompt()
    if prompt in prompts:
        return Prompt(prompts[prompt], "name", prompt)
    if prompt in ROLES:
        known = ", ".join(repr(name) for name in prompts) or "none"
        raise PromptError(
            f"prompt={prompt!r} names a role that this model has no prompt for (its prompts: "
            f"{known}). Pass '' for no prompt, an instruction, or a full prefix ending in ':'."
        )
    if prompt.endswith(_PREFIX_ENDS):
        return Prompt.from_prefix(prompt)
    return Prompt.from_instruction(prompt, template)
