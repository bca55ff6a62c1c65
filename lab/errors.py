"""What can go wrong in the lab. Every message names the value and the remedy."""


class LabError(Exception):
    """Base of this package's errors; the command line prints its text and exits 1."""


class ExperimentError(LabError):
    """An experiment's file that says what cannot be done."""


class StorageError(LabError):
    """A folder that holds another experiment, or whose files are damaged."""


class BisectError(LabError):
    """Two variants between which no culprit can be looked for."""


class ClusterError(LabError):
    """A Dask cluster that is not there or cannot run this project's guests."""
