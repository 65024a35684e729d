"""The training and the development part: read from their files, and refused where they cannot be right."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import compatibility, given, plausibility, reading, schemes
from rnncli.data.formats.format import Wanted
from rnncli.data.given import Labelled, is_file
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import kept_apart
from rnncli.data.tags import Scheme
from rnncli.data.watch import Watch
from rnncli.errors import DataError, UsageError


class Events(Protocol):
    """Called while the files are read; a :class:`.training.Listener` is one."""

    def reading(self, name: str, share: float) -> None:
        """A share of a labelled file was read, from 0 to 1; 0 if it is not known."""

    def read(self, corpus: Corpus) -> None:
        """A labelled file was read."""

    def warning(self, message: str) -> None:
        """Something about the data is unusual."""


class Parts(NamedTuple):
    """The sentences of a training, and the scheme of their tags."""

    corpus: Corpus  # the file of the training sentences, whole
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme


class Reader(NamedTuple):
    """How the files of a training are read.

    force   read also what cannot be right
    scheme  that of the model that the training begins from
    """

    network: NetworkSpec
    training: TrainingSpec
    options: ReadOptions
    force: bool
    events: Events
    scheme: Scheme | None = None

    def read(self, data: Labelled, dev: Labelled | None) -> Parts:
        """Read both parts; without a file for development a share of the training sentences is kept for it.

        Raises :class:`.DataError` for data that cannot be right, and for tags that do not fit their scheme.
        """
        corpus = self._read("data", data)
        plausibility.refuse(corpus.name, plausibility.problems(corpus, for_training=True), self.force)
        corpora = [corpus]
        if dev is not None:
            if isinstance(dev, str | Path) and str(dev) == "-" and corpus.name == "stdin":
                raise UsageError("stdin cannot be both the training and the development data")
            corpora.append(self._read("dev", dev))
            self._check_dev(*corpora)
        scheme = self.scheme or schemes.choose(self.training.scheme, (s.tags for s in corpus.sentences))
        if self.scheme and not self.force:
            schemes.refuse_another(corpus, scheme)
        self._check_tags(corpora, scheme)
        if dev is not None:
            return Parts(corpus, corpus.sentences, corpora[1].sentences, scheme)
        return Parts(
            corpus, *kept_apart(corpus.sentences, self.training.dev_share, self.training.seed, scheme), scheme
        )

    def unlabelled(self, path: str | Path, corpus: Corpus) -> list[Sentence]:
        """Read sentences without their tags, if they have any; a text on a line is not cut into tokens yet.

        If columns were chosen, the file is read as that of the training sentences, ``corpus``; else its format is
        recognised.
        """
        options = self.options if self.options.columns else ReadOptions(encoding=self.options.encoding)
        watch = Watch(after_read=partial(self.events.reading, str(path)))
        with reading.reading(str(path), options, Wanted(labelled=False, force=self.force), watch=watch) as file:
            sentences = list(file.sentences)
        if not any(s.tokens or (s.extra.text or "").strip() for s in sentences):
            raise DataError("no sentence in this file", where=file.name, hint="expected sentences without tags")
        needed = self._columns(corpus)
        compatibility.check_column_count(file.name, len(file.names.features), needed)
        self.events.read(Corpus(file.name, sentences, file.description, file.format, file.names))
        return [s._replace(tags=[], columns=[cells[:needed] for cells in s.columns]) for s in sentences]

    def _read(self, name: str, data: Labelled) -> Corpus:
        wanted = Wanted(tokenizer=self.training.tokenizer, force=self.force)
        if is_file(data):
            watch = Watch(after_read=partial(self.events.reading, str(data)))
            corpus = reading.read(str(data), self.options, wanted, watch)
        else:
            corpus = given.corpus(name, data, self.options, wanted)
        self.events.read(corpus)
        return corpus

    def _check_dev(self, corpus: Corpus, dev: Corpus) -> None:
        """Refuse what cannot be right about the development and the training data."""
        tags = dict.fromkeys(tag for sentence in corpus.sentences for tag in sentence.tags)
        problems = [
            *plausibility.problems(dev),
            compatibility.same_data(corpus, dev),
            compatibility.unknown_tags(dev.sentences, tags, "the training data"),
        ]
        plausibility.refuse(dev.name, filter(None, problems), self.force)
        if self._columns(corpus):
            compatibility.check_columns(corpus, dev)

    def _columns(self, corpus: Corpus) -> int:
        """How many columns of the training data the network reads."""
        names = corpus.names.features
        return len(names) if "columns" in self.network.inputs or self.network.features == "auto" else 0

    def _check_tags(self, corpora: list[Corpus], scheme: Scheme) -> None:
        """Refuse tags that do not fit the scheme, except with ``force``, and warn of what is unusual about them."""
        is_plain = scheme.name == "plain" and self.training.scheme == "auto"
        if is_plain and schemes.could_be_io(sentence.tags for sentence in corpora[0].sentences):
            message = "the tags have no letters such as B-, so none marks a span; --scheme io: neighbours do"
            self.events.warning(message)
        tags = [tag for tag, _ in Counter(tag for s in corpora[0].sentences for tag in s.tags).most_common()]
        for corpus in corpora:
            if not self.force:
                schemes.refuse_odd(corpus, scheme, tags)
            elif message := schemes.describe_odd(corpus, scheme, tags, force=True):
                self.events.warning(f"{message}; they are outside all spans")
            if message := schemes.describe_malformed(corpus, scheme):
                self.events.warning(message)
