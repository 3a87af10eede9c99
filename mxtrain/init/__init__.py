"""Initialisers: how a parameter begins. One file each, its record at the foot.

May import config and base. Start with _initializer.py (the records: Initializer, and the Stream it draws from);
_default.py says which parameter gets which initialiser, _section.py what a config file may say about it.
"""

from mxtrain.init._default import Rule, choose, initial_value
from mxtrain.init._initializer import Initializer, Stream
from mxtrain.init._registry import REGISTRY
from mxtrain.init._section import SECTION, Pattern, rule_of, with_patterns

get = REGISTRY.get

__all__ = [
    "REGISTRY", "SECTION", "Initializer", "Pattern", "Rule", "Stream", "choose", "get", "initial_value", "rule_of",
    "with_patterns",
]  # fmt: skip
