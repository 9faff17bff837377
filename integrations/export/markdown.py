"""The book as Markdown."""

from integrations.export.contents import REVISIONS, Chapter, Contents, quotes, score_sentence

_ESCAPED = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#"})


def as_markdown(book: Contents) -> str:
    """One document: the table of the book, then a chapter a thesis."""
    day = f"{book.as_of:%Y-%m-%d}"
    lines = [
        f"# {_plain(book.desk)}: the book on {day}", "",
        f"{len(book.chapters)} theses, {book.revisions} revisions. {score_sentence(book.record)}", "",
        f"Signed record: `{book.head}`", "", "| thesis | stance | conviction | status |", "|---|---|---:|---|",
    ]  # fmt: skip
    for chapter in book.chapters:
        thesis = chapter.entry.thesis
        name = f"{_plain(thesis.title)} {_plain(thesis.title_zh)}".strip()
        lines.append(f"| [{name}](#{thesis.slug}) | {thesis.stance.value} | {thesis.conviction:.2f} | {thesis.status.value} |")
    for chapter in book.chapters:
        lines += _chapter(chapter)
    return "\n".join(lines).rstrip() + "\n"


def _chapter(chapter: Chapter) -> list[str]:
    thesis = chapter.entry.thesis
    lines = [
        "",
        f'<a id="{thesis.slug}"></a>',
        f"## {_plain(thesis.title)} {_plain(thesis.title_zh)}".rstrip(),
        "",
        _plain(thesis.claim),
        "",
    ]
    lines.append(f"{thesis.stance.value}, conviction {thesis.conviction:.2f}, {thesis.status.value}, revision {chapter.entry.revision.n}.")
    tests = [(item, "falsifier") for item in thesis.falsifiers] + [(item, "signal") for item in thesis.signals]
    if tests:
        lines += ["", *[f"- {kind} **{rule.name}**: {_plain(rule.text)} `{rule.rule}`" for rule, kind in tests]]
    for position in thesis.positions:
        size = f", {position.nav_pct:g} % of NAV" if position.nav_pct else ""
        lines += ["", f"Position **{position.name}** ({position.state}{size}): {_plain(position.text or position.exit_rule)}"]
    for place, quote in quotes(chapter):
        lines += ["", f"> {_plain(' '.join(quote.split()))}", f"> ({_plain(place)})"]
    if chapter.forecasts:
        lines.append("")
        for item in chapter.forecasts:
            said = f"{item.draft.probability:.0%}" if item.draft.probability is not None else "quantiles"
            lines.append(f"- {_plain(item.draft.text)} {said}, due {item.draft.resolve_by}: {item.outcome or 'open'}")
    lines.append("")
    lines += [
        f"- r{item.revision.n}, {item.effective_at:%Y-%m-%d}, {_plain(item.revision.author)}: {_plain(item.revision.rationale)}"
        for item in chapter.history[:REVISIONS]
    ]
    return lines


def _plain(text: str) -> str:
    """Words that Markdown takes as words."""
    return " ".join(text.split()).translate(_ESCAPED)
