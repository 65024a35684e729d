"""One model learns what several know: exactly their mean, from any text, and stopped or not to the same bytes."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from promises import Cases

from rnncli import api, checkpoint, distillation, labelling, memory, modelfile, training
from rnncli.api import checkpoint_of
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Extra, Sentence
from rnncli.diagnosis.provenance import Provenance
from rnncli.errors import DataError, DivergedError, ModelError, RnncliError, StoppedError, UsageError
from rnncli.inspect import gradient_log
from rnncli.model import Model
from rnncli.trained import Trained
from rnncli.training import Listener

SMALL: dict[str, Any] = {
    "hidden": 4, "embedding": 3, "ngram": 3, "batch": 8, "epochs": 2, "seeds": 2, "force": True,
}  # fmt: skip
TEXT = "leave Taipei on November 2nd\n\nmay I arrive in Kaohsiung tomorrow\n  \nleave Tainan, please\n"


class Heard(Listener):
    """Stops after some batches, and notes the events."""

    def __init__(self, batches: float = math.inf) -> None:
        self.batches = batches
        self.seeds: list[int] = []
        self.sentences: list[int] = []
        self.taught: list[tuple[int, int]] = []
        self.spoilt: tuple[int, ...] = ()

    def prepared(self, model: Model, sentences: Any, dev: Any, vectors: Any) -> None:
        self.model = model
        self.seeds.append(model.training_spec.seed)
        self.sentences.append(len(sentences))

    def teaching(self, teachers: int, others: int, share: float) -> None:
        if share == 0:
            self.taught.append((teachers, others))

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.batches -= 1
        if self.spoilt and self.model.training_spec.seed in self.spoilt:
            self.model.parameters["output/c"][0] = math.nan

    def should_stop(self) -> bool:
        return self.batches <= 0


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def trained(
    data: Path, out: Path, unlabelled: Path | None, listener: Listener | None = None, **options: Any
) -> Trained:
    return api.train(data, data, out, unlabelled=unlabelled, listener=listener, **(SMALL | options))


def sentences_of(data: Path) -> list[Sentence]:
    return reading.read(str(data)).sentences


@pytest.mark.parametrize("arch", ["bidirectional", "jordan"])
@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_a_target_is_the_mean_of_what_each_teacher_gives(decoder: str, arch: str, booking_tsv: Path) -> None:
    sentences = sentences_of(booking_tsv)
    network = NetworkSpec(arch=arch, cell="auto", hidden=4, decoder=decoder)  # type: ignore[arg-type]
    models = [training.prepare(sentences[:20], network, TrainingSpec(seed=seed)) for seed in (1, 2, 3)]
    unseen = sentences[20:]
    for number, model in enumerate(models):
        model.parameters.flat[:] += np.random.default_rng(number).normal(0, 0.5, model.parameters.flat.shape)
    teachers = [model.parameters.flat for model in models]
    lesson = distillation.lesson(models[0], teachers, sentences[:20], unseen, 1, lambda share: None)
    others = lesson.sentences[20:]
    encoded = models[0].encode([s.tokens for s in others], [s.columns for s in others])
    expected = np.concatenate(
        [
            np.mean([labelling.decide(m, labelling.trace(m, encoded, i))[1] for m in models], axis=0)
            for i in range(len(others))
        ]
    )
    gold = sum(len(sentence.tokens) for sentence in sentences[:20])
    names = [tag for sentence in lesson.sentences for tag in sentence.tags]
    assert [models[0].tags[i] for i in lesson.target.tags[:, 0]] == names
    assert sentences[:20] == lesson.sentences[:20]
    assert [s.tokens for s in sentences] == [s.tokens for s in lesson.sentences]
    q = np.zeros((len(names), len(models[0].tags)))
    np.add.at(q, (np.arange(len(q))[:, None], lesson.target.tags), lesson.target.shares)
    assert (q[:gold].max(axis=1) == 1).all()
    largest = -np.sort(-expected, axis=1)[:, distillation.MOST_TAGS - 1 :][:, :1]
    expected[(expected < largest) | (expected < distillation.LEAST)] = 0
    expected /= expected.sum(axis=1, keepdims=True)
    assert expected.max(axis=1).min() < 0.9  # so that the comparison means something
    np.testing.assert_allclose(q[gold:], expected, atol=1e-5)


def test_the_student_learns_the_words_of_the_text_and_is_saved(
    booking_tsv: Path, tmp_path: Path, text: Path
) -> None:
    heard = Heard()
    result = trained(booking_tsv, tmp_path / "m.npz", text, heard)
    model = modelfile.load(tmp_path / "m.npz")
    assert ([1, 2, 3], [30, 30, 33], [(2, 3)]) == (heard.seeds, heard.sentences, heard.taught)
    assert {"Tainan", "Kaohsiung"} <= set(model.inputs.words.words)
    assert 3 == model.training_spec.seed == result.best.seed
    assert [1, 2] == [run.seed for run in result.runs]
    assert {"teachers": 2, "sentences": 3} == model.provenance["distilled"]
    assert (
        "learned from 2 models, also on 3 sentences without tags"
        == Provenance.read(model.provenance).distilled.text
    )
    document = result.as_dict()
    assert (3, 3) == (document["seed"], document["student"]["seed"])
    assert [1, 2] == [run["seed"] for run in document["seeds"]["runs"]]
    assert document["student"]["score"] == document["dev"]["f1"] == result.dev.f1
    alone = trained(booking_tsv, tmp_path / "n.npz", None)
    assert alone.as_dict()["student"] is None
    assert "distilled" not in alone.model.provenance


def test_it_learns_from_the_shares_and_not_from_the_likeliest_tags_alone(booking_tsv: Path) -> None:
    sentences = sentences_of(booking_tsv)
    model = training.prepare(sentences, NetworkSpec(hidden=4), TrainingSpec())
    lesson = distillation.lesson(
        model, [model.parameters.flat], sentences[:20], sentences[20:], 1, lambda share: None
    )
    weights = []
    for target in (lesson.target, None):
        pupil = training.prepare(lesson.sentences, NetworkSpec(hidden=4), TrainingSpec(epochs=1))
        training.train(pupil, lesson.sentences, threads=1, score=lambda model: 0.0, target=target)
        weights.append(pupil.parameters.flat.tobytes())
    assert weights[0] != weights[1]


def test_a_refit_of_the_student_has_the_development_sentences_too(
    booking_tsv: Path, tmp_path: Path, text: Path
) -> None:
    result = trained(booking_tsv, tmp_path / "m.npz", text, refit="yes")
    assert result.refit
    assert 30 + 30 == result.refit.sentences
    sentences = sentences_of(booking_tsv)
    model = training.prepare(sentences, NetworkSpec(hidden=4), TrainingSpec())
    lesson = distillation.lesson(model, [model.parameters.flat], sentences, sentences[:5], 1, lambda share: None)
    joined = lesson.joined(model.tags, [Sentence(["a", "b"], ["B-new", "O"], [], 1)])
    assert [len(model.tags), model.tags.index("O")] == joined.target.tags[:2, 0].tolist()
    assert [1, 0, 0] == joined.target.shares[1, :3].tolist()
    assert joined.target.shares[2:].tolist() == lesson.target.shares.tolist()
    assert lesson.sentences == joined.sentences[1:]
    assert ["a", "b"] == joined.sentences[0].tokens


def test_one_teacher_is_enough(booking_tsv: Path, tmp_path: Path, text: Path) -> None:
    result = trained(booking_tsv, tmp_path / "m.npz", text, seeds=1)
    assert {"teachers": 1, "sentences": 3} == result.model.provenance["distilled"]
    assert ([1], 2) == ([run.seed for run in result.runs], result.best.seed)


def test_files_with_tags_and_columns_teach_the_same_as_their_tokens(booking_tsv: Path, tmp_path: Path) -> None:
    rows = [sentence.tokens for sentence in sentences_of(booking_tsv)[:9]]
    tagged = tmp_path / "tagged.tsv"
    tagged.write_text("\n".join("".join(f"{token}\tB-x\n" for token in tokens) for tokens in rows))
    plain = tmp_path / "plain.tsv"
    plain.write_text("\n".join("".join(f"{token}\n" for token in tokens) for tokens in rows))
    options = {"read_options": ReadOptions(columns="token=1,tag=2")}
    one, two, three = (
        trained(booking_tsv, tmp_path / "m.npz", path, **given).model.parameters.flat.tolist()
        for path, given in (
            (tagged, options),
            (tagged, {}),
            (plain, {"read_options": ReadOptions(columns="token=1")}),
        )
    )
    assert one == two == three


def test_a_text_is_refused_where_columns_are_read(booking_text: str, tmp_path: Path, text: Path) -> None:
    data = tmp_path / "columns.tsv"
    data.write_text(booking_text.replace("\t", "\tc\t"))
    with pytest.raises(
        DataError, match=r"text\.txt: the model reads a column beside each token; this file has none"
    ):
        trained(data, tmp_path / "m.npz", text)
    assert trained(data, tmp_path / "m.npz", data, column=2).student


def test_what_makes_no_sense_is_refused(booking_tsv: Path, tmp_path: Path, text: Path) -> None:
    out = tmp_path / "m.npz"
    blank = tmp_path / "blank.txt"
    blank.write_text("\n \n")
    for path in (Path("/dev/null"), blank):
        with pytest.raises(DataError, match="no sentence in this file"):
            trained(booking_tsv, out, path)
    with pytest.raises(UsageError, match="seed"):
        trained(booking_tsv, out, text, seed=2**63 - 2)
    with pytest.raises(UsageError, match="--out"):
        trained(booking_tsv, text, text, force=False)
    with pytest.raises(RnncliError, match="gone"):
        trained(booking_tsv, out, tmp_path / "gone.txt")
    assert not out.exists()


@pytest.mark.promise("resume")
@pytest.mark.parametrize(
    "options",
    [
        {"refit": "yes"},
        {"decoder": "softmax", "class_weight": "balanced", "arch": "hybrid"},
    ],
)
def test_stopped_after_any_batch_it_ends_in_the_same_bytes(
    options: dict[str, Any], booking_tsv: Path, tmp_path: Path, text: Path, cases: Cases
) -> None:
    logs = [tmp_path / "whole.json", tmp_path / "parts.json"]
    whole = trained(booking_tsv, tmp_path / "whole.npz", text, log_gradients=logs[0], **options)
    out = tmp_path / "parts.npz"
    part = 0
    while True:
        part += 1
        given = {"threads": 1 + part % 2, "log_gradients": logs[1], "resume": True, **options}
        try:
            result = trained(booking_tsv, out, text, Heard(2 if part % 3 else 5), **given)
        except StoppedError:
            continue
        if not result.stopped:
            break
        assert checkpoint_of(out) == result.checkpoint
    assert part > 6
    assert whole.sha256 == result.sha256
    assert bool(whole.refit) == ("refit" in options)
    assert logs[0].read_bytes() == logs[1].read_bytes()
    assert [1, 2, 3] == [run["seed"] for run in gradient_log.read(str(logs[0]))["runs"]]
    cases.add(part)


@pytest.mark.promise("resume")
def test_other_text_is_another_training(booking_tsv: Path, tmp_path: Path, text: Path) -> None:
    out = tmp_path / "m.npz"
    with pytest.raises(StoppedError):
        trained(booking_tsv, out, text, Heard(3))
    text.write_text(TEXT.replace("please", "now"))
    with pytest.raises(UsageError, match="of another training: other data without tags\n"):
        trained(booking_tsv, out, text, resume=True)
    with pytest.raises(UsageError, match="of another training: other data without tags\n"):
        trained(booking_tsv, out, None, resume=True)


@pytest.mark.promise("resume")
def test_other_columns_of_text_without_tags_are_another_training(
    booking_text: str, tmp_path: Path, cases: Cases
) -> None:
    data, others = tmp_path / "columns.tsv", tmp_path / "others.tsv"
    data.write_text(booking_text.replace("\t", "\tc\t"))
    others.write_text(data.read_text())
    with pytest.raises(StoppedError):
        trained(data, tmp_path / "m.npz", others, Heard(3))
    others.write_text(others.read_text().replace("\tc\t", "\td\t"))
    with pytest.raises(UsageError, match="of another training: other data without tags\n"):
        trained(data, tmp_path / "m.npz", others, resume=True)
    cases.add()


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize("size", [1, -1])
def test_a_checkpoint_with_too_few_or_too_many_weights_is_refused(
    size: int, booking_tsv: Path, tmp_path: Path, text: Path
) -> None:
    out = tmp_path / "m.npz"
    assert trained(booking_tsv, out, text, Heard(18)).stopped
    saved = checkpoint.read(checkpoint_of(out))
    weights = saved.finished.weights
    assert weights is not None
    assert 2 == len(saved.finished.runs)
    weights = np.resize(weights, len(weights) + size)
    checkpoint.write(checkpoint_of(out), saved._replace(finished=saved.finished._replace(weights=weights)))
    with pytest.raises(ModelError, match=r"m\.npz\.checkpoint: the checkpoint does not fit the data"):
        trained(booking_tsv, out, text, resume=True)


@pytest.mark.promise("work-kept")
@pytest.mark.parametrize(("spoilt", "best"), [((2,), 4), ((1, 2), 4), ((4,), None)])
def test_a_model_that_diverges_does_not_take_the_others_with_it(
    spoilt: tuple[int, ...], best: int | None, booking_tsv: Path, tmp_path: Path, text: Path
) -> None:
    heard = Heard()
    heard.spoilt = spoilt
    with pytest.raises(DivergedError) as caught:
        trained(booking_tsv, tmp_path / "m.npz", text, heard, seeds=3)
    result = caught.value.trained
    assert list(spoilt) == [failure.seed for failure in result.failures]
    assert [(3 - len({1, 2, 3} & set(spoilt)), 3)] == heard.taught
    assert best in (None, result.best.seed)
    assert modelfile.load(tmp_path / "m.npz").training_spec.seed == result.best.seed
    assert re.match(rf"seed {spoilt[0]}: ", caught.value.message)


def test_a_student_that_was_stopped_is_saved_only_if_it_is_better(
    booking_tsv: Path, tmp_path: Path, text: Path
) -> None:
    options = {"epochs": 5, "learning_rate": 0.02}
    whole = trained(booking_tsv, tmp_path / "whole.npz", text, **options)
    early = trained(booking_tsv, tmp_path / "m.npz", text, Heard(2 * 5 * 4 + 6), **options)
    assert early.student
    assert (1, 5) == (early.student.result.epochs, whole.best.result.epochs)
    assert early.student.score < max(run.score for run in early.runs) == early.best.score
    assert 3 == whole.best.seed


def test_teachers_that_do_not_fit_in_memory_are_refused(
    booking_tsv: Path, tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of 1,000 seeds take 4 MB beside the training of one."""
    free = 2_000_000
    monkeypatch.setattr(memory, "available", lambda: free)
    with pytest.raises(UsageError, match=r"the weights of 1000 teachers would take at least .* MB of memory"):
        trained(booking_tsv, tmp_path / "m.npz", text, seeds=1_000)
    assert trained(booking_tsv, tmp_path / "m.npz", text).student
    heard = Heard(100)
    long = tmp_path / "long.txt"
    long.write_text("leave " * 5_000)
    with pytest.raises(UsageError, match=r"a batch with 5,000 tokens would take at least .* MB of memory"):
        trained(booking_tsv, tmp_path / "m.npz", long, heard)
    assert 100 == heard.batches  # before a teacher was trained


def test_a_text_is_cut_as_the_training_data_is(booking_tsv: Path) -> None:
    model = training.prepare(sentences_of(booking_tsv), NetworkSpec(hidden=4), TrainingSpec())
    texts = [Sentence([], [], [], 1, Extra(text=line)) for line in TEXT.splitlines()]
    cut = distillation.cut(model, [*texts, Sentence(["a", "b"], [], [], 9)])
    assert ["leave", "Tainan", ",", "please"] == cut[2].tokens
    assert (4, ["a", "b"]) == (len(cut), cut[3].tokens)
