"""Files of other systems and our own: MXNet's array lists, optimizer states and symbol JSON; one module per format.

May import base, graph and ops. Start with ndarray_list.py (.params) or symbol_json.py. Every reader treats its file as
hostile: nothing is allocated on the word of a header, nothing in a file can run, and every fault is a FormatError.
"""
