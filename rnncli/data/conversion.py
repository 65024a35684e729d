"""Sentences of one format for another: tags rewritten, and what cannot be kept counted."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rnncli.data.formats.columns import names_columns
from rnncli.data.formats.format import Format, Names
from rnncli.data.formats.records import TOKENIZER
from rnncli.data.respelling import Respelling
from rnncli.data.sentence import Sentence
from rnncli.data.tokenize import tokenizer

_SHOWN = 5  # names of fields that are not kept


class Conversion:
    """Passes sentences on to a writer of ``target``. What it counts is complete when all are read.

    respelling  rewrites the tags; ``None`` keeps them
    """

    def __init__(self, target: Format, respelling: Respelling | None = None) -> None:
        self.target = target
        self.respelling = respelling
        self.sentences = 0
        self.tokens = 0
        self.lost: Counter[str] = Counter()
        self._fields: dict[str, None] = {}  # names of fields that are not kept

    def write(self, sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
        """The pieces of a file in the format ``target``."""
        if "names" not in self.target.keeps and "columns" not in self.target.lacks:
            self.lost["names of columns"] = sum(not name.isdecimal() for name in names.features if name)
        return self.target.write(self._passed(sentences), names)

    def _passed(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        for sentence in sentences:
            self.sentences += 1
            self.tokens += len(sentence.tokens)
            self._count(sentence)
            if self.respelling:
                sentence = sentence._replace(tags=self.respelling.rewritten(sentence.tags))
            yield sentence

    def _count(self, sentence: Sentence) -> None:
        """Count what the target cannot hold."""
        lacks = self.target.lacks
        if "tags" in lacks:
            self.lost["tags"] += len(sentence.tags)
        if "tokens" in lacks and not is_reproducible(sentence):
            self.lost["tokens of sentences that would be cut otherwise"] += 1
        width = len(sentence.columns[0]) if sentence.columns else 0
        if width and "columns" in lacks:
            self.lost["columns"] = max(self.lost["columns"], width)
        extra = sentence.extra
        keeps = self.target.keeps
        if "comments" not in keeps:
            self.lost["comments"] += sum(not names_columns(comment) for comment in extra.comments)
        if "documents" not in keeps:
            self.lost["document ends"] += extra.document is not None
        if "rows" not in keeps:
            self.lost["rows that are no tokens"] += len(extra.rows)
        if "text" not in keeps:
            self.lost["texts as they were typed"] += extra.text is not None and extra.text != " ".join(
                sentence.tokens
            )
        if "fields" not in keeps and extra.fields:
            self._fields.update(dict.fromkeys(extra.fields))
        if "cells" not in keeps and extra.cells:
            others = len(extra.cells[0]) - 1 - bool(sentence.tags) - width
            self.lost["columns that are not read"] = max(self.lost["columns that are not read"], others)

    def losses(self) -> list[str]:
        """What is not kept, for example "comments (3)"."""
        losses = [f"{what} ({count:,})" for what, count in self.lost.items() if count > 0]
        if self.respelling and self.respelling.joined:
            losses.append(f"borders between spans of one type ({self.respelling.joined:,})")
        if self._fields:
            names = [*list(self._fields)[:_SHOWN], *(["…"] if len(self._fields) > _SHOWN else [])]
            losses.append(f"further fields ({', '.join(names)})")
        return losses


def is_reproducible(sentence: Sentence) -> bool:
    """Whether the text of a sentence is cut into its tokens when it is read."""
    text = " ".join(sentence.tokens) if sentence.extra.text is None else sentence.extra.text
    return tokenizer(TOKENIZER).cut(text) == sentence.tokens
