"""Write the ticket-booking corpus: train.tsv, dev.tsv and test.tsv, and in zh/ the same in Chinese.

    python sample_data/generate.py [--seed N] [--out DIR] [--check]

The words and sentence frames are in templates.py and templates_zh.py; this file expands them. All chance comes from
``random.Random.random``, whose sequence is the same in every Python version, so the files are too.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import templates
import templates_zh

# The folder of each part of the corpus and the words that it is made of.
PARTS = {"": templates, "zh": templates_zh}
HELD_OUT = ("dev", "test")
NOVELTY = 0.15  # how often dev and test take a held-out entry where a table has one
LOWER, CAPITAL, SHOUT = 0.40, 0.30, 0.02  # whole sentence lower-cased; first letter or clue raised
FULL_STOP = 0.30
CITY_SLOTS = ("departure", "destination", "via")
ROLE_SLOTS = ("departure", "destination", "departure_time", "arrival_time")

Role = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Piece:
    """One token with its tag; ``clue`` marks the words that give the role away."""

    token: str
    tag: str = "O"
    clue: bool = False


@dataclass(frozen=True)
class Sentence:
    """A finished sentence and the template entry it was made from."""

    pieces: tuple[Piece, ...]
    template: str
    joint: str = " "
    stop: str = "."

    @property
    def key(self) -> str:
        """The words without case and closing full stop: equal keys count as the same sentence."""
        text = self.joint.join(piece.token for piece in self.pieces)
        return text.casefold().removesuffix(self.joint + self.stop)

    def distances(self) -> list[int]:
        """Tokens from each place and time to the only clue, counted positive if the clue comes first."""
        clues = [index for index, piece in enumerate(self.pieces) if piece.clue]
        if not clues:
            return []
        inside = [piece.tag[2:] in ROLE_SLOTS for piece in self.pieces]
        starts = [index for index, piece in enumerate(self.pieces) if inside[index] and piece.tag[0] == "B"]
        found = []
        for start in starts:
            end = start
            while end + 1 < len(self.pieces) and self.pieces[end + 1].tag[0] == "I":
                end += 1
            found.append(start - clues[-1] if clues[-1] < start else end - clues[0])
        return found

    def lines(self) -> str:
        """The sentence as ``token<TAB>tag`` lines."""
        return "".join(f"{piece.token}\t{piece.tag}\n" for piece in self.pieces)


def owner(entry: str) -> str:
    """The file an entry is held out for, or "train" if it may occur in all of them."""
    name, colon, _ = entry.partition(": ")
    return name if colon and name in HELD_OUT else "train"


def body(entry: str) -> str:
    """An entry without its "test: " or "dev: " mark."""
    return entry if owner(entry) == "train" else entry.partition(": ")[2]


class Writer:
    """Expands templates into sentences for one of the three files."""

    def __init__(self, rng: random.Random, split: str, words: ModuleType = templates) -> None:
        """Draw from ``rng``; ``split`` says which held-out entries of ``words`` are allowed."""
        self.rng = rng
        self.split = split
        self.words = words
        self.used: list[str] = []

    def pick(self, entries: Sequence[str]) -> str:
        """Choose an entry this file may use, if possible one the sentence does not contain yet."""
        own = [entry for entry in entries if self.split in HELD_OUT and owner(entry) == self.split]
        common = [entry for entry in entries if owner(entry) == "train"]
        pool = own if own and self.rng.random() < NOVELTY else common
        pool = [entry for entry in pool if entry not in self.used] or pool
        entry = pool[int(self.rng.random() * len(pool))]
        self.used.append(entry)
        return entry

    def weighted(self, weights: Sequence[int]) -> int:
        """Choose an index in proportion to its weight."""
        mark = self.rng.random() * sum(weights)
        for index, weight in enumerate(weights):
            mark -= weight
            if mark < 0:
                return index
        return len(weights) - 1

    def sentence(self) -> Sentence:
        """Make one sentence."""
        self.used.clear()
        words = self.words
        family = words.FAMILIES[self.weighted([weight for weight, _ in words.FAMILIES])][1]
        template = self.pick(family)
        role = words.ROLES[int(self.rng.random() * len(words.ROLES))]
        pieces = fix_articles(list(self.expand(body(template), role)))
        return Sentence(tuple(self.dress(pieces)), template, words.JOINT, words.STOP)

    def expand(self, text: str, role: Role) -> Iterator[Piece]:
        """Replace every symbol of ``text`` by its tokens."""
        for symbol in text.split():
            clue = symbol.startswith("^")
            name = symbol.strip("^@<>{}")
            if symbol.endswith("}"):
                yield from self.fill(role.get(name, (name,))[0], role, symbol.startswith("@"))
            elif symbol.endswith(">"):
                entry = body(self.pick(role.get(name) or self.words.TABLES[name]))
                yield from (Piece(p.token, p.tag, p.clue or clue) for p in self.expand(entry, role))
            else:
                for token in tokens(symbol.removeprefix("^"), self.words):
                    yield Piece(token, clue=clue)

    def fill(self, slot: str, role: Role, with_preposition: bool) -> Iterator[Piece]:
        """A value for ``slot``, tagged; a preposition before it stays outside the span."""
        if slot in CITY_SLOTS:
            value = self.pick(self.words.CITIES)
        elif slot in self.words.SLOTS:
            value = self.pick(self.words.SLOTS[slot])
        else:
            times = self.words.TIMES
            preposition, _, values = times[self.weighted([weight for _, weight, _ in times])]
            value = self.pick(values)
            if with_preposition and preposition:
                yield Piece(preposition)
        for index, piece in enumerate(self.expand(body(value), role)):
            yield Piece(piece.token, f"{'I' if index else 'B'}-{slot}")

    def dress(self, pieces: list[Piece]) -> list[Piece]:
        """Vary capitals and the closing full stop, as different people type."""
        style = self.rng.random()
        if pieces[-1].token not in ("?", "？") and self.rng.random() < FULL_STOP:
            pieces = [*pieces, Piece(self.words.STOP)]
        texts = [piece.token for piece in pieces]
        if style < LOWER:
            texts = [text.lower() for text in texts]
        elif style < LOWER + CAPITAL:
            texts[0] = texts[0][0].upper() + texts[0][1:]
        elif style < LOWER + CAPITAL + SHOUT:
            texts = [piece.token.upper() if piece.clue else piece.token for piece in pieces]
        return [Piece(text, piece.tag, piece.clue) for text, piece in zip(texts, pieces, strict=True)]


def fix_articles(pieces: list[Piece]) -> list[Piece]:
    """Settle every "a/an" by the token after it."""
    following = [piece.token for piece in pieces[1:]] + [""]
    return [
        Piece("an" if after[:1].lower() in tuple("aeiou") else "a") if piece.token == "a/an" else piece
        for piece, after in zip(pieces, following, strict=True)
    ]


def tokens(text: str, words: ModuleType) -> list[str]:
    """The tokens of a text: words between blanks, or characters where words are joined without blanks."""
    return text.split() if words.JOINT else list(text)


def showcase(words: ModuleType) -> list[Sentence]:
    """The two sentences of SHOWCASE."""
    return [
        Sentence(
            tuple(Piece(*pair) for pair in zip(tokens(text, words), tags.split(), strict=True)),
            text,
            words.JOINT,
            words.STOP,
        )
        for text, tags in words.SHOWCASE
    ]


def build(seed: int, words: ModuleType = templates) -> dict[str, list[Sentence]]:
    """Make one part of the corpus; no two of its sentences are the same."""
    rng = random.Random(seed)
    banned = [sentence.key for sentence in showcase(words)]
    seen: set[str] = set()
    corpus: dict[str, list[Sentence]] = {}
    for split, size in words.SIZES.items():
        writer = Writer(rng, split, words)
        sentences = showcase(words) if split == "test" else []
        while len(sentences) < size:
            sentence = writer.sentence()
            fits = 2 <= len(sentence.pieces) <= words.MAX_TOKENS
            fits = fits and all(abs(step) <= words.MAX_DISTANCE for step in sentence.distances())
            if fits and sentence.key not in seen and not any(key in sentence.key for key in banned):
                seen.add(sentence.key)
                sentences.append(sentence)
        corpus[split] = sentences
    return corpus


def render(sentences: Sequence[Sentence]) -> bytes:
    """The content of a file: sentences separated by one blank line."""
    return "\n".join(sentence.lines() for sentence in sentences).encode("utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or with ``--check`` compare them; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the ticket-booking corpus.")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent,
        metavar="DIR",
        help="where the files go (default: next to this script)",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the files differ")
    args = parser.parse_args(argv)

    same = True
    for folder, words in PARTS.items():
        for split, sentences in build(args.seed, words).items():
            path = args.out / folder / f"{split}.tsv"
            content = render(sentences)
            if args.check:
                state = "up to date" if path.is_file() and path.read_bytes() == content else "differs"
                same = same and state == "up to date"
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                state = "written"
            print(f"{path}: {len(sentences)} sentences, {len(content)} bytes, {state}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
