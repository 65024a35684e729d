"""Which encodings can read a file that is not UTF-8."""

import codecs
from collections.abc import Iterable

_CANDIDATES = ("gb18030", "big5", "shift_jis", "euc_jp", "cp949", "cp1251", "cp1252")


def readable_as(chunks: Iterable[bytes]) -> list[str]:
    """The encodings that can read all of these bytes and give plausible text, the most likely first."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in _CANDIDATES}
    for chunk in chunks:
        for name in list(decoders):
            try:
                decoders[name].decode(chunk)
            except UnicodeDecodeError:
                del decoders[name]
    return list(decoders)
