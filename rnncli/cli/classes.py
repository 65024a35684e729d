"""The classes of the program and its commands for typer: what they refuse, and their help in panels of options."""

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from rnncli import arguments
from rnncli.cli.registry import COMMANDS
from rnncli.errors import UsageError

WIDEST = 110  # columns; longer lines are hard to read
OTHERS = "Options"
# The options that the help of a command shows; --help-all shows the others too.
ESSENTIAL = {
    "train": (
        *("dev", "format", "columns", "vectors"),
        *("arch", "cell", "hidden"),
        *("epochs", "time", "seed"),
        *("out",),
    ),
    "memory-task": ("delay", "sentences", "out", "solve", "delays", "seeds", "arch", "cell", "hidden", "epochs"),
}
# The options that make each study.
STUDIES = {
    "tune": ("dev", "time", "max-size", "metric", "out"),
    "folds": ("k", "seeds", "group"),
    "curve": ("dev", "shares", "seeds"),
    "labels": ("k", "seeds", "order", "top", "out", "to"),
}
# Panels of the commands with many options. Options of a spec that are not named here have the panel of the spec.
PANELS = {
    "train": {
        "Data": ("dev", "dev-share", "unlabelled", "vectors", "lexicon", "scheme", "tokenizer", "digits", "force"),
        "Training": ("init-from", "seeds", "time", "threads"),
        "Output": (
            *("out", "plot", "log-gradients", "overwrite", "checkpoint-every", "resume", "restart"),
            *("json", "quiet", "config", "help", "help-all"),
        ),
    },
    "memory-task": {
        "Sentences": ("delay", "sentences", "part"),
        "Training": ("solve", "delays", "seeds", "threads"),
        "Output": ("out", "overwrite", "json", "quiet", "config", "help", "help-all"),
    },
}
for _study, _own in STUDIES.items():
    ESSENTIAL[f"study {_study}"] = (*_own, "work", "jobs", "svg", "format", "columns")
    PANELS[f"study {_study}"] = {
        "Study": _own,
        "Data": ("vectors", "lexicon", "dev-share", "scheme", "tokenizer", "digits", "force"),
        "Output": ("work", "svg", "json", "quiet", "config", "help", "help-all"),
    }
ORDER = ("Arguments", "Study", "Data", "Sentences", "Jobs", "Network", "Training", "Output", OTHERS)
_CHOICES = re.compile(r"<([^>]*\|[^>]*)>$")
_BOUNDLESS = 1e9
_RANGE = re.compile(r"(-?[\d.]+)<=x<=(-?[\d.]+)")


def help_all(context: typer.Context, is_requested: bool) -> None:
    """Show the help with all options and exit."""
    if is_requested:
        context.meta["rnncli.all"] = True
        print(context.get_help(), flush=True)
        raise typer.Exit


class Command(TyperCommand):
    """A command that refuses what cannot name a file or fit in memory, and shows its options in panels."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line."""
        if "" in args or any(arg.endswith("=") for arg in args):
            texts, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            for parameter in self.get_params(ctx):
                value = texts.get(parameter.name)
                is_empty = "" in value if isinstance(value, list | tuple) else value == ""
                if is_empty and _names_file(parameter, ctx):
                    raise UsageError(f"{_name(parameter)}: the name is empty", hint="give the name of a file")
        rest = super().parse_args(ctx, args)
        for parameter in self.get_params(ctx):
            if _names_file(parameter, ctx):
                value = ctx.params.get(parameter.name)
                for name in value if isinstance(value, list | tuple) else [value]:
                    if name is not None:
                        arguments.path(_name(parameter), name)
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MemoryError as error:
            hint = "give less data at once, or lower the sizes that were given"
            raise UsageError("this takes more memory than there is", hint=hint) from error

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        shown_flags = None if ctx.meta.get("rnncli.all") else ESSENTIAL.get(str(self.name))
        panels: dict[str, list[tuple[str, str]]] = {}
        hidden = 0
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            flag = max(parameter.opts, key=len).removeprefix("--")
            if parameter.param_type_name == "argument":
                name, text = _plain(record)
                panels.setdefault("Arguments", []).append((name.split(" ")[0], text))
            elif shown_flags is None or flag in (*shown_flags, "help", "help-all"):
                panels.setdefault(self._panel(flag, parameter), []).append(_plain(record))
            else:
                hidden += 1
        width = max(len(names) for rows in panels.values() for names, _ in rows)
        for title in ORDER:
            if title in panels:
                with formatter.section(title):
                    formatter.write_dl([(names.ljust(width), text) for names, text in panels[title]])
        if hidden:
            formatter.write_paragraph()
            formatter.write_text(f"{hidden} more options: rnncli {self.name} --help-all")

    def _panel(self, flag: str, parameter: Any) -> str:
        panels = PANELS.get(str(self.name), {})
        title = next((title for title, flags in panels.items() if flag in flags), None)
        return title or (panels and getattr(parameter, "rich_help_panel", None)) or OTHERS


def _name(parameter: Any) -> str:
    """What messages call an option or an argument."""
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len) if is_option else parameter.metavar)


def _names_file(parameter: Any, context: Any) -> bool:
    metavar = parameter.metavar or ""
    return (
        metavar.rstrip("…") in ("FILE", "MODEL", "IN", "OUT")
        or ".tsv" in metavar
        or parameter.display_type(context) == "<path>"
    )


def _plain(record: tuple[str, str]) -> tuple[str, str]:
    """Names and help of a parameter, with its values in the help and its range in words."""
    names, text = record
    text = _RANGE.sub(_range_in_words, text).replace("x>=", "at least ")
    names = names.replace("<path>", "FILE").replace("<str>", "TEXT")
    if choices := _CHOICES.search(names):
        names = names[: choices.start()] + "NAME"
        values = ", ".join(choices[1].split("|"))
        start, bracket, end = text.rpartition("  [")
        text = f"{start}  [{values}; {end}" if bracket else f"{text}  [{values}]"
    return names, text


def _range_in_words(match: re.Match[str]) -> str:
    low, high = match.groups()
    return f"at least {low}" if float(high) > _BOUNDLESS else f"{low} to {high}"


class Program(TyperGroup):
    """The commands; without any argument they are shown with some to try."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show the help where there is no argument."""
        if not args and not ctx.resilient_parsing:
            print(ctx.get_help(), flush=True)
            ctx.exit()
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands and groups, in the order of the registry."""
        return list(dict.fromkeys(name.split()[0] for name in COMMANDS))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write a page that fits a small terminal."""
        formatter.write_text(str(self.help))
        self.format_commands(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(str(self.epilog))


class Group(Program):
    """Commands with one first word; each is named with it, as ``study curve``, and typed after it."""

    def __init__(self, *, commands: dict[str, Any], **options: Any) -> None:
        super().__init__(commands={_last(name): each for name, each in commands.items()}, **options)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands of the group."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that a command line names, by its last word."""
        resolved = super().resolve_command(ctx, args)
        if resolved[1]:
            ctx.find_root().command.command = resolved[1].name
        return resolved


def _last(name: str) -> str:
    return name.rpartition(" ")[2]
