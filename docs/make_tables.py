"""Write the tables of scores and seconds in README.md and in docs/ from the measurements in benchmarks/*.json.

    python benchmarks/accuracy.py DATA_DIR --json benchmarks/accuracy.json
    python docs/make_tables.py

``--check`` only tells whether the pages are up to date. A table is what stands between ``<!-- NAME -->`` and
``<!-- end -->``.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
BENCHMARKS = DOCS.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import accuracy  # noqa: E402  from benchmarks
import datasets  # noqa: E402
import folders  # noqa: E402
import jobs  # noqa: E402
import report  # noqa: E402
import time_to_score  # noqa: E402

PAGES = {
    DOCS.parent / "README.md": ("accuracy", "small data", "time to pass others", "time of versions"),
    DOCS.parent / "README.zh.md": ("scores in Chinese",),
    DOCS / "decisions.md": ("ablations",),
    DOCS / "cluster.md": ("jobs",),
    DOCS / "scale.md": ("folders", "plan"),
}
END = "<!-- end -->"
# Columns of the table of scores in Chinese, with their heads, and what stands in the names of data.
CHINESE = {
    "data": "資料與指標",
    "rnncli": "rnncli",
    "CRFsuite": "CRFsuite",
    "spaCy": "spaCy",
    "rnncli, s": "rnncli 訓練秒數",
    "CRFsuite, s": "CRFsuite 訓練秒數",
    "spaCy, s": "spaCy 訓練秒數",
}
TITLES = {
    ", words and POS, ": "，詞與詞性，",
    ", words, ": "，詞，",
    ", characters, ": "，字，",
    ", UPOS accuracy": "，詞性正確率",
    "span F1": "片段 F1",
}


def tables() -> dict[str, str]:
    """Every table as Markdown; a sentence where nothing was measured."""
    records = report.saved(BENCHMARKS / "accuracy.json")
    labelling = report.saved(BENCHMARKS / "folders.json")
    rows = {
        "accuracy": accuracy.full(records, list(datasets.FULL), [*accuracy.ROWS, *accuracy.ARCHITECTURES]),
        "small data": accuracy.small(records),
        "scores in Chinese": [chinese(row) for row in time_to_score.peers(records)],
        "time to pass others": time_to_score.peers(records),
        "time of versions": time_to_score.versions(records),
        "ablations": accuracy.ablations(records),
        "jobs": jobs.rows(report.saved(BENCHMARKS / "jobs.json")),
        "folders": [folders.row(record) for record in labelling],
        "plan": folders.plan(labelling),
    }
    return {name: report.markdown(lines) if lines else "Not measured yet." for name, lines in rows.items()}


def chinese(row: dict[str, str]) -> dict[str, str]:
    """A row of scores with Chinese heads."""
    title = row["data"]
    for english, translated in TITLES.items():
        title = title.replace(english, translated)
    return {head: title if name == "data" else row[name] for name, head in CHINESE.items()}


def page(path: Path, made: dict[str, str]) -> str:
    """A page with the present tables."""
    text = path.read_text("utf-8")
    for name in PAGES[path]:
        before, rest = text.split(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n{made[name]}\n{END}{rest.split(END, 1)[1]}"
    return text


if __name__ == "__main__":
    made = tables()
    for path in PAGES:
        if "--check" not in sys.argv:
            path.write_text(page(path, made), "utf-8")
        elif page(path, made) != path.read_text("utf-8"):
            sys.exit(f"{path.name} is out of date: run python docs/make_tables.py")
