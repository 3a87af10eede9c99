"""Arrays and the flat plan over them: ParameterStore (store.py), Plan, Block and bind (plan.py), Numbers (numbers.py).

May import ops, passes, graph, backends and base. Start with plan.py.
"""

from mxtrain.executor.numbers import Numbers
from mxtrain.executor.plan import Block, Plan, Step, bind, storage_of, uncapturable, with_steps
from mxtrain.executor.store import Arena, ParameterStore, add_state, make_arena, make_store

__all__ = [
    "Arena", "Block", "Numbers", "ParameterStore", "Plan", "Step", "add_state", "bind", "make_arena", "make_store",
    "storage_of", "uncapturable", "with_steps",
]  # fmt: skip
