"""Where the sentences of a passage begin and end, so that one of them can be pointed at."""

from __future__ import annotations

import re

from workbench.texts.kinds import guess_kind

# A full-width mark ends a sentence wherever it stands; an ASCII one only before white space, since
# it also stands in "3.14", "e.g.x" and file names. Closing quotes and brackets belong to it.
_END = re.compile(r"""[。！？!?…；]+[”’」』）)"']*|[.!?]+[”’"')\]]*(?=\s)|\n""")


def split_sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Begin and end of each sentence; of each line where the text is code.

    The spans follow one another and cover the text: white space belongs to the sentence before it.
    An abbreviation that ends in a full stop is taken for the end of a sentence.

    Returns:
        (begin, end) in characters, ``text[begin:end]``; an empty text has none.
    """
    ends = re.compile(r"\n") if guess_kind(text) == "code" else _END
    spans: list[tuple[int, int]] = []
    begin = 0
    for match in ends.finditer(text):
        end = match.end()
        while end < len(text) and text[end].isspace():
            end += 1
        if text[begin:end].strip() and end > begin:
            spans.append((begin, end))
            begin = end
    if begin < len(text):
        spans.append((begin, len(text)))
    return tuple(spans)
