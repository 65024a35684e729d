"""What a service is told when it starts: its models, its address, who may ask, and its limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Limits(NamedTuple):
    """What one request, or all of them together, may take.

    bytes          of the body of a request
    texts          of a request
    tokens         of a request; with N best labellings each token counts N times
    nbest          labellings of a sentence
    waiting        requests that are accepted and not yet answered
    waiting_bytes  of all these requests together
    running        inspections at once
    computing      inspections that run or wait
    inspected      tokens of the texts that are inspected
    measured       the same with measures, whose time grows with the square of the tokens
    steps          steps of a text that are listed in full
    training       seconds after which a training is stopped
    connections    open at once
    seconds        from the end of a request to its answer
    slow           seconds that a client has to send the head of a request, or its body, or to read an answer
    collect        seconds that a request waits for others, to be labelled together with them
    batch          texts after which a batch takes no more requests
    """

    bytes: int = 1 << 20
    texts: int = 1_000
    tokens: int = 20_000
    nbest: int = 100
    waiting: int = 1_000
    waiting_bytes: int = 64 << 20
    running: int = 2
    computing: int = 20
    inspected: int = 400
    measured: int = 60
    steps: int = 60
    training: float = 300.0
    connections: int = 1_000
    seconds: float = 30.0
    slow: float = 10.0
    collect: float = 0.002
    batch: int = 4_096


class Settings(NamedTuple):
    """The settings of a service.

    models   file of each model by its name; the first is used where a request names none
    token    what a request has to know; "" if nothing is demanded
    hosts    further names under which the service is reached, for example those of a reverse proxy
    threads  that label; 0: one for each available CPU
    """

    models: Mapping[str, Path]
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    hosts: tuple[str, ...] = ()
    threads: int = 0
    limits: Limits = Limits()
