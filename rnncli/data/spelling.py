"""The spelling under which a text is looked up.

Texts are looked up in Unicode's normal form C without invisible characters, so that spellings that look the same
are one word.
"""

import re
from unicodedata import is_normalized, normalize

_DIGIT = re.compile(r"\d")
INVISIBLE = "\u00ad\u200b\u2060\ufeff"
_WITHOUT_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))


def composed(text: str) -> str:
    """The text in normal form C, without soft hyphens, zero-width blanks, word joiners and byte order marks.

    A text of such characters alone stays as it is.
    """
    if text.isascii():
        return text
    text = text.translate(_WITHOUT_INVISIBLE) or text
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def normal_form(token: str, digits: str = "zero") -> str:
    """The form under which a token is looked up: :func:`composed`, and every digit is 0.

    So 10:30 and 11:45 are one word. With ``digits`` "keep", digits stay.
    """
    token = composed(token)
    return token if digits == "keep" else _DIGIT.sub("0", token)


def forms(token: str, digits: str = "zero") -> tuple[str, ...]:
    """The spellings under which a token is looked up, best first.

    As written but :func:`composed`, with every digit as 0, lower-cased, and lower-cased with every digit as 0. With
    ``digits`` "keep", digits stay.
    """
    token = composed(token)
    lower = token.lower()
    return tuple(dict.fromkeys((token, normal_form(token, digits), lower, normal_form(lower, digits))))
