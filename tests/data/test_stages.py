from __future__ import annotations

import threading

import numpy as np

from mxtrain.data.stages import Clock, Spent, Stages, cores

CROP = (("random_resized_crop", {"size": [10, 12]}), ("flip", {}))


def test_jobs_of_all_threads_add_up():
    clock = Clock()

    def work():
        for _ in range(100):
            clock.add(Spent(1, 2, 3, 4), 5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.wait(0.5)
    assert clock.read() == Stages(400, 800, 1200, 1600, 0.5, samples=2000, batches=1)


def test_since():
    early = Stages(1, 2, 3, 4, 5, 6, 7, 8, threads=2, cores=3, encoded=True)
    late = Stages(2, 4, 6, 8, 10, 12, 14, 16, threads=2, cores=3, encoded=True)
    assert late.since(early) == early
    assert late.work == {"read": 2, "decode": 4, "augment": 6, "batch": 8}


def test_there_is_a_core():
    assert cores() >= 1


def test_an_iterator_of_files_times_every_stage(folder, steps, open_source, iterate, drain):
    for threads in (0, 2):
        iterator = iterate(open_source("image_folder", path=str(folder)), steps(*CROP), threads=threads)
        assert iterator.timings()[:8] == (0,) * 8
        batches = drain(iterator)
        found = iterator.timings()
        assert all(seconds > 0 for seconds in (*found.work.values(), found.waited))
        assert (found.samples, found.batches, found.threads, found.encoded) == (15, len(batches), threads, True)
        drain(iterator, 1)
        assert iterator.timings().since(found).samples == 15


def test_an_iterator_of_arrays_decodes_nothing(npz, steps, iterate, drain):
    iterator = iterate(npz(40), steps(("flip", {})))
    drain(iterator)
    found = iterator.timings()
    assert found.decode == 0
    assert min(found.read, found.augment, found.batch) > 0
    assert (found.samples, found.batches, found.encoded) == (40, 10, False)


def test_the_work_on_the_consumers_thread_is_what_it_waits_for(npz, iterate, drain):
    iterator = iterate(npz(40), threads=0)
    drain(iterator)
    found = iterator.timings()
    assert found.waited >= np.sum(list(found.work.values()))
