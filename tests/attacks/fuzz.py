"""Fuzzes what reads files of some kinds, under limits: ``fuzz.py KIND,KIND EXAMPLES SECONDS CORPUS``.

Of each kind so many files are read, and more until the seconds are over. A file that is not refused by an error of
rnncli is made as small as possible, and kept in the corpus. Prints JSON.
"""

import json
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from child import limit
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from readers import outcome
from seeds import ARCHIVES, seeds

from rnncli import archive

RUN = 100  # examples with one seed
MOST_SECONDS = 30  # that one file may take
MOST_BYTES = 1 << 20
MOST_FAILURES = 5
CODES = {0, 2, 3, 4, 5}

# Pieces of the formats, and what often breaks those who read them.
PIECES = [
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b"\r", b"\r\n", b"\t", b" ", b"  ", b'"', b'""', b"'",
    b"\\", b"[", b"]", b"{", b"}", b"[[", b"]]", b",", b":", b"=", b"#", b"-", b"-1", b"0", b"1", b"9" * 30,
    b"9" * 5_000, b"1e400", b"-1e400", b"1e39", b"nan",
    b"NaN", b"Infinity", b"inf", b"null", b"true", b"0x", b"_", b"\\u0000",
    b"\\ud800", b"\\u202e", "\u2028".encode(), "\u0301".encode(), "\U0001f1e6".encode(), b"\x1b[2J", b"[" * 2_000,
    b'{"a":' * 2_000, b"a" * 2_000, b"\n" * 2_000, b"O", b"B-x", b"I-x", b"-DOCSTART- -X- O", b"# text = a",
    b"1-2\ta", b"1.1\ta", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x93NUMPY",
    b"2 3\n", b'"tokens": []', b'"tags": []', b'"label": [[0, 1, "x"]]', b'"start": -1', b"threads = 0x10",
]  # fmt: skip

places = st.floats(0, 1, exclude_max=True)
change = st.one_of(
    st.tuples(st.just("flip"), places, st.integers(0, 7)),
    st.tuples(st.just("put"), places, st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("insert"), places, st.one_of(st.sampled_from(PIECES), st.binary(max_size=8))),
    st.tuples(st.just("replace"), places, st.sampled_from(PIECES)),
    st.tuples(st.sampled_from(["delete", "repeat", "cut"]), places, st.integers(1, 200)),
    st.tuples(st.just("splice"), places, places),
)


def changed(data: bytes, other: bytes, steps: list[Any]) -> bytes:
    """A file after some changes; ``other`` is spliced in."""
    for name, place, value in steps:
        at = int(place * len(data))
        before, after = data[:at], data[at:]
        if name == "flip" and after:
            data = before + bytes([after[0] ^ 1 << value]) + after[1:]
        elif name == "put":
            data = before + value + after[len(value) :]
        elif name in ("insert", "replace"):
            data = before + value + (after if name == "insert" else after[len(value) :])
        elif name == "delete":
            data = before + after[value:]
        elif name == "repeat":
            data = before + after[:value] * 3 + after[value:]
        elif name == "cut":
            data = before
        elif name == "splice":
            data = before + other[int(value * len(other)) :]
    return data[:MOST_BYTES]


def mutations(kind: str) -> st.SearchStrategy[bytes]:
    """Honest files of a kind with some changes, and files of its pieces alone."""
    honest = st.sampled_from(seeds(kind))
    return st.one_of(
        st.builds(changed, honest, honest, st.lists(change, min_size=1, max_size=6)),
        st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=30).map(b"".join),
    )


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 70_000), st.sampled_from([10**30, -(10**30), 2**63, 1e300, -1.5]),
    st.text(max_size=5), st.sampled_from(["simple", "crf", "words", "embedding", "2"]),
)  # fmt: skip
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=2)
)
choices = st.integers(0, 10**6)


def edited(value: Any, steps: list[Any]) -> Any:
    """A document of JSON in which some values were changed, removed or added."""
    for path, action, new in steps:
        parent = value
        key: Any = None
        for choice in path:
            child = parent if key is None else parent[key]
            if not isinstance(child, dict | list) or not child:
                break
            parent = child
            keys = list(child) if isinstance(child, dict) else range(len(child))
            key = keys[choice % len(keys)]
        if key is None:
            continue
        if action == "set":
            parent[key] = new
        elif action == "remove":
            del parent[key]
        elif isinstance(parent, dict):
            parent[str(new)[:20]] = parent[key]
        else:
            parent.insert(key, new)
    return value


edits = st.lists(
    st.tuples(st.lists(choices, min_size=1, max_size=5), st.sampled_from(["set", "remove", "add"]), values),
    min_size=1,
    max_size=4,
)


def structured(kind: str, folder: Path) -> st.SearchStrategy[bytes] | None:
    """Files whose container is right, so that what reads the content has to refuse it; ``None`` for most kinds."""
    if kind == "logs":
        good = seeds("logs")[0]
        return edits.map(lambda steps: json.dumps(edited(json.loads(good), steps)).encode())
    if kind not in ARCHIVES:
        return None
    header, arrays = ARCHIVES[kind].parts(folder / "seed")
    text = json.dumps(header)
    names = sorted(arrays)

    def archived(steps: list[Any], array: int, change: list[Any]) -> bytes:
        content = dict(arrays)
        name = names[array % len(names)]
        if change:
            raw = changed(content[name].tobytes(), b"", change)
            size = content[name].dtype.itemsize
            content[name] = np.frombuffer(raw[: len(raw) // size * size], content[name].dtype)
        path = folder / "structured"
        archive.write(path, edited(json.loads(text), steps), content)
        return path.read_bytes()

    return st.builds(archived, st.one_of(st.just([]), edits), choices, st.lists(change, max_size=2))


class _NotRefusedError(AssertionError):
    """A file that ended in anything but an exit code of rnncli."""


def _check(kind: str, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    signal.alarm(MOST_SECONDS)
    result = outcome(kind, path)
    signal.alarm(0)
    if result not in CODES:
        raise _NotRefusedError(result)


def _run(
    kind: str, number: int, examples: int, files: st.SearchStrategy[bytes], path: Path
) -> tuple[int, str, bytes]:
    """One run: how many files were read, and, of the smallest that was not refused, what happened and its bytes."""
    count = 0
    last = b""

    @seed(number)
    @settings(
        max_examples=examples, deadline=None, database=None, verbosity=Verbosity.quiet, print_blob=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(files)
    def check(content: bytes) -> None:
        nonlocal count, last
        count += 1
        last = content
        _check(kind, path, content)

    try:
        check()
    except _NotRefusedError as error:
        return count, str(error), last
    return count, "", b""


def fuzz(kind: str, examples: int, seconds: float, corpus: Path) -> tuple[int, dict[str, str]]:
    """Fuzz one kind: how many files were read, and what happened with those that were not refused, by name."""
    ends = time.monotonic() + seconds
    count = 0
    failures: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        special = structured(kind, Path(folder))
        strategies = [mutations(kind)] + ([] if special is None else [special])
        number = 0
        while (count < examples or time.monotonic() < ends) and len(failures) < MOST_FAILURES:
            files = strategies[number % len(strategies)]
            size = min(RUN, max(1, examples // len(strategies)))
            read, failure, content = _run(kind, number, size, files, Path(folder) / "file")
            count += read
            number += 1
            if failure:
                corpus.mkdir(parents=True, exist_ok=True)
                name = f"{kind}-{sha256(content).hexdigest()[:12]}"
                (corpus / name).write_bytes(content)
                failures[name] = failure
    return count, failures


def main() -> None:
    """Fuzz the kinds that the command line names."""
    kinds, examples, seconds, corpus = sys.argv[1:]
    limit(round(float(seconds)) + 600)
    signal.signal(signal.SIGALRM, _too_slow)
    total = 0
    failures: dict[str, str] = {}
    for kind in kinds.split(","):
        count, failed = fuzz(kind, int(examples), float(seconds), Path(corpus))
        total += count
        failures |= failed
    sys.stdout.write(json.dumps({"cases": total, "failures": failures}) + "\n")


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {MOST_SECONDS} s")


if __name__ == "__main__":
    main()
