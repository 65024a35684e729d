"""data/lookup.py: texts are looked up once, remembered for a while, and whatever happens select the same rows."""

import copy
import multiprocessing
import pickle
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from rnncli.data import lookup
from rnncli.data.batch import Encoded
from rnncli.data.inputs import Inputs, Part
from rnncli.data.lookup import Lookup
from rnncli.data.ngrams import Ngrams
from rnncli.data.vocabulary import Names, Values, Vocabulary

KNOWN = ["leave", "arrive", "Taipei", "Kaohsiung", "on", "November", "0nd"]
Given = tuple[list[list[str]], list[list[tuple[str, ...]]]]
LEAVE: Given = ([["leave", "Taipei", "2nd"], ["on"]], [[("VB",), ("NN",), ("?",)], [("IN",)]])
ARRIVE: Given = ([["on", "arrive", "ARRIVE", "Taipei"]], [[("NN",), ("VB",), ("VB",), ("NN",)]])


class Counting(Values):
    """A list that notes which texts were looked up in it."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words)
        self.asked: list[str] = []

    def select(self, token: str) -> list[int]:
        """Note the text, and look it up."""
        self.asked.append(token)
        return super().select(token)


def fresh(words: Sequence[str] = KNOWN) -> Inputs:
    """Inputs that have looked up nothing yet."""
    vocabulary = Vocabulary(words)
    parts = [
        Part("embedding", 0, 2, vocabulary),
        Part("ngram", 0, 2, Ngrams.count(words, least=1)),
        Part("vectors", 0, 2, Names(["taipei", "on"])),
        Part("column1", 1, 2, Values(["VB", "NN"])),
    ]
    return Inputs(vocabulary, parts)


def values(encoded: Encoded) -> list[object]:
    """All that is in it, to compare."""
    bags = [(each.source, each.is_word, each.rows.tolist(), each.starts.tolist()) for each in encoded.bags]
    return [*(array.tolist() for array in (encoded.words, encoded.ids, encoded.tags, encoded.starts)), bags]


def expected() -> list[list[object]]:
    return [values(fresh().encode(*given)) for given in (LEAVE, ARRIVE)]


@pytest.fixture(params=[2, 5, 100])
def remembered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(lookup, "REMEMBERED", request.param)
    return int(request.param)


def test_what_was_looked_up_before_changes_no_result(remembered: int) -> None:
    inputs = fresh()
    for _ in range(3):
        assert expected() == [values(inputs.encode(*given)) for given in (LEAVE, ARRIVE)]


def test_results_stay_as_they_are_while_more_is_looked_up(remembered: int) -> None:
    inputs = fresh()
    kept = inputs.encode(*LEAVE)
    inputs.encode([[f"word{i}" for i in range(300)]], [[("VB",)] * 300])
    assert expected()[0] == values(kept)


def test_a_text_is_looked_up_once_while_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "REMEMBERED", 3)
    texts = Counting("abcde")
    look_up = Lookup([texts])
    assert [0, 1, 0] == look_up(["a", "b", "a"]).ids.tolist()
    assert [1, 0, 2] == look_up(["b", "a", "c"]).rows[0].rows.tolist()
    assert ["a", "b", "c"] == texts.asked
    # One more, and only the oldest is forgotten.
    assert [3, 1, 2] == look_up(["d", "b", "c"]).rows[0].rows.tolist()
    assert ["d"] == texts.asked[3:]
    assert [0, 2] == look_up(["a", "c"]).rows[0].rows.tolist()
    assert ["a"] == texts.asked[4:]


def held(inputs: Inputs, sentences: Iterator[list[str]]) -> int:
    """How many bytes more are held after these sentences."""
    before = tracemalloc.get_traced_memory()[0]
    for tokens in sentences:
        inputs.encode([tokens], [[("VB",)] * len(tokens)])
    return tracemalloc.get_traced_memory()[0] - before


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "REMEMBERED", 100)
    inputs = fresh()
    tracemalloc.start()
    try:
        held(inputs, ([f"first{i}", f"{i}st"] for i in range(2_000)))  # also fills the lists of Python's own memory
        assert held(inputs, ([f"word{i}", f"{i}nd"] for i in range(1_000))) < 30_000
        # A long text selects as many rows as it has letters.
        assert held(inputs, (["taipei-" * 3_000 + str(i)] for i in range(20))) < 30_000
    finally:
        tracemalloc.stop()


def test_an_exception_at_any_point_changes_no_later_result() -> None:
    count, after = 0, expected()
    while True:
        inputs = fresh()
        inputs.encode([["Taipei", "unheard"]], [[("NN",), ("VB",)]])
        count += 1
        try:
            interrupted_at(count, inputs)
        except KeyboardInterrupt:
            assert after == [values(inputs.encode(*given)) for given in (LEAVE, ARRIVE)], f"instruction {count}"
        else:
            break
    assert count > 1_000


def interrupted_at(count: int, inputs: Inputs) -> None:
    """Encode, and raise KeyboardInterrupt before that instruction of Python, counted over all of rnncli.data."""
    remaining = count

    def trace(frame, event, argument):  # type: ignore[no-untyped-def]
        nonlocal remaining
        if "rnncli" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            remaining -= 1
            if not remaining:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        inputs.encode(*LEAVE, [["O", "O", "O"], ["O"]], {"O": 0})
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("odd", [None, 3, b"Taipei", ["Taipei"], ("Taipei",)])
def test_what_is_no_text_is_refused_and_changes_no_later_result(odd: object) -> None:
    inputs = fresh()
    for sentences, columns in (
        ([["leave", "new", odd, "other"]], [[("VB",)] * 4]),
        ([["leave", "new"]], [[("VB",), (odd,)]]),
    ):
        with pytest.raises(TypeError, match=r"^tokens and columns are texts(, not|: unhashable type)"):
            inputs.encode(sentences, columns)  # type: ignore[arg-type]
    assert expected() == [values(inputs.encode(*given)) for given in (LEAVE, ARRIVE)]


def test_a_kind_of_text_is_a_text() -> None:
    inputs = fresh()
    numpy = [np.array(tokens) for tokens in LEAVE[0]]
    assert expected()[0] == values(inputs.encode([list(tokens) for tokens in numpy], LEAVE[1]))
    assert expected() == [values(inputs.encode(*given)) for given in (LEAVE, ARRIVE)]


def test_four_threads_give_what_one_gives(remembered: int) -> None:
    rng = np.random.default_rng(1)
    texts = [*KNOWN, *(f"word{i}" for i in range(50))]
    given = [[list(rng.choice(texts, 6)) for _ in range(3)] for _ in range(400)]
    columns = [[[("VB",)] * 6] * 3] * len(given)
    alone = [values(fresh().encode(*each)) for each in zip(given, columns, strict=True)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(fresh().encode, given, columns))
    finally:
        sys.setswitchinterval(before)
    assert alone == [values(each) for each in together]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda inputs: pickle.loads(pickle.dumps(inputs))])
def test_a_copy_is_equal_and_begins_without_what_was_looked_up(again) -> None:  # type: ignore[no-untyped-def]
    inputs = fresh()
    size = len(pickle.dumps(inputs))
    inputs.encode([[f"word{i}" for i in range(300)]], [[("VB",)] * 300])
    assert size == len(pickle.dumps(inputs))
    other = again(inputs)
    assert inputs == other == fresh()
    assert expected() == [values(other.encode(*given)) for given in (LEAVE, ARRIVE)]


def test_inputs_are_equal_that_number_texts_alike() -> None:
    one = fresh()
    for other in (
        fresh(KNOWN[::-1]),
        Inputs(one.words, one.parts[:-1]),
        Inputs(one.words, [*one.parts[:-1], one.parts[-1]._replace(width=3)]),
        Inputs(one.words, [*one.parts[:-1], one.parts[-1]._replace(features=Values(["VB", "x"]))]),
        Inputs(one.words, [*one.parts[:-1], one.parts[-1]._replace(features=Names(["VB", "NN"]))]),
        "inputs",
    ):
        assert one != other


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_another_process_encodes_the_same_also_while_threads_are_at_work(method: str) -> None:
    inputs, done = fresh(), threading.Event()

    def work() -> None:
        while not done.is_set():
            inputs.encode([[f"word{number}" for number in np.random.default_rng().integers(10**6, size=50)]] * 2,
                          [[("VB",)] * 50] * 2)  # fmt: skip

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on a fork beside threads is warned of
            for _ in range(5 if method == "fork" else 1):
                with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
                    results = [pool.submit(inputs.encode, *given) for given in (LEAVE, ARRIVE)]
                    assert expected() == [values(each.result(timeout=60)) for each in results]
    finally:
        done.set()
        for thread in threads:
            thread.join()
