"""Lists of independent jobs: in this process or in several, resumed where they were stopped, in shards.

A :class:`Job` calls a pure function by its name. :func:`run` does those that are not done yet at a place, and adds
each to a manifest in the folder of the outputs. The outputs do not depend on the place.
"""

from rnncli.jobs.job import Blob, Counts, Fault, FileState, Job, Outcome, once
from rnncli.jobs.manifest import Manifest
from rnncli.jobs.processes import Here, Place, Processes
from rnncli.jobs.running import Listener, Progress, error_of, failure, run
from rnncli.jobs.shard import WHOLE, Shard

__all__ = [
    "WHOLE",
    "Blob",
    "Counts",
    "Fault",
    "FileState",
    "Here",
    "Job",
    "Listener",
    "Manifest",
    "Outcome",
    "Place",
    "Processes",
    "Progress",
    "Shard",
    "error_of",
    "failure",
    "once",
    "run",
]
