"""Thumbs up and down for passages that a search found: records, and labels of an evaluation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.contracts import Retrieval, Source
from workbench.errors import InputError

RIGHT = 1.0


@dataclass(frozen=True)
class Judgement:
    """What a person said of a passage for a query.

    Attributes:
        query: To the letter.
        passage_id: Its id.
        passage: Its text, to the letter.
        right: Thumb up.
        embedder: What had found it.
        prefix: The exact prefix that the query had.
        rank: Where it stood.
        cosine: What it scored.
    """

    query: str
    passage_id: str
    passage: str
    right: bool
    embedder: str = ""
    prefix: str = ""
    rank: int = 0
    cosine: float = float("nan")

    @property
    def key(self) -> tuple[str, str, str]:
        """What is judged, once: this passage for this query."""
        return (self.query, self.passage_id, self.passage)


class Judgements:
    """Judgements in the order they were given, the last word on each; every step can be undone."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, str], Judgement] = {}
        self._before: list[dict[tuple[str, str, str], Judgement]] = []

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def records(self) -> tuple[Judgement, ...]:
        """All of them."""
        return tuple(self._by_key.values())

    @property
    def undoable(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._before)

    def find(self, query: str, passage_id: str, passage: str) -> bool | None:
        """Whether the passage was called right; None: nobody said."""
        found = self._by_key.get((query, passage_id, passage))
        return None if found is None else found.right

    def give(self, judgement: Judgement) -> None:
        """Take a judgement; the same once more takes it back, the opposite replaces it."""
        known = self._by_key.get(judgement.key)
        self._keep()
        if known is not None and known.right == judgement.right:
            del self._by_key[judgement.key]
        else:
            self._by_key.pop(judgement.key, None)  # to the end
            self._by_key[judgement.key] = judgement

    def remove(self, at: int) -> None:
        """Take out the one at that place of ``records``.

        Raises:
            InputError: There is none.
        """
        if not 0 <= at < len(self._by_key):
            raise InputError(f"Label {at!r} is not there; there are {len(self._by_key):,}.")
        self._keep()
        del self._by_key[self.records[at].key]

    def undo(self) -> bool:
        """Take the last step back; False where there is none."""
        if not self._before:
            return False
        self._by_key = self._before.pop()
        return True

    def _keep(self) -> None:
        self._before.append(dict(self._by_key))

    def to_task(
        self,
        name: str,
        *,
        corpus: Mapping[str, str] | None = None,
        instruction: str | None = None,
    ) -> Retrieval:
        """A retrieval task for ``wb.evaluate``: what was called right is what must be found.

        Args:
            name: Of the task.
            corpus: All passages by id, so that the wrong ones are there to be mistaken for right;
                None: those that were judged.
            instruction: What queries ask for.

        Raises:
            InputError: No passage was called right, or one id stands for two texts.
        """
        relevant: dict[str, dict[str, float]] = {}
        ids = self._query_ids()
        for one in self.records:
            if one.right:
                relevant.setdefault(ids[one.query], {})[one.passage_id] = RIGHT
        if not relevant:
            raise InputError(
                f"None of {len(self):,} labels calls a passage right, and without a right answer "
                "nothing can be scored. Give a thumb up first."
            )
        passages = self._corpus(corpus or {})
        queries = {key: query for query, key in ids.items() if key in relevant}
        left_out = len(ids) - len(queries)
        said = f" {left_out} queries have no right passage and are left out." if left_out else ""
        note = f"Thumbs given to what a search found: passages it did not show are unjudged.{said}"
        content = json.dumps([queries, passages, relevant], ensure_ascii=False)
        digest = hashlib.sha256(content.encode()).hexdigest()
        source = Source(name, sha256=digest, note=note)
        return Retrieval(name, queries, passages, relevant, {}, instruction, source)

    def write_beir(self, folder: str | Path, *, corpus: Mapping[str, str] | None = None) -> Path:
        """Write corpus.jsonl, queries.jsonl, qrels/test.tsv and labels.jsonl into a new folder.

        ``qrels`` hold 1 for a thumb up and 0 for a thumb down; labels.jsonl has each label with
        the embedder, prefix, rank and cosine it was given at.

        Raises:
            InputError: There is no label, one id stands for two texts, or the folder exists and
                is not empty.
        """
        if not self._by_key:
            raise InputError("There are no labels to export. Give a thumb up or down first.")
        target = Path(folder)
        if target.exists() and any(target.iterdir()):
            raise InputError(f"The folder {str(target)!r} is not empty. Name a new one.")
        for name, text in self.beir_files(corpus=corpus).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        return target

    def beir_files(self, *, corpus: Mapping[str, str] | None = None) -> dict[str, str]:
        """The files of ``write_beir`` by name."""
        ids = self._query_ids()
        passages = self._corpus(corpus or {})
        pairs = [(ids[one.query], one.passage_id, int(one.right)) for one in self.records]
        return {
            "corpus.jsonl": _lines({"_id": key, "text": text} for key, text in passages.items()),
            "queries.jsonl": _lines({"_id": key, "text": text} for text, key in ids.items()),
            "qrels/test.tsv": "query-id\tcorpus-id\tscore\n"
            + "".join(f"{query}\t{passage}\t{grade}\n" for query, passage, grade in pairs),
            "labels.jsonl": _lines(asdict(one) for one in self.records),
        }

    def _query_ids(self) -> dict[str, str]:
        """Id by query, in the order they were first judged."""
        queries = dict.fromkeys(one.query for one in self.records)
        return {query: f"q{number}" for number, query in enumerate(queries, start=1)}

    def _corpus(self, corpus: Mapping[str, str]) -> dict[str, str]:
        passages = dict(corpus)
        for one in self.records:
            if passages.setdefault(one.passage_id, one.passage) != one.passage:
                raise InputError(
                    f"The id {one.passage_id!r} stands for two passages, "
                    f"{one.passage[:40]!r} and {passages[one.passage_id][:40]!r}: labels of two "
                    "sets of passages were mixed. Remove those of one, or export them apart."
                )
        return passages


def _lines(records: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
