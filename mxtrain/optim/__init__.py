"""Optimizers: update rules, learning-rate schedules, and the graphs that apply them to arenas.

May import ops, executor, graph and base. rules/ holds one file per update rule, schedules/ one per schedule. Start
with rule.py (the records) and rules/sgd.py; update.py makes graphs of rules, groups.py sorts parameters.
"""

from mxtrain.optim.candidates import Candidates
from mxtrain.optim.duration import Duration, in_steps
from mxtrain.optim.groups import Group, Groups, Multiplier, Parameter, make_groups
from mxtrain.optim.loss_scale import SKIPPED, Guard, add_loss_scale
from mxtrain.optim.rule import Optimizer, Slot, Step
from mxtrain.optim.rules import REGISTRY, get
from mxtrain.optim.update import (
    accumulate_graph,
    scalar_values,
    scalar_writer,
    slots_of,
    storage_of_slots,
    update_graph,
)

__all__ = [
    "REGISTRY", "SKIPPED", "Candidates", "Duration", "Group", "Groups", "Guard", "Multiplier", "Optimizer",
    "Parameter", "Slot", "Step", "accumulate_graph", "add_loss_scale", "get", "in_steps", "make_groups",
    "scalar_values", "scalar_writer", "slots_of", "storage_of_slots", "update_graph",
]  # fmt: skip
