"""One mail address, read from text that may come from a stranger.

What must stay true: a `Mailbox` holds no character that could end a header line or an SMTP command, and
stands for exactly one recipient. Quoted local parts and address literals are legal but refused: mail programs
disagree on how to read them, and that is how mail for one domain ends up at another.
"""

import re
from dataclasses import dataclass
from email.errors import NonASCIILocalPartDefect
from email.headerregistry import Address, HeaderRegistry
from typing import Any

from taskflowmq.tasks.errors import InvalidInput

MAX_LENGTH = 320  # RFC 3696 erratum 1690 allows 254 for the address; the rest is room for a display name

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]]{1,64}\Z")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\Z")
_HEADERS = HeaderRegistry()


def has_control(text: str) -> bool:
    """Whether a text holds a character that may end a line or a record somewhere (CR, LF, NUL, U+2028 …)."""
    return _CONTROL.search(text) is not None


@dataclass(frozen=True)
class Mailbox:
    """One checked mail address.

    Attributes:
        address: the bare address, `user@example.org`.
        display_name: the name before it, or "".
    """

    address: str
    display_name: str = ""

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read `user@example.org` or `Name <user@example.org>`.

        Args:
            text: the address as written.

        Returns:
            The address, taken apart.

        Raises:
            InvalidInput: the text is not a single address, or holds line breaks or other control characters.
        """
        if not text.strip() or len(text) > MAX_LENGTH:
            raise InvalidInput(f"the address must be a text of 1 to {MAX_LENGTH} characters, user@example.org.")
        if has_control(text):
            raise InvalidInput("the address holds a line break or control character. Write user@example.org.")
        found = _single(text)
        # An encoded word (=?utf-8?q?=0d=0a?=) is decoded by the parser, so the result is looked at again.
        if has_control(found.display_name) or not _LOCAL.match(found.username) or not _DOMAIN.match(found.domain):
            raise InvalidInput("the address has an unusable part. Write it as user@example.org.")
        return cls(f"{found.username}@{found.domain}", found.display_name)

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]

    def header(self) -> Address:
        """The address as a value for a From or To header."""
        return Address(self.display_name, *self.address.rsplit("@", 1))


def _single(text: str) -> Address:
    """Parse a text that must hold one address and nothing else."""
    try:
        header: Any = _HEADERS("to", text)
    except Exception:  # noqa: BLE001 - the parser of the standard library stumbles over malformed input in many ways
        raise InvalidInput("the address is malformed. Write it as user@example.org.") from None
    # Letters beyond ASCII before the @ are fine since RFC 6531; the server decides whether it can carry them.
    defects = [defect for defect in header.defects if not isinstance(defect, NonASCIILocalPartDefect)]
    if defects or len(header.addresses) != 1 or header.groups[0].display_name is not None:
        raise InvalidInput("this is not one valid address. Write user@example.org, and one job per recipient.")
    found: Address = header.addresses[0]
    return found
