"""Build the site of the documentation in build/site: ``pip install -e '.[docs]' && python docs/make_site.py``.

The links of a page also work where the repository is read: what lies outside ``docs`` becomes a page
below ``source``. Formulas become MathML, which browsers draw themselves. The site loads nothing from elsewhere.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "pages"
SITE = ROOT / "build" / "site"
LANGUAGES = {".py": "python", ".toml": "toml", "": "text"}  # files that are shown as pages
NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"
FENCE = re.compile(r"^(?:```.*?^```|~~~.*?^~~~)$", re.M | re.S)
FORMULA = re.compile(r"^```math\n(.*?)^```$|(?<![\\$`])\$([^$`]+?)\$", re.M | re.S)
LINK = re.compile(r"(\]\()([^)\s:#]+)((?:#[^)]*)?\))")
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*stylesheet[^>]*//"""
)
# What latex2mathml does not know, in other words.
TEX = (
    (r"\\\\\[\d+pt\]", r"\\\\"),
    (r"\\begin\{gathered\}", r"\\begin{array}{c}"),
    (r"\\end\{gathered\}", r"\\end{array}"),
    (r"\\[bB]ig[lr]\b", ""),
    (r"\\[lr]Vert\b", r"\\Vert "),
    (r"\\arg\b", r"\\operatorname{arg}"),
)


def place(path: Path) -> Path:
    """Where a file or folder of the repository is among the pages."""
    if path.is_relative_to("docs") and path.suffix not in LANGUAGES:
        return path.relative_to("docs")
    if (ROOT / path).is_dir():
        return "source" / path / "index.md"
    return Path("source", f"{path}.md" if path.suffix in LANGUAGES else path)


def formula(match: re.Match[str]) -> str:
    """A formula as MathML."""
    from latex2mathml.converter import convert

    tex = match[1] or match[2]
    for pattern, replacement in TEX:
        tex = re.sub(pattern, replacement, tex)
    made = convert(tex, display="block" if match[1] else "inline").replace("_", "&#95;").replace("*", "&#42;")
    if unknown := re.search(r">\\\w+<", made):
        sys.exit(f"docs/make_site.py: {unknown[0][1:-1]} is not known, in {tex}")
    return (
        f"<div>{made}</div>\n" if match[1] else f"<span>{made}</span>"
    )  # a line that begins with <math> is a block


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change what is not in a block of code."""
    parts = []
    end = 0
    for fence in FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])


def write(path: Path) -> set[Path]:
    """Write the page of a file or folder; return the files of the repository that it links to."""
    here = place(path)
    source = ROOT / path
    target = PAGES / here
    links: set[Path] = set()

    def link(match: re.Match[str]) -> str:
        to = Path(os.path.normpath(path / match[2] if source.is_dir() else path.parent / match[2]))
        if not (ROOT / to).exists():
            sys.exit(f"docs/make_site.py: {path} links to {match[2]}, which does not exist")
        links.add(to)
        return f"{match[1]}{os.path.relpath(place(to), here.parent)}{match[3]}"

    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        names = sorted(file.name for file in source.glob("*.py"))
        listed = "".join(f"* [`{name}`]({name})\n" for name in names)
        target.write_text(f"{NOT_SEARCHED}# {path}\n\n{LINK.sub(link, listed)}", "utf-8")
    elif path.suffix == ".md":
        text = source.read_text("utf-8")
        if path.name == "math.md":
            text = FORMULA.sub(formula, text)
        target.write_text(outside_code(text, lambda part: LINK.sub(link, part)), "utf-8")
    elif path.suffix in LANGUAGES:
        code = source.read_text("utf-8")
        target.write_text(f"{NOT_SEARCHED}# {path}\n\n````{LANGUAGES[path.suffix]}\n{code}````\n", "utf-8")
    else:
        shutil.copyfile(source, target)
    return links


def main() -> None:
    """Write all pages, build the site, and see that it loads nothing from elsewhere."""
    shutil.rmtree(PAGES, ignore_errors=True)
    waiting = {page.relative_to(ROOT) for page in (ROOT / "docs").glob("*.md")}
    written: set[Path] = set()
    while waiting:
        path = waiting.pop()
        written.add(path)
        waiting |= write(path) - written
    shutil.copyfile(ROOT / "docs" / "site.css", PAGES / "site.css")
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=ROOT, check=True)
    for page in SITE.rglob("*.html"):
        if loaded := LOADED.search(page.read_text("utf-8")):
            sys.exit(f"docs/make_site.py: {page.relative_to(SITE)} loads from elsewhere: {loaded[0]}")


if __name__ == "__main__":
    main()
