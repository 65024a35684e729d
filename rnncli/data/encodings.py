"""Which encodings can read a file that is not UTF-8, judged by the letters that the text would have.

A text in a wrong encoding mostly consists of characters that are rare in every language. So each encoding is
judged by a language that uses it: by how many of the characters that are not ASCII are frequent in that language.
"""

import codecs
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

_SAMPLE = 2**15  # bytes of lines that are not ASCII
_PLAUSIBLE = 0.35  # mean weight of the characters that are not ASCII
_CLOSE = 0.85  # of the best encoding's weight
_MOST = 3  # encodings that are named
_UTF16 = ("utf-16-le", "utf-16-be")
_RARE = 0.65  # weighs encodings that are rare today

_LATIN = "latin"
_ALPHABET = "alphabet"
_CHARACTERS = "characters"  # Chinese, Japanese, Korean


class _Language(NamedTuple):
    """Languages with the same encodings.

    frequent  frequent characters beside ASCII, of an alphabet all small letters, the most frequent first
    """

    kind: str
    encodings: tuple[str, ...]
    frequent: str
    rare_encodings: tuple[str, ...] = ()


_WESTERN = ("cp1252", "iso-8859-15")
_CENTRAL = ("cp1250", "iso-8859-2")
_CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "cp866")
_DOS = ("cp850", "mac-roman")
_OF_CYRILLIC = ("iso-8859-5", "mac-cyrillic")

_LANGUAGES = (
    _Language(_LATIN, _WESTERN, "éèàêçùôâîûœëï", _DOS),  # French
    _Language(_LATIN, _WESTERN, "üäöß", _DOS),  # German
    _Language(_LATIN, _WESTERN, "óíáéñúü¿¡", _DOS),  # Spanish
    _Language(_LATIN, _WESTERN, "ãçéáóíõêâúàôº", _DOS),  # Portuguese
    _Language(_LATIN, _WESTERN, "èàùòéì", _DOS),  # Italian
    _Language(_LATIN, _WESTERN, "àóèéíòçïúü·", _DOS),  # Catalan
    _Language(_LATIN, _WESTERN, "äöåéüøæ", _DOS),  # Swedish, Finnish, Danish, Norwegian, Dutch
    _Language(_LATIN, _WESTERN, "áðíóæéþöúý", _DOS),  # Icelandic
    _Language(_LATIN, _CENTRAL, "łóążęśćńź", ("cp852",)),  # Polish
    _Language(_LATIN, _CENTRAL, "íáéěřýčžšůúťňďó", ("cp852",)),  # Czech
    _Language(_LATIN, _CENTRAL, "áíéýčúžšľťôňďäóĺŕ", ("cp852",)),  # Slovak
    _Language(_LATIN, _CENTRAL, "áéöóőüíúű", ("cp852",)),  # Hungarian
    _Language(_LATIN, _CENTRAL, "ăîâşţș", ("cp852", "iso-8859-16")),  # Romanian
    _Language(_LATIN, _CENTRAL, "čšžćđ", ("cp852",)),  # Croatian, Slovene
    _Language(_LATIN, ("cp1254",), "ıüşğçöâîİ", ("cp857",)),  # Turkish
    _Language(_LATIN, ("cp1257",), "ėšųžįūčąę"),  # Lithuanian
    _Language(_LATIN, ("cp1257",), "āīēšūžņķģčļ"),  # Latvian
    _Language(_LATIN, ("cp1257",), "äõüöšž"),  # Estonian
    _Language(_LATIN, (), "đưôơâêăàáóúíéèùìòã\u0301\u0300\u0323\u0309\u0303", ("cp1258",)),  # Vietnamese
    _Language(_ALPHABET, _CYRILLIC, "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", _OF_CYRILLIC),  # Russian
    _Language(_ALPHABET, _CYRILLIC, "оанивітерслкдумпязьбгйчхїцюєжшщфґ", _OF_CYRILLIC),  # Ukrainian
    _Language(_ALPHABET, _CYRILLIC, "аиоетнрсвлдкпмзъугбчяйщжхцшюфьѝ", _OF_CYRILLIC),  # Bulgarian
    _Language(_ALPHABET, ("cp1251", "iso-8859-5"), "аоиенрстјувкдмплзбгчћшжцхљњђфџ"),  # Serbian
    _Language(_ALPHABET, ("cp1253", "iso-8859-7"), "αοιετσνηυρπκμλςάίόδέγωχήθφβύξώζψϊΐϋΰ"),  # Greek
    _Language(_ALPHABET, ("cp1255",), "יולתהרמאשבנדפקחעםכסגטזןצךףץ"),  # Hebrew
    _Language(_ALPHABET, ("cp1256", "iso-8859-6"), "اليمنتروبةعدسفهكقحجأطشخصىذضئءزثإغظآؤپچژگک،؟ًَُِّ"),  # Arabic
    _Language(_ALPHABET, ("cp874",), "านรกอเงมยลวดท่้สตะปบคิีัุูืำ์็ึหแจพชขใไโผฟณญธศษภๆฐ"),  # Thai
    _Language(
        _CHARACTERS,
        ("gb18030",),
        "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多"
        "天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但"
        "身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四"
        "第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市吃请们号站票京早晚车飞订店",
    ),
    _Language(
        _CHARACTERS,
        ("big5",),
        "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多"
        "天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但"
        "身些與高意進把法此實回二理美點月明其種聲全工己話兒者向情部正名定女問力機給等幾很業最間新什打便位因重被走電四"
        "第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山五太水萬市吃請號站票京早晚車飛訂店臺灣",
        ("big5hkscs",),
    ),
    _Language(
        _CHARACTERS,
        ("cp932", "euc_jp"),
        "のにはをたがでてとしれさいるなかもらこうりまあっんくきよそだすおめけつせどわえみちやょろばほじひふゅへびぶげ"
        "ーンスルトリアイラクドシレジタフロカマテコメサュオプニッャムバチウキィグナパセデダハエミワソツポペベボモィ"
        "日一大年人国中会本上出生時行見月分後前学気間手者地方事東京今明自社部問入何新田理同高話作長",
    ),
    _Language(
        _CHARACTERS,
        ("cp949",),
        "이다는에의가을를고하지로한은사도기자서어대리나인정시아그해과수있일들라제부으만보원전스게니상장주구여동조성"
        "공국것안경관소오우생세방유비중선화면연분내마문때학재없실적당모신개했와위되교진말년물무용전민회았었데각간집"
        "였거까산트드건된할두명미습요더음결통계발차행금레입단등르속현업외름체치월감많같며며합양법호후청왔난배심영강",
    ),
)
_ALPHABET_WEIGHTS = (1.0, 0.4, 0.0)  # of the thirds of an alphabet
_PUNCTUATION = "“”‘’„‚–—…«»‹›•·\u00a0、。，．；：？！（）「」『』《》〈〉【】・～￥　"
_SIGNS = "°€£§№©®™±µ×²³½¼"
_RANGES = (
    (0x3041, 0x30FF),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
    (0xFF01, 0xFF5E),
)  # characters, of which each language has its own

# Words with a character that is not ASCII; control characters too, which no text has.
_WORD = re.compile(r"[A-Za-z]*[\x00-\x08\x0e-\x1f\x7f-\U0010ffff][A-Za-z\x7f-\U0010ffff]*")


def plausible(read: Callable[[], Iterable[bytes]]) -> list[str]:
    """The encodings that can read all of a file and give plausible text, the most likely first.

    read  gives the bytes of the file from the start, in pieces; it is called twice
    """
    lines, beginning = _sample(read())
    weighed: list[tuple[float, str, str]] = []
    for encoding, languages in _languages_by_encoding().items():
        text = _decoded(beginning if encoding in _UTF16 else lines, encoding)
        if text is not None:
            words = _WORD.findall(text)
            factors = [_RARE if encoding in language.rare_encodings else 1 for language in languages]
            weights = [_weight(words, language) for language in languages]
            weighed.append((max(map(operator.mul, weights, factors)), encoding, text))
    weighed.sort(key=lambda item: -item[0])
    names: dict[str, str] = {}  # by text: of encodings that give the same text one is named
    for weight, encoding, text in weighed:
        if weight >= max(_PLAUSIBLE, _CLOSE * weighed[0][0]):
            names.setdefault(text, encoding)
    return _that_read_all(read(), list(names.values()))[:_MOST]


def is_damaged_utf8(data: bytes, names: Sequence[str]) -> bool:
    """Whether this is UTF-8 with a few other bytes, and not in one of these encodings, which could read it too.

    In an encoding of one byte for each character, hardly two of them are a character of UTF-8 by chance; in those
    of Chinese, Japanese and Korean more are.
    """
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    valid = len(text) - len(re.findall("[\0-\x7f]", text)) - damaged
    in_pairs = {name for language in _LANGUAGES if language.kind == _CHARACTERS for name in language.encodings}
    return valid > 5 * damaged or (valid >= damaged and in_pairs.isdisjoint(names))


def utf16_without_mark(data: bytes) -> str:
    """The byte order of a text in UTF-16 in which most characters are ASCII; "" for other data."""
    for encoding, end, zeros, others in (
        ("utf-16-le", b"\n\0", data[1::2], data[::2]),
        ("utf-16-be", b"\0\n", data[::2], data[1::2]),
    ):
        ends_fit = all(data[i - i % 2 : i - i % 2 + 2] == end for i in range(len(data)) if data[i] == 10)
        if zeros.count(0) >= 0.4 * len(zeros) > 0 and others.count(0) <= 0.02 * len(others) and ends_fit:
            return encoding
    return ""


def _languages_by_encoding() -> dict[str, list[_Language]]:
    languages: dict[str, list[_Language]] = {}
    for language in _LANGUAGES:
        for encoding in (*language.encodings, *_UTF16):
            languages.setdefault(encoding, []).append(language)
    for language in _LANGUAGES:
        for encoding in language.rare_encodings:
            languages.setdefault(encoding, []).append(language)
    return languages


def _sample(chunks: Iterable[bytes]) -> tuple[bytes, bytes]:
    """The first lines that are not ASCII, and the first bytes."""
    beginning = b""
    lines: list[bytes] = []
    size = 0
    rest = b""
    for chunk in chunks:
        beginning += chunk[: _SAMPLE - len(beginning)]
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            if not line.isascii():
                lines.append(line[:_SAMPLE])
                size += len(lines[-1])
        if size >= _SAMPLE or len(rest) >= _SAMPLE:
            break
    if not rest.isascii() and size < _SAMPLE:
        lines.append(rest[:_SAMPLE])
    return b"\n".join(lines), beginning


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None


def _weight(words: list[str], language: _Language) -> float:
    """The mean weight of the characters that are not ASCII, about 0 to 1; below 0.35 for most wrong languages."""
    weights = _weights(language)
    letters_only = re.sub("[\0-\x7f]", "", "".join(words))
    in_capitals = language.kind == _ALPHABET and letters_only.isupper() and len(letters_only) > 3
    if in_capitals:
        # A text in capitals. KOI8 has its capitals where Windows has small letters, so they must count as much.
        words = [word.lower() for word in words]
    total = 0.0
    count = 0
    for word in words:
        letters = [character for character in word if character > "\x7f" or character < " "]
        count += len(letters)
        total += sum(weights.get(letter, -1.0) for letter in letters)
        if language.kind == _CHARACTERS:
            total += sum(1.1 for letter in letters if letter not in weights and _is_character(letter))
        else:
            total -= _unlikely(word, language.kind)
    return total / max(count, 1) * (0.9 if in_capitals else 1)


def _weights(language: _Language) -> dict[str, float]:
    """The weight of each character: frequent ones more than others, capitals less."""
    frequent = dict.fromkeys(language.frequent)
    if language.kind == _CHARACTERS:
        return {**dict.fromkeys(_PUNCTUATION, 0.5), **dict.fromkeys(frequent, 1.8)}
    weights = {**dict.fromkeys(_SIGNS, 0.4), **dict.fromkeys(_PUNCTUATION, 0.7)}
    for rank, letter in enumerate(frequent):
        weights.setdefault(letter.upper(), 0.4 if language.kind == _ALPHABET else 0.6)
        weights[letter] = _ALPHABET_WEIGHTS[3 * rank // len(frequent)] if language.kind == _ALPHABET else 1.0
    return weights


def _is_character(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _RANGES)


def _unlikely(word: str, kind: str) -> float:
    """How much a word loses: a capital after a small letter, Latin beside other letters, many accents in a row."""
    loss = 0.0
    before = ""
    for character in word:
        loss += 2.0 * (before.islower() and character.isupper() and character > "\x7f")
        before = character
    runs = [(ascii_letters, len(list(run))) for ascii_letters, run in groupby(word, str.isascii)]
    letters = sum(length for ascii_letters, length in runs if not ascii_letters)
    if kind == _ALPHABET and len(runs) > 1 and any(c > "\x7f" and c not in _PUNCTUATION for c in word):
        loss += 2.0 * letters
    if kind == _LATIN:
        loss += sum(length for ascii_letters, length in runs if not ascii_letters and length > 2)
    return loss


def _that_read_all(chunks: Iterable[bytes], names: list[str]) -> list[str]:
    decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    for chunk in chunks:
        for name in list(decoders):
            try:
                decoders[name].decode(chunk)
            except UnicodeDecodeError:
                del decoders[name]
    return list(decoders)
