"""What a person looks at: the summary that `mxtrain check` prints.

May import what lies below train: graph, passes, base. Prints nothing itself.
"""
