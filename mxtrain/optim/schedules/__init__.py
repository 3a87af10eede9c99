"""Learning-rate schedules, one file each: pure functions of the number of updates, as MXNet 1.9.1's lr_scheduler.

The record they are made of, and the warmup that all share, are in _schedule.py.
"""

from mxtrain.base.registry import Registry
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup, learning_rate

REGISTRY: Registry[Schedule] = Registry("mxtrain.optim.schedules", "SCHEDULE", "learning-rate schedule")
get = REGISTRY.get

__all__ = ["REGISTRY", "Schedule", "Span", "Warmup", "get", "learning_rate"]
