"""What is forgotten of the traffic with Slack, and what must stay so that nothing is shown or asked twice."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.slack_inbox import SlackInbox
    from memory.slack_outbox import SlackOutbox

log = logging.getLogger("stoa.slack")


def tidy(desk: "Desk", inbox: "SlackInbox", outbox: "SlackOutbox") -> int:
    """Forget handled events and sent posts by the setting; returns how many rows went."""
    age = timedelta(days=desk.settings.slack.keep_days)
    gone = inbox.prune(age) + outbox.prune(age, _spared(desk, outbox))
    if gone:
        log.info("forgot %d events and posts older than %d days", gone, age.days)
    return gone


def _spared(desk: "Desk", outbox: "SlackOutbox") -> list[str]:
    """Keys by which the views know what Slack shows already: of open questions, and of the runs that are looked at."""
    open_ = [f"approval:{item.id}" for item in desk.journal.approvals(status="pending")]
    open_ += [f"permission:{item.id}" for item in desk.permission_requests.requests("pending")]
    return open_ + [key for thread in outbox.parents() for key in (thread.parent_key, f"{thread.thread_id}:chart:")]
