"""Honest files of each kind, from which the fuzzer makes others."""

import json
import tempfile
from pathlib import Path
from typing import Any

import checkpoints
import logs

import models

FILES = Path(__file__).parent.parent / "files"
LARGEST = 8_000  # bytes of a labelled file that is taken

CONFIG = b"""threads = 1
[tag]
nbest = 3
to = "jsonl"
encoding = "utf-8"
[train]
hidden = 64
learning-rate = 0.01
arch = "elman"
"""
VECTORS = b"to 0.5 -1 2.0\n\xe5\x8f\xb0\xe5\x8c\x97 .25 0 -3e-05\n. . 1 2 3\n"
BINARY = b"2 2\nto \0\0\0?\0\0\x80?\nfrom \0\0\0@\0\0\x80\xbf\n"
WEIGHTS = b"O\t1\nB-city\t2.5\nI-city\t1e-3\n"
PHRASES = "York\tcity\nNew York\tcity\nNew York\tplace\n\n台北\tcity\n".encode()
TEXT = "leave Taipei on November 2nd\n\n第10班火車 don't 3.50 $ a@b.c\r\nx\u0301 \U0001f1e6\U0001f1fa\n".encode()
ARCHIVES: dict[str, Any] = {"models": models, "checkpoints": checkpoints}
TEXT_VECTORS = [VECTORS, b"3 3\n" + VECTORS, VECTORS.replace(b"\n", b"\r\n")]


def seeds(kind: str) -> list[bytes]:
    """The contents of honest files of a kind."""
    if kind in ARCHIVES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "archive"
            ARCHIVES[kind].good(path)
            return [path.read_bytes()]
    if kind == "labelled":
        paths = sorted(path for path in FILES.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
        return [path.read_bytes() for path in paths]
    return {
        "configs": [CONFIG],
        "logs": [json.dumps(logs.GOOD).encode()],
        "vectors": [*TEXT_VECTORS, BINARY],
        "weights": [WEIGHTS],
        "phrases": [PHRASES],
        "texts": [TEXT],
    }[kind]
