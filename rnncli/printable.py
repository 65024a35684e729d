"""Texts that come from a file, a model or a user, made safe to show on a terminal or on a page."""

import re

# What can change the state of a terminal, the order of the characters on it, or where a line ends: control
# characters (C0, DEL, C1), line and paragraph separators, the controls of direction that hide what follows them
# (Unicode technical report 36), and halves of surrogate pairs, which cannot be written.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def printable(text: str, keep: str = "") -> str:
    r"""A text with its unsafe characters escaped as in Python, such as ``\x1b``; those in ``keep`` stay."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        if character in keep:
            return character
        number = ord(character)
        return _SHORT.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")

    return UNSAFE.sub(escape, text)
