"""Writes a run's report and charts into ``reports/RUN``; the same run writes the same files again."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.report.charts import draw, save
from integrations.report.fonts import FAMILY, subset_data_uri
from integrations.report.sparkline import conviction_steps
from integrations.run_view import run_view
from memory.book import Entry
from memory.records import Kind
from orchestrator.brief import brief_of

if TYPE_CHECKING:
    from integrations.desk import Desk


class HtmlReporter:
    """Fulfils the orchestrator's ``Reporter``."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def publish(self, run_id: str, as_of: datetime) -> dict[str, Any]:
        """Draw the charts, then the page; the page comes last and whole, so that it never points at what is not there."""
        folder = self._desk.folder / "reports" / run_id
        findings = [record.data for record in self._desk.store.find(run_id=run_id, kinds=[Kind.FINDING])]
        charts = [item for item in findings if item["kind"] == "chart"]
        drawn: dict[str, list[dict[str, str]]] = {}
        names: set[str] = set()
        for item in charts:
            name = f"{item['thesis']}-{item['data']['name']}"
            if name in names:
                continue
            names.add(name)
            data = {"as_of": as_of.date().isoformat(), **item["data"]}
            svg = save(draw(data), folder / "charts" / name)
            drawn.setdefault(item["thesis"], []).append({"svg": _inline(svg, name), "title": data["title"]})
        convictions = self._convictions(run_id, folder, as_of)
        page = self._page(run_id, as_of, findings, drawn, convictions)
        partial = folder / "report.html.partial"
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(page, encoding="utf-8")
        partial.replace(folder / "report.html")
        return {"report": str(folder / "report.html"), "charts": sorted(names)}

    def _convictions(self, run_id: str, folder: Path, as_of: datetime) -> dict[str, str]:
        found = {}
        for entry in self._desk.book.theses(as_of):
            slug = entry.thesis.slug
            history = [item for item in self._desk.book.history(slug) if item.effective_at <= as_of]
            if len(history) < 2 or not any(item.revision.run_id == run_id for item in history):
                continue
            points = [(item.effective_at.date(), item.thesis.conviction) for item in history]
            svg = conviction_steps(f"{entry.thesis.title}: conviction", points, as_of.date())
            path = folder / "charts" / f"{slug}-conviction.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            found[slug] = svg
        return found

    def _page(
        self, run_id: str, as_of: datetime, findings: list[dict[str, Any]], drawn: dict[str, list[dict[str, str]]],
        convictions: dict[str, str],
    ) -> str:  # fmt: skip
        from jinja2 import Environment, PackageLoader

        desk = self._desk
        environment = Environment(
            loader=PackageLoader("integrations.report", "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        view = run_view(desk, run_id)
        entries = desk.book.theses(as_of)
        touched = {finding["thesis"] for finding in findings}
        revised = {item["thesis"] for item in view["revisions"]}
        ordered = sorted(entries, key=lambda entry: _rank(entry, revised, touched))
        page = environment.get_template("report.html.j2").render(
            view=view, desk=desk.settings.desk.name, as_of=as_of.date().isoformat(), model=desk.model_name,
            brief=brief_of(desk.store, run_id), entries=ordered, touched=touched, findings=findings, drawn=drawn,
            convictions=convictions, posts=[record.data for record in desk.store.find(run_id=run_id, kinds=[Kind.MESSAGE])],
            roles=desk.roles, revisions={item["thesis"]: item for item in view["revisions"]},
            synthetic=sorted(name for name, info in desk.market.series().items() if info.synthetic), family=FAMILY,
        )  # fmt: skip
        return page.replace("@@FONT@@", subset_data_uri(page))


def _rank(entry: Entry, revised: set[str], touched: set[str]) -> tuple[int, str]:
    thesis = entry.thesis
    first = 0 if thesis.status == "challenged" else 1 if thesis.slug in revised else 2 if thesis.slug in touched else 3
    return first, thesis.slug


def _inline(svg: str, name: str) -> str:
    """An SVG for use inside a page: its ids made its own, since several charts share the page."""
    prefix = name.replace(".", "-")
    return svg.replace('id="', f'id="{prefix}-').replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
