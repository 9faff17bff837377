"""A pool of processes, a queue, a lock, an event."""

import multiprocessing as mp


def square(x):
    return x * x


def put(queue, lock, event):
    with lock:
        queue.put("from a child")
    event.set()


if __name__ == "__main__":
    with mp.Pool(3) as pool:
        print(sum(pool.map(square, range(50))))
    queue, lock, event = mp.Queue(), mp.Lock(), mp.Event()
    child = mp.Process(target=put, args=(queue, lock, event))
    child.start()
    print(queue.get(timeout=5), event.wait(5))
    child.join(5)
    print(child.exitcode)
