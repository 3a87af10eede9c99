"""Training: the loop, the feeder, callbacks, and what makes a run durable (layer 8; may import all below).

Start with checkpoint_io (the protocol that a kill or a power cut cannot break), then run_directory.
"""
