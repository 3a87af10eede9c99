"""Exit codes: what a shell script, or a restart policy, can rely on."""

from __future__ import annotations

import signal

from mxtrain.base import errors

CODES: dict[type[errors.MXTrainError], int] = {
    errors.UsageError: 2,
    errors.ConfigError: 2,
    errors.DataError: 3,
    errors.EnvironmentFault: 4,
    errors.NumericError: 5,
    errors.GuardFailed: 6,
    errors.RunBusy: 7,
    errors.OutOfSpace: 8,
    errors.CheckpointError: 9,
    errors.DistributedError: 10,
}

MEANINGS = {
    0: "done",
    1: "a bug of mxtrain, or a callback that raised; checkpoints are kept",
    2: "usage or configuration",
    3: "data error (data that is missing, too), or some input rejected",
    4: "environment: no device, out of memory, a run that is missing, a path that is not writable",
    5: "a loss or gradient that is not finite",
    6: "a guard (--require) failed",
    7: "the run directory is busy",
    8: "out of disk space",
    9: "checkpoint error; nothing is lost",
    10: "distributed failure after retries",
    130: "interrupted (SIGINT), after a checkpoint",
    143: "terminated (SIGTERM), after a checkpoint",
}


def code_of(error: errors.MXTrainError) -> int:
    """The exit code of an error: that of its nearest class in the table."""
    if isinstance(error, errors.Interrupted):
        return 128 + int(error.signal or signal.SIGINT)
    return next((CODES[c] for c in type(error).__mro__ if c in CODES), 1)
