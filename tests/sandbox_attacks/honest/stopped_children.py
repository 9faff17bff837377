"""Children that are stopped: while they sleep, while they compute in C, in a pool that is left early, another program, by their own hand."""

import multiprocessing as mp
import os
import signal
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool


def compute(started):
    started.set()
    sum(range(10**15))


def doze(started):
    started.set()
    time.sleep(60)


def ignore(started):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    doze(started)


def end_oneself(started):
    started.set()
    os.kill(os.getpid(), signal.SIGKILL)


def raise_it(started):
    started.set()
    signal.raise_signal(signal.SIGTERM)


def exit_code(target, *stops):
    started = mp.Event()
    child = mp.Process(target=target, args=(started,))
    child.start()
    assert started.wait(10)
    for stop in stops:
        getattr(child, stop)()
    child.join(10)
    return child.exitcode


def prepare(semaphore):
    global begun
    begun = semaphore


def task(seconds):
    begun.release()
    time.sleep(seconds)


if __name__ == "__main__":
    found = [exit_code(target, stop) for target in (doze, compute) for stop in ("terminate", "kill")]
    assert found == [-15, -9, -15, -9], found
    assert exit_code(ignore, "terminate", "kill") == -9
    assert exit_code(end_oneself) == -9
    assert exit_code(raise_it) == -15

    semaphore = mp.Semaphore(0)
    with mp.Pool(2, prepare, (semaphore,)) as pool:
        pool.map_async(task, [60] * 4, chunksize=1)
        assert semaphore.acquire(timeout=10) and semaphore.acquire(timeout=10)
        workers = mp.active_children()
        assert len(workers) == 2
    for worker in workers:
        worker.join(10)
        assert worker.exitcode == -15, worker.exitcode

    with ProcessPoolExecutor(1) as executor:
        worker = executor.submit(os.getpid).result(10)
        executor.submit(os.kill, worker, 0).result(10)
        os.kill(worker, signal.SIGKILL)
        try:
            executor.submit(time.sleep, 60).result(10)
        except BrokenProcessPool as error:
            print(error)

    try:
        subprocess.run(["sleep", "60"], timeout=0.05)
    except subprocess.TimeoutExpired as error:
        print(error.cmd)
    child = subprocess.Popen(["sleep", "60"])
    child.terminate()
    assert child.wait(10) == -15
    try:
        os.kill(child.pid, 0)
    except ProcessLookupError:
        print("gone")
    child = subprocess.Popen("sleep 60 & sleep 60", shell=True, start_new_session=True, stdout=subprocess.PIPE)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.stdout.read() == b""
    assert child.wait(10) == -9
