"""The errors a user can cause, one class per exit code. Only cli/ maps classes to codes.

A message says where, what must be, what came, and what to do about it. Anything that is not an MXTrainError is a bug
and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class MXTrainError(Exception):
    """Base of every error that is not a bug."""


class UsageError(MXTrainError):
    """A command line that cannot be carried out."""


class ConfigError(MXTrainError):
    """A configuration that cannot be used. Holds every problem found, not only the first.

    Args:
        problems: one text per problem, each ``file:line:column: what is wrong; what was expected``.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ShapeError(ConfigError):
    """A node whose inputs do not fit: names the node, the argument, what was expected and what came."""


class DataError(MXTrainError):
    """Input data that is damaged, missing or not what the configuration says."""


class FormatError(DataError):
    """A file that is not what it should be: names the file, the offset, what was expected and what came."""


class EnvironmentFault(MXTrainError):  # noqa: N818 - a state of the machine, not of the program
    """The machine lacks something: memory, a path, a permission."""


class BackendUnavailable(EnvironmentFault):
    """A device or library that was asked for is not there."""


class NumericError(MXTrainError):
    """A loss or gradient that is not finite."""


class GuardFailed(MXTrainError):  # noqa: N818 - reads as the sentence it is
    """A condition given by ``--require`` does not hold."""


class RunBusy(MXTrainError):  # noqa: N818 - reads as the sentence it is
    """Another process works in this run directory."""


class OutOfSpace(MXTrainError):  # noqa: N818 - reads as the sentence it is
    """The disk is full."""


class CheckpointError(MXTrainError):
    """No checkpoint that verifies, or one that cannot be written. Nothing that was there is lost."""


class DistributedError(MXTrainError):
    """Workers that cannot go on after the retries allowed."""


class Interrupted(MXTrainError):  # noqa: N818 - a request that was followed, not a failure
    """The run was asked to stop by a signal, and has saved what it had.

    Args:
        signal: number of the signal.
    """

    def __init__(self, signal: int, message: str) -> None:
        super().__init__(message)
        self.signal = signal
