"""A program's own network, joined to ours by a link that can lose an address or go down: needs root."""

from __future__ import annotations

import os
import subprocess


class Link:
    """A network namespace with a pair of devices; addresses 10.255.<n>.1 (here) and 10.255.<n>.2 (there)."""

    def __init__(self) -> None:
        number = os.getpid() % 65_536
        self.name = f"tf{number}"
        self._device = f"tf{number}a"
        self._peer = f"tf{number}b"
        self._net = f"10.{200 + number // 256 % 50}.{number % 256}"
        #: Where programs in the namespace reach us.
        self.here = f"{self._net}.1"
        #: What starts a program in the namespace.
        self.prefix = ("ip", "netns", "exec", self.name)

    def make(self) -> None:
        """Make it.

        Raises:
            PermissionError: this user or this machine does not allow it.
        """
        try:
            _ip("netns", "add", self.name)
            _ip("link", "add", self._device, "type", "veth", "peer", "name", self._peer, "netns", self.name)
            _ip("addr", "add", f"{self.here}/24", "dev", self._device)
            _ip("link", "set", self._device, "up")
            for device in ("lo", self._peer):
                self._there("link", "set", device, "up")
            self._there("addr", "add", f"{self._net}.2/24", "dev", self._peer)
        except (OSError, subprocess.CalledProcessError) as error:
            self.remove()
            raise PermissionError(f"no network of its own: {error}") from error

    def move(self) -> None:
        """Give the other side another address: connections of the old one are dead, and nobody tells either end."""
        # In this order: a second address of the same network goes with the first one.
        self._there("addr", "del", f"{self._net}.2/24", "dev", self._peer)
        self._there("addr", "add", f"{self._net}.3/24", "dev", self._peer)

    def remove(self) -> None:
        """Take it away, with the programs' connections."""
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._device], check=False, capture_output=True)

    def _there(self, *arguments: str) -> None:
        _ip("-n", self.name, *arguments)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
