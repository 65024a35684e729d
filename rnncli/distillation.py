"""What several models know, for one to learn: their mean probabilities of the tags of text without tags.

On the training sentences models are too sure for that: five of them give 99.8 % to one tag. So the target there is
the tag of the file. What the teachers know shows on other text.

The target of a token is the mean of its distributions under the teachers. To a CRF it is one factor of
q(y) = Π q(t)[y(t)], so that the cross-entropy is exact: see :func:`rnncli.kernels.crf.loss`.

Sources: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"; for CRFs: Wang et al. 2020,
"Structure-level knowledge distillation for multilingual sequence labeling", and 2021, "Structural knowledge
distillation", whose factorised form this is, with the marginals of tokens alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rnncli import memory
from rnncli.data.batch import Encoded, Longs, by_length, pack
from rnncli.data.sentence import Sentence
from rnncli.labelling import BATCH_TOKENS, BLOCK_NUMBERS
from rnncli.model import Model
from rnncli.network import need, output
from rnncli.network.arena import Arena
from rnncli.network.output import Target
from rnncli.network.team import ThreadTeam
from rnncli.parameters import Array
from rnncli.threads import count_threads

# The tags of a token that keep their share of the target, which then takes 64 bytes a token, not 4 for each tag. Of
# 54 tags of ATIS, eight had 98.9 % after training on 100 sentences; of 14 of CoNLL-2000, 99.9 %.
MOST_TAGS = 8
# Smaller shares of a target count as 0, which saves time.
LEAST = 1e-3


class Lesson(NamedTuple):
    """What a model is taught."""

    sentences: list[Sentence]  # all with tags: those of the file, or the most probable ones
    target: Target

    def joined(self, tags: Sequence[str], sentences: Sequence[Sentence]) -> "Lesson":
        """The same with further sentences that have tags; ``tags`` are those of the model, before new ones."""
        names = [tag for sentence in sentences for tag in sentence.tags]
        numbers = {tag: number for number, tag in enumerate(dict.fromkeys([*tags, *names]))}
        gold = _of_gold(np.array([numbers[name] for name in names], np.int32), self.target.tags.shape[1])
        target = Target(*map(np.concatenate, zip(gold, self.target, strict=True)))
        return Lesson([*sentences, *self.sentences], target)


def check_memory(model: Model, teachers: int, others: Sequence[Sentence]) -> None:
    """Refuse teachers whose weights do not fit in memory together, and other sentences that are too long for it."""
    lengths = [len(sentence.tokens) for sentence in cut(model, others)]
    if lengths:
        rows = model.parameters.rows
        need.check_batch(model.network_spec, rows, model.training_spec, lengths, len(model.tags))
    needed = teachers * model.parameters.flat.nbytes
    memory.check(needed, f"the weights of {teachers} teachers", "lower --seeds, --hidden or --embedding")


def cut(model: Model, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The same sentences, with those that are a text cut into tokens by the tokenizer of a model."""

    def tokens(sentence: Sentence) -> list[str]:
        text = sentence.extra.text
        return sentence.tokens if sentence.tokens or text is None else model.cut(text)

    whole = [sentence._replace(tokens=tokens(sentence)) for sentence in sentences]
    return [sentence for sentence in whole if sentence.tokens]


def lesson(
    model: Model,
    teachers: Sequence[Array],
    sentences: Sequence[Sentence],
    others: Sequence[Sentence],
    threads: int,
    advance: Callable[[float], None],
) -> Lesson:
    """The training sentences with their tags, and others with what the teachers think.

    model      of the structure of the teachers; its weights do not count
    teachers   the weights of each, (parameters,)
    others     sentences whose tags do not count
    advance    called with the share that is done
    """
    gold = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True)).tags
    encoded = model.encode([s.tokens for s in others], [s.columns for s in others])
    size = min(MOST_TAGS, len(model.tags))
    tokens = len(gold) + len(encoded.words)
    memory.check(8 * size * tokens, f"the targets of {tokens:,} tokens", "give less to --unlabelled")
    target = _of_gold(np.concatenate([gold, np.zeros(len(encoded.words), np.int32)]), size)
    tags, shares = (array[len(gold) :] for array in target)
    for positions, mean in _means(model, teachers, encoded, threads, advance):
        tags[positions], shares[positions] = _largest(mean, size)
    names = [model.tags[number] for number in tags[:, 0].tolist()]
    ends = encoded.starts.tolist()
    labelled = [s._replace(tags=names[a:b]) for s, a, b in zip(others, ends[:-1], ends[1:], strict=True)]
    return Lesson([*sentences, *labelled], target)


def _of_gold(gold: Array, size: int) -> Target:
    """A target (N, size) of one tag each, gold (N,)."""
    target = Target(np.zeros((len(gold), size), np.int32), np.zeros((len(gold), size), np.float32))
    target.tags[:, 0] = gold
    target.shares[:, 0] = 1
    return target


def _means(
    model: Model,
    teachers: Sequence[Array],
    encoded: Encoded,
    threads: int,
    advance: Callable[[float], None],
) -> Iterator[tuple[Longs, Array]]:
    """Yield positions, (n,), and the means of the teachers' probabilities of all tags there, (n, K)."""
    spec = model.network_spec
    parameters = model.parameters.copy()
    batches = list(by_length(encoded, BATCH_TOKENS))
    count = max(1, BLOCK_NUMBERS // (BATCH_TOKENS * len(model.tags)))  # of batches that are labelled together
    with ThreadTeam(count_threads(threads)) as team:
        arena = Arena(team.queue)
        for start in range(0, len(batches), count):
            block = [pack(encoded.starts, sentences) for sentences in batches[start : start + count]]
            sums = [np.zeros((len(packed.positions), len(model.tags)), np.float32) for packed in block]
            for weights in teachers:
                transposed = parameters.assign_flat(weights).transposed_weights()
                for packed, total in zip(block, sums, strict=True):
                    team.wake()
                    arena.clear()
                    total += output.distributions(spec, parameters, encoded.batch(packed), transposed, arena)
            for packed, total in zip(block, sums, strict=True):
                yield packed.positions, total / np.float32(len(teachers))
            advance((start + len(block)) / len(batches))


def _largest(q: Array, size: int) -> tuple[Array, Array]:
    """The tags with the largest shares of each row of q (n, K), largest first, and their shares; both (n, size)."""
    tags = np.argsort(-q, axis=1, kind="stable")[:, :size]
    shares = np.take_along_axis(q, tags, axis=1)
    shares[shares < LEAST] = 0
    return tags.astype(np.int32), shares / shares.sum(axis=1, keepdims=True)
