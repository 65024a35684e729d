"""Many requests of every kind against one ``rnncli serve``: whether its memory and its open files stay as they are.

    python benchmarks/soak.py [--minutes 30] [--requests 0] [--json FILE]

wrk (``apt-get install wrk``) sends good requests over connections that stay open. Beside it clients send texts with
words that are new each time, ask as other tools do, send what is wrong, send a head and no more, and leave before
their answer. The file of the model is replaced every five seconds. It ends after so many minutes, or sooner after
so many requests; its status is 1 if the memory grows, or if a request is not answered as it should be.
"""

import argparse
import json
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import report
import serving

from rnncli.resources import bundled

EVERY = 5.0  # seconds between two samples, and between two models
MOST_GROWTH = 1.05  # of the memory, from the second quarter of the samples to the last
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BAD = (
    ("POST", "/v1/tag", b"{", JSON, 400),
    ("POST", "/v1/tag", b'{"text": 1}', JSON, 400),
    ("POST", "/v1/tag", b'{"text": "a", "model": "none"}', JSON, 404),
    ("POST", "/v1/tag", b'{"text": "a"}', "text/plain", 415),
    ("POST", "/v1/tag", b" " * 1_100_000, JSON, 413),
    ("POST", "/v1/tag", json.dumps({"text": "a " * 30_000}).encode(), JSON, 413),
    ("POST", "/process", b"data=%ff", FORM, 400),
    ("POST", "/train", b"{}", JSON, 403),
    ("GET", "/v1/tag", b"", JSON, 405),
    ("GET", "/none", b"", JSON, 404),
)


class Clients:
    """Clients that go on until they are stopped, and count what they got."""

    def __init__(self, url: str, model: Path, others: list[Path]) -> None:
        self.port = int(url.rpartition(":")[2])
        self.counts: Counter[str] = Counter()
        self.stop = threading.Event()
        self._model = model
        self._others = others
        kinds = (self._new_words, self._bad, self._slow, self._leave, self._replace)
        self._threads = [threading.Thread(target=self._repeat, args=(kind,)) for kind in kinds]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Let all end."""
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, kind: Callable[[random.Random], None]) -> None:
        generator = random.Random(1)
        while not self.stop.is_set():
            try:
                kind(generator)
            except (OSError, HTTPException) as error:
                self.counts[f"failure of {kind.__name__.strip('_')}: {type(error).__name__}"] += 1

    def _ask(self, method: str, path: str, body: bytes, media: str, expected: int) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # a body that is too long is not read to its end
                connection.request(method, path, body, {"Content-Type": media})
            response = connection.getresponse()
            response.read()
        except ConnectionResetError:
            if expected != 413:
                raise
            self.counts["refused while sending"] += 1
            return
        finally:
            connection.close()
        is_right = response.status == expected
        self.counts[str(expected) if is_right else f"failure of {path}: {response.status}"] += 1

    def _new_words(self, generator: random.Random) -> None:
        letters = "abcdefghijklmnopqrstuvwxyz"
        text = " ".join("".join(generator.choices(letters, k=7)) for _ in range(10))
        path, value = generator.choice(
            (("/v1/tag", {"text": text, "nbest": 2}), ("/models/booking", {"inputs": [text]}), ("/process", None))
        )
        if value is None:
            form = urlencode({"data": text, "tokenizer": "", "tagger": ""})
            self._ask("POST", path, form.encode(), FORM, 200)
        else:
            self._ask("POST", path, json.dumps(value).encode(), JSON, 200)

    def _bad(self, generator: random.Random) -> None:
        self._ask(*generator.choice(BAD))
        self.stop.wait(0.01)

    def _slow(self, generator: random.Random) -> None:
        head = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        body = b"Content-Length: 100\r\n\r\n{"
        with ExitStack() as stack:
            connections = [
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port), 60)) for _ in range(10)
            ]
            for connection in connections:
                connection.sendall(head + generator.choice((b"", body)))
            for connection in connections:
                with suppress(ConnectionResetError):
                    while connection.recv(1_000):
                        pass
                self.counts["cut off"] += 1

    def _leave(self, generator: random.Random) -> None:
        body = json.dumps({"texts": ["leave Taipei on Sunday"] * generator.choice((1, 10, 500))}).encode()
        head = "POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            self.stop.wait(generator.choice((0.0, 0.001, 0.1)))
        self.counts["left"] += 1
        self.stop.wait(0.02)

    def _replace(self, generator: random.Random) -> None:
        new = self._model.with_suffix(".new")
        self._others = self._others[::-1]
        shutil.copy(self._others[0], new)
        new.replace(self._model)
        self.counts["models replaced"] += 1
        self.stop.wait(EVERY)


def sample(side: serving.Side) -> dict[str, float]:
    """The memory of the process in MB, and how many files it has open; Linux."""
    process = Path(f"/proc/{side.process.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return {
        "memory": int(status["VmRSS"].split()[0]) / 1_024,
        "files": len(list((process / "fd").iterdir())),
        "threads": int(status["Threads"]),
    }


def requests(port: int) -> int:
    """How many requests the service has answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return int(text.split("\nrnncli_request_seconds_count ")[1].split()[0])


def soak(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[dict[str, Any]]:
    """Send requests until the end, and return the samples; the last holds the counts."""
    other = serving.simple_model(folder)
    model = folder / "booking.npz"
    shutil.copy(bundled("models/default.npz"), model)
    command = [sys.executable, "-m", "rnncli", "serve", "--port", "0", "--model", str(model)]
    side = stack.enter_context(serving.running("rnncli", command))
    script = folder / "load.lua"
    script.write_text(serving.SCRIPT)
    bodies = serving.write_bodies(folder, serving.sentences(), 1)
    serving.load(side, script, bodies, 16, 2)
    clients = Clients(side.url, model, [bundled("models/default.npz"), other])
    samples: list[dict[str, Any]] = []
    errors = 0
    began = time.monotonic()
    try:
        while side.process.poll() is None:
            errors += serving.load(side, script, bodies, 16, EVERY)["errors"]
            minutes = (time.monotonic() - began) / 60
            count = requests(clients.port)
            samples.append({"minutes": round(minutes, 2), "requests": count, **sample(side)})
            print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
            if minutes >= options.minutes or 0 < options.requests <= count:
                break
    finally:
        clients.join()
    clients.counts["failure of wrk"] += errors
    time.sleep(12)  # connections that nobody uses are closed
    samples.append({**sample(side), "counts": dict(sorted(clients.counts.items()))})
    return samples


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--requests", type=int, default=0, help="end after so many; 0: do not count")
    options: argparse.Namespace = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is needed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        *samples, last = soak(options, Path(folder), stack)
    quarter = max(1, len(samples) // 4)
    parts = {"second quarter": samples[quarter : 2 * quarter] or samples, "last quarter": samples[-quarter:]}
    rows = [
        {
            "samples": name,
            **{
                key: f"{statistics.median(s[key] for s in part):,.{digits}f}"
                for key, digits in (("requests", 0), ("memory", 1), ("files", 0), ("threads", 0))
            },
        }
        for name, part in parts.items()
    ]
    rows.append({"samples": "12 s after the last", "requests": "", "memory": f"{last['memory']:,.1f}",
                 "files": f"{last['files']}", "threads": f"{last['threads']}"})  # fmt: skip
    report.publish("The service, medians; memory in MB", rows, [*samples, last], options.json)
    before, after = (statistics.median(s["memory"] for s in part) for part in parts.values())
    failures = {name: count for name, count in last["counts"].items() if name.startswith("failure") and count}
    is_flat = after <= before * MOST_GROWTH
    print(f"memory is {'flat' if is_flat else 'NOT flat'}: × {after / before:.3f}; {json.dumps(last['counts'])}")
    raise SystemExit(0 if is_flat and not failures else 1)


if __name__ == "__main__":
    main()
