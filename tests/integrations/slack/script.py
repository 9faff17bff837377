"""The scripted conversation: a price, an objection with a quote, an interruption, a proposal, an edit, an approval."""

import threading

from agents.playbook import PlaybookTurn
from tests.integrations.slack.agents import OneByOne
from tests.integrations.slack.conftest import running

NAMES = {"UADA": "Ada Byron", "UBEN": "Ben"}


class Unhurried(OneByOne):
    """The desk's own playbooks; the data analyst takes long enough for a person to break in."""

    def __init__(self):
        self.playbook = PlaybookTurn()
        self.thinking = threading.Event()
        self.go = threading.Event()

    def take(self, task, workbench):
        if task.role == "data-analyst":
            self.thinking.set()
            assert self.go.wait(10)
        return self.playbook.take(task, workbench)


def play(slack, folder):
    """Play it; returns the thread's root, the form that was opened, the question as it was asked, and the book's last entry."""
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("conviction_step = 0.15", "conviction_step = 0.10"), encoding="utf-8")
    agent = Unhurried()
    with running(folder, slack, agent) as desk:
        root = slack.say("UADA", f"<@{slack.bot}> @quant price the SLV 70/90/110 butterfly")
        assert agent.thinking.wait(10)
        slack.until(lambda: any("cannot both hold" in str(post["blocks"]) for post in slack.posts(thread=root)))
        slack.say("UBEN", "architect: SLV has moved since that ticket was written. Propose a revision of the SLV butterfly.", thread=root)
        slack.until(lambda: desk.slack_app._inbox.counts().get("", 0) == 2)
        agent.go.set()
        question = slack.until(lambda: buttons(slack, root), 10)
        asked = {**question, "blocks": list(question["blocks"])}
        slack.click("UADA", question, "approval_edit")
        view = slack.until(lambda: next(iter(slack.workspace.views.values()), None))
        slack.submit("UADA", view, {"conviction": "0.5", "reason": "Above 104 the peak is behind it: half of the step is enough."})
        slack.until(lambda: desk.book.get("slv-butterfly").revision.n == 2)
        slack.until(lambda: "*Approved*" in str(question["blocks"]))
        return root, view, asked, desk.book.get("slv-butterfly")


def buttons(slack, root):
    """The message that waits for a decision."""
    return next((p for p in slack.posts(thread=root) if any(block["type"] == "actions" for block in p.get("blocks") or [])), None)


def transcript(slack, root):
    """Who said what, in order."""
    said = []
    for message in slack.workspace.shown("CDESK", root):
        name = message.get("username") or NAMES.get(message["user"], message["user"])
        texts = [block["text"]["text"] for block in message.get("blocks") or [] if "text" in block] or [message["text"]]
        said.append((name, " | ".join(texts)))
    return said
