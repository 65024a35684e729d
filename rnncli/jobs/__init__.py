"""Lists of independent jobs: in this process, in several or on a Dask cluster, in shards, and resumed.

A :class:`Job` calls a pure function by its name. :func:`run` does those that are not done yet at a place, and adds
each to a manifest in the folder of the outputs. The outputs do not depend on the place.
"""

from rnncli.jobs.job import Blob, Counts, Fault, FileState, Job, Outcome, once
from rnncli.jobs.manifest import Manifest
from rnncli.jobs.places import Here, Place, Processes, cluster
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
    "cluster",
    "error_of",
    "failure",
    "once",
    "run",
]
