"""``rnncli memory-task``: the classical tests of memory: write their sentences, or train on them."""

import functools
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli import show
from rnncli.cli.options import OverwriteOption, ThreadsOption, command, given
from rnncli.config import TrialSpec
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.solving import Solved

TaskName = Literal["copy", "order", "adding-sign"]
PartName = Literal["train", "dev", "test"]


@command("memory-task")
def memory_task(
    context: typer.Context,
    task: Annotated[
        TaskName, typer.Argument(metavar="TASK", help="copy, order or adding-sign.", show_default=False)
    ],
    delay: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Tokens between head and answer, without --solve.")
    ] = 10,
    sentences: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=1_000_000, help="Sentences to write; with --solve, sentences of an epoch."
        ),
    ] = 4_000,
    part: Annotated[PartName, typer.Option(help="Which random sentences to write.")] = "train",
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write them to; without it stdout."),
    ] = None,
    solve: Annotated[
        bool, typer.Option("--solve", help="Train on growing delays, and show the longest that is solved.")
    ] = False,
    delays: Annotated[str, typer.Option(metavar="N,N,…", help="Delays to try with --solve.")] = "5,10,20,50,100",
    seeds: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Runs, from --seed on.")] = 1,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    trial: TrialSpec,
) -> None:
    """Test how long the memory of a network lasts.

    It writes a task as labelled sentences, or trains on it with --solve. A sentence begins with a head of five
    tokens. The delay is the number of tokens from there to the token ?, whose tag is the answer. All other tags
    are O. With copy the answer is the letter exactly that many tokens before, with order the two letters X or Y
    of the head in their order, with adding-sign the sign of the sum of the two marked numbers.

    A delay is solved if less than 1 % of 1,000 new sentences have a wrong answer. A new network is trained for each
    delay, until one is not solved.

    Example: rnncli memory-task copy --delay 20 --out copy.tsv

    Example: rnncli memory-task order --solve --delays 5 --cell lstm
    """
    unused = "delay" if solve else "delays"
    if unused in given(context):
        hint = "give --delays" if solve else "give --delay, or --solve too"
        raise UsageError(f"--{unused} is for a run {'without' if solve else 'with'} --solve", hint=hint)
    if not solve:
        _write(task, delay, sentences, trial.seed, part, out, json_output)
        return
    from rnncli import solving

    if out is not None:
        raise UsageError("--out is for the sentences of a task, which --solve does not write")
    numbers = _numbers(delays)
    with show.progress() as progress:
        solved = solving.solve(
            task,
            trial,
            delays=numbers,
            seeds=seeds,
            sentences=sentences,
            threads=threads,
            advance=lambda delay, done: progress.update(done, f"delay {delay}"),
        )
    if json_output:
        show.data(show.json_line(solved.as_dict()))
    else:
        _table(solved)


def _numbers(text: str) -> list[int]:
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1:
        raise UsageError(
            f'--delays: "{text}" is not a list of numbers from 1 on', hint="give some: --delays 5,10,20"
        )
    return numbers


def _write(task: str, delay: int, count: int, seed: int, part: str, out: str | None, as_json: bool) -> None:
    from rnncli.data import tasks
    from rnncli.data.formats import token_lines

    with show.progress() as progress:
        advance = functools.partial(progress.update, message="drawing sentences")
        generated = tasks.sentences(task, delay, count, seed, part, advance)
    if as_json:
        rows: list[dict[str, Any]] = [{"tokens": sentence.tokens, "tags": sentence.tags} for sentence in generated]
        document = {"version": 1, "task": task, "delay": delay, "seed": seed, "part": part, "sentences": rows}
        text = show.json_line(document)
    else:
        lines = (
            token_lines.format_sentence(zip(sentence.tokens, sentence.tags, strict=True)) for sentence in generated
        )
        text = "".join(lines).removesuffix("\n")
    show.put(out or "-", text)


def _table(solved: "Solved") -> None:
    rows = [
        (
            str(attempt.delay),
            str(attempt.seed),
            "diverged" if attempt.diverged else show.fraction(attempt.wrong),
            "yes" if attempt.is_solved else "no",
            str(attempt.epochs),
            f"{attempt.seconds:.1f}",
            show.fraction(attempt.clipped, 0),
        )
        for attempt in solved.attempts
    ]
    show.table("", ("delay", "seed", "% wrong", "solved", "epochs", "seconds", "% clipped"), rows)
    longest = ", ".join(f"{solved.longest(seed)} (seed {seed})" for seed in solved.seeds)
    show.text(f"longest delay solved: {longest}\n")
