"""Examples of a task's arguments, declared with it: forms offer them, and they are in the schema that is announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from taskflowmq.client.signature import Signature
from taskflowmq.core.errors import InvalidJob

MAX_EXAMPLES = 10
#: Of all of them: they travel with the schema, to every program that reads it.
MAX_BYTES = 16 * 1024


def check_examples(given: Sequence[Mapping[str, Any]], signature: Signature) -> tuple[dict[str, Any], ...]:
    """Return examples as they are announced.

    Raises:
        InvalidJob: one of them does not fit the function, or they are too many or too large.
    """
    if isinstance(given, str | bytes | Mapping) or len(given) > MAX_EXAMPLES:
        raise InvalidJob.at("/examples", f"must be a list of at most {MAX_EXAMPLES} objects with arguments by name")
    encoded = []
    for at, example in enumerate(given):
        try:
            encoded.append(signature.encode_named(example))
        except InvalidJob as error:
            raise InvalidJob.at(f"/examples/{at}", f"of {signature.label} does not fit: {error.detail}") from error
    if sum(map(len, encoded)) > MAX_BYTES:
        raise InvalidJob.at("/examples", f"of {signature.label} have more than {MAX_BYTES} bytes together")
    return tuple(msgspec.json.decode(raw) for raw in encoded)
