"""``rnncli tag --out-dir``: label many files, in several processes, and go on where an earlier run has stopped."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncli.cli import jobs as job_runner
from rnncli.cli import show
from rnncli.config import JobOptions, ReadOptions
from rnncli.errors import DataError, UsageError
from rnncli.threads import at_most

if TYPE_CHECKING:
    from rnncli.data.folders import Inputs
    from rnncli.jobs import Job, Manifest, Outcome

EXAMPLE = "rnncli tag 'in/*.txt' --out-dir out"
MEGABYTE = 1_000_000
_OWN = re.compile(r"(manifest|errors)(-\d+-of-\d+)?\.jsonl")  # files of the list of jobs
_READ = re.compile(r"\.(tsv|conll|iob|bio|conllu|csv|jsonl|ndjson|json|txt)", re.IGNORECASE)
_PACKED = re.compile(r"\.(gz|xz|zst)", re.IGNORECASE)


class How(NamedTuple):
    """The options of the command that say how files are labelled; ``part`` is in megabytes."""

    to: str
    nbest: int
    keep: bool
    text_field: str
    result_field: str
    part: float
    force: bool
    reading: ReadOptions


def tag_folder(
    patterns: Sequence[str],
    out: Path,
    model: Path,
    how: How,
    running: JobOptions,
    threads: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Label files and write each to the same path in a folder."""
    from rnncli.data import folders
    from rnncli.jobs import Blob, Manifest, failure, once
    from rnncli.tag_job import load_tagger, part_jobs
    from rnncli.tag_output import refuse_text, result_name

    inputs = folders.find(patterns, out)
    _note(inputs)
    blob = Blob.of(model)
    with at_most(threads):  # this process may label by it
        tagger = once(load_tagger, blob, how.nbest)  # what is wrong with it is said before any work
    if how.text_field or how.reading.format == "text":
        refuse_text(tagger)
    manifest = Manifest(out)
    wanted = {"skip": running.on_error == "skip", "force": how.force}
    added = how.result_field or result_name(tagger)
    jobs = [_known(list(row), manifest, wanted) for row in _jobs(inputs, out, blob, how, added, wanted)]
    again = sum(manifest.done(job) is None and manifest.was_done(job.key) for job in jobs)
    if again:
        files = show.counted(again, "file")
        show.note(f"done again: {files}, since the input, the model or the options are others now")
    # The tasks of a job array do not wait for each other, so nobody could join what they have labelled.
    size = 0 if running.shard else round(how.part * MEGABYTE)
    parts = {job.key: [] if manifest.done(job) else part_jobs(job, size) for job in jobs}
    first = [job for job in jobs if not parts[job.key]] + [part for job in jobs for part in parts[job.key]]
    _clean(out, {part.output for some in parts.values() for part in some if part.output})
    outcomes = job_runner.run(first, out, running, threads, overwrite)
    failed = {outcome.key for outcome in outcomes if outcome.fault}
    whole = [job for job in jobs if parts[job.key] and not any(part.key in failed for part in parts[job.key])]
    if whole:
        outcomes += job_runner.run(whole, out, running, threads, overwrite)
    keys = {job.key for job in jobs}
    if not failed:
        _clean(out, set())
    _report([outcome for outcome in outcomes if outcome.key in keys], len(jobs), out, as_json)
    problem = failure([outcome for outcome in outcomes if outcome.key in keys or outcome.fault], out)
    if problem:
        raise problem
    errors = sum(outcome.counts["errors"] for outcome in outcomes if outcome.key in keys)
    if errors:
        hint = "these lines are in the outputs, with a field error"
        raise DataError(f"lines that could not be labelled: {errors:,}", where=str(out), hint=hint)


def _jobs(
    inputs: "Inputs", out: Path, model: Any, how: How, added: str, wanted: dict[str, bool]
) -> "Iterator[Iterator[Job]]":
    """For each file the jobs that would give its result, the one that is wanted last."""
    from rnncli.data import packing, parquet
    from rnncli.tag_job import file_job

    sources: dict[Path, Path] = {}
    planned = []
    for source, relative in inputs.files:
        is_table = parquet.is_parquet(source)
        output = relative.with_name(_name(relative.name, how.to, is_table))
        packing.check(str(output))
        if is_table:
            parquet.check(str(source))
            if not how.text_field:
                hint = "give --text-field NAME"
                message = "a Parquet table needs the name of the column with the text"
                raise UsageError(message, where=str(source), hint=hint)
        if output in sources:
            message = f"and {source} would both be written to {out / output}"
            raise UsageError(message, where=str(sources[output]), hint="label them in two runs, or rename one")
        if output.parent == Path() and _OWN.fullmatch(output.name):
            message = f"would be written to {output}, which lists what is done"
            raise UsageError(message, where=str(source), hint="rename it")
        sources[output] = source
        planned.append((source, output, is_table))
    for source, output, is_table in planned:
        values = {
            "to": how.to,
            "nbest": how.nbest,
            "keep": how.keep,
            "text_field": how.text_field,
            "added": added,
            "options": asdict(how.reading),
            "is_table": is_table,
        }
        try:
            size = source.stat().st_size
        except OSError:  # its job says what is wrong
            size = 0
        plain = {"skip": False, "force": False}
        yield (
            file_job(str(output), source, out / output, model, {**values, **variant}, size)
            for variant in (plain, {**plain, "skip": True}, wanted)
        )


def _known(candidates: "list[Job]", manifest: "Manifest", wanted: dict[str, bool]) -> "Job":
    """The job that is done already, if it gave what is wanted; else the last one.

    Without lines that could not be labelled the results do not depend on what becomes of these.
    """
    for job in candidates[:-1]:
        outcome = manifest.done(job)
        if outcome and (wanted["skip"] or not outcome.counts["errors"]):
            return job
    return candidates[-1]


def _name(name: str, to: str, is_table: bool) -> str:
    """The name of the output: the ending says what is written, and a packed file stays packed."""
    stem = Path(name)
    packed = ""
    if _PACKED.fullmatch(stem.suffix) and not is_table:
        packed = stem.suffix
        stem = Path(stem.stem)
    if is_table:
        return name if stem.suffix.lower() == ".parquet" else f"{name}.parquet"
    return f"{stem.stem if _READ.fullmatch(stem.suffix) else stem.name}.{to}{packed}"


def _clean(out: Path, kept: "set[Path]") -> None:
    """Remove results of parts, which other sizes of parts or a run that is over have left."""
    import shutil

    from rnncli.tag_job import PARTS

    folder = out / PARTS
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.glob("*/*"):
        if path not in kept:
            path.unlink(missing_ok=True)


def _note(inputs: "Inputs") -> None:
    if inputs.excluded:
        show.note(f"left out: {show.counted(inputs.excluded, 'file')} in the folder of --out-dir")
    if inputs.left_out:
        some = ", ".join(map(str, inputs.left_out[:3])) + (", …" if len(inputs.left_out) > 3 else "")
        show.note(f"left out: {len(inputs.left_out):,} that are no files or links to folders: {some}")


def _report(outcomes: "list[Outcome]", files: int, out: Path, as_json: bool) -> None:
    done = [outcome for outcome in outcomes if not outcome.fault]
    new = sum(outcome.is_new for outcome in done)
    totals = {name: sum(outcome.counts[name] for outcome in done) for name in ("sentences", "tokens", "errors")}
    before = f"; done before: {show.counted(len(done) - new, 'file')}" if new < len(done) else ""
    files_done = show.counted(len(done), "file")
    words = f"{files_done}, {totals['sentences']:,} sentences, {totals['tokens']:,} tokens{before}"
    show.written(f"{out}: {words}")
    if as_json:
        seconds = round(sum(outcome.seconds for outcome in done if outcome.is_new), 3)
        result = {
            "out": str(out),
            "files": files,
            "done": len(done),
            "new": new,
            **totals,
            "seconds": seconds,
        }
        show.data(show.json_line(result))
