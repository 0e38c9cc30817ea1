"""One heavy import at a time.

CPython can end an import with "deadlock detected by _ModuleLock" when two threads import modules
of one package that its __init__ imports too (narwhals, under scikit-learn and plotly;
python/cpython#83065). The Explorer imports in worker threads while cells run, so every function
that imports a large package does it inside ``one_import``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()
_FINISHED: set[str] = set()


@contextmanager
def one_import(*packages: str) -> Iterator[None]:
    """Hold the lock while ``packages`` are imported; once they are, there is no lock to wait for.

    Args:
        packages: The packages that the block imports.
    """
    if _FINISHED.issuperset(packages):
        yield
        return
    with _LOCK:
        yield
        _FINISHED.update(packages)
