"""Errors of the built-in tasks, in one place.

    Exception
    ├── PermanentFailure          trying again cannot help: the job is discarded
    │   ├── InvalidInput          an argument of the job (also a ValueError)
    │   ├── SettingsError         the operator's configuration is missing or malformed
    │   ├── AddressRefused        the http task was asked for an address it must not reach
    │   └── MailRefused           the mail server answered "never" (5xx)
    └── HTTPCallError             no usable answer came: may be tried again
        └── HTTPCallFailed        an answer came, with a status that is not a success

Each message says what happened, why, and what to do next. None holds a secret: no password, no path or query
of a URL, no header value, no body. Messages are stored with the job and shown to all who may read it.
"""


class PermanentFailure(Exception):
    """The job failed for a reason that a retry cannot cure."""


class InvalidInput(PermanentFailure, ValueError):
    """An argument of the job is unusable; the message names it."""


class SettingsError(PermanentFailure):
    """A TASKFLOW_… variable is missing or malformed; the message names it."""


class AddressRefused(PermanentFailure):
    """The URL leads to an address, or uses a scheme, that the http task must not use."""


class MailRefused(PermanentFailure):
    """The mail server refused the mail for good (SMTP 5xx)."""


class HTTPCallError(Exception):
    """No complete answer came from the other side."""


class HTTPCallFailed(HTTPCallError):
    """The other side answered with a status that is not a success.

    Attributes:
        status: the HTTP status code.
        retry_after: seconds that the other side asked to wait (RFC 9110, 10.2.3), or None.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
