"""The promises of docs/reliability.md. A test that proves one is marked ``@pytest.mark.promise("whole-file")``.

``pytest --record FILE`` counts the cases that were run for each promise; docs/make_reliability.py prints them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Name and text of each promise, in the order of the page.
PROMISES = {
    "whole-file": (
        "The file at the output path is the old whole one or the new whole one, whatever fails and whenever "
        "the program is stopped."
    ),
    "no-leftovers": (
        "No temporary file stays after an error, Ctrl-C, SIGTERM or SIGHUP, and one that SIGKILL left is "
        "removed by the next run."
    ),
    "own-files": (
        "An output never replaces a file that is read, a device, or a file that rnncli did not write, unless "
        "--overwrite is given."
    ),
    "work-kept": (
        "Work that is finished is never discarded: after a divergence, a failed seed or a full disk the best "
        "model is saved."
    ),
    "streams": (
        "A stream that is closed, full or cut short ends with the documented exit code, without a traceback, "
        "and costs no training."
    ),
    "resume": "A training that was stopped at any time and resumed gives the bytes of one that was not.",
    "interrupt": (
        "The first Ctrl-C, SIGTERM or SIGHUP saves the best model and a checkpoint; the second stops at once "
        "and damages no file."
    ),
    "init-from": "A training that begins from a model keeps the weights of its words and tags.",
    "no-code": "Opening a file runs nothing that is in it.",
    "memory": ("Opening a model and labelling with it takes at most twice the size of its file and a constant."),
    "damaged": (
        "A file that differs in any byte from what rnncli writes is refused with one error, or it loads as it is."
    ),
    "hostile-text": (
        "Config files, logs, vectors and checkpoints that are damaged or hostile are refused with one error."
    ),
    "limits": "Sizes that cannot fit are refused with the memory that they would take, before it is taken.",
    "finite": "No number that is not finite gets into a model, a report, a page or JSON.",
    "one-writer": "Of two trainings with one output the second is refused at once.",
    "environments": (
        "Every command works in a read-only installation, without HOME, with any locale, and with any path."
    ),
    "formats": (
        "A model of every format from 2 on loads and gives its labels; others are refused by a true sentence."
    ),
}


class Record:
    """How many cases of each promise were run and failed, by test."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.results: dict[str, dict[str, dict[str, int]]] = {}

    def add(self, promise: str, test: str, cases: int, has_failed: bool) -> None:
        """Count the cases of one test."""
        result = self.results.setdefault(promise, {}).setdefault(test, {"cases": 0, "failed": 0})
        result["cases"] += cases
        result["failed"] += has_failed

    def write(self) -> None:
        """Write the counts of the tests that were run, and keep those of other tests in the file."""
        if self.path:
            path = Path(self.path)
            before = json.loads(path.read_text("utf-8")) if path.exists() else {}
            merged = {name: before.get(name, {}) | self.results.get(name, {}) for name in PROMISES}
            ordered = {name: dict(sorted(tests.items())) for name, tests in merged.items() if tests}
            path.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")


class Cases:
    """Counts the cases of a test."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, count: int = 1) -> None:
        """Count cases that were run."""
        self.count += count

    def counted(self, items: Any) -> Iterator[Any]:
        """Yield items and count each."""
        for item in items:
            self.add()
            yield item
