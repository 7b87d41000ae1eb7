"""TLS for a PostgreSQL that was built without it, as the test server is: something in front ends the encryption."""

from __future__ import annotations

import asyncio
import ssl
import struct
import subprocess
from pathlib import Path

from tests.faults.proxy import Proxy

SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)


class NoOpenssl(RuntimeError):
    """There is no ``openssl`` command to make a certificate with."""


def make_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself; return the file with key and certificate.

    Raises:
        NoOpenssl: the command is missing or fails.
    """
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1"]
    try:
        subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoOpenssl(f"openssl made no certificate: {error}") from error
    return certificate


class TlsFront(Proxy):
    """Ends TLS in front of a PostgreSQL and refuses whoever comes without it."""

    def __init__(self, url: str, certificate: Path) -> None:
        super().__init__(url)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self._certificate = certificate
        #: Encrypted connections so far, and those that were refused.
        self.encrypted = 0
        self.refused = 0

    async def start(self) -> str:
        """Listen, and return the address, which demands the certificate."""
        return f"{await super().start()}?sslmode=verify-full&sslrootcert={self._certificate}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                raise ssl.SSLError("not asked for TLS")
            writer.write(b"S")
            await writer.start_tls(self._context)
        except (OSError, asyncio.IncompleteReadError):
            self.refused += 1
            writer.transport.abort()
            return
        self.encrypted += 1
        await super()._accept(reader, writer)
