"""YAML in, checked records out: trees of plain values that know where each was written. No deep learning in here.

The way: load.py (a file, what it extends, the overrides) -> tree.py (data and positions) -> fill.py (checked against a
declared schema, every problem at once). Beside it: component.py (sections that choose a component by name), hints.py
(what other tools call a key), schema.py (JSON Schema for editors), dump.py (back to YAML).

Imports base only, and is the only package that imports yaml. Start with tree.py.
"""
