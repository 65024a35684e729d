"""The blocks of commands on the pages of the documentation, and how they are run.

A page is one session of a shell in a folder of its own: its blocks run in their order. What a command prints is
compared with what the page shows below it; a line `…` stands for any lines. A comment on the line above a block
says what is special: ``<!-- not run: REASON -->``, or ``<!-- slow -->`` of one that is run with ``--long``.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "cli.md"),  # tests/cli/test_help.py
]
BLOCK = re.compile(
    r"(?:^ *<!-- (?P<marker>[^\n]*) -->\n)?^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.M | re.S,
)
COMMANDS = {"console", "bash", "sh", "python"}  # languages; other blocks are data, formulas or help
TRAINS = re.compile(r"\brnncli(?: -\S+)* (?:train|study|memory-task)\b")
BAR = re.compile("[·▁▂▃▄▅▆▇█]")  # of a chart
NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?")
# Lines that depend on the machine: whether there is a cache, its speed, and where rnncli is installed.
NOTE = re.compile(r"compiling kernels|\d+ % after |model   .* comes with rnncli$")


class Command(NamedTuple):
    """A command, and the lines that a page shows of what it prints; ``None`` if it shows none."""

    text: str
    shown: list[str] | None


class Block(NamedTuple):
    """A block of commands on a page."""

    line: int
    language: str
    code: str
    marker: str

    @property
    def why_not(self) -> str | None:
        """Why it is not run; ``None`` if it is run."""
        if self.marker == "tests":
            return "the checks run it in a fresh environment"
        return self.marker.removeprefix("not run: ") if self.marker.startswith("not run: ") else None

    @property
    def slow(self) -> bool:
        """Whether it is run with ``--long`` alone."""
        return self.marker == "slow"

    def commands(self) -> Iterator[Command]:
        """The commands of the block."""
        if self.language == "python":
            yield Command(f"python - << 'END_OF_PYTHON'\n{self.code}END_OF_PYTHON", None)
        elif self.language != "console":
            yield Command(self.code.rstrip("\n"), None)
        else:
            for part in re.split(r"^\$ ", self.code, flags=re.M)[1:]:
                lines = part.rstrip("\n").split("\n")
                end = 1
                if document := re.search(r"<< '?(\w+)'?", lines[0]):
                    end = lines.index(document[1]) + 1
                while lines[end - 1].endswith("\\"):
                    end += 1
                yield Command("\n".join(lines[:end]), without_end(lines[end:]) or None)


def blocks(page: Path) -> list[Block]:
    """All blocks of commands of a page."""
    text = page.read_text("utf-8")
    return [
        Block(
            text.count("\n", 0, match.start("code")),
            match["language"],
            dedent(match["code"]),
            match["marker"] or "",
        )
        for match in BLOCK.finditer(text)
        if match["language"] in COMMANDS
    ]


def run(commands: Sequence[Command], folder: Path, logs: Path, environment: dict[str, str]) -> list[str]:
    """Run commands in one shell; return what is wrong: exit codes that are not 0, and what is not printed as shown.

    A command may fail if the next one shows its exit code: ``echo $?``.
    """
    script = ""
    for number, command in enumerate(commands):
        script += f"{{ {command.text}\n}} > {logs}/{number}.out 2>&1\n"
        script += f"status=$?; echo $status > {logs}/{number}.code; (exit $status)\n"
    # A job in the background, such as a scheduler, ends with the shell.
    shell = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.home()), **environment}
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=shell,
        stdin=subprocess.DEVNULL,
        timeout=900,
        check=False,
    )
    wrong = []
    trained = False
    for number, command in enumerate(commands):
        code = logs / f"{number}.code"
        if not code.exists():
            return [*wrong, f"$ {command.text}\nended the shell"]
        lines = (logs / f"{number}.out").read_text("utf-8").splitlines()
        printed = [line for line in lines if not NOTE.match(line)]
        trains = bool(TRAINS.search(command.text))
        trained |= trains
        shows_code = number + 1 < len(commands) and commands[number + 1].text == "echo $?"
        if code.read_text().strip() != "0" and not shows_code:
            wrong.append(f"$ {command.text}\nexit code {code.read_text()}" + "\n".join(printed))
        elif command.shown is not None:
            tolerance = float("inf") if trains else 0.2 if trained else 0.0
            if not matches(command.shown, without_end(printed), tolerance):
                wrong.append("\n".join([f"$ {command.text}", *printed, "is shown as", *command.shown]))
    return wrong


def without_end(lines: list[str]) -> list[str]:
    """Lines without empty ones at the end."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def matches(shown: Sequence[str], printed: Sequence[str], tolerance: float) -> bool:
    """Whether lines are printed as they are shown, where a line `…` stands for any lines.

    Weights that are trained on another processor differ in their last digits, so that numbers may differ by
    ``tolerance``: an absolute and a relative one.
    """
    if not shown:
        return not printed
    if shown[0] == "…":
        return any(matches(shown[1:], printed[start:], tolerance) for start in range(len(printed) + 1))
    return bool(printed) and same(shown[0], printed[0], tolerance) and matches(shown[1:], printed[1:], tolerance)


def same(shown: str, printed: str, tolerance: float) -> bool:
    """Whether two lines are the same but for their numbers and bars, and the numbers are close."""
    if tolerance == 0:
        return shown.rstrip() == printed.rstrip()
    shown, printed = BAR.sub("", shown), BAR.sub("", printed)
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(abs(value(a) - value(b)) <= tolerance * max(1.0, abs(value(a))) for a, b in pairs)


def value(number: str) -> float:
    """A number as it is shown, with a comma for thousands."""
    return float(number.replace(",", "").replace("−", "-"))
