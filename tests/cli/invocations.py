"""One quick use of each command that works, for tests that run every command under some condition.

A command is added here when it is made; test_streams.py fails for one without a row.
"""

from pathlib import Path
from typing import NamedTuple

from rnncli.cli.registry import GROUPS

DATA = (
    "leave\tO\nTaipei\tB-departure\n\n"
    "arrive\tO\nNew\tB-destination\nYork\tI-destination\n\n"
    "leave\tO\nKaohsiung\tB-departure\non\tO\nMay\tB-departure_time\n2nd\tI-departure_time\n\n"
    "hello\tO\nthere\tO\n\n"
)
TEXTS = "leave Taipei\narrive New York\n\nhello\n"


class Invocation(NamedTuple):
    """A command line.

    arguments  {data}, {texts} and {out} are the names of a labelled file, of a text and of the file to write
    prints     whether data are written to stdout
    writes     the suffix of the file that is written, "" for none
    stdin      whether {data} or {texts} may be "-"
    """

    arguments: tuple[str, ...]
    prints: bool = True
    writes: str = ""
    stdin: bool = False

    @property
    def command(self) -> str:
        """The name of the command: the first word, and where that is a group the second."""
        return " ".join(self.arguments[: 2 if self.arguments[0] in GROUPS else 1])

    def words(self, data: object = "data.tsv", texts: object = "texts.txt", out: object = "") -> list[str]:
        """The arguments with these names of files."""
        names = {"data": str(data), "texts": str(texts), "out": str(out or f"out{self.writes}")}
        return [argument.format(**names) for argument in self.arguments]


_TINY = ("--epochs", "1", "--hidden", "2", "--embedding", "2", "--ngram", "2", "--threads", "1")

_STUDY = (*_TINY[:-2], "--jobs", "1", "--force", "--", "{data}")

# The first word is the command, or the first two. Options come before "--", so that a name may begin with a dash.
INVOCATIONS = {
    "train": Invocation(("train", "--out={out}", *_TINY, "--json", "--", "{data}"), writes=".npz", stdin=True),
    "tag": Invocation(("tag", "leave Taipei")),
    "tag a file": Invocation(("tag", "--input={texts}", "--format", "text", "--to", "jsonl"), stdin=True),
    "tag to a file": Invocation(("tag", "--input={data}", "--to", "conll", "--out={out}"), False, ".conll", True),
    "tag to a page": Invocation(("tag", "--input={texts}", "--to", "html", "--out={out}"), False, ".html", True),
    "evaluate": Invocation(("evaluate", "--", "{data}"), stdin=True),
    "evaluate predictions": Invocation(("evaluate", "--predictions={data}", "--", "{data}")),
    "evaluate with errors": Invocation(
        ("evaluate", "--errors={out}", "--", "{data}"), writes=".errors", stdin=True
    ),
    "compare": Invocation(
        ("compare", "--replicates", "100", "--differences={out}", "--", "{data}", "{data}", "{data}"),
        writes=".diff",
    ),
    "convert": Invocation(("convert", "--to", "jsonl", "--", "{data}", "{out}"), False, ".jsonl", True),
    "convert to stdout": Invocation(("convert", "--to", "jsonl", "--", "{data}", "-"), stdin=True),
    "check": Invocation(("check", "--", "{data}"), stdin=True),
    "inspect-memory": Invocation(("inspect-memory", "leave Taipei", "--html={out}"), writes=".html"),
    "inspect-gradients": Invocation(("inspect-gradients", "leave Taipei", "--svg={out}"), writes=".svg"),
    "study folds": Invocation(("study", "folds", "--k", "2", "--svg={out}", *_STUDY), writes=".svg"),
    "study curve": Invocation(
        ("study", "curve", "--shares", "70,100", "--seeds", "1", "--svg={out}", *_STUDY), writes=".svg"
    ),
    "study tune": Invocation(
        ("study", "tune", "--dev={data}", "--time", "0.5", "--out={out}", "--json", *_STUDY), writes=".toml"
    ),
    "study labels": Invocation(("study", "labels", "--k", "2", "--out={out}", *_STUDY), writes=".conll"),
    "study next": Invocation(("study", "next", "--out={out}", "--", "{texts}"), writes=".jsonl", stdin=True),
    "info": Invocation(("info",)),
    "info as a card": Invocation(("info", "--card")),
    "export": Invocation(("export", "--half", "--out={out}"), False, ".npz"),
    "verify": Invocation(("verify",)),
    "doctor": Invocation(("doctor", "--json")),
    "memory-task": Invocation(("memory-task", "copy", "--delay", "2", "--sentences", "3")),
    "serve": Invocation(("serve", "--openapi")),
}


def files(folder: Path) -> None:
    """Write the files that the command lines read into a folder."""
    (folder / "data.tsv").write_text(DATA, "utf-8", newline="")
    (folder / "texts.txt").write_text(TEXTS, "utf-8", newline="")
