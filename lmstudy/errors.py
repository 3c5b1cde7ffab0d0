"""The one exception for whatever a user can put right."""


class StudyError(ValueError):
    """A mistake or a circumstance that the user can act on.

    The message says what is wrong (the key or file and its value), where, and what would be right.
    Commands print it as one line without a traceback and exit with status 1.
    """


KEYS_WANTED = "keys with values are wanted, as in {}.NAME=VALUE"
"""What would be right where something else was given; `{}` is the key."""


def in_yaml(value: object) -> str:
    """A value for a message: null as it is typed."""
    return "null" if value is None else repr(value)
