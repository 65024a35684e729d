"""The specs of a model: the only home of defaults, help texts and their validation.

Every field is an option of ``rnncli train``, a key of ``--config FILE.toml``, an environment variable
(``RNNCLI_…``) and an entry of the model file's header. Standard library alone, so that ``--help`` is quick.
"""

import dataclasses
import math
import typing
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from rnncli.errors import UsageError
from rnncli.spec import Spec, option


class Architecture(NamedTuple):
    """What a network keeps in memory, and in which directions it reads."""

    keeps_hidden: bool  # h(t−1) through W
    keeps_output: bool  # ŷ(t−1) through Wy
    directions: int
    memory: str  # for help, README and docs

    @property
    def keeps_only_output(self) -> bool:
        """Whether the probabilities of the tags are its only memory, as in a Jordan network."""
        return self.keeps_output and not self.keeps_hidden


ARCHITECTURES = {
    "fnn": Architecture(False, False, 1, "nothing: a token is labelled by what its window shows"),
    "elman": Architecture(True, False, 1, "the hidden layer h(t−1)"),
    "jordan": Architecture(False, True, 1, "the output ŷ(t−1)"),
    "hybrid": Architecture(True, True, 1, "both h(t−1) and ŷ(t−1)"),
    "bidirectional": Architecture(True, False, 2, "one hidden layer read forward, one read backward"),
}


class Cell(NamedTuple):
    """How a hidden unit updates. A cell is a row here, ``plain/cells/<name>.py`` and ``kernels/<name>.py``."""

    gates: tuple[str, ...]  # each has rows of U and W for every unit, in this order; "": the only one needs no name
    memory: str  # for help, README and docs
    first_biases: tuple[tuple[str, float], ...] = ()  # gates whose b does not start at 0
    recurrent_bias: str = ""  # name of a bias of the last gate's part of W h(t−1), which that gate has beside b
    keeps_state: bool = False  # whether a state beside h(t) is carried from step to step


CELLS = {
    "simple": Cell(("",), "h(t) = φ(U x(t) + W h(t−1) + b)"),
    # The forget gate starts open, so that an LSTM remembers at first (Jozefowicz et al. 2015, section 3.2).
    "lstm": Cell(
        ("input", "forget", "candidate", "output"),
        "a cell state behind input, forget and output gates",
        first_biases=(("forget", 1.0),),
        keeps_state=True,
    ),
    "gru": Cell(
        ("reset", "update", "candidate"),
        "h(t−1), updated through a reset and an update gate",
        recurrent_bias="bn",
    ),
}

INPUTS = {
    "embedding": "a learned vector for each word",
    "onehot": "one-hot, so that U has a column for each word",
    "ngram": "learned vectors of the word's letter n-grams, prefixes, suffixes and shape, added up",
    "context": "learned vectors of the n-grams that a token forms with its neighbours, added up",
    "vectors": "a vector for each word from the file given by --vectors",
    "lexicon": "learned vectors for the phrases of --lexicon: their types, and the place of the token in them",
    "columns": "a learned vector for the value of each column between token and tag",
}

TOKENIZER_PARTS = {
    "whitespace": "at blanks alone",
    "words": "words, numbers, addresses and punctuation",
    "characters": "every character by itself; with words, characters of scripts that are written without blanks",
    "contractions": "with words: don't is do n't, what's is what 's",
    "elisions": "with words: l'homme is l' homme",
    "amounts": "with words: $3.50, 50% and -5 are not cut",
    "compounds": "with words: well-known is well - known, and/or is and / or",
    "lexicon": "with words: words of the training data stay whole, also in scripts without blanks",
}


def is_tokenizer(name: object) -> bool:
    """Tell whether a tokenizer has this name: whitespace, characters, or words with any parts of the table."""
    if not isinstance(name, str):
        return False
    parts = name.split("+")
    is_known = len(set(parts)) == len(parts) and set(parts) <= TOKENIZER_PARTS.keys()
    return name in ("whitespace", "characters") or (is_known and "words" in parts and "whitespace" not in parts)


Arch = Literal["fnn", "elman", "jordan", "hybrid", "bidirectional"]
Activation = Literal["tanh", "relu", "sigmoid", "identity"]
if typing.TYPE_CHECKING:
    CellName = str
else:
    CellName = Literal["auto", *CELLS]
# The names of the rows in rnncli.data.formats.
FORMATS = (
    "tsv", "conll", "conllu", "csv", "jsonl", "json", "doccano", "prodigy", "label-studio", "entities", "text",
)  # fmt: skip
if typing.TYPE_CHECKING:
    FormatName = str
    TargetName = str
else:
    FormatName = Literal["auto", *FORMATS]
    TargetName = Literal[FORMATS]
ExportName = Literal["onnx", "safetensors", "npz"]
Decoder = Literal["softmax", "crf"]
Transitions = Literal["auto", "any", "legal"]
Feedback = Literal["predicted", "gold", "mixed"]
SpanScheme = Literal["io", "IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES", "BMEWO"]
SchemeName = Literal["auto", "plain", SpanScheme]
Digits = Literal["auto", "keep", "zero"]
Neighbours = Literal["auto", "joined", "added"]
Optimiser = Literal["adam", "sgd"]
Pretrained = Literal["frozen", "tuned"]
OnError = Literal["fail", "skip"]
Refit = Literal["auto", "yes", "no"]
RecurrentInit = Literal["orthogonal", "identity", "glorot"]


@dataclass(frozen=True)
class ReadOptions(Spec):
    """How files of tokens and tags are read."""

    format: FormatName = option("auto", "Format of what is read; auto: recognised by content.")
    columns: str = option(
        "", "Columns to read, by number or name: token=2,tag=4,pos=3; roles but token and tag are features."
    )
    tag_names: str = option(
        "", "Names of tags that are numbers in the file, in order from number 0: O,B-PER,I-PER,…"
    )
    encoding: str = option("", "Encoding of what is read; without it that of a byte order mark, else UTF-8.")


@dataclass(frozen=True)
class JobOptions(Spec):
    """Where the jobs of a command run, and what becomes of those that fail."""

    jobs: int = option(1, "Processes that work at once; changes no result.", 1, 1024)
    cluster: str = option("", "Dask cluster that does the work: tcp://HOST:8786, or local:N.")
    shard: str = option("", "Do only part K of N, as one task of a job array does: 3/100.")
    on_error: OnError = option("fail", "When a job fails: fail stops the others, skip goes on with them.")


@dataclass(frozen=True)
class StudyJobOptions(JobOptions):
    """The same for the many small trainings of a study, which use all CPUs if nothing else is said."""

    jobs: int = option(
        0, "Trainings at once, each in one thread; 0: one for each available CPU. Changes no result.", 0, 1024
    )


@dataclass(frozen=True)
class NetworkSpec(Spec):
    """The structure of a network, except for the sizes that come from the data (words, tags)."""

    arch: Arch = option("bidirectional", "What the network keeps in memory, and in which direction it reads.")
    cell: CellName = option(
        "auto", "Type of the hidden units; auto is lstm for bidirectional, simple for all others."
    )
    layers: int = option(1, "Hidden layers; layer l reads layer l−1.", 1, 64)
    hidden: int = option(128, "Hidden units of each layer and direction.", 1, 65536)
    activation: Activation = option("tanh", "φ of simple hidden units.")
    features: str = option(
        "auto",
        f"What the network reads of a token, joined by +: {', '.join(INPUTS)}; auto is embedding+ngram, with "
        "columns, vectors and lexicon where there are any; context in place of ngram for characters.",
        joins=INPUTS,
    )
    window: int = option(1, "Neighbouring tokens on each side that are read together with a token.", 0, 64)
    neighbours: Neighbours = option(
        "auto",
        "How the window is read: joined, vectors end to end; added, a layer adds to the token's own vector; "
        "auto: added for lstm and gru.",
    )
    embedding: int = option(64, "Size of the learned word vectors.", 1, 65536)
    ngram: int = option(
        64, "Size of the learned vectors of n-grams, of letters or of neighbouring tokens.", 1, 65536
    )
    column: int = option(96, "Size of the learned vectors of column values and of types of phrases.", 1, 65536)
    digits: Digits = option(
        "auto", "keep: words with other digits are other words; zero: 10:30 and 11:45 are one; auto: by the tags."
    )
    decoder: Decoder = option("crf", "How tags are chosen: softmax one by one, crf whole sequences of tags.")
    transitions: Transitions = option(
        "auto",
        "Which tag may follow which: any, or only what is legal in the tag scheme; auto: legal where there is a "
        "scheme.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        keeps_only_hidden = self.architecture.keeps_hidden and not self.architecture.keeps_output
        if self.cell not in ("auto", "simple") and not keeps_only_hidden:
            message = (
                f"--cell {self.cell} needs a network that keeps only its hidden layer; --arch {self.arch} does not"
            )
            raise UsageError(message, hint="use --arch elman or bidirectional, or --cell simple")

    @property
    def architecture(self) -> Architecture:
        """The row of :data:`ARCHITECTURES` for this spec."""
        return ARCHITECTURES[self.arch]

    @property
    def gates(self) -> int:
        """Rows of U and W for each hidden unit."""
        return len(CELLS[self.cell].gates)

    @property
    def recurrent_bias(self) -> str:
        """The name of the bias that :class:`Cell` describes; "" where the cell has none."""
        return CELLS[self.cell].recurrent_bias

    @property
    def product(self) -> int:
        """Numbers in a layer's input product U x + b: gates, for both directions, of all hidden units."""
        return self.architecture.directions * self.gates * self.hidden

    @property
    def adds_neighbours(self) -> bool:
        """Whether there is a layer that adds what the neighbours show to a token's own vector."""
        return self.neighbours == "added" and self.window > 0 and self.features != "onehot"

    @property
    def description(self) -> str:
        """The network in words: ``bidirectional, 1 × 128 lstm, crf``."""
        units = self.activation if self.cell == "simple" else self.cell
        return f"{self.arch}, {self.layers} × {self.hidden} {units}, {self.decoder}"

    @property
    def inputs(self) -> list[str]:
        """The names in ``features``, in the order of :data:`INPUTS`."""
        return [name for name in INPUTS if name in self.features.split("+")]

    def resolved(
        self,
        columns: bool,
        vectors: bool,
        scheme: bool,
        digits: Digits = "zero",
        lexicon: bool = False,
        characters: bool = False,
    ) -> Self:
        """Replace every ``auto``.

        columns, vectors  whether there are columns between token and tag, and a file of word vectors
        scheme            whether the tags have a scheme that limits which tag may follow which
        digits            how digits are read if that is auto
        lexicon           whether there is a file of phrases
        characters        whether tokens are single characters
        """
        cell = self.cell
        features = self.features
        transitions = self.transitions
        if cell == "auto":
            cell = "lstm" if self.arch == "bidirectional" else "simple"
        if features == "auto":
            letters = "context" if characters else "ngram"
            features = f"embedding+{letters}" + "+vectors" * vectors + "+lexicon" * lexicon + "+columns" * columns
        if transitions == "auto":
            transitions = "legal" if scheme else "any"
        names = features.split("+")
        if "columns" in names and not columns:
            raise UsageError("--features columns: the training data has no column between token and tag")
        for part, is_given, file in (("vectors", vectors, "word vectors"), ("lexicon", lexicon, "phrases")):
            if part in names and not is_given:
                raise UsageError(f"--features {part} needs a file of {file}", hint=f"give it: --{part} FILE")
            if is_given and part not in names:
                hint = f"give --features {features}+{part}"
                raise UsageError(f"--features {features} does not use --{part}", hint=hint)
        chosen = dataclasses.replace(
            self,
            cell=cell,
            features=features,
            neighbours="added" if self.neighbours == "auto" else self.neighbours,
            digits=digits if self.digits == "auto" else self.digits,
            transitions=transitions,
        )
        if self.neighbours == "auto" and not (chosen.gates > 1 and chosen.adds_neighbours):
            return dataclasses.replace(chosen, neighbours="joined")
        if chosen.neighbours == "added" and not chosen.adds_neighbours:
            message = "--neighbours added needs a --window above 0, and other --features than onehot"
            raise UsageError(message, hint="leave --neighbours out")
        return chosen


LEXICON_DROPOUT = 0.5  # share of the phrases of a lexicon that are left out in training
LEARNING_RATES = {"adam": 0.002, "sgd": 0.5}
# With smaller steps a Jordan net stays on a plateau where it ignores the output that is fed back.
JORDAN_LEARNING_RATES = {"adam": 0.01, "sgd": 0.5}


# The learning rate stays for at least the first share of the usual epochs, and then until so many tokens were read
# or the second share is over.
LEAST = 0.4, 0.7
LEAST_TOKENS = 400_000
# With the fall that is the usual number in all.
MOST = 0.8
# It falls when the dev score was not clearly better for this share of the usual epochs.
PATIENCE = 0.2
# The fall takes this share of the time before it.
FALL = 0.25
# A refit takes this share of the passes before it.
REFIT = 0.25


def usual_epochs(tokens: int) -> int:
    """About how many passes over so many training tokens help."""
    return min(80, max(5, round(6_700 / math.sqrt(max(1, tokens)))))


def usual_patience(tokens: int) -> int:
    """After how many epochs without a better score the learning rate falls, for so many training tokens."""
    return max(5, round(PATIENCE * usual_epochs(tokens)))


def constant_epochs(tokens: int) -> tuple[int, int]:
    """The least and the largest number of epochs in which the learning rate stays, for so many training tokens."""
    usual = usual_epochs(tokens)
    least, enough = (round(share * usual) for share in LEAST)
    return max(least, min(enough, math.ceil(LEAST_TOKENS / max(1, tokens)))), round(MOST * usual)


def fall_after(epochs: int) -> int:
    """The epochs in which the learning rate falls, after so many in which it stays."""
    return max(1, round(FALL * epochs))


# The share of inputs and hidden units that is dropped where tags mark spans, and where they do not.
DROPOUT_OF_SPANS = 0.6
DROPOUT = 0.5
# The probability that a span is exchanged: for the fewest sentences, and the number of sentences that halves it.
# Where spans follow one another, nothing that belongs together would be left, so it falls with the tokens outside.
EXCHANGE = 0.7
EXCHANGE_HALF = 1_000


@dataclass(frozen=True)
class TrainingSpec(Spec):
    """How a network is trained."""

    epochs: int = option(0, "Passes over the training data; 0: as many as help.", 0, 1_000_000)
    patience: int = option(
        0,
        "Without --epochs, the learning rate falls after this many epochs without a clearly better dev score; "
        "0: by size.",
        0,
        1_000_000,
    )
    batch: int = option(0, "Sentences in a batch; 0: a hundredth of all, from 8 to 16.", 0, 1_000_000)
    optimiser: Optimiser = option("adam", "Optimiser.")
    learning_rate: float = option(0.0, "Peak learning rate; 0: adam 0.002 (jordan 0.01), sgd 0.5.", 0)
    warmup: float = option(1.0, "Epochs in which the learning rate rises; at most a fifth of a known number.", 0)
    dropout: float = option(
        -1.0,
        "Share of inputs and hidden units dropped in training; −1: 0.6 where tags mark spans, else 0.5.",
        -1,
        0.95,
    )
    exchange: float = option(
        -1.0,
        "Probability that a span is exchanged for one of its type in training; −1: 0.7 and less, by size and tags.",
        -1,
        1,
    )
    feedback: Feedback = option(
        "predicted", "What jordan and hybrid networks read as the previous tag in training."
    )
    class_weight: str = option(
        "none", "Weight of each tag in the loss: none, balanced, or a file of tag<TAB>weight."
    )
    pretrained: Pretrained = option("frozen", "Whether the vectors of --vectors are trained further.")
    unknown: float = option(
        0.3, "Probability that a word seen only once is read as the unknown word in training.", 0, 1
    )
    clip: float = option(1.0, "Largest global norm of a gradient; 0 is no limit.", 0)
    omega: float = option(0.0, "Weight of Pascanu's regulariser of the memory of simple units; 0 is off.", 0)
    recurrent_init: RecurrentInit = option(
        "orthogonal", "Initial values of the recurrent weights; identity is for --activation relu (IRNN)."
    )
    dev_share: float = option(
        0.0, "Share of training sentences kept for development if none are given; 0: a tenth, at most 500.", 0, 0.9
    )
    refit: Refit = option(
        "auto",
        "Whether the best model is trained further on training and development data together; auto: if no --dev is "
        "given.",
    )
    seed: int = option(1, "Seed of all random numbers.", 0, 2**63 - 1)
    scheme: SchemeName = option(
        "auto",
        "What the tags mark; auto: recognised, but never io. plain: no spans; io: neighbours with the same tag are "
        "a span; all others: spans by letters such as B-x I-x.",
    )
    tokenizer: str = option(
        "auto",
        "How raw text is cut into tokens: whitespace, characters, words, or words joined by + with "
        "characters, contractions, elisions, amounts, compounds, lexicon; auto: as the training data is cut.",
        joins=TOKENIZER_PARTS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokenizer != "auto" and not is_tokenizer(self.tokenizer):
            raise UsageError(
                f"--tokenizer {self.tokenizer}: these do not go together",
                hint="give whitespace or characters alone, or join words and others: words+contractions",
            )
        if -1 < self.exchange < 0:
            raise UsageError(
                f"--exchange {self.exchange:g}: not a probability", hint="give 0 to 1, or leave it out"
            )
        if -1 < self.dropout < 0:
            raise UsageError(f"--dropout {self.dropout:g}: not a share", hint="give 0 to 0.95, or leave it out")

    def refits(self, has_dev: bool, sentences: int) -> bool:
        """Whether the best model is trained further on all data, of so many sentences beside those of ``--dev``."""
        if not has_dev and sentences == 1:  # it is both training and development data
            return False
        return self.refit == "yes" or (self.refit == "auto" and not has_dev)

    def most_epochs(self, tokens: int) -> int:
        """The most passes over so many training tokens."""
        _, most = constant_epochs(tokens)
        return self.epochs or most + fall_after(most)

    def resolved(self, network: NetworkSpec, sentences: int, has_spans: bool = True, outside: float = 1.0) -> Self:
        """Replace the 0 and −1 that stand for a choice by what the training data and the network decide.

        has_spans  whether the tags mark spans
        outside    the share of the tokens that are in no span
        """
        if self.epochs and self.patience:
            message = "--patience and --epochs cannot both be given"
            raise UsageError(message, hint="--patience is for a number of epochs that the dev score decides")
        if self.omega and not (network.architecture.keeps_hidden and network.cell == "simple"):
            message = (
                f"--omega needs simple units that are kept; --arch {network.arch} --cell {network.cell} has none"
            )
            raise UsageError(message, hint="use --cell simple and --arch elman, hybrid or bidirectional")
        usual_exchange = EXCHANGE * outside / (1 + sentences / EXCHANGE_HALF)
        if "context" in network.inputs:  # n-grams of neighbours would still be those of the span before
            usual_exchange = 0.0
            if self.exchange > 0:
                hint = "leave --exchange out, or give --features embedding+ngram"
                raise UsageError("--exchange does not go with --features context", hint=hint)
        usual_dropout = DROPOUT_OF_SPANS if has_spans else DROPOUT
        rates = JORDAN_LEARNING_RATES if network.architecture.keeps_only_output else LEARNING_RATES
        return dataclasses.replace(
            self,
            batch=self.batch or min(16, max(8, sentences // 100)),
            dropout=usual_dropout if self.dropout < 0 else self.dropout,
            exchange=usual_exchange if self.exchange < 0 else self.exchange,
            learning_rate=self.learning_rate or rates[self.optimiser],
        )


class Range(NamedTuple):
    """The values of an option that ``rnncli study tune`` tries.

    step            between them; 0: any number
    is_logarithmic  whether the logarithm is drawn evenly
    """

    low: float
    high: float
    step: float = 0
    is_logarithmic: bool = False


# The options that matter most for the score (Reimers and Gurevych 2017, section 7), and what is tried of each: a
# range, or names. The first trial has the defaults.
RANGES: dict[str, Range | tuple[str, ...]] = {
    "learning_rate": Range(0.0005, 0.01, is_logarithmic=True),
    "dropout": Range(0.2, 0.7),
    "batch": Range(4, 32, is_logarithmic=True),
    "hidden": Range(32, 256, 32),
    "layers": Range(1, 2, 1),
    "cell": ("lstm", "gru"),
    "window": Range(0, 2, 1),
    "embedding": Range(16, 128, 16),
    "ngram": Range(16, 128, 16),
    "exchange": Range(0.0, 0.9),
    "unknown": Range(0.1, 0.5),
}


@dataclass(frozen=True)
class TrialSpec(Spec):
    """What ``rnncli memory-task --solve`` trains; everything else is fixed in :mod:`rnncli.solving`."""

    arch: Arch = option("elman", "What the network keeps in memory, and in which direction it reads.")
    cell: CellName = option("simple", "Type of the hidden units; auto is as in rnncli train.")
    layers: int = option(1, "Hidden layers.", 1, 64)
    hidden: int = option(50, "Hidden units of each layer and direction.", 1, 65536)
    activation: Activation = option("tanh", "φ of simple hidden units.")
    recurrent_init: RecurrentInit = option("orthogonal", "Initial values of the recurrent weights.")
    clip: float = option(1.0, "Largest global norm of a gradient; 0 is no limit.", 0)
    omega: float = option(0.0, "Weight of Pascanu's regulariser of the memory of simple units; 0 is off.", 0)
    learning_rate: float = option(0.0, "Peak learning rate; 0 is that of rnncli train.", 0)
    epochs: int = option(20, "Most passes over the sentences of a delay.", 1, 1_000_000)
    seed: int = option(1, "Seed of all random numbers.", 0, 2**63 - 1)


@dataclass(frozen=True)
class ResamplingSpec(Spec):
    """How intervals and p are estimated from random samples of the test sentences."""

    replicates: int = option(10_000, "Random samples for each interval and each p.", 100, 1_000_000)
    seed: int = option(1, "Seed of all random numbers.", 0, 2**63 - 1)


# For intervals alone, which need fewer replicates than a small p does.
OF_EVALUATE = ResamplingSpec(replicates=1_000)
