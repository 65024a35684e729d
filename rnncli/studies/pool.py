"""A pool of sentences without tags: which of them to label next, and the tags that a model gives them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import api
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError
from rnncli.jobs import Counts, Job
from rnncli.model import Model
from rnncli.network.team import ThreadTeam
from rnncli.studies.priority import Candidates, Chosen, choose, size
from rnncli.studies.uncertainty import Judge
from rnncli.tagging import Tagger
from rnncli.threads import count_threads

SHORT = "too short"
LONG = "too long"
KNOWN = "labelled already"
REPEATED = "repeated"


class Wish(NamedTuple):
    """What is wanted of a pool.

    wanted     sentences to choose
    measure    of uncertainty, see :mod:`.uncertainty`
    diversity  from 0 to 1, see :mod:`.priority`
    shortest   tokens of a sentence, at least 1
    longest    tokens of a sentence; a person does not label endless ones, and memory is bounded by it
    """

    wanted: int
    measure: str
    diversity: float
    shortest: int
    longest: int


class Selection(NamedTuple):
    """What was chosen, in the order in which to label it.

    read        sentences of the pool
    left_out    how many of them, and why
    candidates  of which were chosen
    """

    chosen: list[Chosen]
    read: int
    left_out: dict[str, int]
    candidates: int

    def as_dict(self) -> dict[str, Any]:
        """What ``rnncli study next --json`` says beside the sentences."""
        return {"read": self.read, "left_out": self.left_out, "candidates": self.candidates}


def job(data: Path, output: Path, force: bool) -> Job:
    """The job that trains a model on a labelled file, with the default settings of ``rnncli train``."""
    return Job("model", f"{__name__}:train_model", {"force": force}, (data,), output)


def train_model(*, force: bool, inputs: Sequence[Path], output: Path) -> Counts:
    """Train a model on a labelled file."""
    files = api.Files(inputs[0], out=output)
    specs = NetworkSpec(), TrainingSpec()
    settings = api.Settings(threads=0, force=force, resume=False, checkpoint_every=0)
    trained = api.train_files(files, *specs, settings=settings)
    if trained.problem:
        raise trained.problem
    return {"dev": trained.dev.score}


def select(
    model: Model, sentences: Iterable[Sentence], wish: Wish, threads: int = 1, known: Iterable[Sentence] = ()
) -> Selection:
    """Choose the sentences of a pool to label next; a text that is not cut into tokens is cut here.

    known  sentences that are labelled already; those with the same tokens are left out

    Only the candidates are kept in memory, and the tokens of the known sentences.
    """
    left_out: Counter[str] = Counter()
    labelled = {tuple(sentence.tokens) for sentence in known}
    read = 0

    def fitting() -> Iterator[tuple[int, Sentence]]:
        nonlocal read
        for number, sentence in enumerate(sentences):
            read = number + 1
            sentence = cut(model, sentence)
            count = len(sentence.tokens)
            if count < wish.shortest:
                left_out[SHORT] += 1
            elif count > wish.longest:
                left_out[LONG] += 1
            elif tuple(sentence.tokens) in labelled:
                left_out[KNOWN] += 1
            else:
                yield number, sentence

    with ThreadTeam(count_threads(threads)) as team:
        candidates = Candidates(size(wish.wanted), model.inputs.columns)
        candidates.add(fitting(), Judge(model, wish.measure, team).uncertainty)
    if candidates.repeated:
        left_out[REPEATED] += candidates.repeated
    ordered = candidates.ordered()
    return Selection(choose(ordered, wish.wanted, wish.diversity), read, dict(left_out), len(ordered))


def cut(model: Model, sentence: Sentence) -> Sentence:
    """The sentence with the tokens of its text, if it has no tokens yet."""
    text = sentence.extra.text
    if sentence.tokens or text is None:
        return sentence
    if model.inputs.columns:
        hint = "give a file of tokens with these columns"
        raise UsageError("this model reads columns beside each token, which a text does not have", hint=hint)
    tokens = model.tokenize(text)
    extra = sentence.extra._replace(starts=[token.start for token in tokens])
    return sentence._replace(tokens=[token.text for token in tokens], columns=[()] * len(tokens), extra=extra)


def labelled(model: Model, chosen: Sequence[Chosen]) -> Iterator[tuple[Sentence, dict[str, Any]]]:
    """The chosen sentences with the tags of the model, and what is said of each."""
    tagged = Tagger(model).stream_sentences([choice.sentence for choice in chosen])
    for rank, (choice, labels) in enumerate(zip(chosen, tagged, strict=True), 1):
        facts = {
            "rank": rank,
            "line": choice.sentence.line,
            "uncertainty": round(choice.uncertainty, 6),
            "similarity": round(choice.similarity, 6),
        }
        yield choice.sentence._replace(tags=[token.tag for token in labels.tokens]), facts
