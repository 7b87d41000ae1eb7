"""Bodies for Litestar's routes, decoded by :func:`taskflowmq.server.limits.decode_body` like everywhere else.

Litestar itself converts leniently ("5" would pass for 5) and after a first parse into plain values; as a DTO our
strict decoder takes its place, and the route keeps its types for OpenAPI.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import Any, Generic, TypeVar

from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.dto._backend import DTOBackend
from litestar.openapi.spec import Reference, Schema
from litestar.types.serialization import LitestarEncodableType
from litestar.typing import FieldDefinition

from taskflowmq.server.limits import decode_body

T = TypeVar("T")


class StrictBody(AbstractDTO[T], Generic[T]):
    """Decodes a request body strictly into ``T``."""

    def decode_bytes(self, value: bytes) -> Any:
        """Return the decoded body, or raise the error that names the field."""
        return decode_body(self.model_type, value)

    def decode_builtins(self, value: dict[str, Any]) -> Any:
        """Bodies are bytes here; forms have no route."""
        raise NotImplementedError

    def data_to_encodable_type(self, data: T | Collection[T]) -> LitestarEncodableType:
        """Answers are plain Structs, so there is nothing to turn."""
        raise NotImplementedError

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        """Nothing is transferred field by field."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Nothing is transferred field by field."""
        return False

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: type[DTOBackend] | None = None
    ) -> None:
        """Needs no generated transfer model."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        """Describe the body by its own type."""
        return schema_creator.for_field_definition(FieldDefinition.from_annotation(cls.model_type))
