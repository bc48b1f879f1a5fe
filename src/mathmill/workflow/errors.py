"""Errors that a user can mend: they are printed without a traceback."""


class UserError(Exception):
    """Something outside the code is wrong; the message names the thing and the mend."""


class ConfigError(UserError):
    """A key of the configuration is unknown, of the wrong type or out of range; the message names the key."""
