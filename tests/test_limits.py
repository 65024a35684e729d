"""What cannot fit in memory is refused before it is taken, and what cannot be meant is refused by its option."""

import pytest

from rnncli import labelling, memory, solving
from rnncli.config import TrialSpec
from rnncli.data import tasks
from rnncli.errors import UsageError
from rnncli.inspect.connectivity import connectivity
from rnncli.inspect.document import Question, document
from rnncli.inspect.gradients import curves

MB = 10**6
LONG = "leave Taipei " * 1_000


def sentence(model):
    return tasks.Sentence(model.cut(LONG), [""] * 2_000, [()] * 2_000, 1)


TOO_LARGE = {
    "sentences of a task": (lambda model: tasks.sentences("copy", 100, 100_000, 1), "lower the delay"),
    "the last delay": (
        lambda model: solving.solve("copy", TrialSpec(), delays=[5, 10**30]),
        "lower the delay or the number of sentences",
    ),
    "memory of a text": (lambda model: document(model, Question([LONG])), "give a shorter text"),
    "connectivity": (lambda model: connectivity(model, model.cut(LONG), targets=[0]), "give a shorter text"),
    "gradients": (lambda model: curves(model, [sentence(model)] * 4), "give a shorter text or fewer sentences"),
    "n best": (lambda model: labelling.nbest(model, model.encode([model.cut(LONG)]), 0, 1_000), "lower --nbest"),
}


@pytest.mark.promise("limits")
@pytest.mark.parametrize(("ask", "hint"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_does_not_fit_is_refused_with_both_sizes(ask, hint, tiny, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 30.0 * MB)
    with pytest.raises(UsageError) as raised:
        ask(tiny)
    assert "would take at least" in raised.value.message
    assert raised.value.message.endswith(" of memory, and 30 MB are available")
    assert hint in raised.value.hint


@pytest.mark.promise("limits")
def test_memory_that_is_used_up_is_one_error(run, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("rnncli.tagging.Tagger.__init__", fail)
    result = run("tag", "leave Taipei")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-2] == "error: this takes more memory than there is"


@pytest.mark.promise("limits")
def test_a_stream_without_end_ends_when_memory_does(run, monkeypatch):
    left = iter(range(9_000, 0, -1_000))
    monkeypatch.setattr(memory, "available", lambda: next(left) * MB / 100)
    result = run("check", "-", stdin=b"leave\tO\nTaipei\tB-city\n" * 2_000_000)
    assert result.exit_code == 2
    assert "to read more of stdin would take at least 67.11 MB of memory" in result.stderr


@pytest.mark.promise("limits")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["check", "/dev/zero"], 3, "binary data, not text"),
        (["check", "/dev/zero", "--encoding", "latin-1"], 3, "a line of more than"),
        (["tag", "--input", "/dev/zero", "--encoding", "utf-16-le"], 3, "a line of more than"),
    ],
)
def test_a_device_without_end_is_an_error(words, code, message, run, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 200.0 * MB)
    result = run(*words)
    assert result.exit_code == code
    assert message in result.output
