"""Eight threads."""

from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda x: x * x, range(100))))
