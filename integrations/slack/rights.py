"""Who may talk to the desk, where, and who may approve what. All of it is settings; nothing here asks Slack."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from integrations.settings import SlackSettings


class Refusal(NamedTuple):
    """Why not, as a name under which a person is told once, and as a sentence."""

    name: str
    sentence: str


class Place(NamedTuple):
    """Where something is said."""

    channel: str
    direct: bool = False
    external: bool = False
    """Shared with another organisation."""


def may_talk(settings: "SlackSettings", person: str, place: Place) -> Refusal | None:
    """None when the desk answers; else why it does not."""
    if place.external and not settings.external:
        return Refusal("external", "This channel is shared with another organisation, and the desk does not work in such channels.")
    if place.direct and not settings.direct_messages:
        return Refusal("direct", "The desk answers in its channels only, not in direct messages.")
    if not place.direct and place.channel not in settings.channels:
        return Refusal("channel", "The desk does not work in this channel: ask whoever runs it to add the channel to its settings.")
    if settings.people and person not in settings.people:
        return Refusal("person", "The desk takes questions only from the people on its list: ask whoever runs it to add you.")
    return None


def approvers(settings: "SlackSettings", thesis: str) -> tuple[str, ...]:
    """Who may approve changes to a thesis: everybody whom a pattern that fits it names; no pattern, nobody."""
    found = [person for pattern, people in settings.approvers.items() if fnmatchcase(thesis, pattern) for person in people]
    return tuple(dict.fromkeys(found))
