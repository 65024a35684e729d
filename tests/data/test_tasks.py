"""The tasks ask for what their documentation says; every answer is found again by hand."""

import pytest

from rnncli.data import tasks
from rnncli.data.sentence import Sentence
from rnncli.data.tasks import PARTS, TASKS, sentences
from rnncli.errors import UsageError

DELAYS = (1, 2, 3, 5, 30)


def asked(sentence: Sentence) -> list[int]:
    return [t for t, token in enumerate(sentence.tokens) if token == "?"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("delay", DELAYS)
def test_only_a_question_has_an_answer(task, delay):
    for each in sentences(task, delay, 100, 1):
        assert asked(each) == [t for t, tag in enumerate(each.tags) if tag != "O"]
        assert len(each.tokens) == len(each.tags) == len(each.columns)


@pytest.mark.parametrize("delay", DELAYS)
def test_copy_asks_for_the_letter_at_the_delay(delay):
    letters, counts = set(), set()
    for each in sentences("copy", delay, 200, 1):
        counts.add(len(asked(each)))
        for t in asked(each):
            assert each.tokens[t - delay] == each.tags[t]
            letters.add(each.tags[t])
    assert letters == set("ABCD")
    assert counts == {min(2, delay)}


@pytest.mark.parametrize("delay", DELAYS)
def test_order_asks_which_came_first(delay):
    seen = set()
    for each in sentences("order", delay, 200, 1):
        (t,) = asked(each)
        assert t == len(each.tokens) - 1 == 4 + delay
        first, second = (place for place, token in enumerate(each.tokens) if token in ("X", "Y"))
        assert t - second >= delay
        assert each.tokens[first] + each.tokens[second] == each.tags[t]
        seen.add(each.tags[t])
    assert seen == {"XX", "XY", "YX", "YY"}


@pytest.mark.parametrize("delay", DELAYS)
def test_adding_sign_asks_for_the_sign_of_the_marked_sum(delay):
    seen = set()
    for each in sentences("adding-sign", delay, 200, 1):
        (t,) = asked(each)
        marked = [int(token[:-1]) for token in each.tokens if token.endswith("*")]
        assert 2 == len(marked)
        assert {"positive": 1, "negative": -1}[each.tags[t]] * sum(marked) > 0
        seen.add(each.tags[t])
    assert seen == {"positive", "negative"}


@pytest.mark.parametrize("task", TASKS)
def test_sentences_are_a_function_of_task_delay_seed_and_part(task):
    drawn = {
        (seed, part, delay): sentences(task, delay, 20, seed, part)
        for seed in (1, 2)
        for part in PARTS
        for delay in (6, 7)
    }
    for (seed, part, delay), made in drawn.items():
        assert made == sentences(task, delay, 20, seed, part)
        assert made == sentences(task, delay, 30, seed, part)[:20]
    assert len(drawn) == len({str([each.tokens for each in made]) for made in drawn.values()})


@pytest.mark.parametrize("task", TASKS)
def test_guessing_is_right_as_often_as_stated(task):
    """Answers are spread evenly: no fixed answer is right more often than chance by much."""
    made = sentences(task, 6, 4_000, 3)
    answers = [tuple(tag for tag in each.tags if tag != "O") for each in made]
    most = max(answers.count(answer) for answer in set(answers)) / len(answers)
    assert most == pytest.approx(TASKS[task].chance, rel=0.15)


@pytest.mark.parametrize(("delay", "count"), [(0, 1), (1, 0), (-3, 5)])
def test_no_delay_is_no_task(delay, count):
    with pytest.raises(UsageError, match="make no task"):
        tasks.sentences("copy", delay, count, 1)
