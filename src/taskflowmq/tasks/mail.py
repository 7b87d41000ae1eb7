"""`email`: hand one mail for one recipient to the operator's SMTP server.

What must stay true:

- One job is one recipient. With several, a retry after a partial refusal would mail the others again.
- TLS is never silently given up: with tls=starttls a server without STARTTLS is an error, certificates are
  checked.
- A 5xx answer (RFC 5321, 4.2.1) is final; everything else may be tried again.
- SMTP cannot say "already sent": after a lost reply a retry sends the mail again. A caller that knows the job
  passes the same `message_id` each time, so that receivers can drop the second copy.
"""

import asyncio
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Any

import aiosmtplib

from taskflowmq.tasks.errors import InvalidInput, MailRefused
from taskflowmq.tasks.mail_address import Mailbox, has_control
from taskflowmq.tasks.net import default_tls_context
from taskflowmq.tasks.settings import SmtpServer, TaskSettings

MAX_SUBJECT = 500  # characters
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
    if has_control(subject) or len(subject) > MAX_SUBJECT:
        raise InvalidInput(f"subject must be one line of at most {MAX_SUBJECT} characters, without control characters.")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender.header()
    message["To"] = _recipient(to).header()
    message["Subject"] = subject
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
