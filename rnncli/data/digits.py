"""Whether words that differ in their digits alone are one word or several, by the tags of the training data."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from rnncli.config import Digits
from rnncli.data.sentence import Sentence
from rnncli.data.spelling import composed, normal_form

_DEVIATIONS = 3  # by which the gain must exceed chance


def choose_digits(sentences: Sequence[Sentence]) -> Digits:
    """Return "keep" if digits tell tags apart, else "zero".

    Each token with a digit is given the tag that other tokens of its word have most often: once where words with
    the same :func:`.normal_form` are one, once where digits keep them apart. "keep" must at least halve the wrong
    tags, and not by chance. A word that occurs once is always read as its form.
    """
    by_form: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for sentence in sentences:
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            if not token.isalpha() and (form := normal_form(token)).find("0") >= 0:
                by_form[form][composed(token)][tag] += 1
    wrong = Counter[Digits]()
    changed = 0  # tokens that are right under one of the two
    for words in by_form.values():
        together = sum(words.values(), Counter[str]())
        for tags in words.values():
            for tag, count in tags.items():
                is_right = _is_most_frequent(tag, together)
                is_right_alone = _is_most_frequent(tag, tags) if tags.total() > 1 else is_right
                wrong["zero"] += count * (not is_right)
                wrong["keep"] += count * (not is_right_alone)
                changed += count * (is_right != is_right_alone)
    gain = wrong["zero"] - wrong["keep"]
    return "keep" if gain >= wrong["keep"] and gain > _DEVIATIONS * changed**0.5 else "zero"


def _is_most_frequent(tag: str, counts: Counter[str]) -> bool:
    """Tell whether the tag is the only most frequent one where one of its occurrences is left out."""
    others = max((count for name, count in counts.items() if name != tag), default=0)
    return counts[tag] - 1 > others or others == 0
