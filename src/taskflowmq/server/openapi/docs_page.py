"""A page to read the API on, made from the OpenAPI document: no script, no other host, works offline."""

from __future__ import annotations

import html
from functools import cache
from importlib import resources
from itertools import groupby
from string import Template
from typing import Any

import msgspec

from taskflowmq.server.openapi.examples import EXAMPLES

_METHODS = ("get", "post", "put", "patch", "delete")


@cache
def static(name: str) -> str:
    """Return the text of a file that ships beside this module."""
    return resources.files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def render(document: dict[str, Any], base: str, openapi_path: str) -> str:
    """Return the page as HTML.

    Args:
        document: what it shows.
        base: the path prefix of the server.
        openapi_path: where the document itself is, without the prefix.
    """
    operations = sorted(_operations(document), key=lambda one: (one[0], one[2], one[1]))
    groups = [(tag, list(group)) for tag, group in groupby(operations, key=lambda one: one[0])]
    sections = "".join(
        f'<h2 id="tag-{_text(tag)}">{_text(tag)}</h2>' + "".join(_operation(*one[1:]) for one in group)
        for tag, group in groups
    )
    return Template(static("docs.html")).substitute(
        title=_text(f"{document['info']['title']} API {document['info']['version']}"),
        intro=_text(document["info"].get("description", "")),
        base=_text(base),
        openapi=_text(base + openapi_path),
        contents="".join(f'<a href="#tag-{_text(tag)}">{_text(tag)}</a>' for tag, _ in groups),
        sections=sections,
    )


def _operations(document: dict[str, Any]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (operation["tags"][0], method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    example = EXAMPLES[name]
    request = "" if example.request is None else f"<h4>Request</h4>{_code(example.request)}"
    return Template(static("operation.html")).substitute(
        name=_text(name),
        method=_text(method.upper()),
        path=_text(path),
        summary=_text(operation.get("summary", "")),
        description=_text(operation.get("description", "")),
        parameters=_parameters(operation.get("parameters", [])),
        request=request,
        status=example.status,
        response="<p>No body.</p>" if example.response is None else _code(example.response),
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{_text(one['name'])}</code></td><td>{_text(one['in'])}</td>"
        f"<td>{_text(one.get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>{rows}</table>"


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()
    return f"<pre>{_text(text)}</pre>"


def _text(value: str) -> str:
    return html.escape(value)
