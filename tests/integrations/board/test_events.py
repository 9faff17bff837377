"""What open pages are told: only what changed, from where they stood, whatever goes wrong with a look."""

import asyncio

from integrations.board.events import Now, Ticker
from memory.glance import Pulse

FIRST = Pulse("1", "7", "0.0", "1.None.3")


def told(ticker, since, count):
    async def read():
        found = []
        async for text in ticker.events(since):
            found.append(text)
            if len(found) > count:
                return found[1:]
        return found

    return asyncio.run(asyncio.wait_for(read(), 5))


def test_a_page_is_told_what_changed_since_it_was_made():
    ticker = Ticker(lambda: FIRST._replace(book="2"), Now())
    since = "~".join([*FIRST, "0"])
    (event,) = told(ticker, since, 1)
    assert "event: book\n" in event
    assert f"id: {ticker.mark}" in event


def test_a_page_that_says_nonsense_is_told_to_read_everything_again():
    events = told(Ticker(lambda: FIRST, Now()), "nonsense", 5)
    assert [text.split("event: ")[1].split("\n")[0] for text in events] == ["book", "channel", "approvals", "runs", "working"]


def test_a_look_that_fails_does_not_end_the_live_pages():
    looks = iter([FIRST, OSError("the disk went away"), FIRST._replace(channel="8")])

    def look():
        found = next(looks, FIRST._replace(channel="8"))
        if isinstance(found, OSError):
            raise found
        return found

    async def run():
        ticker = Ticker(look, Now())
        running = asyncio.create_task(ticker.run())
        events = ticker.events(ticker.mark)
        await anext(events)
        event = await asyncio.wait_for(anext(events), 5)
        running.cancel()
        return event

    assert "event: channel\n" in asyncio.run(run())


def test_work_of_this_process_is_shown_and_cleared_by_its_post():
    now = Now()
    before = now.turn
    now.progress("reading", 0.2)
    assert (now.working.text, now.working.share) == ("reading", 0.2)
    now.drafting("k", "thread", "quant", "The butterfly")
    assert (now.working.role, now.working.draft) == ("quant", "The butterfly")
    now.done()
    assert not any(now.working[:1] + now.working[2:])
    assert now.turn == before + 3
