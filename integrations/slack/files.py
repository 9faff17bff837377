"""Files that people drop into a channel, into the desk's sources."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from integrations.desk import Desk
    from integrations.settings import SlackSettings

HOSTS = ("slack.com", "slack-edge.com", "slack-files.com", "slack-gov.com")
"""Who may be shown the bot's token; any other address is not fetched."""


class Taken(NamedTuple):
    """What came of the files of one message."""

    paths: list[Path]
    left_out: list[str]


async def download(files: list[dict[str, Any]], folder: Path, token: str, settings: "SlackSettings") -> Taken:
    """Fetch files into a folder, whole or not at all; a name seen before is not fetched again."""
    import aiohttp

    taken = Taken([], [])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        for file in files:
            path = folder / f"{file['id']}-{_safe(str(file.get('name') or 'file'))}"
            problem = _problem(file, settings)
            if not problem and not path.exists():
                problem = await _fetch(session, str(file["url_private_download"]), token, path, settings.max_file_mb)
            if problem:
                taken.left_out.append(f"{file.get('name', 'a file')}: {problem}")
            else:
                taken.paths.append(path)
    return taken


def _problem(file: dict[str, Any], settings: "SlackSettings") -> str:
    if file.get("size", 0) > settings.max_file_mb * 2**20:
        return f"it is larger than {settings.max_file_mb:g} MB"
    if "url_private_download" not in file:
        return "Slack gives no address for it"
    place = urlsplit(str(file["url_private_download"]))
    own = urlsplit(settings.api_url)
    host = place.hostname or ""
    if (place.scheme, place.netloc) == (own.scheme, own.netloc):
        return ""
    if place.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in HOSTS):
        return ""
    return f"it lies at {host}, which is not Slack"


async def _fetch(session: Any, url: str, token: str, path: Path, max_mb: float) -> str:
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}, allow_redirects=False) as answer:
        if answer.status != 200:
            return f"Slack answered {answer.status}: does the app have the scope files:read?"
        content = await answer.content.read(int(max_mb * 2**20) + 1)
        while len(content) <= max_mb * 2**20 and (more := await answer.content.read(2**20)):
            content += more
    if len(content) > max_mb * 2**20:
        return f"it is larger than {max_mb:g} MB"
    _keep(path, content)
    return ""


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _safe(name: str) -> str:
    return re.sub(r"[^\w.\- ]+", "_", name).strip(". ")[-80:] or "file"


def ingest(desk: "Desk", paths: list[Path], person: str) -> list[str]:
    """Take files into memory with the person as their author; returns what was left out and why."""
    from memory.intake import Intake, all_reasons

    report = Intake(desk.store, desk.folder).add(paths, author=person)
    desk.drain_index()
    return all_reasons(report.skipped)
