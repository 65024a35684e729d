"""How long a delay each architecture learns to bridge, by how W is drawn, clipping and Pascanu's regulariser.

    python benchmarks/memory.py [--task copy] [--network elman] [--delays 5,10,20,50,100] [--seeds 3] [--json FILE]

Runs what `rnncli memory-task --solve` runs. The table gives the longest delay solved (less than 1 % of 1,000 fresh
sentences wrong) from each seed; 0 is none. With --json every run is kept as soon as it is done, and a run that is
in the file already is not made again.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import report

from rnncli import __version__, solving
from rnncli.config import TrialSpec
from rnncli.data.tasks import TASKS

NETWORKS: dict[str, dict[str, Any]] = {
    "elman": {"arch": "elman"},
    "elman relu": {"arch": "elman", "activation": "relu"},
    "jordan": {"arch": "jordan"},
    "lstm": {"arch": "elman", "cell": "lstm"},
    "gru": {"arch": "elman", "cell": "gru"},
}
# Identity is for relu (IRNN) and, gate by gate, for cells; a Jordan net has no W.
INITS = {
    "elman": ("orthogonal", "glorot"),
    "elman relu": ("identity", "orthogonal"),
    "jordan": ("orthogonal",),
    "lstm": ("orthogonal", "identity", "glorot"),
    "gru": ("orthogonal", "identity", "glorot"),
}
UNITS = {"elman": "elman, tanh", "elman relu": "elman, relu", "jordan": "jordan", "lstm": "lstm", "gru": "gru"}
OMEGA = 4.0  # that of Pascanu et al. 2013 for temporal order


def variants(network: str) -> list[dict[str, Any]]:
    """What a network is tried with: every way to draw W, clipped or not, regularised or not where it can be."""
    omegas = (0.0, OMEGA) if network.startswith("elman") else (0.0,)
    return [
        {"recurrent_init": init, "clip": clip, "omega": omega}
        for init in INITS[network]
        for clip in (1.0, 0.0)
        for omega in omegas
    ]


def run(task: str, network: str, variant: Mapping[str, Any], seed: int, options: Any) -> dict[str, Any]:
    """Train one network on growing delays."""
    trial = TrialSpec(**NETWORKS[network], **variant, seed=seed, epochs=options.epochs)
    delays = [int(part) for part in options.delays.split(",")]
    found = solving.solve(task, trial, delays=delays, sentences=options.sentences, threads=options.threads)
    return {
        "task": task, "network": network, **variant, "seed": seed, "longest": found.longest(seed),
        "seconds": sum(each.seconds for each in found.attempts), "rnncli": __version__,
        "attempts": [each._asdict() for each in found.attempts],
        "setting": [options.delays, options.sentences, options.epochs],
    }  # fmt: skip


def row(group: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A line of the table: all seeds of one network."""
    first, longest = group[0], [each["longest"] for each in group]
    tried = [each for run in group for each in run["attempts"]]
    return {
        "task": first["task"],
        "network": first["network"],
        "W": "–" if first["network"] == "jordan" else first["recurrent_init"],
        "clip": f"{first['clip']:g}" if first["clip"] else "off",
        "Ω": f"{first['omega']:g}" if first["omega"] else "off",
        "longest delay, median": f"{statistics.median(longest):g}",
        "each seed": ", ".join(map(str, longest)),
        "steps clipped, %": f"{100 * statistics.mean(each['clipped'] for each in tried):.0f}",
        "training, s": f"{statistics.mean(each['seconds'] for each in group):.0f}",
    }


def side_by_side(records: Sequence[Mapping[str, Any]], tasks: Sequence[str]) -> list[dict[str, str]]:
    """A line for each network and variant: the longest delay of each task, its median and each seed's."""
    lines = []
    for network in NETWORKS:
        for variant in variants(network):
            group = [run for run in records if {"network": network, **variant}.items() <= run.items()]
            if not group:
                continue
            line = {
                "units": UNITS[network],
                "W": "–" if network == "jordan" else variant["recurrent_init"],
                "clipped": "yes" if variant["clip"] else "no",
                "Ω": f"{variant['omega']:g}" if variant["omega"] else "–",
            }
            for task in tasks:
                runs = sorted((run["seed"], run["longest"]) for run in group if run["task"] == task)
                longest = [delay for _, delay in runs]
                shown = f"{statistics.median(longest):g} ({', '.join(map(str, longest))})" if longest else "–"
                line[f"{task}: longest delay"] = shown
            lines.append(line)
    return lines


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--task", action="append", choices=TASKS, help="may be given again; else all")
    parser.add_argument("--network", action="append", choices=NETWORKS, help="may be given again; else all")
    parser.add_argument("--delays", default="5,10,20,50,100")
    parser.add_argument("--seeds", type=int, default=3, help="1 … this many")
    parser.add_argument("--sentences", type=int, default=solving.SENTENCES, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=TrialSpec().epochs, help="at most, for each delay")
    parser.add_argument("--threads", type=int, default=2, help="change the time, not the results")
    options = parser.parse_args()
    records = json.loads(options.json.read_text())["measurements"] if options.json and options.json.exists() else []
    rows = []
    for task in options.task or TASKS:
        for network in options.network or NETWORKS:
            for variant in variants(network):
                group = []
                for seed in range(1, options.seeds + 1):
                    setting = [options.delays, options.sentences, options.epochs]
                    key = {"task": task, "network": network, **variant, "seed": seed, "setting": setting}
                    found = [each for each in records if all(each[name] == value for name, value in key.items())]
                    if not found:
                        found = [run(task, network, variant, seed, options)]
                        records += found
                        if options.json:
                            report.save(options.json, "memory", records)
                    group += found[:1]
                rows.append(row(group))
    title = f"memory: {options.seeds} seeds, at most {options.epochs} × {options.sentences:,} sentences a delay"
    report.publish(title, rows, records, options.json)


if __name__ == "__main__":
    main()
