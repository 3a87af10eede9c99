"""The registry of initialisers."""

from mxtrain.base.registry import Registry
from mxtrain.init._initializer import Initializer

REGISTRY: Registry[Initializer] = Registry("mxtrain.init", "INITIALIZER", "initializer")
