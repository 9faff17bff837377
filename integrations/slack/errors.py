"""What can go wrong between the desk and Slack.

StoaError
└── SlackSetupError      a token, scope, channel or setting is missing or refused: the message says which
"""

from memory.errors import InputError


class SlackSetupError(InputError):
    """The desk cannot work in Slack until a person mends its set-up."""
