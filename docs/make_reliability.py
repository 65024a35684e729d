"""Write the table of docs/reliability.md: the promises, and the cases that were run for each.

    python -m pytest --long -m promise --record docs/reliability.json
    python docs/make_reliability.py

``--check`` only tells whether the page is up to date.
"""

import json
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from promises import PROMISES  # noqa: E402  from tests

PAGE = DOCS / "reliability.md"
RECORD = DOCS / "reliability.json"
BEGIN = "<!-- promises -->\n"
END = "<!-- end -->"


def table() -> str:
    """The promises as Markdown."""
    record = json.loads(RECORD.read_text("utf-8"))
    lines = ["| promise | tests | cases run | failed |", "|---|---|---:|---:|"]
    for name, text in PROMISES.items():
        tests = record[name]
        files = sorted({test.split("::")[0] for test in tests})
        cases = sum(result["cases"] for result in tests.values())
        failed = sum(result["failed"] for result in tests.values())
        links = ", ".join(f"[{Path(file).name}](../{file})" for file in files)
        lines.append(f"| {text} | {links} | {cases:,} | {failed:,} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the present table."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif page() != PAGE.read_text("utf-8"):
        sys.exit("docs/reliability.md is out of date: run python docs/make_reliability.py")
