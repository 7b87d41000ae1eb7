"""`email` against real SMTP servers on the loopback: plain, STARTTLS, implicit TLS, login, refusals."""

import asyncio
import contextlib
import importlib.util
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.listening import listening

from taskflowmq.tasks.errors import InvalidInput, MailRefused, SettingsError
from taskflowmq.tasks.mail import compose, deliver, email
from taskflowmq.tasks.mail_address import Mailbox
from taskflowmq.tasks.settings import SmtpServer

FROM = Mailbox.parse("TaskFlow <jobs@example.org>")


class Inbox:
    """Keeps what arrives; its answers can be set."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.tls: list[bool] = []
        self.rcpt_answer = ""
        self.data_answer = "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if self.rcpt_answer:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        self.mails.append(envelope)
        self.tls.append(
            session.ssl is not None
            or (server.transport is not None and bool(server.transport.get_extra_info("ssl_object")))
        )
        return self.data_answer

    def message(self) -> EmailMessage:
        """The last mail."""
        content = self.mails[-1].original_content
        assert content is not None
        parsed = message_from_bytes(content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@asynccontextmanager
async def smtp_server(inbox: Inbox, *, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    async with listening(lambda: SMTP(inbox, hostname="mail.test", loop=loop, **options), context=implicit) as port:
        yield port


@pytest.fixture
async def inbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inbox]:
    """An inbox that the environment points at, without TLS."""
    box = Inbox()
    async with smtp_server(box, enable_SMTPUTF8=True) as port:
        monkeypatch.setenv("TASKFLOW_SMTP_URL", f"smtp://127.0.0.1:{port}?tls=none")
        monkeypatch.setenv("TASKFLOW_SMTP_FROM", "TaskFlow <jobs@example.org>")
        yield box


async def test_a_mail_arrives(inbox: Inbox) -> None:
    result = await email("Ünal <unal@example.net>", "Grüße, 你好", "Hello\n.\nWörld", "<p>Hallo</p>")
    assert result == {"to": "unal@example.net", "message_id": inbox.message()["message-id"]}
    envelope, message = inbox.mails[0], inbox.message()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("jobs@example.org", ["unal@example.net"])
    assert message["subject"] == "Grüße, 你好"
    assert message["from"] == "TaskFlow <jobs@example.org>"
    assert message["to"].addresses[0].display_name == "Ünal"
    assert message["message-id"].endswith("@example.org>")
    assert message["date"].datetime.tzinfo is not None
    text, html = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == "Hello\n.\nWörld\n"
    assert "<p>Hallo</p>" in html.get_content()


async def test_an_address_beyond_ascii_arrives_where_the_server_can(inbox: Inbox) -> None:
    await email("грета@example.net", "x", "y")
    assert inbox.mails[0].rcpt_tos == ["грета@example.net"]
    async with smtp_server(Inbox(), enable_SMTPUTF8=False) as port:
        with pytest.raises(MailRefused, match="SMTPUTF8"):
            message = compose(FROM, "грета@example.net", "x", "y")
            await deliver(SmtpServer("127.0.0.1", port, "none"), FROM, message)


INJECTIONS = [
    "a@b.test\r\nBcc: c@d.test",
    "a@b.test\nBcc: c@d.test",
    "a@b.test\r",
    "a\x00@b.test",
    "a@b.test\u2028x",
]


@pytest.mark.parametrize("text", INJECTIONS)
async def test_line_breaks_are_refused_in_headers(inbox: Inbox, text: str) -> None:
    with pytest.raises(InvalidInput, match="to: "):
        await email(text, "subject", "body")
    with pytest.raises(InvalidInput, match="subject"):
        await email("a@b.test", text, "body")
    assert inbox.mails == []


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?Invoice=0d=0aReply-To:_evil@x.example=0d=0aContent-Type:_text/html?=",
        "=?utf-8?b?SGkNCkJjYzogZXZpbEB4LmV4YW1wbGU=?=",
        "fine =?utf-8?q?=0a?= fine",
        "=?utf-8?q?=E2=80=A8?=",
        "=?utf-8?q?=00?=",
        "=?us-ascii?q?=0D=0A=0D=0A<h1>body?=",
    ],
)
async def test_what_an_encoded_word_hides_does_not_become_a_header(inbox: Inbox, subject: str) -> None:
    with pytest.raises(InvalidInput, match="subject"):
        await email("a@b.test", subject, "body")
    assert inbox.mails == []


def test_a_library_that_writes_what_was_not_set_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: EmailMessage, **options: Any) -> bytes:
        return b"From: a\r\nSubject: x\r\nReply-To: evil@x.example\r\n\r\nbody"

    monkeypatch.setattr(EmailMessage, "as_bytes", careless)
    with pytest.raises(InvalidInput, match="inject header lines"):
        compose(FROM, "a@b.test", "x", "y")


async def test_a_harmless_encoded_word_arrives_decoded(inbox: Inbox) -> None:
    await email("a@b.test", "=?utf-8?q?caf=C3=A9?= and =?x", "body")
    assert inbox.message()["Subject"] == "café and =?x"


@settings(deadline=None, max_examples=2 * settings().max_examples)
@given(st.text() | st.text(alphabet="=?utf-8bqQ0dDaA_:\r\n @x"))
def test_a_subject_is_one_header_or_refused(subject: str) -> None:
    try:
        message = compose(FROM, "a@b.test", subject, "body")
    except InvalidInput:
        return
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert [name.lower() for name in read] == [name.lower() for name in message]
    assert read.get_content().strip() == "body"  # type: ignore[attr-defined]


@settings(deadline=None)
@given(st.text() | st.text(alphabet=':;@0>,<"\\()[].a '))
def test_an_address_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        Mailbox.parse(text)


BAD_ADDRESSES = [
    ":;@0>;",
    "", " ", "nobody", "@b.test", "a@", "a@b@c.test", "a b@c.test", "a@b..test", "a@-b.test",
    "a@b.test,c@d.test",
    "a@b.test; c@d.test", "friends: a@b.test, c@d.test;", "friends: a@b.test;", "undisclosed:;", "<>",
    "<a@b.test",
    '"a b"@c.test', '"victim@evil.test> x"@c.test', "a@[127.0.0.1]", "=?utf-8?q?a=0d=0aBcc=3a?= <a@b.test>",
    "=?utf-8?q?a=40evil.test=3e?=@b.test",
    "=?utf-8?q?a=E2=80=A8b?= <a@b.test>", "a@b.test (comment\\", "x" * 400 + "@b.test", "x" * 65 + "@b.test",
    "a@" + "b" * 64 + ".test", "(", "a@b.test\ud800",
]  # fmt: skip


@pytest.mark.parametrize("to", BAD_ADDRESSES)
async def test_bad_addresses_are_refused(inbox: Inbox, to: str) -> None:
    with pytest.raises(InvalidInput, match="to: "):
        await email(to, "subject", "body")
    assert inbox.mails == []


@pytest.mark.parametrize("bad", [("x" * 501, "y", None), ("x", "\ud800", None), ("x", "y", "\ud800")])
def test_unusable_texts_are_refused(bad: tuple[str, str, str | None]) -> None:
    with pytest.raises(InvalidInput):
        compose(FROM, "a@b.test", *bad)


def test_a_message_id_can_be_given() -> None:
    assert compose(FROM, "a@b.test", "x", "y", message_id="<1@x.test>")["Message-ID"] == "<1@x.test>"


async def test_a_permanent_refusal_is_final_and_a_temporary_one_not(inbox: Inbox) -> None:
    inbox.rcpt_answer = "550 no such \x1b[31muser"
    with pytest.raises(MailRefused, match="550 no such") as caught:
        await email("a@b.test", "x", "y")
    assert str(caught.value).isprintable()
    inbox.rcpt_answer = "451 later"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await email("a@b.test", "x", "y")
    inbox.rcpt_answer, inbox.data_answer = "", "452 disk full"
    with pytest.raises(aiosmtplib.SMTPDataError):
        await email("a@b.test", "x", "y")
    inbox.data_answer = "554 spam"
    with pytest.raises(MailRefused, match="554 spam"):
        await email("a@b.test", "x", "y")


async def test_a_dead_server_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_SMTP_URL", "smtp://127.0.0.1:1?tls=none")
    monkeypatch.setenv("TASKFLOW_SMTP_FROM", "jobs@example.org")
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await email("a@b.test", "x", "y")


async def test_without_settings_the_error_names_the_variable() -> None:
    with pytest.raises(SettingsError, match="TASKFLOW_SMTP_URL"):
        await email("a@b.test", "x", "y")


def authenticate(server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"user", b"secret")
    return AuthResult(success=good, handled=good)


class TestTls:
    """With a certificate made for the run."""

    message = compose(FROM, "a@b.test", "x", "y")

    async def test_starttls_with_login(self, certificate: Any) -> None:
        box = Inbox()
        options = {
            "tls_context": certificate.server(),
            "require_starttls": True,
            "authenticator": authenticate,
        }
        async with smtp_server(box, **options) as port:
            server = SmtpServer("127.0.0.1", port, "starttls", "user", "secret")
            await deliver(server, FROM, self.message, tls_context=certificate.client())
            assert box.tls == [True]
            wrong = SmtpServer("127.0.0.1", port, "starttls", "user", "canary")
            with pytest.raises(MailRefused, match="535") as caught:
                await deliver(wrong, FROM, self.message, tls_context=certificate.client())
        assert "canary" not in str(caught.value)

    async def test_implicit(self, certificate: Any) -> None:
        box = Inbox()
        async with smtp_server(box, implicit=certificate.server()) as port:
            server = SmtpServer("127.0.0.1", port, "implicit")
            await deliver(server, FROM, self.message, tls_context=certificate.client())
        assert box.tls == [True]

    async def test_an_unknown_certificate_is_refused(self, certificate: Any) -> None:
        box = Inbox()
        async with smtp_server(box, tls_context=certificate.server()) as port:
            with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
                await deliver(SmtpServer("127.0.0.1", port, "starttls"), FROM, self.message)
        assert box.mails == []

    async def test_a_server_without_starttls_gets_no_mail(self) -> None:
        box = Inbox()
        async with smtp_server(box) as port:
            with pytest.raises(aiosmtplib.SMTPException, match="STARTTLS"):
                await deliver(SmtpServer("127.0.0.1", port, "starttls"), FROM, self.message)
        assert box.mails == []


async def test_the_quickstart_sink_writes_eml_files(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / "quickstart" / "smtp_sink.py"
    spec = importlib.util.spec_from_file_location("smtp_sink", path)
    assert spec is not None
    assert spec.loader is not None
    sink = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sink)
    async with sink.MailSink(tmp_path / "mails") as running:
        server = SmtpServer("127.0.0.1", running.port, "none")
        for subject in ("one", "two"):
            await deliver(server, FROM, compose(FROM, "a@b.test", subject, "text"))
    files = sorted((tmp_path / "mails").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert [message_from_bytes(file.read_bytes(), policy=default)["subject"] for file in files] == [
        "one",
        "two",
    ]
