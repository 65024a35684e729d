"""A memory solves what it can, and a network without one nothing."""

import json

import pytest

from rnncli import labelling, solving, training
from rnncli.config import TrialSpec
from rnncli.data import tasks


def solve(task, delays, sentences=400, report=lambda _: None, seeds=1, **trial):
    chosen = TrialSpec(**({"hidden": 20, "learning_rate": 0.01} | trial))
    return solving.solve(task, chosen, delays=delays, sentences=sentences, seeds=seeds, report=report)


def test_delays_grow_until_one_is_not_solved():
    told = []
    found = solve("copy", (40, 2, 1), report=told.append, seeds=2, epochs=3)
    assert [(1, 1), (1, 2), (1, 40), (2, 1), (2, 2), (2, 40)] == [(each.seed, each.delay) for each in told]
    assert [True, True, False] * 2 == [each.is_solved for each in told]
    assert [2, 2] == [found.longest(seed) for seed in (1, 2)]
    assert told == found.attempts
    shown = json.loads(json.dumps(found.as_dict()))
    assert [{"seed": 1, "delay": 2}, {"seed": 2, "delay": 2}] == shown["longest"]
    assert [each.wrong for each in told] == [each["wrong"] for each in shown["attempts"]]


@pytest.mark.parametrize("task", tasks.TASKS)
def test_without_memory_nothing_is_better_than_chance(task):
    found = solve(task, (3,), arch="fnn", epochs=1)
    (only,) = found.attempts
    assert 1 - only.wrong == pytest.approx(tasks.TASKS[task].chance, abs=0.05)
    assert 0 == found.longest(1)


def test_the_same_seed_solves_the_same():
    one, other = (solve("order", (2,), epochs=2).attempts for _ in range(2))
    assert one[0].wrong == other[0].wrong
    assert one[0].epochs == other[0].epochs


def test_what_diverges_is_not_solved():
    (only,) = solve("copy", (2,), activation="relu", learning_rate=1e30, clip=0.0).attempts
    assert (True, False, 1.0) == (only.diverged, only.is_solved, only.wrong)


def test_a_sentence_is_wrong_if_any_of_its_answers_is():
    made = tasks.sentences("copy", 5, 50, 1)
    model = training.prepare(made, *solving.specs(TrialSpec()))
    given = iter(labelling.predict(model, model.encode([s.tokens for s in made])).tags)
    failed = 0
    for sentence in made:
        tags = [model.tags[next(given)] for _ in sentence.tokens]
        failed += [tag for token, tag in zip(sentence.tokens, tags, strict=True) if token == "?"] != [
            tag for tag in sentence.tags if tag != "O"
        ]
    assert 0 < failed
    assert failed / 50 == solving.wrong(model, made)
