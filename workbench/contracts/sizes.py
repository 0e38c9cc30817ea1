"""Sizes in words, the same in every room."""

from __future__ import annotations


def size_words(size_bytes: int | None) -> str:
    """A size in decimal units as download pages give them: "1.2 GB", "90.9 MB", "12 kB".

    None, where it is not known before asking, gives "unknown size".
    """
    if size_bytes is None:
        return "unknown size"
    size = float(size_bytes)
    for unit, digits in (("bytes", 0), ("kB", 0), ("MB", 1)):
        if round(size, digits) < 1000:
            return f"{size:.{digits}f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
