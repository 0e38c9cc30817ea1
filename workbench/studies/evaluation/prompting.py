"""Which exact prefix each role of a task gets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from workbench.contracts import Embedder, Prompt, Reranking, Retrieval, Task, TaskKind
from workbench.errors import InputError

AskedPrompts: TypeAlias = Mapping[str, Mapping[str, str | Prompt | None]]
"""By embedder label, then by role: the ``prompt`` argument of ``Embedder.embed``."""

QUERY_NAMES = ("query",)
DOCUMENT_NAMES = ("document", "passage", "corpus")
"""Names that model authors give to the prompts of the two roles."""

ROLES: Mapping[TaskKind, tuple[str, ...]] = MappingProxyType(
    {
        "sts": ("text",),
        "pairs": ("text",),
        "retrieval": ("query", "document"),
        "bitext": ("text",),
        "code": ("query", "document"),
        "clustering": ("text",),
        "reranking": ("query", "document"),
    }
)


def check_prompts(prompts: AskedPrompts, labels: tuple[str, ...]) -> None:
    """Refuse prompts that no embedder or no role would get.

    Raises:
        InputError: A label or a role that is not there.
    """
    roles = sorted({role for kind in ROLES.values() for role in kind})
    for label, by_role in prompts.items():
        if label not in labels:
            raise InputError(
                f"prompts were given for {label!r}; the embedders are "
                f"{', '.join(map(repr, labels))}."
            )
        for role in by_role:
            if role not in roles:
                raise InputError(
                    f"A prompt of {label!r} was given for the role {role!r}; allowed are "
                    f"{', '.join(map(repr, roles))}."
                )


def choose_prompts(
    task: Task, embedder: Embedder, asked: Mapping[str, str | Prompt | None]
) -> tuple[dict[str, Prompt], tuple[str, ...]]:
    """The prompt of each role of the task, and what should be said about them.

    What was asked for goes first. Else queries get the task's instruction in the model's template,
    or the model's own query prompt; documents the model's document prompt. Where the model has none
    of these, and for the texts of symmetric tasks, it is what the model puts before every text,
    which for most models is nothing.

    Raises:
        PromptError: A role was asked for by name that the model has no prompt for.
    """
    chosen: dict[str, Prompt] = {}
    notes: list[str] = []
    for role in ROLES[task.kind]:
        if role in asked:
            chosen[role] = embedder.resolve_prompt(asked[role])
        elif role == "query":
            chosen[role], note = _query_prompt(task, embedder)
            notes += [note] if note else []
        else:
            names = DOCUMENT_NAMES if role == "document" else ()
            chosen[role] = embedder.resolve_prompt(_named(embedder, names))
    return chosen, tuple(notes)


def _query_prompt(task: Task, embedder: Embedder) -> tuple[Prompt, str]:
    usual = embedder.resolve_prompt(_named(embedder, QUERY_NAMES))
    instruction = task.instruction if isinstance(task, Retrieval | Reranking) else None
    if not instruction:
        return usual, ""
    template = embedder.info.instruction_template
    if template is None:
        return usual, (
            f"the task's instruction {instruction!r} was left out: this model has no place for one"
        )
    return Prompt.from_instruction(instruction, template), ""


def _named(embedder: Embedder, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in embedder.info.prompts), None)
