"""The score, and the signed record: how good the desk was, and the proof that no line of it was edited."""

from starlette.responses import JSONResponse, Response

from agents.quant.forecast_scores import wilson
from integrations.board.drawing import Bin, calibration
from integrations.board.visit import Visit, render
from integrations.track_record import Record, track_record
from memory.thesis import chain_hash

ON_A_PAGE = 120


def page(visit: Visit) -> Response:
    """The track record at a day, with every forecast, open ones too."""
    board = visit.board
    items = board.desk.forecasts.all(visit.moment)
    record = track_record(items, visit.moment, board.desk.settings.desk.seed)
    items.sort(key=lambda item: (item.outcome is not None, item.draft.resolve_by))
    return render(
        visit, "score.html.j2", record=record, picture=_picture(visit, record), forecasts=items[:ON_A_PAGE], total=len(items),
        today=visit.moment.date(), as_of=visit.query.get("as_of", ""),
        parts=[("thesis", record.by_thesis), ("agent", record.by_agent), ("horizon", record.by_horizon)],
    )  # fmt: skip


def record(visit: Visit) -> Response:
    """The head of the chain and how anybody can check it."""
    entries = visit.board.glance.entries()
    head = chain_hash("", "".join(f"{entry.thesis.slug}:{entry.revision.hash}\n" for entry in entries))
    count = sum(entry.revision.n for entry in entries)
    return render(visit, "signed.html.j2", head=head, entries=entries, count=count, at=visit.board.desk.clock())


def record_file(visit: Visit) -> Response:
    """The whole record as one file, for the script that checks it."""
    from integrations.export.record import signed_record

    headers = {"Content-Disposition": 'attachment; filename="stoa-record.json"'}
    return JSONResponse(signed_record(visit.board.desk), headers=headers)


def _picture(visit: Visit, found: Record) -> object:
    bins = []
    for item in found.whole.calibration:
        if item.frequency is not None:
            low, high = wilson(item.yes, item.n)
            bins.append(Bin(item.forecast, item.frequency, low, high, item.n))
    return calibration(bins, visit.say("calibration")) if bins else None
