"""Guess whether a text is Chinese, English, code or a mixture: by script, not by language.

The rule, in order:

1. Lines that can only be program text (see ``workbench.texts.code``) make the text "code"; where
   a third or more of its lines are prose beside them, "mixed".
2. Otherwise units are counted. A Han character is one unit, as in Unicode's word segmentation;
   so is a run of Latin letters up to the next space or foreign script (``read_csv()``, a URL and
   ``apple`` weigh the same); so is a word of another script, and each kana.
3. No units, or half of them of other scripts: "other". Kana that make up a tenth of Han and kana
   together turn the Han characters into Japanese, which is "other" too.
4. The lesser of Han and Latin has a third of the units or more: "mixed". A sentence beside its own
   translation lands here (about eight characters to five words), a Chinese sentence with a product
   name in it does not.
5. Else "zh" or "en" by the greater. French is "en" and Cantonese "zh": the kind colours a map and
   groups a comparison, it is no language detector.
"""

from __future__ import annotations

import re

from workbench.contracts import Kind
from workbench.texts.code import measure_code

# More is not read: a kind is a hint, and a book must not take a second.
JUDGED_CHARACTERS = 5_000
_SUBSTANTIAL = 1 / 3
_JAPANESE = 1 / 10

_HAN_CLASS = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA_CLASS = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_LATIN_CLASS = "A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿⱠ-ⱿꜢ-ꟿＡ-Ｚａ-ｚ"
_HAN = re.compile(f"[{_HAN_CLASS}]")
_KANA = re.compile(f"[{_KANA_CLASS}]")
_LATIN = re.compile(f"[{_LATIN_CLASS}][!-~’\u0300-\u036f{_LATIN_CLASS}]*")
_OTHER = re.compile(rf"(?:(?![{_HAN_CLASS}{_KANA_CLASS}{_LATIN_CLASS}])[^\W\d_])+")


def guess_kind(text: str) -> Kind:
    """The kind of a text, from its first 5,000 characters, by the rule of this module."""
    text = text[:JUDGED_CHARACTERS]
    code, prose = measure_code(text)
    if code > 0 and code >= 2 * prose:
        return "code"
    if code > 0 and prose < 2 * code:
        return "mixed"
    return _guess_script(text)


def _guess_script(text: str) -> Kind:
    latin = len(_LATIN.findall(text))
    if text.isascii():
        return "en" if latin else "other"
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    other = kana + sum(word[0].isalpha() for word in _OTHER.findall(text))
    if kana and kana >= _JAPANESE * (han + kana):
        han, other = 0, other + han
    units = han + latin + other
    if units == 0 or 2 * other >= units:
        return "other"
    if min(han, latin) >= _SUBSTANTIAL * (han + latin):
        return "mixed"
    return "zh" if han > latin else "en"
