"""data/tokenize.py: tokens and where they stand."""

from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rnncli.config import TOKENIZER_PARTS, is_tokenizer
from rnncli.data.tokenize import Token, Tokenizer, divided, tokenizer
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import DataError

WORDS = Vocabulary(
    ["Mr.", "U.S.", "$0.00", "C++", ":)", "e-mail", "北京", "手机", "สวัสดี", "don't", "aujourd'hui", "é."]
)
PARTS = [part for part in TOKENIZER_PARTS if part not in ("words", "whitespace")]
ALL = "words+" + "+".join(PARTS)
NAMES = ["whitespace", "characters", "words", *(f"words+{part}" for part in PARTS), ALL]
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\u034f\U000e0100"


def cut(name: str, text: str) -> list[str]:
    return tokenizer(name, WORDS).cut(text)


STRINGS = [*WORDS.words, "http://", "www.", "a.m.", "can't", "..", "``", "&", "我爱", "\u00ad", " "]
PIECES = [
    "U.S.",
    "a.m.",
    "5p.m.",
    "n't",
    "can't",
    "l'",
    "x.com",
    "me@x.org",
    "3,5",
    "..",
    "--",
    "-5",
    "$.5",
    "7%",
    "cannot",
]
TEXTS = (
    st.text()
    | st.text("aé1 .-'’:,/@#_$\t\n\u3000台\u0301ภำ־צ\"ㅏ각か\u3099" + INVISIBLE)
    | st.text("👩👍🏽🇩🇪\u200d\ufe0f\u20e31#a 我" + INVISIBLE)
    | st.lists(
        st.sampled_from([*WORDS.words, "http://", "www.", "a.m.", "can't", "..", "``", "&", "我爱", "\u00ad", " "])
    ).map("".join)
)


@pytest.mark.parametrize("name", NAMES)
@given(text=TEXTS)
def test_offsets_count_characters_of_the_text(name: str, text: str) -> None:
    tokens = tokenizer(name, WORDS).tokenize(text)
    assert [token.text for token in tokens] == [text[token.start : token.end] for token in tokens]
    ends = [0, *(token.end for token in tokens)]
    assert all(end <= token.start < token.end for end, token in zip(ends, tokens, strict=False))
    # Nothing visible is left out, and no token has a blank.
    starts = [*(token.start for token in tokens), len(text)]
    left_out = "".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    assert all(character.isspace() or is_invisible(character) for character in left_out)
    assert not any(character.isspace() for token in tokens for character in token.text)


def is_invisible(character: str) -> bool:
    return regex.fullmatch(r"\p{Default_Ignorable_Code_Point}", character) is not None


@pytest.mark.parametrize("name", NAMES)
@given(text=TEXTS)
def test_both_ways_give_the_same_tokens_also_a_second_time(name: str, text: str) -> None:
    one = tokenizer(name, WORDS)
    assert [token.text for token in one.tokenize(text)] == one.cut(text) == one.cut(text)


@pytest.mark.parametrize("name", ["whitespace", "characters", "words", "words+characters"])
@given(text=st.text("ab1é台 .-'") | st.text("台ภำกか\u3099\ufe0f👍🏽a"))
def test_cutting_tokens_again_changes_nothing(name: str, text: str) -> None:
    once = cut(name, text)
    assert once == [token for word in once for token in cut(name, word)]


@given(text=st.text("aé1 .，。我あアーｱﾞｶ\u3099\ufe0f\U000e0100ภำ각👍🏽‐\u0301"))
def test_fast_ways_give_what_the_definition_gives(text: str) -> None:
    graphemes = [token for chunk in text.split() for token in regex.findall(r"(?!\p{DI})\X", chunk)]
    assert graphemes == cut("characters", text)


@given(
    text=st.text(
        st.characters(min_codepoint=0x2F00, max_codepoint=0xFFFF, exclude_categories=["Cs"])
        | st.sampled_from("我a1.。ー々é,")
    )
)
def test_the_fast_way_for_chinese_and_japanese_gives_the_same(text: str) -> None:
    text = "".join(text.split())
    assert cut("words+characters", f"{text}。か\u3099") == [*cut("words+characters", f"{text}。"), "か\u3099"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("words")])
@given(text=st.text("aBs1.-+'’,:@#_$%&`\"!*~", max_size=12) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_the_fast_way_for_ascii_gives_the_same(name: str, text: str) -> None:
    text = text.replace("’", "'")
    assert [*cut(name, f"{text}!"), "€"] == cut(name, f"{text}!€")


KINDS: dict[str, list[tuple[str, str, str]]] = {  # kind -> tokenizer, text, tokens joined by "|"
    "punctuation at a word": [
        ("words", "leave Taipei,arrive Tokyo", "leave|Taipei|,|arrive|Tokyo"),
        ("words", "It is late.Go home!", "It|is|late|.|Go|home|!"),
        ("words", "leave Taipei, on May 2nd.", "leave|Taipei|,|on|May|2nd|."),
        ("words", "note:this;that (really?!)", "note|:|this|;|that|(|really|?|!|)"),
        ("words", "No.5 and 1.Next", "No|.|5|and|1|.|Next"),
        ("words", "x=5 a+b ~7", "x|=|5|a|+|b|~|7"),
        ("whitespace", "at 10:30,  ok.", "at|10:30,|ok."),
    ],
    "numbers": [
        ("words", "3.14. 1,000, 3.5kg", "3.14|.|1,000|,|3.5kg"),
        ("words", "5:30pm, 10:30:15 5p.m. 10 a.m.", "5:30pm|,|10:30:15|5p.m.|10|a.m."),
        ("words", "$3.50 US$5 £1,000.50 50%", "$|3.50|US|$|5|£|1,000.50|50|%"),
        ("words", "10/11/2026 2026-11-26 555-1234 1/2 24/7", "10/11/2026|2026-11-26|555-1234|1/2|24/7"),
        ("words", "-5 .5 5.", "-|5|.5|5|."),
        ("words", "1'000 1990–2000 20-year-old", "1'000|1990|–|2000|20-year-old"),
        ("words+compounds", "2026-11-26 10/11 20-year-old", "2026-11-26|10/11|20|-|year|-|old"),
        ("words", "٣٫١٤ ۱۲٬۰۰۰", "٣٫١٤|۱۲٬۰۰۰"),
        ("words+amounts", "$3.50, 50%. -5 +.5 $.50 -£1,000", "$3.50|,|50%|.|-5|+.5|$.50|-£1,000"),
        ("words+amounts", "US$5 #1 a-5 2-5 $ 5 % a% 5kg%", "US|$5|#1|a-5|2-5|$|5|%|a|%|5kg|%"),
        ("words+lexicon", "$3.50 $35.0", "$3.50|$|35.0"),  # with digits as 0
    ],
    "abbreviations": [
        ("words", "the U.S. and e.g. a Ph.D. at 5 p.m.", "the|U.S.|and|e.g.|a|Ph.D.|at|5|p.m."),
        ("words", "U.S.-based J.R.R. U.S.A", "U.S.-based|J.R.R.|U.S.A"),
        ("words", "Mr. Smith etc.", "Mr|.|Smith|etc|."),
        ("words+lexicon", "Mr. Smith, etc.", "Mr.|Smith|,|etc|."),
        ("words+lexicon", "C++ :) (:", "C++|:)|(|:"),
    ],
    "addresses": [
        ("words", "mail me@home.org.", "mail|me@home.org|."),
        ("words", "first.last+x@mail.example.co.uk,", "first.last+x@mail.example.co.uk|,"),
        ("words", "see https://x.org/a_(b)?q=1#c.", "see|https://x.org/a_(b)?q=1#c|."),
        ("words", '(http://x.org/), "www.x.org"!', '(|http://x.org/|)|,|"|www.x.org|"|!'),
        ("words", "google.com, bbc.co.uk/news? train.tsv", "google.com|,|bbc.co.uk/news|?|train.tsv"),
        ("words", "done.it was", "done|.|it|was"),
        ("words+characters", "看http://x.org/a很好", "看|http://x.org/a|很|好"),
        ("words", "@user: #tag, #1", "@user|:|#tag|,|#|1"),
    ],
    "apostrophes": [
        ("words", "don't O'Hare l'homme rock'n'roll o’clock", "don't|O'Hare|l'homme|rock'n'roll|o’clock"),
        ("words", "'quoted' students'", "'|quoted|'|students|'"),
        ("words+contractions", "don't Can’t it's I'd we'll", "do|n't|Ca|n’t|it|'s|I|'d|we|'ll"),
        ("words+contractions", "shouldn't've cannot gonna", "should|n't|'ve|can|not|gon|na"),
        ("words+contractions", "O'Hare John's 's n't isn", "O'Hare|John|'s|'s|n't|isn"),
        ("words+elisions", "l'homme qu’il d'un aujourd'hui", "l'|homme|qu’|il|d'|un|aujourd'|hui"),
        ("words+contractions+elisions", "l'un don't", "l'|un|do|n't"),
        ("words+elisions+lexicon", "aujourd'hui l'eau", "aujourd'hui|l'|eau"),
        ("words+contractions+lexicon", "don't can't", "don't|ca|n't"),  # don't is a known word
    ],
    "hyphens and slashes": [
        ("words", "well-known and/or AT&T a_b", "well-known|and/or|AT&T|a_b"),
        ("words+compounds", "well-known and/or AT&T", "well|-|known|and|/|or|AT&T"),
        ("words+compounds+lexicon", "e-mail e-mails", "e-mail|e|-|mails"),
        ("words", "a--b a- -b a—b", "a|--|b|a|-|-|b|a|—|b"),
        ("words", "/usr/bin", "/|usr/bin"),
    ],
    "ellipses, quotation marks, brackets": [
        ("words", "wait... so.. what…", "wait|...|so|..|what|…"),
        ("words", "“a” «b» ``c'' \"d\" [e] {f}", "“|a|”|«|b|»|``|c|''|\"|d|\"|[|e|]|{|f|}"),
        ("words", "Wow!!! ?!", "Wow|!|!|!|?|!"),
    ],
    "Chinese and Japanese": [
        ("words+characters", "我爱北京和iPhone手机", "我|爱|北|京|和|iPhone|手|机"),
        ("words+characters", "我在2008年花了3.14亿，50%。", "我|在|2008|年|花|了|3.14|亿|，|50|%|。"),
        ("words+characters", "東京タワー ｶﾞ 〇々", "東|京|タ|ワ|ー|ｶﾞ|〇|々"),
        ("words+characters", "葛\U000e0100飾か\u3099", "葛\U000e0100|飾|か\u3099"),
        ("words+characters", "ＡＢＣ１２３と", "ＡＢＣ１２３|と"),
        ("words+lexicon", "我爱北京和iPhone手机,北", "我|爱|北京|和|iPhone|手机|,|北"),
        ("characters", "我爱iOS 9", "我|爱|i|O|S|9"),
        ("words", "我爱北京和iPhone", "我爱北京和iPhone"),
        ("whitespace", "我 爱\u3000北京", "我|爱|北京"),
    ],
    "Thai, Lao, Khmer, Burmese": [
        ("words+characters", "ที่น้ำ 12 ๕๐", "ที่|น้ำ|12|๕๐"),
        ("characters", "ก็กำ", "ก็|กำ"),
        ("words+lexicon", "สวัสดีครับ", "สวัสดี|ค|รั|บ"),
        ("words+characters", "ນ້ຳ", "ນ້ຳ"),
        ("words", "ภาษาไทย ខ្មែរ မြန်မာ", "ภาษาไทย|ខ្មែរ|မြန်မာ"),
        ("words", "ภาษา\u200bไทย", "ภาษา|ไทย"),
    ],
    "Arabic, Persian, Hebrew": [
        ("words", "السلام عليكم، كيف؟", "السلام|عليكم|،|كيف|؟"),
        ("words", "قُرْآن می\u200cخواهم كتـاب", "قُرْآن|می\u200cخواهم|كتـاب"),
        ("words", 'צה"ל אמר: "שלום"', 'צה"ל|אמר|:|"|שלום|"'),
        ("words", "ג׳ורג׳ צה״ל שָׁלוֹם", "ג׳ורג׳|צה״ל|שָׁלוֹם"),
        ("words", "אל־חוק", "אל|־|חוק"),
    ],
    "marks": [
        ("words", "قرآ\u08f0ن x\u135dy ꦏꦺ\ua9bfꦴ", "قرآ\u08f0ن|x\u135dy|ꦏꦺ\ua9bfꦴ"),
        ("words", "e\u0301te\u0301 हिन्दी தமிழ் తెలుగు", "e\u0301te\u0301|हिन्दी|தமிழ்|తెలుగు"),
        ("characters", "e\u0301a नि 각", "e\u0301|a|नि|각"),
        ("words", "\u0301a", "\u0301|a"),
        ("words", "paral·lel İstanbul Straße", "paral·lel|İstanbul|Straße"),
    ],
    "emoji": [
        (name, text, expected)
        for name in ("words", "words+characters", "characters", ALL)
        for text, expected in [
            ("👨‍👩‍👧‍👦👍🏽😀", "👨‍👩‍👧‍👦|👍🏽|😀"),
            ("🇩🇪🇫🇷", "🇩🇪|🇫🇷"),
            ("1️⃣#️⃣*️⃣", "1️⃣|#️⃣|*️⃣"),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️☎", "🏴󠁧󠁢󠁥󠁮󠁧󠁿|❤️|☎"),
            ("🏳️‍🌈我👍", "🏳️‍🌈|我|👍"),
        ]
    ]
    + [("words", "great👍🏽!", "great|👍🏽|!")],
    "blanks and invisible characters": [
        ("words", "10\u00a0km a\u2009b\u3000c\td\x85e", "10|km|a|b|c|d|e"),
        ("words", "a\u200bb \ufeffc", "a|b|c"),
        ("whitespace", "a\u200bb \ufeffc\u00a0d", "a|b|c|d"),
        ("characters", "a\u200bb \ufeffc\u00add\u3164", "a|b|c|d"),
        ("words", "co\u00adoperate c\u2060d \u00ad \u200ex", "co\u00adoperate|c\u2060d|x"),
        ("words", "\u200fשלום\u200f.", "שלום\u200f|."),
        ("words", "a\x07b", "a|\x07|b"),
    ],
    "nothing": [(name, text, "") for name in NAMES for text in ("", " \t\u3000\n", "\u200b\ufeff")],
}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(*case, id=f"{kind}-{case[0]}-{number}")
        for kind, cases in KINDS.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_text_is_cut(name: str, text: str, expected: str) -> None:
    assert [token for token in expected.split("|") if token] == cut(name, text)


def test_offsets_skip_what_is_left_out() -> None:
    expected = [Token("台", 1, 2), Token("北", 3, 4), Token("e\u0301", 6, 8)]
    assert expected == tokenizer("characters").tokenize(" 台\u3000北\n\u200ee\u0301")


def test_a_known_word_is_joined_in_any_case_that_it_is_looked_up_in() -> None:
    assert ["DON'T", "E-MAIL", "MR", "."] == cut(ALL, "DON'T E-MAIL MR.")  # "Mr." has upper case itself


def test_the_longest_known_word_is_joined_from_left_to_right() -> None:
    one = tokenizer("words+lexicon", Vocabulary(["研究", "研究生", "生命", "起源"]))
    assert ["研究生", "命", "起源"] == one.cut("研究生命起源")


def test_an_invisible_character_between_known_parts_keeps_them_apart() -> None:
    assert ["北京", "北", "京", "北京"] == cut("words+lexicon", "北京 北\u200e京北京")


def test_words_that_are_cut_more_often_than_not_stay_cut() -> None:
    sentences = [["it", "'s", "late"], ["it", "'s"], ["it's"], ["don't"], ["don't"], ["do", "n't"]]
    sentences += [["by", "30", "."], ["10", "."], ["20."]]
    words = Vocabulary.count(token for tokens in sentences for token in tokens)
    name = "words+contractions+lexicon"
    assert ["it's", "00."] == divided(name, sentences, words)
    assert [] == divided("words+contractions", sentences, words)
    one = tokenizer(name, words, divided(name, sentences, words))
    assert ["it", "'s", "30", ".", "don't"] == one.cut("it's 30. don't")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("words", True),
        ("words+contractions", True),
        (ALL, True),
        ("whitespace", True),
        ("characters", True),
        ("auto", False),
        ("characters+lexicon", False),
        ("words+whitespace", False),
        ("words+words", False),
        ("words+", False),
        ("", False),
        ([], False),
        (None, False),
    ],
)
def test_what_a_tokenizer_is_called(name: Any, expected: bool) -> None:
    assert expected == is_tokenizer(name)
    if expected:
        assert isinstance(tokenizer(name), Tokenizer)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="a text to label is a str, not bytes"):
        tokenizer(name).cut(b"leave")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the text is not UTF-8"):
        tokenizer(name).tokenize("leave \udcff")
