"""All checks on a model file: it is whole, it is what rnncli writes, and it labels as well as it says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rnncli import evaluation, modelfile
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import kept_apart
from rnncli.diagnosis import agreement
from rnncli.diagnosis.check import Check, all_hold
from rnncli.diagnosis.information import Information, sha256_of
from rnncli.diagnosis.provenance import NAMES, DevScores
from rnncli.errors import ModelError
from rnncli.model import Model

VERSION = 1  # of the JSON
_NOT_OPENED = "the file could not be opened"


class Verification(NamedTuple):
    """The outcome of all checks on a model file."""

    sha256: str
    information: Information | None  # None if the file could not be opened
    checks: list[Check]

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return all_hold(self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli verify``."""
        stored = self.information and self.information.provenance
        return {
            "version": VERSION,
            "holds": self.holds,
            "sha256": self.sha256,
            "format": self.information and self.information.format,
            "rnncli": stored and stored.rnncli,
            "data_sha256": stored and stored.data_sha256,
            "checks": [check.as_dict() for check in self.checks],
        }


def verify(
    path: Path, *, expected: str = "", read: Callable[[Model], Corpus] | None = None, threads: int = 1
) -> Verification:
    """Check a model file.

    expected  the SHA-256 that the file should have, in hexadecimal; "": any
    read      reads the labelled file on which the stored score should be reached

    A check that fails is a part of the result. Raises :class:`.FileError` if the file cannot be read at all, and
    the errors of ``read``.
    """
    try:
        information = Information.read(path)
    except ModelError as error:
        if not path.is_file():  # a device or a pipe has no hash
            raise
        digest = sha256_of(path)
        checks = [Check("file", "failed", error.message, error.hint), _hash(digest, expected)]
        checks += [Check(name, "not checked", _NOT_OPENED) for name in ("round trip", "labels", "score")]
        return Verification(digest, None, checks)
    corpus = read(information.model) if read else None
    checks = [
        _opened(information),
        _hash(information.sha256, expected),
        _round_trip(information),
        _labels(information),
        _score(information, corpus, threads),
    ]
    return Verification(information.sha256, information, checks)


def _opened(information: Information) -> Check:
    sizes = f"{information.size:,} bytes; {information.weights:,} weights"
    text = f"{sizes}, all finite; every member has its hash and its shape"
    return Check("file", "ok", text, values={"bytes": information.size, "weights": information.weights})


def _hash(digest: str, expected: str) -> Check:
    if not expected:
        return Check("sha256", "not checked", "there is none to compare with", "--sha256 HEX compares it")
    if digest == expected.lower():
        return Check("sha256", "ok", "is the expected one")
    return Check("sha256", "failed", f"is not the expected {expected}", "this is another file, or it was changed")


def _round_trip(information: Information) -> Check:
    """Whether saving what was read gives the bytes of the file."""
    try:
        with TemporaryDirectory() as folder:
            saved = modelfile.save(information.model, Path(folder) / "model.npz")
    except OSError as error:
        return Check("round trip", "not checked", f"no temporary file can be written: {error.strerror}")
    if saved == information.sha256:
        return Check("round trip", "ok", "saved again it has the same bytes")
    text = "saved again it has other bytes"
    return Check("round trip", "failed", text, "another version or another program wrote it, or it was changed")


def _labels(information: Information) -> Check:
    try:
        return agreement.check(information.model)
    except ModelError as error:
        return Check("labels", "failed", error.message, error.hint)


def _score(information: Information, corpus: Corpus | None, threads: int) -> Check:
    """Whether the stored scores are reached on a labelled file, to the digits that are shown.

    Where there is a labelled file, a score that cannot be checked is a failed check: it was asked for.
    """
    dev = information.provenance.dev
    if dev is None:
        return Check("score", "failed" if corpus else "not checked", "the file holds no score")
    stored = f"stored: dev {dev.name} {100 * dev.score:.2f}"
    if corpus is None:
        return Check("score", "not checked", stored, "--data FILE labels the development data again")
    sentences = _development(information, dev, corpus)
    if sentences is None:
        size = f"{dev.sentences:,} sentences, {dev.tokens:,} tokens"
        if corpus.sha256 == information.provenance.data_sha256:
            text = f"this is the training data, and which {size} of it were kept for development is not known"
            return Check("score", "failed", text, "give the file of the development data, if there was one")
        others = "{:,} sentences, {:,} tokens".format(*_size(corpus.sentences))
        text = f"{stored}, of {size}; this file has {others}"
        return Check("score", "failed", text, "give the development data of the training, whole")
    try:
        scores = evaluation.evaluate(information.model, sentences, threads, with_probabilities=False).as_dict()
    except ModelError as error:
        return Check("score", "failed", error.message, error.hint)
    texts = []
    is_reached = True
    expected = information.provenance.refit or dev
    for key, name in NAMES.items():
        before = _percent(getattr(expected, key))
        now = _percent(scores[key])
        is_reached = is_reached and before == now
        if before != now or key == dev.key:
            texts.append(f"{name} {before}, reached {now}")
    part = "this file" if len(sentences) == len(corpus.sentences) else "its share of this file"
    text = f"stored: dev {'; '.join(texts)} on {part}"
    if expected is not dev:
        text += ", which it was trained on at last"
    values = {
        "metric": dev.key,
        "stored": getattr(expected, dev.key),
        "reached": scores[dev.key],
        "sentences": len(sentences),
    }
    if is_reached:
        return Check("score", "ok", text, values=values)
    return Check("score", "failed", text, "these are other data, or the model does not label as it did", values)


def _percent(fraction: float | None) -> str:
    return "none" if fraction is None else f"{100 * fraction:.2f}"


def _size(sentences: Sequence[Sentence]) -> tuple[int, int]:
    return len(sentences), sum(len(sentence.tokens) for sentence in sentences)


def _development(information: Information, dev: DevScores, corpus: Corpus) -> list[Sentence] | None:
    """The sentences of a file that are as many as the development data: all, or those that its training kept.

    Without a file for it a training keeps a share of its own file, which its seed chooses.
    """
    if _size(corpus.sentences) == (dev.sentences, dev.tokens):
        return corpus.sentences
    stored = information.provenance
    if corpus.sha256 == stored.data_sha256:
        settings = information.model.training_spec
        seed = settings.seed if stored.dev_seed is None else stored.dev_seed  # of several, the first
        train, kept = kept_apart(corpus.sentences, settings.dev_share, seed, information.model.scheme)
        if (_size(train), _size(kept)) == ((stored.sentences, stored.tokens), (dev.sentences, dev.tokens)):
            return kept
    return None
