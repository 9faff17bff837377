"""Commands on forecasts and the score."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from integrations.cli.common import (
    HERE,
    AsOfOption,
    DeskOption,
    JsonOption,
    console,
    emit,
    moment,
    open_desk,
    show_table,
)

if TYPE_CHECKING:
    from integrations.track_record import Record
    from memory.forecasts import Registered

app = typer.Typer(no_args_is_help=True)
ENOUGH = 10
"""Resolved forecasts from which on a number is given."""


def _row(item: "Registered") -> dict[str, Any]:
    return {
        "id": item.id, "thesis": item.thesis, **item.draft.model_dump(mode="json"), "registered_at": item.registered_at.isoformat(),
        "outcome": item.outcome or "open", "resolved_at": item.resolved_at.isoformat() if item.resolved_at else None,
        "evidence": item.evidence,
    }  # fmt: skip


@app.command("list")
def list_forecasts(as_of: AsOfOption = "", desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Every forecast, by the day it is due."""
    with open_desk(desk) as opened:
        rows = [_row(item) for item in opened.forecasts.all(moment(opened, as_of) if as_of else None)]
    if as_json:
        emit({"forecasts": rows})
    else:
        show_table(["id", "thesis", "forecast", "p", "due", "outcome"],
                   [[r["id"], r["thesis"], r["text"], r["probability"], r["resolve_by"], r["outcome"]] for r in rows])  # fmt: skip


@app.command()
def add(
    thesis: Annotated[str, typer.Option(help="The thesis it belongs to.")],
    name: Annotated[str, typer.Option(help="A short name of its own.")],
    text: Annotated[str, typer.Option(help="What is forecast, so that anybody could decide it.")],
    probability: Annotated[float, typer.Option(min=0.01, max=0.99)],
    resolve_by: Annotated[str, typer.Option(help="The day it is decided, e.g. 2026-12-31.")],
    rule: Annotated[str, typer.Option(help="The rule that decides it: yes when true.")] = "",
    base_rate: Annotated[float | None, typer.Option(min=0.01, max=0.99)] = None,
    market: Annotated[float | None, typer.Option(min=0.01, max=0.99)] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Register a forecast before the fact."""
    from pydantic import ValidationError

    from memory.book import first_problem
    from memory.errors import InputError
    from memory.forecasts import day_of
    from memory.rules import check, parse
    from memory.thesis import ForecastDraft

    with open_desk(desk) as opened:
        opened.book.get(thesis)
        if rule:
            check(parse(rule), opened.market.series())
        try:
            draft = ForecastDraft(
                name=name,
                text=text,
                probability=probability,
                resolve_by=day_of(resolve_by),
                rule=rule,
                base_rate=base_rate,
                market=market,
            )
        except ValidationError as error:
            raise InputError(f"this forecast is not whole: {first_problem(error)}") from error
        new = opened.forecasts.register(thesis, draft, opened.clock())
    if as_json:
        emit({"id": new})
    else:
        console().print(f"{new} registered.")


@app.command()
def resolve(
    forecast: Annotated[str, typer.Argument(help="An id; without one, all that are due are decided by their rules.")] = "",
    outcome: Annotated[str, typer.Option(help="yes, no, ambiguous or annulled: a person's decision.")] = "",
    why: Annotated[str, typer.Option(help="What it rests on.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Resolve forecasts: by rule, or one by hand with the reason."""
    from memory.errors import InputError

    with open_desk(desk) as opened:
        if forecast:
            if outcome not in {"yes", "no", "ambiguous", "annulled"} or not why.strip():
                raise InputError("give --outcome yes, no, ambiguous or annulled, and --why")
            opened.forecasts.resolve(forecast, outcome, [{"by": "person", "why": why}], opened.clock())  # type: ignore[arg-type]
            rows = [{"id": forecast, "outcome": outcome, "reason": why}]
        else:
            from integrations.terminal import SilentChannel
            from orchestrator.brief import resolve_due

            opened.market.refresh(opened.clock())
            rows = resolve_due(opened.context(SilentChannel()), "forecast-resolve", opened.as_of())
    if as_json:
        emit({"resolved": rows})
    else:
        show_table(["id", "outcome", "reason"], [[row["id"], row["outcome"], row["reason"]] for row in rows])


def score(as_of: AsOfOption = "", desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """How good the forecasts were: Brier, skill, calibration, by thesis, agent and horizon; no percentage under ten."""
    from integrations.track_record import as_document, track_record

    with open_desk(desk) as opened:
        when = moment(opened, as_of)
        record = track_record(opened.forecasts.all(when), when, opened.settings.desk.seed)
    if as_json:
        emit(as_document(record))
    else:
        _show_record(record)


def _show_record(record: "Record") -> None:
    out, whole = console(), record.whole
    out.print(
        f"{whole.n} resolved, worth {record.effective_n:.1f} independent ones; {whole.open} open, {whole.overdue} of them overdue; "
        f"{whole.ambiguous} ambiguous, {whole.annulled} annulled."
    )
    if record.too_few:
        out.print(f"Fewer than {ENOUGH} are resolved: too few to say how good they were.")
    else:
        out.print(f"Brier {_share(whole.brier, whole.brier_interval)}; skill against base rates "
                  f"{_share(whole.skill_vs_base_rate, whole.skill_vs_base_rate_interval)}, against the market "
                  f"{_share(whole.skill_vs_market, whole.skill_vs_market_interval)}. {whole.note}", markup=False)  # fmt: skip
    if whole.calibration:
        show_table(["said", "came true", "of", "Wilson 95 %"],
                   [[f"{b.forecast:.2f}", _share(b.frequency, None), b.n, _span(b.interval)]
                    for b in whole.calibration], right=(0, 1, 2))  # fmt: skip
    for name, groups in (("thesis", record.by_thesis), ("agent", record.by_agent), ("horizon", record.by_horizon)):
        if groups:
            show_table([name, "resolved", "open", "ambiguous", "Brier"],
                       [[key, s.n, s.open, s.ambiguous, _share(s.brier if s.n >= ENOUGH else None, None)] for key, s in groups.items()],
                       right=(1, 2, 3, 4))  # fmt: skip


def _share(value: float | None, interval: "tuple[float, float] | None") -> str:
    if value is None:
        return "too few to say"
    return f"{value:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _span(interval: "tuple[float, float] | None") -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ""
