"""The list of what is done: a file of JSON lines in the folder of the outputs, and one of failures beside it.

A line is added after each job. It is either an entry, the fields of an :class:`.Outcome`, or ``{"begun": [keys]}``:
the jobs of a run, so that an output without an entry is known to be ours. At its end a run writes the file anew,
one entry for each job, in the order of their keys. Shards have files of their own, and all files are read.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rnncli import writing
from rnncli.errors import DataError, FileError
from rnncli.jobs.job import Fault, FileState, Job, Outcome, values_of
from rnncli.jobs.shard import WHOLE, Shard


class Manifest:
    """What the manifests of a folder say, and the one that a run writes.

    folder  is made by :meth:`opened` if it is missing
    shard   whose manifest is written
    """

    def __init__(self, folder: Path, shard: Shard = WHOLE) -> None:
        self.path = folder / f"manifest{shard.suffix}.jsonl"
        self.errors = folder / f"errors{shard.suffix}.jsonl"
        self._others: list[dict[str, Outcome]] = []  # the last entry of each key, by file
        self._own: dict[str, Outcome] = {}
        self._begun: set[str] = set()
        for path in sorted({*folder.glob("manifest.jsonl"), *folder.glob("manifest-*-of-*.jsonl")}):
            entries = self._read(path)
            if path == self.path:
                self._own = entries
            else:
                self._others.append(entries)
        self._add: Callable[[str], None] | None = None

    def _read(self, path: Path) -> dict[str, Outcome]:
        entries = {}
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FileError(error.strerror or str(error), where=str(path)) from error
        for number, line in enumerate(content.split(b"\n")[:-1], 1):  # after the last newline: a line cut by a kill
            try:
                values = json.loads(line)
                if "begun" in values:
                    self._begun.update(map(str, values["begun"]))
                else:
                    outcome = _outcome(values)
                    entries[outcome.key] = outcome
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                hint = "give another folder, or remove this line: its job is done again"
                raise DataError("is no entry of a manifest", where=f"{path}:{number}", hint=hint) from error
        return entries

    def knows(self, key: str) -> bool:
        """Whether some run has begun a job."""
        return key in self._begun or any(key in entries for entries in (self._own, *self._others))

    def done(self, job: Job) -> Outcome | None:
        """The entry of a job that needs not be done again.

        Its function, its arguments and the content of its inputs are the same, and its output is there with the
        size that it had.
        """
        for entries in (self._own, *self._others):
            if (entry := entries.get(job.key)) and _is_valid(entry, job):
                return entry._replace(is_new=False)
        return None

    def was_done(self, key: str) -> bool:
        """Whether a job of this key was done once; what :meth:`done` says of it now is another question."""
        return any(key in entries and not entries[key].fault for entries in (self._own, *self._others))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep other runs from the file while the block runs, and write it in order at the end.

        A second run with the same file is a :class:`.FileError`.
        """
        with writing.lock(self.path), writing.appending(self.path) as self._add:
            self._own = self._read(self.path)  # another run may have added to it before it was locked
            try:
                yield
            except BaseException:
                with suppress(OSError, FileError):  # what is there is as true, only not in order
                    self._write()
                raise
            self._write()

    def begin(self, jobs: Sequence[Job]) -> None:
        """Note jobs that may be begun from now on."""
        keys = sorted(job.key for job in jobs if not self.knows(job.key))
        if keys and self._add:
            self._add(_line({"begun": keys}))
            self._begun.update(keys)

    def add(self, outcome: Outcome) -> None:
        """Add an entry; it lasts from now on."""
        assert self._add, "the manifest is not open"
        self._own[outcome.key] = outcome  # first, since a signal may end this run as soon as the line is written
        self._add(_line(_entry(outcome)))
        if outcome.fault:
            with writing.appending(self.errors) as add:
                add(_line({"key": outcome.key, **outcome.fault._asdict()}))

    def _write(self) -> None:
        """Write both files anew, in the order of the keys."""
        entries = [entry for _, entry in sorted(self._own.items())]
        lines = [_line(_entry(entry)) for entry in entries]
        if begun := sorted(self._begun - self._own.keys()):
            lines.insert(0, _line({"begun": begun}))
        writing.write_text(self.path, "".join(line + "\n" for line in lines))
        faults = [_line({"key": entry.key, **entry.fault._asdict()}) for entry in entries if entry.fault]
        if faults:
            writing.write_text(self.errors, "".join(line + "\n" for line in faults))
        else:
            self.errors.unlink(missing_ok=True)


def _is_valid(entry: Outcome, job: Job) -> bool:
    if entry.fault or entry.function != job.function or entry.arguments != values_of(job.arguments):
        return False
    if len(entry.inputs) != len(job.inputs):
        return False
    if job.output:
        try:
            if entry.output is None or job.output.stat().st_size != entry.output.size:
                return False
        except OSError:
            return False
    return all(state.is_still(path) for state, path in zip(entry.inputs, job.inputs, strict=True))


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, allow_nan=False)


def _entry(outcome: Outcome) -> dict[str, Any]:
    values = outcome._asdict()
    del values["is_new"]
    values["inputs"] = [state._asdict() for state in outcome.inputs]
    values["output"] = outcome.output and outcome.output._asdict()
    values["error"] = (fault := values.pop("fault")) and fault._asdict()
    return values


def _outcome(values: dict[str, Any]) -> Outcome:
    error = values.pop("error")
    output = values["output"]
    return Outcome(
        **values
        | {
            "inputs": tuple(FileState(**state) for state in values["inputs"]),
            "output": FileState(**output) if output else None,
            "fault": Fault(**error) if error else None,
        }
    )
