"""What every other package stands on: errors, tensor types, devices, declared parameters, registry, random streams.

Imports nothing of mxtrain outside this folder. Start with types.py.
"""
