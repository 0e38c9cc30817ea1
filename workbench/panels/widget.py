"""What every panel but the Explorer's screen is: a widget that threads write to and a page asks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Self

import anywidget


class PanelWidget(anywidget.AnyWidget):
    """A widget whose traits are set under a lock and whose page sends messages.

    A panel answers messages in ``_answer``; what that raises goes to ``_crashed``, since ipywidgets
    would swallow it.

    Attributes:
        lock: Held while traits change.
    """

    lock: threading.RLock

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        """A widget with its lock, which what a panel holds may need before ``__init__``."""
        made: Self = super().__new__(cls, *args, **kwargs)
        made.lock = threading.RLock()
        return made

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.on_msg(self._receive)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser changed; not while a worker thread shows something."""
        with self.lock:
            super().set_state(sync_data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: run this cell to see it."

    def _show(self, **traits: object) -> None:
        with self.lock:
            for name, value in traits.items():
                setattr(self, name, value)

    def _receive(self, _: object, content: dict[str, Any], buffers: list[memoryview]) -> None:
        try:
            self._answer(content, buffers)
        except Exception as exc:  # noqa: BLE001  (ipywidgets would swallow it)
            self._crashed(exc)

    def _answer(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        raise NotImplementedError

    def _crashed(self, exc: BaseException) -> None:
        raise NotImplementedError
