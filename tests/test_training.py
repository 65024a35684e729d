"""Training is a function of data, configuration and seed; it keeps the best epoch and no other."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from networks import NETWORKS

from rnncli import api, evaluation, modelfile, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading, tokenizer_choice
from rnncli.data.lexicon import Lexicon
from rnncli.data.sentence import Sentence
from rnncli.data.vectors import Vectors
from rnncli.errors import DivergedError, UsageError
from rnncli.resources import bundled
from rnncli.tagging import Tagger
from rnncli.training import trainer


class Collecting(training.Listener):
    """Keeps the epochs that it is told of; stops a training after some batches."""

    def __init__(self, batches=math.inf):
        self.epochs = []
        self.batches = batches

    def batch(self, epochs, tokens_per_second):
        self.batches -= 1

    def epoch(self, epoch):
        self.epochs.append(epoch)

    def should_stop(self):
        return self.batches <= 0


@pytest.fixture(scope="module")
def sentences():
    return reading.read(str(bundled("sample_data/train.tsv"))).sentences


@pytest.fixture(scope="module")
def dev():
    return reading.read(str(bundled("sample_data/dev.tsv"))).sentences


def f1_on(dev):
    return lambda model: evaluation.evaluate(model, dev).score


def rising():
    """A score by which every epoch is better than the one before."""
    scores = itertools.count(1)
    return lambda _: next(scores)


def with_columns(sentences):
    """The same sentences with two columns: the last letter of the word, and its length."""
    return [each._replace(columns=[(token[-1], str(len(token))) for token in each.tokens]) for each in sentences]


VECTORS = Vectors(["on", "the", "leave"], np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32), 3)
LEXICON = Lexicon.of([("Taipei", "city"), ("New York", "city"), ("May", "month")])
ALL_INPUTS = "embedding+onehot+ngram+context+vectors+lexicon+columns"


@pytest.mark.parametrize(("kind", "decoder"), [("onehot", "softmax"), (ALL_INPUTS, "crf")])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_the_number_of_threads_changes_no_byte(arch, cell, kind, decoder, sentences, tmp_path):
    spec = NetworkSpec(
        arch=arch, cell=cell, hidden=9, embedding=6, ngram=6, column=3, features=kind, decoder=decoder
    )
    settings = TrainingSpec(epochs=2, batch=16, feedback="mixed", class_weight="balanced", pretrained="tuned")
    rows, files = with_columns(sentences[:70]), []
    for threads in (1, 2, 4):
        read = (VECTORS, None, None, LEXICON) if kind == ALL_INPUTS else ()
        model = training.prepare(rows, spec, settings, *read)
        training.train(model, rows, threads=threads, score=rising())
        modelfile.save(model, tmp_path / f"{threads}.npz")
        files.append((tmp_path / f"{threads}.npz").read_bytes())
    assert files[0] == files[1] == files[2]


def trained_on(sentences, spec=None, vectors=None, **settings):
    """A small model after two epochs, and the mean loss of each."""
    options = {"epochs": 2, "batch": 8, "exchange": 0.0, **settings}
    listener = Collecting()
    spec = {"arch": "elman", "hidden": 6, "embedding": 4, "features": "embedding", **(spec or {})}
    model = training.prepare(sentences, NetworkSpec(**spec), TrainingSpec(**options), vectors)
    training.train(model, sentences, threads=1, score=rising(), listener=listener)
    return model, [epoch.loss for epoch in listener.epochs]


def weights_of(model):
    return {name: array.tobytes() for name, array in model.parameters.items()}


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_a_tag_that_weighs_twice_is_learned_twice_as_fast(decoder, sentences, tmp_path):
    """All tags weighing 2 at half the learning rate are all tags weighing 1, to the last bit."""
    path, spec = tmp_path / "weights.tsv", {"decoder": decoder}
    names = {tag for sentence in sentences[:40] for tag in sentence.tags}
    found = []
    for weight, rate in ((1, 0.5), (2, 0.25), (2, 0.5)):
        path.write_text("".join(f"{name}\t{weight}\n" for name in names), "utf-8")
        settings = {"optimiser": "sgd", "clip": 0.0, "class_weight": str(path), "learning_rate": rate}
        model, losses = trained_on(sentences[:40], spec, **settings)
        found.append((weights_of(model), losses))
    assert found[0][0] == found[1][0] != found[2][0]
    assert [2 * loss for loss in found[0][1]] == found[1][1]
    plain, _ = trained_on(sentences[:40], spec, optimiser="sgd", clip=0.0, learning_rate=0.5)
    assert found[0][0] == weights_of(plain)


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_balanced_weights_are_those_of_the_training_tags(decoder, sentences, tmp_path):
    tags = [tag for sentence in sentences[:40] for tag in sentence.tags]
    path = tmp_path / "weights.tsv"
    path.write_text(
        "".join(f"{tag}\t{len(tags) / (len(set(tags)) * tags.count(tag))!r}\n" for tag in set(tags)), "utf-8"
    )
    one, other, plain = (
        weights_of(trained_on(sentences[:40], {"decoder": decoder}, class_weight=choice)[0])
        for choice in ("balanced", str(path), "none")
    )
    assert one == other != plain


@pytest.fixture
def seen(monkeypatch):
    """The batches and the forced tags of every gradient of a training."""
    calls, add_gradient = [], trainer.add_gradient

    def spy(optimiser, batch, target, objective, arena, dropout, forced):
        calls.append((batch, forced))
        return add_gradient(optimiser, batch, target, objective, arena, dropout, forced)

    monkeypatch.setattr(trainer, "add_gradient", spy)
    return calls


@pytest.mark.parametrize("arch", ["jordan", "hybrid"])
def test_what_is_fed_back_in_training_is_chosen(arch, sentences, seen):
    kinds = {}
    for feedback in ("predicted", "gold", "mixed"):
        seen.clear()
        model, _ = trained_on(sentences[:60], {"arch": arch}, feedback=feedback)
        kinds[feedback] = weights_of(model), [forced for _, forced in seen]
    assert kinds["predicted"][1]
    assert not any(forced.size for forced in kinds["predicted"][1])
    gold, mixed = (np.concatenate(kinds[feedback][1]) for feedback in ("gold", "mixed"))
    tags = [tag for sentence in sentences[:60] for tag in sentence.tags]
    counts = np.array([tags.count(tag) for tag in dict.fromkeys(tags)])
    assert (2 * counts).tolist() == np.bincount(gold).tolist()  # two epochs
    assert 0.45 < (mixed < 0).mean() < 0.55
    assert np.corrcoef(np.bincount(mixed[mixed >= 0], minlength=len(counts)), counts)[0, 1] > 0.95
    assert 3 == len({tuple(weights.values()) for weights, _ in kinds.values()})


@pytest.mark.parametrize("arch", ["elman", "bidirectional"])
def test_nothing_is_fed_back_where_the_output_is_not_kept(arch, sentences, seen):
    found = [
        weights_of(trained_on(sentences[:20], {"arch": arch}, feedback=feedback)[0])
        for feedback in ("predicted", "gold", "mixed")
    ]
    assert found[0] == found[1] == found[2]
    assert seen
    assert not any(forced.size for _, forced in seen)


def test_half_of_the_phrases_of_a_lexicon_are_left_out_each_as_a_whole(seen):
    """Every sentence is a phrase of three tokens beside one that is in none."""
    rows = [Sentence([f"a{n}", "b", "c", "d"], ["O"] * 4, [()] * 4, 1) for n in range(100)]
    model = training.prepare(
        rows, NetworkSpec(hidden=4), TrainingSpec(epochs=2), lexicon=Lexicon.of([("b c d", "x")])
    )
    training.train(model, rows, threads=1, score=rising())
    shares = []
    for batch, _ in seen:
        (ids,) = (batch.ids[bags.source] for bags in batch.bags if len(bags.rows) == 300)
        is_read = ids.reshape(4, -1) >= 0  # all sentences are of one length
        assert (is_read[1] == is_read[2]).all() and (is_read[1] == is_read[3]).all()
        shares += is_read[1].tolist()
    assert len(shares) == 200
    assert 0.4 < np.mean(shares) < 0.6


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_words_seen_once_are_now_and_then_masked(share, sentences, seen):
    model, _ = trained_on(sentences[:100], unknown=share)
    words = model.inputs.words
    once = sum(words.counts == 1)
    masked = np.concatenate([batch.masked for batch, _ in seen])
    ids = np.concatenate([batch.bags[0].rows[batch.ids[0]] for batch, _ in seen])  # one row a word
    assert once > 50
    assert (words.counts[ids[masked]] == 1).all()
    assert share * 2 * once == pytest.approx(masked.sum(), rel=0.25)


def test_only_a_masked_word_teaches_the_unknown_word(sentences):
    for share, is_taught in ((0.0, False), (1.0, True)):
        model, _ = trained_on(sentences[:40], unknown=share, dropout=0.0)
        start = training.prepare(sentences[:40], model.network_spec, model.training_spec)
        rows = (model.parameters["input/embedding"] != start.parameters["input/embedding"]).any(axis=1)
        assert is_taught == rows[0]
        # Words seen once are always masked, or never.
        assert (rows[1:] == (model.inputs.words.counts[1:] > 1 if share else True)).all()


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_spans_are_exchanged_with_their_tags(share, sentences, monkeypatch):
    batches = []
    add_gradient = trainer.add_gradient

    def spy(optimiser, batch, target, *rest):
        batches.append((batch.bags[0].rows[batch.ids[0]].tolist(), target.tags[:, 0].tolist()))
        return add_gradient(optimiser, batch, target, *rest)

    monkeypatch.setattr(trainer, "add_gradient", spy)
    model, _ = trained_on(sentences[:100], exchange=share)
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences[:100]), strict=True))
    usual = Counter(zip(encoded.words.tolist(), encoded.tags.tolist(), strict=True))
    read = Counter(pair for words, tags in batches for pair in zip(words, tags, strict=True))
    assert set(read) <= set(usual)
    assert (share == 0) == (read == usual + usual)  # two epochs


def test_a_tokenizer_is_chosen_once_for_all_seeds_and_the_refit(booking_tsv, monkeypatch):
    calls = []
    choose = tokenizer_choice.choose

    def counted(*arguments):
        calls.append(arguments)
        return choose(*arguments)

    monkeypatch.setattr(tokenizer_choice, "choose", counted)
    options = {"hidden": 4, "embedding": 3, "ngram": 3, "epochs": 1, "force": True, "refit": "yes"}
    out = booking_tsv.with_name("model.npz")
    trained = api.train(booking_tsv, out=out, seeds=3, unlabelled=booking_tsv, **options)
    assert 1 == len(calls)
    assert (trained.model.tokenizer, trained.model.reproduced) == choose(*calls[0])
    assert "auto" == trained.model.training_spec.tokenizer


def test_fewer_spans_are_exchanged_the_more_sentences_there_are():
    settings = [TrainingSpec().resolved(NetworkSpec(), count) for count in (100, 1_000, 10_000)]
    assert [0.636, 0.35, 0.064] == [round(each.exchange, 3) for each in settings]
    assert TrainingSpec(exchange=0.0).resolved(NetworkSpec(), 100).exchange == 0


def test_more_is_dropped_where_tags_mark_spans(sentences):
    rows = sentences[:100]
    plain = [row._replace(tags=[tag[0] for tag in row.tags]) for row in rows]
    network = NetworkSpec(hidden=4)
    assert training.prepare(rows, network, TrainingSpec()).training_spec.dropout == 0.6
    assert training.prepare(plain, network, TrainingSpec(scheme="plain")).training_spec.dropout == 0.5
    assert training.prepare(plain, network, TrainingSpec(dropout=0.25)).training_spec.dropout == 0.25


def test_fewer_spans_are_exchanged_the_more_tokens_are_in_spans():
    for tags, outside in ((["B-x", "O", "O", "O"], 0.75), (["B-x", "I-x", "B-x", "O"], 0.25)):
        rows = [Sentence(["an", "old", "new", "one"], tags, [()] * 4, 1)] * 250
        model = training.prepare(rows, NetworkSpec(hidden=4), TrainingSpec())
        assert model.training_spec.exchange == pytest.approx(0.7 * outside / 1.25)
        context = NetworkSpec(hidden=4, features="embedding+context")
        assert training.prepare(rows, context, TrainingSpec()).training_spec.exchange == 0
        with pytest.raises(UsageError, match="--exchange does not go with --features context"):
            training.prepare(rows, context, TrainingSpec(exchange=0.5))


@pytest.mark.parametrize("pretrained", ["frozen", "tuned"])
def test_vectors_are_those_of_the_file_until_they_are_tuned(pretrained, sentences):
    spec, vectors = {"features": "vectors+embedding"}, Vectors(["on", "unheard"], VECTORS.table[:2], 2)
    start = training.prepare(sentences[:20], NetworkSpec(hidden=4, **spec), TrainingSpec(), vectors)
    assert vectors.table.tolist() == start.parameters["input/vectors"].tolist()
    model, _ = trained_on(sentences[:20], spec, vectors, pretrained=pretrained)
    changed = (model.parameters["input/vectors"] != vectors.table).any(axis=1).tolist()
    assert [pretrained == "tuned", False] == changed  # no sentence holds the second


SMALL = [
    Sentence(["leave", "Taipei"], ["O", "B-x"], [(), ()], 1),
    Sentence(["no"], ["O"], [()], 3),
]


def test_what_is_left_open_is_settled_for_the_data():
    plain = [each._replace(tags=["T"] * len(each.tokens)) for each in SMALL]
    beside = [each._replace(columns=[("c",)] * len(each.tokens)) for each in SMALL]
    mixed = [SMALL[0]._replace(tags=["B-x", "O"]), SMALL[0]._replace(tags=["O", "I-x"])]
    for rows, vectors, arch, expected in (
        (SMALL, None, "bidirectional", ("lstm", "embedding+ngram", "legal")),
        (SMALL, VECTORS, "elman", ("simple", "embedding+ngram+vectors", "legal")),
        (beside, None, "jordan", ("simple", "embedding+ngram+columns", "legal")),
        (beside, VECTORS, "fnn", ("simple", "embedding+ngram+vectors+columns", "legal")),
        (plain, None, "elman", ("simple", "embedding+ngram", "any")),
        (mixed, None, "elman", ("simple", "embedding+ngram", "legal")),
    ):
        spec = training.prepare(rows, NetworkSpec(arch=arch, hidden=4), TrainingSpec(), vectors).network_spec
        assert expected == (spec.cell, spec.features, spec.transitions)
    characters = [Sentence([*"离开台北"], ["O", "O", "B-x", "I-x"], [()] * 4, 1)] * 4
    assert "embedding+context" == training.prepare(characters, NetworkSpec(), TrainingSpec()).network_spec.features
    settled = NetworkSpec(
        arch="bidirectional",
        cell="gru",
        hidden=4,
        features="ngram",
        neighbours="added",
        digits="keep",
        transitions="any",
    )
    assert settled == training.prepare(SMALL, settled, TrainingSpec()).network_spec


def labelled(*pairs):
    return [Sentence(["go", token, "."], ["O", tag, "O"], [()] * 3, 1) for token, tag in pairs]


@pytest.mark.parametrize(("tags", "expected"), [(["B-a", "B-b", "B-c", "B-d"], "keep"), (["B-a"] * 4, "zero")])
def test_digits_are_kept_where_the_tags_ask_for_it(tags, expected):
    rows = labelled(*((f"s{i % 4}", tags[i % 4]) for i in range(80)))
    model = training.prepare(rows, NetworkSpec(hidden=4), TrainingSpec())
    assert expected == model.network_spec.digits
    numbers = {model.inputs.words.number(f"s{i}") for i in range(4)}
    features = {tuple(model.inputs.parts[1].features.select(f"s{i}")) for i in range(4)}
    assert len(numbers) == (4 if expected == "keep" else 1)
    assert len(features) == 1  # those of the digit occur in one word only
    for digits in ("keep", "zero"):
        model = training.prepare(rows, NetworkSpec(hidden=4, digits=digits), TrainingSpec())
        assert digits == model.network_spec.digits == model.inputs.words.digits


def test_words_that_differ_in_digits_are_learned_apart():
    rows = labelled(*((f"s{i % 4}", f"B-{i % 4}") for i in range(80)))
    model = training.prepare(rows, NetworkSpec(hidden=16), TrainingSpec(epochs=12))
    result = training.train(model, rows, threads=1, score=lambda model: evaluation.evaluate(model, rows, 1).f1)
    assert result.best_score == 1


def test_the_tokenizer_and_what_it_reproduces_are_those_of_the_data():
    rows = [Sentence(text.split(), ["O"] * len(text.split()), [()] * len(text.split()), 1) for text in (
        "Mr. A. does n't go .", "Mr. B. is n't big .", "Mr. C. does n't see Mr.", "it is n't 2 .", "is it 3 ."
    )]  # fmt: skip
    model = training.prepare(rows, NetworkSpec(hidden=4), TrainingSpec())
    assert ("words+contractions+lexicon", []) == (model.tokenizer, model.divided)
    assert 0.4 == model.reproduced  # of words that one half has, the other does not know all
    assert ["Mr.", "D", ".", "does", "n't", "go", ",", "Mr."] == model.cut("Mr. D. doesn't go, Mr.")
    model = training.prepare(rows, NetworkSpec(hidden=4), TrainingSpec(tokenizer="words"))
    assert ("words", 0.2) == (model.tokenizer, model.reproduced)


@pytest.mark.parametrize(
    ("kind", "vectors", "message"),
    [
        ("embedding+columns", None, "--features columns: the training data has no column between token and tag"),
        ("vectors", None, "--features vectors needs a file of word vectors\n  give it: --vectors FILE"),
        ("ngram", VECTORS, "--features ngram does not use --vectors\n  give --features ngram+vectors"),
    ],
)
def test_an_input_must_be_there(kind, vectors, message):
    with pytest.raises(UsageError) as caught:
        training.prepare(SMALL, NetworkSpec(features=kind, hidden=4), TrainingSpec(), vectors)
    assert message == str(caught.value)


def test_another_seed_gives_another_model(sentences):
    dense = []
    for seed in (1, 2):
        model = training.prepare(sentences[:50], NetworkSpec(hidden=6), TrainingSpec(epochs=1, seed=seed))
        training.train(model, sentences[:50], threads=1, score=lambda _: 0.0)
        dense.append(model.parameters.flat)
    assert not np.array_equal(dense[0], dense[1])


def test_the_weights_kept_are_those_of_the_best_epoch(sentences):
    """Scores that rise, fall and rise less: epoch 2 of 4 must win, with just the weights it was scored with."""
    given, seen = iter([0.1, 0.9, 0.3, 0.5]), []

    def score(model):
        seen.append(model.parameters.flat.copy())
        return next(given)

    model = training.prepare(sentences[:60], NetworkSpec(hidden=6), TrainingSpec(epochs=4))
    result = training.train(model, sentences[:60], threads=1, score=score)
    assert (4, 2, 0.9) == (result.epochs, result.best_epoch, result.best_score)
    assert seen[1].tolist() == model.parameters.flat.tolist()
    assert seen[1].tolist() != seen[3].tolist()


def test_the_rate_falls_when_patience_is_over(sentences):
    """Three epochs after the best one, the rate falls over a quarter of the epochs until then."""
    given = iter([0.5, 0.6, 0.7, 0.6, 0.5, 0.6, 0.1, 0.2])
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4), TrainingSpec(patience=3))
    listener = Collecting()
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given), listener=listener)
    assert (8, 3, 8.0, 6.0) == (result.epochs, result.best_epoch, result.passes, result.constant)
    assert [8] * 3 == [epoch.planned for epoch in listener.epochs if epoch.is_falling]
    assert [6, 7, 8] == [epoch.number for epoch in listener.epochs if epoch.is_falling]


def test_a_score_that_is_hardly_better_does_not_count(sentences):
    """Of 100 things at 0.8 the standard error is 0.04; the highest score is kept all the same."""
    given = iter([0.8, 0.815, 0.81, 0.0, 0.0])
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4), TrainingSpec(patience=2))
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given), scored=100)
    assert (3.0, 4.0, 2) == (result.constant, result.passes, result.high_epoch)
    given = iter([0.8, 0.815, 0.825, 0.0, 0.0, 0.0, 0.0])
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4), TrainingSpec(patience=2))
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given), scored=100)
    assert (5.0, 6.0, 3) == (result.constant, result.passes, result.high_epoch)


def test_patience_begins_with_the_first_score_above_0(sentences):
    given = iter([0.0] * 6 + [0.1, 0.3, 0.2, 0.2, 0.3, 0.3])
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4), TrainingSpec(patience=2))
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given))
    assert (10.0, 12.0) == (result.constant, result.passes)


@pytest.mark.parametrize(
    ("scored", "kept"),
    [
        (0, 2),  # exact: the highest, and of equal ones the first
        (100, 4),  # a standard error of 0.03: 0.88 is as good as 0.9, 0.85 is not
        (1_000, 3),  # of 0.0095: equal is as good
        (20, 5),  # of 0.067
    ],
)
def test_of_scores_within_a_standard_error_the_last_is_kept(scored, kept, sentences):
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4, embedding=4), TrainingSpec(epochs=6))
    given, weights = iter([0.5, 0.9, 0.9, 0.88, 0.85, 0.1]), {}
    listener = Collecting()

    def score(current):
        weights[len(weights) + 1] = weights_of(current)
        return next(given)

    result = training.train(model, sentences[:20], threads=1, score=score, scored=scored, listener=listener)
    assert (6, kept) == (result.epochs, result.best_epoch)
    assert weights_of(model) == weights[kept]
    assert kept == max(epoch.number for epoch in listener.epochs if epoch.is_kept)


@pytest.mark.parametrize(("scores", "epoch"), [([1.0, 1.0, 0.999], 2), ([0.0, 0.0, 0.0], 3)])
def test_of_perfect_scores_the_last_is_kept_and_of_scores_of_0(scores, epoch, sentences):
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4, embedding=4), TrainingSpec(epochs=3))
    given = iter(scores)
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given), scored=50)
    assert (epoch, scores[0]) == (result.best_epoch, result.best_score)


def test_of_losses_the_last_of_the_lowest_is_kept(sentences):
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4, embedding=4), TrainingSpec(epochs=5))
    given, weights = iter([3.0, 0.5, 0.5, 0.7, 9.0]), []
    listener = Collecting()

    def score(current):
        weights.append(weights_of(current))
        return next(given)

    result = training.train(model, sentences[:20], threads=1, score=score, metric="loss", listener=listener)
    assert (3, 0.5, "loss") == (result.best_epoch, result.best_score, result.metric)
    assert weights[2] == weights_of(model)
    assert [True, True, True, False, False] == [epoch.is_kept for epoch in listener.epochs]
    assert {"loss"} == {epoch.metric for epoch in listener.epochs}


def test_a_stop_keeps_the_best_epoch_so_far(sentences):
    listener = Collecting(batches=6)
    model = training.prepare(sentences[:64], NetworkSpec(hidden=4), TrainingSpec(epochs=9, batch=32))
    result = training.train(model, sentences[:64], threads=1, score=lambda _: 0.5, listener=listener)
    assert (True, 2, 1) == (result.interrupted, result.epochs, result.best_epoch)


def test_ten_losses_of_a_small_run_fall(sentences):
    listener = Collecting()
    model = training.prepare(
        sentences[:200], NetworkSpec(hidden=16), TrainingSpec(epochs=10, batch=8, dropout=0.0, exchange=0.0)
    )
    training.train(model, sentences[:200], threads=1, score=lambda _: 0.0, listener=listener)
    losses = [epoch.loss for epoch in listener.epochs]
    assert math.isclose(losses[0], math.log(len(model.tags)), rel_tol=0.3)
    assert losses[-1] < 0.25 * losses[0]


def test_a_gradient_that_is_not_finite_is_an_error(sentences):
    settings = TrainingSpec(optimiser="sgd", learning_rate=1e30, clip=0.0)
    model = training.prepare(sentences[:64], NetworkSpec(hidden=4, cell="simple", activation="relu"), settings)
    with pytest.raises(DivergedError, match="finite"):
        training.train(model, sentences[:64], threads=1, score=lambda _: 0.0)


def test_the_learning_rate_rises_and_then_falls_to_zero():
    schedule = training.Schedule(TrainingSpec(epochs=10, warmup=2), tokens=1000, batches=10)
    rates = [schedule.share(step) for step in range(101)]
    assert (0.05, 1.0, 0.5, 0.0) == (rates[0], rates[19], rates[60], rates[100])
    assert rates == sorted(rates[:20]) + sorted(rates[20:], reverse=True)


def test_the_learning_rate_stays_until_it_is_planned_that_it_falls():
    schedule = training.Schedule(TrainingSpec(patience=2), tokens=1000, batches=10)
    for epochs, best in ((1, 1), (2, 1), (3, 3), (4, 3)):
        schedule.epoch_over(epochs, best)
    assert {1.0} == {schedule.share(step) for step in range(9, 100)}
    assert not schedule.is_falling
    for epochs in range(5, 9):
        schedule.epoch_over(epochs, 3)
    assert [1.0, 0.9, 0.1, 0.0] == pytest.approx([schedule.share(step) for step in (50, 51, 59, 60)])
    assert 6 == schedule.epochs


def test_a_plan_is_followed():
    """Passes of a plan need not be whole; the rate rises for a fifth of the steps at most."""
    schedule = training.Schedule(TrainingSpec(), 1000, 100, training.Plan(constant=1.0, passes=1.5))
    rates = [schedule.share(step) for step in (0, 14, 29, 100, 125, 150)]
    assert [1 / 30, 0.5, 1.0, 1.0, 0.5, 0.0] == pytest.approx(rates)


@pytest.fixture(scope="module")
def contrast():
    arrive, leave = api.BOOKING_PAIR

    def tags(model):
        tagger = Tagger(model)
        return tagger.tag(arrive).tokens[1], tagger.tag(leave).tokens[1]

    return tags


# Nothing but memory tells Taipei after "leave" from Taipei after "arrive".
ALONE = {"window": 0, "features": "embedding", "embedding": 96, "decoder": "softmax", "transitions": "any"}


@pytest.mark.parametrize(("arch", "cell"), [row for row in NETWORKS if row[0] != "fnn"])
def test_a_network_with_memory_gives_taipei_two_tags(arch, cell, sentences, dev, contrast):
    epochs = {"jordan": 20, "elman": 6}.get(arch, 3)  # that of a Jordan net takes time to form
    settings = TrainingSpec(epochs=epochs, batch=32, dropout=0.4)
    model = training.prepare(sentences, NetworkSpec(arch=arch, cell=cell, **ALONE), settings)
    training.train(model, sentences, threads=2, score=f1_on(dev))
    arrive, leave = contrast(model)
    assert ("B-destination", "B-departure") == (arrive.tag, leave.tag)


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_a_network_without_memory_cannot(decoder, sentences, dev, contrast):
    spec = NetworkSpec(arch="fnn", **(ALONE | {"decoder": decoder}))
    model = training.prepare(sentences, spec, TrainingSpec(epochs=2))
    training.train(model, sentences, threads=2, score=f1_on(dev))
    arrive, leave = contrast(model)
    assert arrive.tag == leave.tag
    if decoder == "softmax":
        assert arrive.probability == leave.probability


def test_a_window_stands_in_for_memory(sentences, dev, contrast):
    model = training.prepare(sentences, NetworkSpec(arch="fnn", **(ALONE | {"window": 1})), TrainingSpec(epochs=4))
    training.train(model, sentences, threads=2, score=f1_on(dev))
    arrive, leave = contrast(model)
    assert ("B-destination", "B-departure") == (arrive.tag, leave.tag)


def test_the_bundled_model_gives_taipei_two_tags(contrast):
    arrive, leave = contrast(api.load().model)
    assert ("B-destination", "B-departure") == (arrive.tag, leave.tag)


def test_clipped_steps_are_counted_epoch_by_epoch(sentences):
    """All are where nothing is short enough, none where everything is or there is no limit."""
    for clip, expected in ((1e-9, [7, 7]), (1e9, [0, 0]), (0.0, [0, 0])):
        listener = Collecting()
        settings = TrainingSpec(epochs=2, batch=8, clip=clip)
        model = training.prepare(sentences[:50], NetworkSpec(arch="elman", hidden=4), settings)
        training.train(model, sentences[:50], threads=1, score=rising(), listener=listener)
        assert [(7, count) for count in expected] == [(epoch.steps, epoch.clipped) for epoch in listener.epochs]


@pytest.mark.parametrize("arch", ["elman", "hybrid", "bidirectional"])
def test_the_regulariser_changes_the_memory_and_counts_as_a_loss_per_token(arch, sentences):
    """A step of plain gradient descent moves W by α Ω's share."""
    spec = {"arch": arch, "cell": "simple"}
    plain, one, two = (
        trained_on(
            sentences[:8], spec, optimiser="sgd", clip=0.0, dropout=0.0, epochs=1, omega=omega, learning_rate=0.5
        )[0].parameters
        for omega in (0.0, 1.0, 2.0)
    )
    changed = [name for name in plain if plain[name].tolist() != one[name].tolist()]
    assert ["layer1/W"] == changed
    moved = [model["layer1/W"] - plain["layer1/W"] for model in (one, two)]
    np.testing.assert_allclose(moved[1], 2 * moved[0], atol=1e-6)


@pytest.mark.parametrize("spec", [{"arch": "fnn"}, {"arch": "jordan"}, {"arch": "elman", "cell": "gru"}, {}])
def test_the_regulariser_needs_simple_units_that_are_kept(spec, sentences):
    with pytest.raises(UsageError, match="--omega"):
        training.prepare(sentences[:8], NetworkSpec(**spec), TrainingSpec(omega=0.1))


def test_the_memory_is_drawn_as_asked(sentences):
    spec = NetworkSpec(arch="elman", hidden=5)
    model = training.prepare(sentences[:8], spec, TrainingSpec(recurrent_init="identity"))
    assert model.parameters["layer1/W"][0].tolist() == np.eye(5).tolist()
