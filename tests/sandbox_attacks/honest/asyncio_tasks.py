"""Tasks that wait for each other."""

import asyncio


async def work(n):
    await asyncio.sleep(0.01)
    return n


async def main():
    print(sum(await asyncio.gather(*(work(n) for n in range(20)))))


asyncio.run(main())
