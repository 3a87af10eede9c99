"""The side of a timing process: it has a step, and takes some each time that it is told to. Any Python 3 has this."""

import json
import resource
import sys
import time

WARM_UP = 2


def serve(step):
    """Answer lines on stdin, a number of seconds and a number of steps each: take so many steps, or for so long if that
    is more, and print their seconds and the peak resident memory as one JSON line."""
    for _ in range(WARM_UP):
        step()
    say({"ready": True})
    for line in sys.stdin:
        seconds, least = line.split()
        times, begun = [], time.perf_counter()
        while len(times) < int(least) or time.perf_counter() - begun < float(seconds):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        say({"seconds": times})


def say(answer):
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
