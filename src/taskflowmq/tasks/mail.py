"""`email`: hand one mail for one recipient to the operator's SMTP server.

What must stay true:

- One job is one recipient. With several, a retry after a partial refusal would mail the others again.
- What goes on the wire is checked, not only what was given: the library decodes encoded words (RFC 2047) in a text
  and may write what was inside them as header lines of their own (CVE-2024-6923).
- TLS is never silently given up: with tls=starttls a server without STARTTLS is an error, certificates are
  checked.
- A 5xx answer (RFC 5321, 4.2.1) is final; everything else may be tried again.
- SMTP cannot say "already sent": after a lost reply a retry sends the mail again. A caller that knows the job
  passes the same `message_id` each time, so that receivers can drop the second copy.
"""

import asyncio
import ssl
from email.errors import MessageError
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, localtime, make_msgid
from typing import Any

import aiosmtplib

from taskflowmq.tasks.errors import InvalidInput, MailRefused
from taskflowmq.tasks.mail_address import Mailbox, has_control
from taskflowmq.tasks.net import default_tls_context
from taskflowmq.tasks.settings import SmtpServer, TaskSettings

MAX_SUBJECT = 500  # characters
_HEADERS = HeaderRegistry()
SEND_TIMEOUT = 60.0  # seconds, from connect to the server's final answer


async def email(to: str, subject: str, body: str, html: str | None = None) -> dict[str, Any]:
    """Send one mail.

    Args:
        to: one address, `user@example.org` or `Name <user@example.org>`.
        subject: one line of text.
        body: the plain text.
        html: the same as HTML, offered as an alternative.

    Returns:
        {"to": the bare address, "message_id": the Message-ID of the mail}

    Raises:
        InvalidInput: an argument cannot be used; a line break in `to` or `subject` among others.
        SettingsError: TASKFLOW_SMTP_URL or TASKFLOW_SMTP_FROM is missing.
        MailRefused: the server refused the mail for good.
        aiosmtplib.SMTPException, OSError, TimeoutError: it did not work this time.
    """
    server, sender = TaskSettings.from_env().require_smtp()
    message = compose(sender, to, subject, body, html)
    await deliver(server, sender, message)
    return {"to": Mailbox.parse(to).address, "message_id": str(message["Message-ID"])}


def compose(
    sender: Mailbox, to: str, subject: str, body: str, html: str | None = None, message_id: str | None = None
) -> EmailMessage:
    """Build the mail.

    Args:
        sender: goes into From.
        to, subject, body, html: as in `email`.
        message_id: `<left@right>`; a new one if None.

    Returns:
        The message with all headers it needs.

    Raises:
        InvalidInput: an argument cannot be used.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender.header()
    message["To"] = _recipient(to).header()
    message["Subject"] = _subject(subject)
    message["Date"] = format_datetime(localtime())
    # The sender's domain, because the default would tell every receiver the name of this machine.
    message["Message-ID"] = message_id or make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps vacation responders quiet
    try:
        message.set_content(body)
        if html is not None:
            message.add_alternative(html, subtype="html")
    except (UnicodeEncodeError, TypeError, AttributeError):
        raise InvalidInput("body and html must be text that can be written as UTF-8.") from None
    _check_wire(message)
    return message


async def deliver(
    server: SmtpServer, sender: Mailbox, message: EmailMessage, *, tls_context: ssl.SSLContext | None = None
) -> None:
    """Hand a mail to the server and wait until it took over the responsibility.

    Args:
        server: where to.
        sender: the envelope's sender.
        message: a mail made by `compose`.
        tls_context: how to check the server; the usual certificate authorities if None.

    Raises:
        MailRefused: the server refused the mail for good.
        aiosmtplib.SMTPException, OSError, TimeoutError: it did not work this time.
    """
    context = None if server.tls == "none" else tls_context or default_tls_context("smtp")
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            await aiosmtplib.send(
                message,
                sender=sender.address,
                hostname=server.host,
                port=server.port,
                # Otherwise the library asks the DNS for this machine's name, and blocks the loop meanwhile.
                local_hostname=sender.domain if sender.domain.isascii() else "localhost",
                username=server.user,
                password=server.password,
                use_tls=server.tls == "implicit",
                start_tls=server.tls == "starttls",
                tls_context=context,
                timeout=SEND_TIMEOUT,
            )
    except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
        _raise_if_permanent(error)
        raise
    except aiosmtplib.SMTPNotSupported:
        raise MailRefused(
            "The mail server cannot carry this address, which is not ASCII (SMTPUTF8). Use an ASCII address."
        ) from None


def _subject(text: str) -> str:
    """Return a subject that is one line, also after encoded words in it are decoded, as mail programs do."""
    shown = str(_HEADERS("subject", text)) if not has_control(text) else text
    if has_control(shown) or max(len(text), len(shown)) > MAX_SUBJECT:
        raise InvalidInput(f"subject must be one line of at most {MAX_SUBJECT} characters, without control characters.")
    return text


def _check_wire(message: EmailMessage) -> None:
    """Refuse a mail whose header, as it will be sent, has other lines than those that were set.

    Both forms are looked at: which of them is sent depends on what the server can carry.
    """
    wanted = [name.lower() for name in message.keys()]  # noqa: SIM118 - iterating a message is iterating its payload
    for policy in (SMTP, SMTPUTF8):
        try:
            header = message.as_bytes(policy=policy).partition(b"\r\n\r\n")[0]
        except (UnicodeError, MessageError, ValueError, IndexError):
            raise InvalidInput("subject or to cannot be written as a mail header. Write plain text.") from None
        lines = header.split(b"\r\n")
        names = [line.partition(b":")[0].decode("ascii", "replace").lower() for line in lines if line[:1] not in b" \t"]
        if names != wanted or any(b"\r" in line or b"\n" in line for line in lines):
            raise InvalidInput("subject or to would inject header lines. Write plain text.")


def _recipient(to: str) -> Mailbox:
    try:
        return Mailbox.parse(to)
    except InvalidInput as error:
        raise InvalidInput(f"to: {error}") from None


def _raise_if_permanent(error: aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused) -> None:
    """Turn a 5xx answer into MailRefused, with the server's own words; cleaned, as they may hold anything."""
    first = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    if 500 <= first.code <= 599:
        words = "".join(char if char.isprintable() else " " for char in first.message)[:200]
        raise MailRefused(
            f"The mail server refused for good: {first.code} {words}. "
            "Correct the address or the server's settings, then redrive the job."
        ) from None
