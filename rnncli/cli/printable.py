"""Texts that come from a file, a model or a user, made safe for a terminal."""

import re
import shlex
from typing import Any

from rnncli.printable import UNSAFE
from rnncli.printable import printable as printable

LONGEST_LINE = 1_000  # characters of a message


def shortened(text: str) -> str:
    """A text without the middle of lines of more than :data:`LONGEST_LINE` characters."""
    half = LONGEST_LINE // 2
    lines = text.split("\n")
    return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:half]} … {line[-half:]}" for line in lines)


def printable_values(value: Any) -> Any:
    """A document of plain values whose texts are printable, keys too."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): printable_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], float):  # a list of numbers, which may be long
            return value
        return [printable_values(item) for item in value]
    return value


def shell_word(text: str) -> str:
    r"""A text as one word of a command for a shell; with unsafe characters as ``$'…'`` of bash, zsh and ksh.

    They are written byte by byte, as three octal digits, which a shell reads alike in every locale.
    """
    if printable(text) == text:
        return shlex.quote(text)

    def escape(match: re.Match[str]) -> str:
        is_byte = "\udc80" <= match[0] <= "\udcff"  # of a name that is not UTF-8
        content = match[0].encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
        return "".join(f"\\{byte:03o}" for byte in content)

    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{UNSAFE.sub(escape, escaped)}'"
