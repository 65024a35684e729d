"""A share of a list of jobs, for job arrays: many runs, each of which does a part without the others."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rnncli import arguments
from rnncli.jobs.job import Job


class Shard(NamedTuple):
    """Share ``number`` of ``shards``, from 1: every ``shards``-th job in the order of the keys."""

    number: int
    shards: int

    @classmethod
    def of(cls, text: str) -> "Shard":
        """Read ``3/100``; anything else is a :class:`.UsageError`."""
        match = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,8})", text, re.ASCII)
        if not match or int(match[1]) > int(match[2]):
            arguments.refuse(
                "--shard", "K/N with K from 1 to N", text, "--shard 3/100 does a hundredth of the jobs"
            )
        return cls(int(match[1]), int(match[2]))

    @property
    def suffix(self) -> str:
        """What the names of its files have; "" for all jobs."""
        return f"-{self.number}-of-{self.shards}" if self.shards > 1 else ""

    def select(self, jobs: Sequence[Job]) -> list[Job]:
        """Its jobs. Each job is in one shard, if all shards are given the same jobs, in any order."""
        return sorted(jobs, key=lambda job: job.key)[self.number - 1 :: self.shards]


WHOLE = Shard(1, 1)
