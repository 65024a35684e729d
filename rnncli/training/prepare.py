"""An untrained model for the training data: what the data settle, and its random weights."""

from collections.abc import Sequence
from dataclasses import replace

from rnncli import arguments
from rnncli.config import NetworkSpec, TrainingSpec, usual_patience
from rnncli.data import tokenizer_choice
from rnncli.data.digits import choose_digits
from rnncli.data.inputs import Inputs
from rnncli.data.lexicon import Lexicon
from rnncli.data.schemes import choose
from rnncli.data.sentence import Sentence, check
from rnncli.data.tags import Scheme
from rnncli.data.tokenize import divided
from rnncli.data.vectors import Vectors
from rnncli.model import Model
from rnncli.network import need
from rnncli.training import carry


def prepare(
    sentences: Sequence[Sentence],
    network: NetworkSpec,
    training: TrainingSpec,
    vectors: Vectors | None = None,
    scheme: Scheme | None = None,
    start: Model | None = None,
    lexicon: Lexicon | None = None,
    cut: tokenizer_choice.Choice | None = None,
) -> Model:
    """Make an untrained model for these training sentences, with their vocabularies, tags, scheme, tokenizer.

    scheme   that of the tags, if it was recognised already
    start    a model with this network and scheme, whose words, tags and weights are carried over
    lexicon  phrases with types, which are read beside the tokens
    cut      the tokenizer, if it was chosen already
    """
    arguments.instance("network", network, NetworkSpec)
    arguments.instance("training", training, TrainingSpec)
    if vectors is not None:
        arguments.instance("vectors", vectors, Vectors, "read them: rnncli.data.vectors.read")
    if lexicon is not None:
        arguments.instance("lexicon", lexicon, Lexicon, "read it: rnncli.data.lexicon.read")
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    if not any(sentence.tokens for sentence in sentences):
        arguments.refuse("sentences", "at least one token", sentences)
    tags = list(dict.fromkeys(tag for sentence in sentences for tag in sentence.tags))
    if scheme is None:
        scheme = choose(training.scheme, (sentence.tags for sentence in sentences))
    columns = [sentence.columns for sentence in sentences]
    if start:
        tags = carry.joined(start.tags, tags)
        columns = carry.columns(start, columns)
        vectors = carry.vectors(start, vectors)
        lexicon = carry.lexicon(start, lexicon)
    digits = network.digits if network.digits != "auto" else choose_digits(sentences)
    has_columns = bool(columns[0] and columns[0][0])
    cut = cut or tokenizer_choice.of(training.tokenizer, sentences, digits)
    network = network.resolved(
        has_columns,
        vectors is not None,
        scheme.limits_moves,
        digits,
        lexicon=lexicon is not None,
        characters="characters" in cut.name.split("+"),
    )
    training = training.resolved(network, len(sentences), scheme.has_spans, _outside(sentences, scheme))
    lengths = [len(sentence.tokens) for sentence in sentences]
    if start and not training.epochs:  # it may be good already, so there is no least number of epochs
        training = replace(training, patience=training.patience or usual_patience(sum(lengths)))
    inputs = Inputs.count(network, [sentence.tokens for sentence in sentences], columns, vectors, lexicon)
    if start:
        inputs = carry.joined_inputs(start.inputs, inputs)
    model = Model.untrained(network, training, inputs, tags, cut.name, scheme)
    need.check_batch(network, model.parameters.rows, training, lengths, len(tags))
    model.reproduced = cut.share
    model.divided = divided(cut.name, (sentence.tokens for sentence in sentences), inputs.words)
    if vectors and "vectors" in network.inputs:
        names = inputs.lists()["vectors"]  # those of the start, which are carried over, and then new ones
        row_of = {word: row for row, word in enumerate(vectors.words)}
        new = [row for row, name in enumerate(names) if name in row_of]
        model.parameters["input/vectors"][new] = vectors.table[[row_of[names[row]] for row in new]]
    if start:
        if model.divided:
            model.divided = carry.joined(start.divided, model.divided)
        carry.carry(start, model)
    return model


def _outside(sentences: Sequence[Sentence], scheme: Scheme) -> float:
    """The share of the tokens that are in no span."""
    spans = [span for sentence in sentences for span in scheme.spans(sentence.tags)] if scheme.has_spans else []
    inside = sum(span.end - span.start for span in spans)
    return 1 - inside / sum(len(sentence.tokens) for sentence in sentences)
