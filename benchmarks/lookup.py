"""What a service pays to look words up: new words, by how many it has met; a sentence; a whole file.

    python benchmarks/lookup.py [--data TRAIN.tsv] [--words 150000] [--rounds 7] [--json FILE]

A sentence of one new word after the other is turned into integers, as `Tagger.tag` does first. Then a sentence of
ten known words, and the whole file in blocks of as many sentences as `rnncli tag` takes, by a model that has looked
up nothing yet and again by the same.
"""

import gc
import itertools
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import report

from rnncli.config import NetworkSpec
from rnncli.data import reading
from rnncli.data.inputs import Inputs
from rnncli.data.sentence import Sentence
from rnncli.resources import bundled
from rnncli.tagging import BLOCK_SENTENCES

MET = (1_000, 10_000, 30_000, 36_000, 70_000, 99_000, 110_000, 149_000)  # words, at which a new one is timed
AT_ONCE = 1_000  # new words of one figure


def seconds(inputs: Inputs, sentences: Sequence[Sequence[str]]) -> float:
    """The processor's time to turn sentences into integers: a wait for the processor would be the slowest call."""
    began = time.thread_time()
    inputs.encode(sentences)
    return time.thread_time() - began


def new_words(inputs: Inputs, count: int) -> Iterator[dict[str, Any]]:
    """Look up one new word after the other; figures for the next ones after each number of MET."""
    times = [seconds(inputs, [[f"Word-{number}"]]) for number in range(count)]
    for met in MET:
        if met + AT_ONCE <= count:
            some = times[met : met + AT_ONCE]
            yield {"met": met, "median": statistics.median(some), "slowest": max(some)}
    yield {"met": "any", "median": statistics.median(times), "slowest": max(times)}


def rest(inputs: Inputs, sentences: Sequence[Sentence], rounds: int) -> Iterator[dict[str, Any]]:
    """A known sentence, and a whole file by a model that has looked up nothing, and then again."""
    tokens = [each.tokens for each in sentences]
    blocks = [tokens[first : first + BLOCK_SENTENCES] for first in range(0, len(tokens), BLOCK_SENTENCES)]
    sentence = list(dict.fromkeys(itertools.chain.from_iterable(tokens)))[:10]
    inputs.encode([sentence])
    yield {"what": "a sentence of ten known words", "seconds": [seconds(inputs, [sentence]) for _ in range(1_000)]}
    first, again = [], []
    for _ in range(rounds):
        anew = Inputs(inputs.words, inputs.parts)
        for times in (first, again):
            times.append(sum(seconds(anew, block) for block in blocks))
    yield {"what": "the whole file, for the first time", "seconds": first}
    yield {"what": "the whole file, again", "seconds": again}


def word_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the first table."""
    met = record["met"]
    return {
        "words met": met if isinstance(met, str) else f"{met:,}",
        "a new word, µs": f"{1e6 * record['median']:.0f}",
        "slowest, µs": f"{1e6 * record['slowest']:,.0f}",
    }


def rest_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the second table."""
    times = [1e3 * each for each in record["seconds"]]
    return {"": record["what"], "ms": f"{statistics.median(times):.3g}", "from": f"{min(times):.3g}"}


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--words", type=int, default=150_000, help="new words in all")
    parser.add_argument("--rounds", type=int, default=7, help="of the whole file")
    options = parser.parse_args()
    sentences = reading.read(options.data or str(bundled("sample_data/train.tsv"))).sentences
    tokens = [token for sentence in sentences for token in sentence.tokens]
    columns = [sentence.columns for sentence in sentences]
    inputs = Inputs.count(NetworkSpec(arch="bidirectional", cell="lstm"), tokens, columns, None)
    gc.freeze()  # what was read is not searched for garbage while the clock runs
    words = list(new_words(inputs, options.words))
    report.publish("New words, one by one", [word_row(each) for each in words])
    others = list(rest(inputs, sentences, options.rounds))
    count = f"{len(tokens):,} tokens"
    report.publish(f"Known words ({count})", [rest_row(each) for each in others], [*words, *others], options.json)


if __name__ == "__main__":
    main()
