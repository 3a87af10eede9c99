"""Mixers, one file each: a batch in, a batch out. The record they are made of is in data/mixer.py."""

from __future__ import annotations

from mxtrain.base.registry import Registry
from mxtrain.data.mixer import Mixer

REGISTRY: Registry[Mixer] = Registry("mxtrain.data.mix", "MIXER", "mixer")
