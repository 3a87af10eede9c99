"""mxtrain: a command-line deep-learning trainer driven by YAML files.

The folders are the architecture, from the bottom up; each opens with what it is and what it may import:

    base -> graph | backends | engine | config -> ops | passes -> executor -> symbol | ndarray
         -> formats | optim | init | metrics | data | kvstore -> train | report -> cli

YAML -> Symbol (described, untyped) -> Graph (typed, immutable) -> Plan (flat list of prepared calls) -> run.
"""

__version__ = "0.1.0"
