"""What the service counts, in the text format of Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from bisect import bisect_left
from collections import Counter

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """Counts of requests and of what was labelled; only the thread that answers requests may use it."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()  # by route and status
        self.sentences = 0
        self.tokens = 0
        self.batches = 0
        self.dropped = 0  # requests whose clients left before they were labelled
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that took so many seconds."""
        self.requests[route, status] += 1
        self._buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    def text(self, waiting: int, models: dict[str, tuple[int, bool]]) -> str:
        """All counts.

        waiting  requests that are not answered yet
        models   how often each model was loaded, and whether its file is used as it is now
        """
        lines = [
            "# HELP rnncli_requests_total Requests that were answered.",
            "# TYPE rnncli_requests_total counter",
        ]
        for (route, status), count in sorted(self.requests.items()):
            lines.append(f'rnncli_requests_total{{route="{_escaped(route)}",status="{status}"}} {count}')
        lines += [
            "# HELP rnncli_request_seconds Seconds from the head of a request to its answer.",
            "# TYPE rnncli_request_seconds histogram",
        ]
        total = 0
        for bound, count in zip((*BOUNDS, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'rnncli_request_seconds_bucket{{le="{bound}"}} {total}')
        lines += [f"rnncli_request_seconds_sum {self._seconds}", f"rnncli_request_seconds_count {total}"]
        for name, kind, text, value in (
            ("waiting_requests", "gauge", "Requests that wait to be labelled or are being labelled.", waiting),
            ("sentences_total", "counter", "Sentences that were labelled.", self.sentences),
            ("tokens_total", "counter", "Tokens that were labelled.", self.tokens),
            ("batches_total", "counter", "Batches that were labelled.", self.batches),
            ("dropped_requests_total", "counter", "Requests that were not labelled: nobody waited.", self.dropped),
        ):
            lines += [f"# HELP rnncli_{name} {text}", f"# TYPE rnncli_{name} {kind}", f"rnncli_{name} {value}"]
        lines += ["# HELP rnncli_model_loads_total Loads of a model.", "# TYPE rnncli_model_loads_total counter"]
        lines += [f'rnncli_model_loads_total{{model="{_escaped(m)}"}} {n}' for m, (n, _) in models.items()]
        lines += ["# HELP rnncli_model_current Whether the file of a model is used as it is now."]
        lines += ["# TYPE rnncli_model_current gauge"]
        lines += [f'rnncli_model_current{{model="{_escaped(m)}"}} {int(ok)}' for m, (_, ok) in models.items()]
        return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
