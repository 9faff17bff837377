"""How a role appears in Slack: its name, and an icon in the form that Slack takes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.role import Role

SHORT_NAMES = {
    "🏛": "classical_building", "📊": "bar_chart", "🧮": "abacus", "🛠": "hammer_and_wrench", "🖼": "frame_with_picture",
    "📈": "chart_with_upwards_trend", "📉": "chart_with_downwards_trend", "🔬": "microscope", "⚖": "scales", "🧠": "brain",
    "🛡": "shield", "🌍": "earth_africa", "💹": "chart", "🗞": "rolled_up_newspaper", "📰": "newspaper", "🔎": "mag_right",
    "🔍": "mag", "🧭": "compass", "🏦": "bank", "🤖": "robot_face",
}  # fmt: skip
"""Slack names its emoji; a role file may also write a name itself, e.g. ":owl:", or the https address of a picture."""


def persona(role: str, roles: "Mapping[str, Role]") -> dict[str, str]:
    """``username`` and icon of a role; one that is not known speaks under the app's own icon."""
    known = roles.get(role)
    if known is None:
        return {"username": role or "Stoa"}
    icon = known.persona.icon.replace("\ufe0f", "").strip()
    if icon.startswith("https://"):
        return {"username": known.persona.name, "icon_url": icon}
    if icon.startswith(":") and icon.endswith(":"):
        return {"username": known.persona.name, "icon_emoji": icon}
    if icon in SHORT_NAMES:
        return {"username": known.persona.name, "icon_emoji": f":{SHORT_NAMES[icon]}:"}
    return {"username": known.persona.name}
