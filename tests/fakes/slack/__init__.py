"""A Slack on loopback: Web API, Socket Mode with ack tracking, limits, faults, and people who write and click."""

from tests.fakes.slack.server import FakeSlack, fake_slack, post_signed

__all__ = ["FakeSlack", "fake_slack", "post_signed"]
