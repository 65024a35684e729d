"""Write the tables of measurements in README.md and in docs/ from benchmarks/*.json.

    python benchmarks/accuracy.py DATA_DIR --json benchmarks/accuracy.json
    python docs/make_tables.py

``--check`` only tells whether the pages are up to date. A table is what stands between ``<!-- NAME -->`` and
``<!-- end -->``.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
BENCHMARKS = DOCS.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import accuracy  # noqa: E402  from benchmarks
import cold_start  # noqa: E402
import datasets  # noqa: E402
import extremes  # noqa: E402
import files  # noqa: E402
import folders  # noqa: E402
import jobs  # noqa: E402
import latency  # noqa: E402
import limits  # noqa: E402
import memory  # noqa: E402
import report  # noqa: E402
import serving  # noqa: E402
import speed  # noqa: E402
import time_to_score  # noqa: E402

PAGES = {
    DOCS.parent / "README.md": ("beside others",),
    DOCS / "accuracy.md": ("accuracy", "small data", "time to pass others", "time of versions"),
    DOCS / "speed.md": (
        "speed", "speed on EWT", "limits", "scaling", "files", "formats", "sizes", "extremes",
        "cold start", "compiling", "latency", "choices", "serving",
    ),
    DOCS / "memory-tasks.md": ("delays",),
    DOCS.parent / "README.zh.md": ("scores in Chinese",),
    DOCS / "decisions.md": ("ablations",),
    DOCS / "cluster.md": ("jobs",),
    DOCS / "scale.md": ("folders", "plan"),
}  # fmt: skip
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


Records = Sequence[Mapping[str, Any]]
# What the README shows of accuracy.json: data sets of which CRFsuite has a run, and cells of ATIS with their names.
SCORES = ("atis", "chunks", "ewt", "atis-100")
CELLS = {"training, s": "ATIS, seconds of CPU to train", "model, MB": "ATIS, size of the model, MB"}


def measured(name: str, key: str | None = None) -> list[dict[str, Any]]:
    """The measurements of a benchmark; of a script that prints several tables those that have a key."""
    records = report.saved(BENCHMARKS / f"{name}.json")
    return [record for record in records if key is None or key in record]


def beside_others(records: Records, lines: Records, sentences: Records) -> list[dict[str, str]]:
    """The table of the README: rnncli, CRFsuite and spaCy side by side; a dash was not measured.

    ``lines`` are of labelling files, ``sentences`` of labelling one sentence.
    """
    programs = {"rnncli": accuracy.DEFAULT, "CRFsuite": "CRFsuite", "spaCy": "spaCy"}

    def cells(data: str, key: str) -> dict[str, str]:
        runs = {shown: accuracy.of(records, data, row) for shown, row in programs.items()}
        return {shown: accuracy.cells(those)[key] if those else "–" for shown, those in runs.items()}

    rows = [{"": f"{datasets.SETS[data].heading}, %", **cells(data, "test, %")} for data in SCORES]
    rows += [{"": title, **cells("atis", key)} for key, title in CELLS.items()]
    speeds = {record["tagger"]: f"{statistics.median(record['speeds']):,.0f}" for record in lines}
    times = {record["tagger"]: f"{1e3 * statistics.median(record['seconds']):.2f}" for record in sentences}
    spacy = next((time for name, time in times.items() if name.startswith("spaCy") and "ner" in name), "–")
    rows.append(
        {
            "": "file to file, one thread, tokens a second",
            "rnncli": speeds.get("default, 1 thread", "–"),
            "CRFsuite": speeds.get("CRFsuite", "–"),
            "spaCy": "–",
        }
    )
    rows.append(
        {
            "": "one sentence in a running process, ms",
            "rnncli": times.get("rnncli, kernels", "–"),
            "CRFsuite": "–",
            "spaCy": spacy,
        }
    )
    return rows


def tables() -> dict[str, str]:
    """Every table as Markdown; a sentence where nothing was measured."""
    records = measured("accuracy")
    labelling = measured("folders")
    taggers = measured("files", "tagger")
    formats = measured("files", "format")
    sentences = measured("latency", "tagger")
    rows = {
        "beside others": beside_others(records, taggers, sentences),
        "accuracy": accuracy.full(records, list(datasets.FULL), [*accuracy.ROWS, *accuracy.ARCHITECTURES]),
        "small data": accuracy.small(records),
        "scores in Chinese": [chinese(row) for row in time_to_score.peers(records)],
        "time to pass others": time_to_score.peers(records),
        "time of versions": time_to_score.versions(records),
        "ablations": accuracy.ablations(records),
        "jobs": jobs.rows(measured("jobs")),
        "folders": [folders.row(record) for record in labelling],
        "plan": folders.plan(labelling),
        "speed": [speed.row(record) for record in measured("speed")],
        "speed on EWT": [speed.row(record) for record in measured("speed_ewt")],
        "limits": [limits.share_row(record) for record in measured("limits", "network")],
        "scaling": [limits.scaling_row(record) for record in measured("limits", "setting")],
        "files": [files.tagging_row(record, taggers[0]) for record in taggers],
        "formats": [files.reading_row(record, formats[0]) for record in formats],
        "sizes": [files.memory_row(record) for record in measured("files", "tag")],
        "extremes": [extremes.row(record) for record in measured("extremes")],
        "cold start": [cold_start.command_row(record) for record in measured("cold_start", "ratios")],
        "compiling": [cold_start.compile_row(record) for record in measured("cold_start", "cold")],
        "latency": [latency.warm_row(record, sentences[0]) for record in sentences],
        "choices": [latency.choice_row(record) for record in measured("latency", "turns")],
        "serving": serving.rows(measured("serving")),
        "delays": memory.side_by_side(measured("memory"), ("order", "copy")),
    }  # fmt: skip
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
