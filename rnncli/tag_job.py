"""The jobs of ``rnncli tag`` over folders: a file is labelled by one, or its parts by several and then joined."""

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from rnncli import writing
from rnncli.config import ReadOptions
from rnncli.data import cutting, parquet, text_field
from rnncli.data.formats.format import Wanted
from rnncli.data.opening import Part
from rnncli.data.packing import packing
from rnncli.data.reading import reading, reading_lines
from rnncli.errors import DataError, RnncliError
from rnncli.jobs import Blob, Counts, Job, once
from rnncli.jobs.job import state_of
from rnncli.kernel_choice import use_kernels
from rnncli.modelfile import load
from rnncli.tag_output import Writer, marks
from rnncli.tagging import Tagger

PARTS = ".parts"  # the folder of what parts give until they are joined
_TRAILER = 1024  # bytes at the end of such a file that say what it is of
_COPIED = 1 << 20  # bytes
_RECENT = 1 << 15  # sentences whose lines are remembered for an error
_CUT_FORMATS = ("tsv", "jsonl", "conll")  # what is written of a sentence does not depend on those before


def file_job(key: str, source: Path, output: Path, model: Blob, how: Mapping[str, Any], size: float) -> Job:
    """The job that labels a file.

    key  its path in the folder of the outputs
    how  to label it, the arguments of :func:`_writer` and :func:`_label`
    """
    arguments = {"model": model, "how": how, "depth": len(Path(key).parts), "stem": _stem(key)}
    return Job(key, f"{__name__}:tag_file", arguments, (source,), output, size)


def part_jobs(file: Job, size: int) -> list[Job]:
    """The jobs that label parts of a file of about so many bytes, done before its own; none if it is not cut."""
    how = file.arguments["how"]
    source = file.inputs[0]
    assert file.output
    if size <= 0 or file.work <= size:
        return []
    if how["is_table"]:
        parts = _groups(source, how, file.work / size)
    elif how["to"] in _CUT_FORMATS:
        parts = cutting.parts(source, size, ReadOptions(**how["options"]), bool(how["text_field"]))
    else:
        parts = []
    folder = _folder(file.output, file.arguments["depth"], file.arguments["stem"])
    sha256 = state_of(source).sha256 if parts else ""
    jobs = []
    for number, part in enumerate(parts, 1):
        arguments = {"model": file.arguments["model"], "how": how, "source": sha256}
        arguments |= {"start": part.start, "end": part.end}
        name = f"{number}-of-{len(parts)}"
        work = file.work / len(parts)
        jobs.append(Job(f"{file.key}#{name}", f"{__name__}:tag_part", arguments, (source,), folder / name, work))
    return jobs


def tag_file(
    *, model: Blob, how: Mapping[str, Any], depth: int, stem: str, inputs: list[Path], output: Path
) -> Counts:
    """Label a file, or join its parts if they are labelled already, which gives the same bytes."""
    source = inputs[0]
    folder = _folder(output, depth, stem)
    parts = sorted(folder.iterdir(), key=lambda path: int(path.name.split("-")[0])) if folder.is_dir() else []
    with _located(source):
        if how["is_table"]:
            return _tag_table(source, parts, output, model, how)
        with writing.writing(output) as file, packing(file, output.name) as packed:
            return _join(source, parts, packed) if parts else _label(source, None, packed, model, how)


def tag_part(
    *, model: Blob, how: Mapping[str, Any], source: str, start: int, end: int, inputs: list[Path], output: Path
) -> Counts:
    """Label a part of a file: bytes ``start`` … ``end`` − 1, or so many groups of rows of a table."""
    path = inputs[0]
    _check_same(path, source)
    with _located(path), writing.writing(output) as file:
        if how["is_table"]:
            tagger = once(load_tagger, model, how["nbest"])
            counts: Counts = {"sentences": 0, "tokens": 0, "errors": 0}
            with parquet.opened(path, how["text_field"], how["added"]) as table:
                groups = range(start, end)
                parquet.write_arrays((_label_group(table, group, tagger, counts) for group in groups), file)
        else:
            counts = _label_part(path, Part(start, end), file, model, how)
        trailer = json.dumps({"source": source, "counts": counts}, allow_nan=False)
        file.write(trailer.encode().ljust(_TRAILER - 1) + b"\n")
    return counts


def load_tagger(path: Path, nbest: int) -> Tagger:
    """The tagger of a process. The kernels label from the beginning, so that all processes label alike."""
    model = load(path)
    use_kernels(model.network_spec)
    return Tagger(model, threads=0, nbest=nbest)


def _stem(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _folder(output: Path, depth: int, stem: str) -> Path:
    """The folder for the parts of a file."""
    return output.parents[depth - 1] / PARTS / stem


def _groups(source: Path, how: Mapping[str, Any], parts: float) -> list[Part]:
    try:
        with parquet.opened(source, how["text_field"], how["added"]) as table:
            number = min(table.groups, int(parts) + 1)
            cuts = [table.groups * part // number for part in range(number + 1)] if number > 1 else []
    except RnncliError:  # who labels it says what is wrong
        return []
    return [Part(start, end) for start, end in pairwise(cuts)]


def _writer(file: IO[bytes], tagger: Tagger, how: Mapping[str, Any]) -> Writer:
    def put(text: str) -> None:
        file.write(text.encode("utf-8"))

    return Writer(tagger, how["to"], put, how["keep"], added=how["added"], force=how["force"])


def _label(source: Path, part: Part | None, file: IO[bytes], model: Blob, how: Mapping[str, Any]) -> Counts:
    """Label a file, or a part of it, and write the results."""
    tagger = once(load_tagger, model, how["nbest"])
    writer = _writer(file, tagger, how)
    options = ReadOptions(**how["options"])
    recent: deque[int] = deque(maxlen=_RECENT)
    read = _Counter()
    try:
        if how["text_field"]:
            with reading_lines(str(source), options, part=part) as (lines, faults):
                items = text_field.read(lines, how["text_field"], writer.added, faults, how["skip"])
                writer.write(writer.label_lines(read.counted(items, recent)))
        else:
            wanted = Wanted(labelled=False, cells=writer.writes_files, force=how["force"])
            with reading(str(source), options, wanted, at_once=True, part=part) as opened:
                opened = opened._replace(sentences=read.counted(opened.sentences, recent))
                writer.write(writer.labels(opened, options)(writer.items(opened)))
    except RnncliError as error:
        kind, _, number = error.where.partition(" ")
        if kind == "sentence" and number.isdecimal():  # of those that were read here
            place = int(number) - 1 - read.count
            error.where = f"{source}:{recent[place]}" if -len(recent) <= place < 0 else str(source)
        raise
    return {"sentences": writer.results, "tokens": writer.tokens, "errors": writer.errors}


def _label_part(source: Path, part: Part, file: IO[bytes], model: Blob, how: Mapping[str, Any]) -> Counts:
    try:
        return _label(source, part, file, model, how)
    except RnncliError:
        if part.start == 0:
            raise
        # The lines before the part are counted only now, because the error has to name its line.
        try:
            before = cutting.count_lines(source, part.start)
        except OSError:
            before = 0
        return _label(source, part._replace(line=before + 1), file, model, how)


class _Counter:
    """Counts what is read, and remembers the lines of the last of it."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, items: Iterable[Any], recent: deque[int]) -> Iterator[Any]:
        for item in items:
            self.count += 1
            recent.append(item.line)
            yield item


def _tag_table(source: Path, parts: Sequence[Path], output: Path, model: Blob, how: Mapping[str, Any]) -> Counts:
    """Write a table with a column of results, which are those of the parts if there are some."""
    counts: Counts = {"sentences": 0, "tokens": 0, "errors": 0}
    with parquet.opened(source, how["text_field"], how["added"]) as table, writing.writing(output) as file:
        if parts:
            table.write(_joined_arrays(source, parts, counts), file)
        else:
            tagger = once(load_tagger, model, how["nbest"])
            table.write((_label_group(table, group, tagger, counts) for group in range(table.groups)), file)
    return counts


def _label_group(table: parquet.Table, group: int, tagger: Tagger, counts: Counts) -> Any:
    rows: list[list[dict[str, Any]] | None] = []
    given: deque[str | None] = deque()

    def texts() -> Iterator[str]:
        for text in table.texts(group):
            given.append(text)
            yield text or ""

    for tagged in tagger.stream(texts()):
        if given.popleft() is None:
            rows.append(None)
            continue
        counts["sentences"] += 1
        counts["tokens"] += len(tagged.tokens)
        rows.append(marks(tagged, tagger))
    return parquet.array(rows)


def _joined_arrays(source: Path, parts: Sequence[Path], counts: Counts) -> Iterator[Any]:
    for path in parts:
        with path.open("rb") as file:
            _add(counts, _trailer(source, file))
            yield from parquet.read_arrays(file)


def _join(source: Path, parts: Sequence[Path], output: IO[bytes]) -> Counts:
    """Write what the parts hold, one after the other."""
    counts: Counts = {"sentences": 0, "tokens": 0, "errors": 0}
    for path in parts:
        with path.open("rb") as file:
            _add(counts, _trailer(source, file))
            left = path.stat().st_size - _TRAILER
            while left > 0 and (piece := file.read(min(left, _COPIED))):
                output.write(piece)
                left -= len(piece)
    return counts


def _trailer(source: Path, file: IO[bytes]) -> Counts:
    """The counts of a part, which must be of the file as it is now; it is read from its beginning next."""
    file.seek(-_TRAILER, 2)
    values = json.loads(file.read())
    file.seek(0)
    _check_same(source, values["source"])
    counts: Counts = values["counts"]
    return counts


def _add(counts: Counts, more: Counts) -> None:
    for name, count in more.items():
        counts[name] += count


def _check_same(source: Path, sha256: str) -> None:
    if state_of(source).sha256 != sha256:
        hint = "begin again when nothing writes to it"
        raise DataError("was changed while it was labelled", where=str(source), hint=hint)


@contextmanager
def _located(source: Path) -> Iterator[None]:
    """Let errors of the block name the file."""
    try:
        yield
    except RnncliError as error:
        name = str(source)
        kind, _, number = error.where.partition(" ")
        if kind == "line" and number.isdecimal():
            error.where = f"{name}:{number}"
        elif not error.where and (place := re.match(r"(:\d+)*: ", error.message.removeprefix(name))):
            error.where = name + place[0][:-2]
            error.message = error.message.removeprefix(name)[place.end() :]
        elif not error.where and name not in error.message:
            error.where = name
        elif name not in error.where and name not in error.message:
            error.where = f"{name}: {error.where}"
        raise
