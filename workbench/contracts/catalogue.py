"""The embedders a panel can offer, handed in so that no panel imports a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from workbench.contracts.embedder import Embedder
from workbench.contracts.progress import CancelSignal, ProgressFn

ChoiceState: TypeAlias = Literal["ready", "needs download", "missing"]


@dataclass(frozen=True)
class EmbedderChoice:
    """One line of the embedder picker.

    Attributes:
        spec: What ``load`` takes.
        label: What the picker shows.
        state: "ready"; "needs download"; or "missing": a package has to be installed first.
        download_bytes: What a download would move; None where it is not known before asking.
        about: One sentence: languages, size, what it is good for.
        prompts: Named prompts of the model, known before it is loaded.
        default_prompt: Name of the prompt it applies when none is asked for.
        instruction_template: Where an instruction goes, with ``{task}``; None: the model has none.
    """

    spec: str
    label: str
    state: ChoiceState
    download_bytes: int | None = None
    about: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    instruction_template: str | None = None


class EmbedderCatalogue(Protocol):
    """Lists embedders and loads one."""

    @property
    def recommended(self) -> str:
        """The spec to offer when the present model does not know the texts' language."""
        ...

    def choices(self) -> tuple[EmbedderChoice, ...]:
        """What the picker offers, in order."""
        ...

    def describe(self, spec: str) -> EmbedderChoice:
        """The choice for any spec, a directory or hub id typed by hand included.

        Raises:
            ModelError: Nothing of that name can be loaded.
        """
        ...

    def measure_download(self, spec: str) -> int:
        """Bytes that a download would move; may ask the network.

        Raises:
            DownloadError: The hub cannot be reached, or refuses.
        """
        ...

    def load(
        self, spec: str, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> Embedder:
        """Load (and download where it has to) the embedder; an already loaded one is returned.

        Raises:
            ModelError: It cannot be loaded.
            Cancelled: ``cancel`` was set.
        """
        ...
