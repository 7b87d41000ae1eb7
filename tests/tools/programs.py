"""Small shell scripts in the place of programs, so that a test says what a program answers."""

from __future__ import annotations

from pathlib import Path


def program(path: Path, body: str = "") -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
