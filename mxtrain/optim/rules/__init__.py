"""Update rules, one file each, the record at the foot. Start with sgd.py; the records are in optim/rule.py."""

from mxtrain.base.registry import Registry
from mxtrain.optim.rule import Optimizer

REGISTRY: Registry[Optimizer] = Registry("mxtrain.optim.rules", "OPTIMIZER", "optimizer")
get = REGISTRY.get

__all__ = ["REGISTRY", "get"]
