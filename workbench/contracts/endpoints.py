"""Endpoints as a panel offers them: known servers, a verdict on connecting, lines to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from workbench.contracts.progress import CancelSignal

Language: TypeAlias = Literal["curl", "python"]


@dataclass(frozen=True)
class EndpointPreset:
    """A known server program or service.

    Attributes:
        name: Short name, e.g. "sglang".
        label: What a person calls it, e.g. "SGLang".
        base_url: Where it listens by default.
        key_env: Environment variable of its key; None: it wants none unless told to.
        about: What a person should know: limits, quirks.
    """

    name: str
    label: str
    base_url: str
    key_env: str | None = None
    about: str = ""


@dataclass(frozen=True)
class EndpointVerdict:
    """What connecting to an endpoint came to.

    Attributes:
        ok: It embeds.
        message: One plain sentence: what it is and does, or why it cannot be used and what to do.
        spec: What the embedder picker calls it from now on; "" where it cannot be used.
        served: Names of the models that the server lists; empty where it lists none.
        notes: What was chosen or noticed on the way, a sentence each.
    """

    ok: bool
    message: str
    spec: str = ""
    served: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snippet:
    """Code that does what was just done, to copy; a key stands in it as a variable's name.

    Attributes:
        language: "curl" or "python".
        code: The code.
    """

    language: Language
    code: str


class EndpointCatalogue(Protocol):
    """Connects to endpoints on behalf of a panel; part of its EmbedderCatalogue."""

    def presets(self) -> tuple[EndpointPreset, ...]:
        """The known servers, in the order to offer them."""
        ...

    def connect(
        self,
        base_url: str,
        *,
        model: str | None = None,
        key: str | None = None,
        cancel: CancelSignal | None = None,
    ) -> EndpointVerdict:
        """Try an endpoint; what goes wrong is the verdict, not an exception.

        One that embeds is offered among the choices from then on, under the verdict's ``spec``.

        Args:
            base_url: As a person pastes it.
            model: Name of the model; None: the one that the server lists.
            key: Its key; None or "": from the environment, else none. It is kept in memory only.
            cancel: Looked at several times a second.

        Raises:
            Cancelled: ``cancel`` was set.
        """
        ...

    def snippets(self, spec: str, *, text: str, prefix: str) -> tuple[Snippet, ...]:
        """Lines that embed ``prefix + text`` with the embedder ``spec``, to copy."""
        ...
