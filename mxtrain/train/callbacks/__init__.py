"""Callbacks, one file each: a function of a train.events.Event that tells somebody. They read; they change nothing.

May import base and train.events; progress.py alone outside cli/ may import rich.
"""
