"""labelling.py: two ways to the same tags, chosen by time; any number of threads; nothing but sound numbers."""

import math
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from networks import NETWORKS

from rnncli import evaluation, kernel_choice, labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import Encoded
from rnncli.data.sentence import Sentence
from rnncli.errors import DivergedError, ModelError
from rnncli.labelling import Labeller, Prediction
from rnncli.model import Model
from rnncli.modelfile import save
from rnncli.plain.limits import TooLargeError
from rnncli.tagging import Tagger

WAYS = {"NumPy": False, "kernels": True}
TAGS = ["O", "B-city", "I-city", "B-day", "I-day"]


def word(number: int) -> str:
    """One of 26 words; digits would all be one."""
    return f"w{chr(97 + number % 26)}"


def drawn(spec: NetworkSpec, words: int = 12, tags: list[str] = TAGS) -> Model:
    """An untrained model with biases and scores of moves that are not 0."""
    count = max(words, len(tags))
    sentences = [Sentence([word(i % words)], [tags[i % len(tags)]], [()], i + 1) for i in range(count)]
    model = training.prepare(sentences, spec, TrainingSpec())
    rng = np.random.default_rng(3)
    for name, array in model.parameters.items():
        if array.ndim == 1 or name == "output/A":
            array[...] = 0.3 * rng.standard_normal(array.shape)
        else:
            array[...] *= 4  # or all tags would be the same
    return model


def small(arch: str = "bidirectional", cell: str = "simple", **options: object) -> Model:
    settings = {"hidden": 6, "embedding": 5, "ngram": 4, "window": 1, "decoder": "crf", "transitions": "legal"}
    return drawn(NetworkSpec(arch=arch, cell=cell, **(settings | options)))


def sentences_of(lengths: tuple[int, ...]) -> list[list[str]]:
    rng = np.random.default_rng(4)
    return [[word(number) for number in rng.integers(14, size=length)] for length in lengths]  # some are unknown


def labelled(model: Model, encoded: Encoded, kernels: bool | None = None) -> Prediction:
    return next(Labeller(model, kernels).stream([(None, encoded)]))[2]


@pytest.mark.parametrize(
    ("decoder", "transitions"),
    [("softmax", "any"), ("softmax", "legal"), ("crf", "any"), ("crf", "legal")],
)
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_both_ways_agree(arch: str, cell: str, decoder: str, transitions: str) -> None:
    model = small(arch, cell, decoder=decoder, transitions=transitions)
    encoded = model.encode(sentences_of((1, 7, 0, 3, 12, 1)))
    plain, by_kernels = (labelled(model, encoded, way) for way in WAYS.values())
    assert plain.tags.tolist() == by_kernels.tags.tolist()
    assert len(set(plain.tags.tolist())) > 1
    np.testing.assert_allclose(plain.probabilities, by_kernels.probabilities, rtol=0, atol=1e-5)
    for way in WAYS.values():
        alone = [labelled(model, model.encode([tokens]), way) for tokens in sentences_of((1, 7, 0, 3, 12, 1))]
        assert plain.tags.tolist() == [tag for each in alone for tag in each.tags.tolist()]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_tags_do_not_depend_on_whether_probabilities_are_wanted(way: bool) -> None:
    model = small(cell="lstm")
    encoded = model.encode(sentences_of((4, 1, 9)))
    [(_, _, found)] = Labeller(model, way).stream([(None, encoded)], with_probabilities=False)
    assert labelled(model, encoded, way).tags.tolist() == found.tags.tolist()


# Prints, after each text of so many sentences of ten tokens, whether Numba was loaded, and in the end all tags.
CHOOSING = """
import sys
from rnncli import labelling, modelfile
model = modelfile.load(sys.argv[1])
labeller, tags = labelling.Labeller(model), []
for count in map(int, sys.argv[2:]):
    encoded = model.encode([[f"w{letter}" for letter in "abcdefghij"]] * count)
    tags += next(labeller.stream([(None, encoded)]))[2].tags.tolist()
    print("numba" in sys.modules)
print(sorted(set(tags)), len(tags))
"""


def choices(path: Path, *counts: int) -> list[str]:
    words = [sys.executable, "-c", CHOOSING, str(path), *map(str, counts)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True, timeout=120)
    return done.stdout.splitlines()


@pytest.mark.parametrize(("tags", "expected"), [(5, "False"), (800, "True")])
def test_the_way_is_chosen_by_the_time_that_it_takes(tmp_path: Path, tags: int, expected: str) -> None:
    names = [f"T{number}" for number in range(tags)]
    model = drawn(NetworkSpec(arch="elman", cell="simple", hidden=6, decoder="crf"), tags=names)
    labelled(model, model.encode([["wa"]]), kernels=True)  # now they are compiled
    save(model, tmp_path / "model.npz")
    assert expected == choices(tmp_path / "model.npz", 30)[0]


def test_many_short_texts_come_to_the_kernels_too(tmp_path: Path) -> None:
    model = small()
    encoded = model.encode([[word(i) for i in range(10)]])
    tags = labelled(model, encoded, kernels=True).tags
    save(model, tmp_path / "model.npz")
    *loaded, last = choices(tmp_path / "model.npz", *[1] * 5_000)
    assert ["False"] * 100 == loaded[:100]  # one sentence is not worth it
    assert "True" == loaded[-1]
    assert f"{sorted(set(tags.tolist()))} 50000" == last


def test_what_was_trained_in_a_process_is_labelled_by_the_kernels() -> None:
    sentences = [Sentence(["leave", "Taipei"], ["O", "B-city"], [()] * 2, 1)] * 4
    model = training.prepare(sentences, NetworkSpec(arch="elman", cell="gru", hidden=9), TrainingSpec(epochs=1))
    training.train(model, sentences, threads=1, score=lambda current: evaluation.evaluate(current, sentences).score)
    encoded = model.encode(sentences_of((30,)))
    by_kernels, chosen, plain = (
        labelled(model, encoded, way).probabilities.tolist() for way in (True, None, False)
    )
    assert by_kernels == chosen
    assert by_kernels != plain  # in the last digits


def test_scores_do_not_depend_on_what_a_process_did_before() -> None:
    model = small("elman", "lstm", hidden=17)
    encoded = model.encode(sentences_of((30, 4)))
    before = labelling.predict(model, encoded)
    kernel_choice.use_kernels(model.network_spec)
    after = labelling.predict(model, encoded)
    assert before.probabilities.tobytes() == after.probabilities.tobytes()
    by_kernels = labelled(model, encoded, kernels=True)
    assert before.probabilities.tobytes() != by_kernels.probabilities.tobytes()


@pytest.mark.parametrize("way", [False, True, None], ids=["NumPy", "kernels", "chosen"])
def test_four_threads_on_one_tagger_give_what_one_gives(way: bool | None) -> None:
    model = small(cell="lstm", hidden=24)
    texts = [" ".join(tokens) for tokens in sentences_of((1, 5, 2, 40, 9, 3, 17, 120))]
    reference, shared = Tagger(model), Tagger(model)
    reference._labeller = Labeller(model, bool(way))
    shared._labeller = Labeller(model, way)
    expected = [reference.tag(text) for text in texts]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: [shared.tag(text) for text in texts], range(40)):
                if way is not None:
                    assert expected == found
                    continue
                # On the way the process may come to the kernels, which differ in the last digits.
                for one, other in zip(expected, found, strict=True):
                    assert [token[:4] for token in one.tokens] == [token[:4] for token in other.tokens]
                    probabilities = [token.probability for token in one.tokens]
                    assert probabilities == pytest.approx([token.probability for token in other.tokens], abs=1e-5)
    finally:
        sys.setswitchinterval(interval)


def test_new_weights_are_seen() -> None:
    model, other = small(), small(arch="bidirectional")
    other.parameters.flat[...] *= -1
    encoded = model.encode(sentences_of((9, 4)))
    for way in WAYS.values():
        model = small()
        labeller = Labeller(model, way)
        before = next(labeller.stream([(None, encoded)]))[2]
        model.parameters.assign(other.parameters)
        after = next(labeller.stream([(None, encoded)]))[2]
        assert labelled(other, encoded, way).probabilities.tolist() == after.probabilities.tolist()
        assert before.probabilities.tolist() != after.probabilities.tolist()


def with_a_huge_word(**options: object) -> Model:
    """A model that can compute with every word but ``wk``."""
    model = small("fnn", features="embedding", window=0, activation="relu", **options)
    number = model.encode([["wk"]]).words[0]
    model.parameters["input/embedding"][number] = 1e20
    model.parameters["layer1/U"][0] = 1
    model.parameters["output/V"][...] *= 1e18
    return model


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "options", [{}, {"decoder": "softmax"}, {"decoder": "softmax", "transitions": "any"}], ids=str
)
def test_what_comes_before_a_sentence_too_large_is_given_out(options: dict, way: bool, threads: int) -> None:
    tagger = Tagger(with_a_huge_word(**options), threads)
    tagger._labeller = Labeller(tagger.model, way)
    texts = ["wa wb", "wc", "", "wd we wf", "wa wk", "wb"]
    found: list[str] = []

    def take(stream: Iterator) -> None:
        for tagged in stream:
            found.append(tagged.text)

    with pytest.raises(ModelError, match=r"^sentence 5: the weights of this model are too large to compute with"):
        take(tagger.stream(texts, block=2))
    assert texts[:4] == found


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_sentence_is_named_in_a_large_block_too(way: bool) -> None:
    model = with_a_huge_word()
    sentences = [*[["wa", "wb", "wc"]] * 900, ["wb", "wk"], *[["wd"]] * 10]
    with pytest.raises(ModelError, match=r"^sentence 901: "):
        labelled(model, model.encode(sentences), way)


@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_network_says_nan(way: bool, decoder: str, arch: str, cell: str) -> None:
    model = small(arch, cell, decoder=decoder)
    model.parameters.flat[...] *= 1e30
    encoded = model.encode(sentences_of((3, 8)))
    try:
        found = labelled(model, encoded, way)
    except ModelError:
        return
    # Where all units are saturated, the scores may be sound.
    assert np.isfinite(found.probabilities).all()


def test_scores_are_large_and_probabilities_right() -> None:
    for decoder, size in (("softmax", 1e17), ("crf", 1e16), ("crf", 1e17)):
        model = small(decoder=decoder, transitions="any")
        model.parameters["output/c"][...] = size * np.arange(1, len(TAGS) + 1)
        if decoder == "crf":
            model.parameters["output/A"][...] = 900  # what is added to 5e17 is rounded by up to 32 in float64
        encoded = model.encode(sentences_of((40,)))
        for way in WAYS.values():
            assert [len(TAGS) - 1] * 40 == labelled(model, encoded, way).tags.tolist()
        [(tags, probability)] = labelling.nbest(model, encoded, 0, 1)
        assert [len(TAGS) - 1] * 40 == tags
        assert math.isclose(probability, 1.0)
        assert probability <= 1


def test_weights_that_cannot_be_scored_end_the_training() -> None:
    sentences = [Sentence(["leave", "Taipei"], ["O", "B-city"], [()] * 2, 1)] * 4
    model = training.prepare(sentences, NetworkSpec(arch="elman", hidden=4), TrainingSpec(epochs=1))

    def score(current: Model) -> float:
        current.parameters.assign({name: array * 1e30 for name, array in current.parameters.items()})
        return evaluation.evaluate(current, sentences, with_probabilities=False).score

    with pytest.raises(DivergedError, match="too large to compute with in epoch 1, batch 1"):
        training.train(model, sentences, threads=1, score=score)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e37, -2e37])
def test_hidden_layers_are_checked_too(bad: float) -> None:
    model = small("elman")
    encoded = model.encode([["wa", "wb"]] * 2)
    assert 4 == sum(len(positions) for positions, _, _ in labelling.hidden_layers(model, encoded))
    model.parameters["output/c"][2] = bad
    with pytest.raises(TooLargeError):
        list(labelling.hidden_layers(model, encoded))
    with pytest.raises(TooLargeError, match=r"^sentence 2: "):
        labelling.trace(model, encoded, 1)
