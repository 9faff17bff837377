"""Pictures of a conversation for the documentation: Block Kit as a page in Slack's manner, and Chromium's view of it.

``python -m tests.integrations.slack.picture`` plays the script and writes ``docs/images/slack-*.png``.
"""

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integrations.slack.script import NAMES

ROOT = Path(__file__).parents[3]
COLOURS = {"Quant": "#8e4a9e", "Data Analyst": "#2b7a4b", "Architect": "#0b6e99", "Ada Byron": "#b3541e", "Ben": "#5c6670"}
WIDTH = 760
STYLE = """
body { margin: 0; background: #fff; font: 15px/1.47 Lato, 'Noto Color Emoji', 'DejaVu Sans', sans-serif; color: #1d1c1d; width: 760px }
.head { padding: 12px 20px; border-bottom: 1px solid #ddd; font-weight: 900 }
.message { display: flex; gap: 10px; padding: 10px 20px 4px }
.face { width: 36px; height: 36px; border-radius: 6px; color: #fff; font-weight: 900; text-align: center; line-height: 36px; flex: none }
.who b { font-weight: 900 } .who span { color: #616061; font-size: 12px; margin-left: 6px }
.app { background: #e8e8e8; border-radius: 3px; padding: 0 4px; font-size: 10px !important; font-weight: 700; vertical-align: 1px }
h3 { font-size: 18px; margin: 6px 0 4px } p { margin: 2px 0 6px } .small { color: #616061; font-size: 12.5px; margin: 2px 0 }
blockquote { border-left: 4px solid #ddd; margin: 2px 0; padding-left: 12px } code { background: #f4f4f4; border: 1px solid #ddd;
border-radius: 3px; color: #c01343; font-size: 12px; padding: 1px 3px } pre { background: #f8f8f8; border: 1px solid #ddd; padding: 8px }
button { font: 700 13px Lato, sans-serif; padding: 6px 14px; border: 1px solid #bbb; border-radius: 4px; background: #fff; margin-right: 8px }
.primary { background: #007a5a; border-color: #007a5a; color: #fff } .danger { background: #e01e5a; border-color: #e01e5a; color: #fff }
.modal { width: 480px; margin: 24px auto; border: 1px solid #ccc; border-radius: 8px; box-shadow: 0 6px 30px #0003 }
.modal > div { padding: 14px 20px } .field { border: 1px solid #888; border-radius: 4px; padding: 7px 10px; margin: 4px 0 12px }
label { font-weight: 700 } .foot { text-align: right; border-top: 1px solid #ddd } .mention { background: #e8f5fa; color: #1264a3 }
"""


def page(body):
    """A whole page."""
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{body}</body>"


def marks(text):
    """Slack's marks as HTML; the text is escaped by whoever wrote it, as Slack wants it."""
    shown = html.escape(html.unescape(re.sub(r"<@([A-Z0-9]+)>", lambda m: f"@@{NAMES.get(m[1], 'Stoa')}@@", text)))
    shown = re.sub(r"@@(.+?)@@", r'<span class="mention">@\1</span>', shown)
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"<b>\1</b>", shown)
    shown = re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"<i>\1</i>", shown)
    return shown.replace("\n", "<br>")


def block(item):
    """One block."""
    match item["type"]:
        case "header":
            return f"<h3>{html.escape(item['text']['text'])}</h3>"
        case "section":
            return f"<p>{marks(item['text']['text'])}</p>"
        case "context":
            return "".join(f'<p class="small">{marks(element["text"])}</p>' for element in item["elements"])
        case "actions":
            return "<p>" + "".join(f'<button class="{e.get("style", "")}">{e["text"]["text"]}</button>' for e in item["elements"]) + "</p>"
        case _:
            return "<hr>"


def message(item, clock):
    """One message with its face and name."""
    name = item.get("username") or NAMES.get(item["user"], "Stoa")
    inside = "".join(block(part) for part in item.get("blocks") or []) or f"<p>{marks(item['text'])}</p>"
    app = '<span class="app">APP</span>' if item.get("bot_id") else ""
    face = f'<div class="face" style="background:{COLOURS.get(name, "#444")}">{name[0]}</div>'
    return f'<div class="message">{face}<div><div class="who"><b>{name}</b>{app}<span>{clock}</span></div>{inside}</div></div>'


def form(view):
    """A modal as it opens, with what the person then entered."""
    rows = []
    for item in view["blocks"]:
        if item["type"] == "input":
            element = item["element"]
            value = element.get("initial_value") or element.get("initial_option", {}).get("value", "") or "&nbsp;"
            rows.append(f"<label>{html.escape(item['label']['text'])}</label><div class='field'>{value}</div>")
        else:
            rows.append(block(item))
    title, close, submit = (view[name]["text"] for name in ("title", "close", "submit"))
    feet = f'<div class="foot"><button>{close}</button><button class="primary">{submit}</button></div>'
    return f'<div class="modal"><div><h3>{title}</h3></div><div>{"".join(rows)}</div>{feet}</div>'


def screenshot(body, path):
    """Chromium's picture of a page, as high as its content."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        common = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        source.write_text(page(body + "<script>document.title=document.documentElement.scrollHeight</script>"), encoding="utf-8")
        probe = subprocess.run(
            [*common, f"--window-size={WIDTH},100", "--dump-dom", source.as_uri()], capture_output=True, text=True, check=True, timeout=60
        )
        height = int(re.search(r"<title>(\d+)</title>", probe.stdout)[1])
        size = f"--window-size={WIDTH},{height + 12}"
        subprocess.run([*common, size, f"--screenshot={path}", source.as_uri()], capture_output=True, check=True, timeout=60)


def main():
    """Play the script and draw it."""
    from tests.fakes.slack import fake_slack
    from tests.integrations.slack.conftest import make_desk
    from tests.integrations.slack.script import play

    images = ROOT / "docs" / "images"
    with tempfile.TemporaryDirectory() as place, fake_slack(posts_a_second=40) as slack:
        from integrations.desk import Desk

        folder = make_desk(Path(place) / "desk", slack)
        with Desk(folder) as desk:
            desk.library.refresh(lambda _text: None)
            desk.drain_index()
        root, view, asked, _ = play(slack, folder)
        shown = slack.workspace.shown("CDESK", root)
    head = '<div class="head"># desk · Thread</div>'
    before = [item for item in shown if item["ts"] != asked["ts"]]
    screenshot(head + "".join(message(item, "09:41") for item in before), images / "slack-conversation.png")
    screenshot(message(asked, "09:42"), images / "slack-approval.png")
    screenshot(form(view), images / "slack-edit.png")
    after = next(item for item in shown if item["ts"] == asked["ts"])
    screenshot(message(after, "09:42"), images / "slack-approved.png")


if __name__ == "__main__":
    main()
