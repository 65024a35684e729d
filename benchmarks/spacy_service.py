"""The spaCy side of serving.py: a pipeline of spaCy behind the server of ``rnncli serve``, in another environment.

python spacy_service.py DATA.tsv

Connections, checks, batches and JSON are those of rnncli; where it labels, ``nlp.pipe`` labels. The pipeline is
that of latency.py: ``ner`` for English, as large as spaCy makes it, and updated a few times. The first line of
stdout is the version of spaCy, the second the address.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy
import spacy_side
from spacy.language import Language
from spacy.tokens import Doc

from rnncli.data.sentence import Sentence
from rnncli.data.tokenize import Token
from rnncli.serving import service
from rnncli.serving.server import Server
from rnncli.serving.settings import Settings
from rnncli.tagging import Tagged, TaggedSpan, TaggedToken


class Pipeline:
    """A pipeline of spaCy in place of a Tagger and its model."""

    def __init__(self, nlp: Language) -> None:
        self.nbest = 0
        self.model = self
        self._nlp = nlp

    def tokenize(self, text: str) -> list[Token]:
        """Cut a text as spaCy does."""
        return [Token(token.text, token.idx, token.idx + len(token)) for token in self._nlp.make_doc(text)]

    def stream_sentences(self, sentences: Iterable[Sentence]) -> Iterator[Tagged]:
        """Label sentences together."""
        given = list(sentences)
        docs = [Doc(self._nlp.vocab, sentence.tokens) for sentence in given]
        for sentence, doc in zip(given, self._nlp.pipe(docs), strict=True):
            text = sentence.extra.text or ""
            starts = sentence.extra.starts or []
            tokens = [
                TaggedToken(token.text, start, start + len(token), spacy_side.tag_of(token, "ner"), 1.0)
                for token, start in zip(doc, starts, strict=True)
            ]
            spans = []
            for entity in doc.ents:
                start = tokens[entity.start].start
                end = tokens[entity.end - 1].end
                spans.append(TaggedSpan(entity.label_, text[start:end], start, end, 1.0))
            yield Tagged(text, tokens, spans)


class Served:
    """The pipeline in place of a model of the service."""

    name = default = "spacy"
    problem = ""
    lessons = ()
    loaded = 1

    def __init__(self, tagger: Pipeline) -> None:
        self.tagger = tagger
        self.model = tagger

    def __iter__(self) -> Iterator["Served"]:
        return iter([self])

    def named(self, name: str | None) -> "Served":
        """The only one."""
        return self

    def prepare(self) -> None:
        """Nothing is to be loaded."""

    refresh = prepare


def main() -> None:
    """Make the pipeline and serve."""
    pipeline = Pipeline(spacy_side.pipeline(Path(sys.argv[1]), "ner"))
    service.Models = lambda settings: Served(pipeline)  # type: ignore[assignment,misc]
    server = Server(service.Service(Settings({}, port=0)))
    print(f"{spacy.__version__}\n{server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
