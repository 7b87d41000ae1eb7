"""The check by an announced schema: as a validator of JSON Schema, never stricter than the task, bounded (N3, F43)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict
from uuid import UUID

import jsonschema_rs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from taskflowmq import task
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.schema import Schema

names = st.sampled_from(["a", "b", "c", "a/b", "~"])
numbers = st.one_of(st.integers(-5, 5), st.sampled_from([0.5, 2.5, -1.5, 10**20]))
texts = st.text(alphabet="ab\U0001f600", max_size=4)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


def some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


sizes = st.integers(0, 3)
kinds = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
leaves = st.one_of(
    st.booleans(),
    some(type=kinds, enum=st.lists(scalars, min_size=1, max_size=3)),
    some(const=scalars),
    some(type=st.lists(kinds, min_size=1, max_size=3, unique=True)),
    some(type=st.just("string"), minLength=sizes, maxLength=sizes, pattern=st.sampled_from(["^a", "b$", "a|b"])),
    some(minimum=sizes, maximum=sizes, exclusiveMinimum=sizes, exclusiveMaximum=sizes, multipleOf=st.integers(1, 3)),
    st.sampled_from([{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}]),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        some(
            properties=st.dictionaries(names, inner, max_size=3),
            required=st.lists(names, max_size=2, unique=True),
            additionalProperties=inner,
            propertyNames=inner,
            minProperties=sizes,
            maxProperties=sizes,
        ),
        some(items=inner, prefixItems=st.lists(inner, min_size=1, max_size=3), minItems=sizes, maxItems=sizes),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
documents = st.builds(
    lambda body, x, y: {**(body if isinstance(body, dict) else {"allOf": [body]}), "$defs": {"x": x, "y": y}},
    schemas, leaves, leaves,
)  # fmt: skip


def accepts(document: dict[str, Any], value: Any) -> bool:
    try:
        Schema(document).check(value, "/args")
    except InvalidJob:
        return False
    return True


def _refers_to_itself(document: dict[str, Any]) -> bool:
    return any("$ref" in str(one) for one in document["$defs"].values())


@given(documents, values)
def test_it_judges_like_a_validator_of_json_schema(document: dict[str, Any], value: Any) -> None:
    if _refers_to_itself(document):  # x → y → x without end says nothing, and is not written by anybody
        return
    assert accepts(document, value) == jsonschema_rs.Draft202012Validator(document).is_valid(value)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: float = 0.5


class Cat(msgspec.Struct, tag="cat"):
    lives: Annotated[int, Meta(ge=0, le=9)]


class Dog(msgspec.Struct, tag="dog"):
    name: Annotated[str, Meta(min_length=1, max_length=3, pattern="^[a-z]+$")]
    friends: list[Cat | Dog] = []


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Pair(NamedTuple):
    a: int
    b: str = ""


class Order(pydantic.BaseModel):
    count: Annotated[int, pydantic.Field(gt=0)]
    note: str | None = None
    kind: Literal["x", "y"] = "x"
    lines: list[tuple[int, str]] = []


def _json(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(msgspec.to_builtins, kind)


TIMES = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - the zone is drawn

#: Of each type: values that fit, as JSON, beside whatever else.
FITTING: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: texts,
    bool: st.booleans(),
    datetime: _json(TIMES),
    Annotated[datetime, Meta(tz=True)]: _json(TIMES),
    date: _json(st.dates()),
    timedelta: _json(st.timedeltas(timedelta(0), timedelta(days=900))),
    UUID: st.uuids().map(str),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False).map(str),
    bytes: _json(st.binary(max_size=9)),
    Colour: st.sampled_from(["red", "blue"]),
    Point: st.fixed_dictionaries({"x": st.integers()}, optional={"y": numbers, "z": scalars}),
    Cat | Dog: st.one_of(
        st.fixed_dictionaries({"type": st.just("cat"), "lives": st.integers(0, 9)}),
        st.fixed_dictionaries({"type": st.just("dog"), "name": st.sampled_from(["a", "abc"])}),
    ),
    Movie: st.fixed_dictionaries({"title": texts}, optional={"year": st.integers()}),
    Pair: st.tuples(st.integers(), texts).map(list),
    set[int]: st.lists(st.integers(0, 3)),
    tuple[int, str]: st.tuples(st.integers(), texts).map(list),
    dict[str, int]: st.dictionaries(texts, st.integers(), max_size=3),
    int | str | None: st.one_of(st.integers(), texts, st.none()),
    Literal["a", 1, None]: st.sampled_from(["a", 1, None]),
    Annotated[list[int], Meta(min_length=1, max_length=2)]: st.lists(st.integers(), min_size=1, max_size=2),
    Order: st.fixed_dictionaries({"count": st.integers(1)}, optional={"note": texts, "kind": st.just("y")}),
    Order | None: st.one_of(st.none(), st.fixed_dictionaries({"count": st.integers(1)})),
    Any: values,
}


@pytest.mark.parametrize("kind", FITTING, ids=lambda kind: re.sub(r"[^A-Za-z]+", " ", str(kind)).strip())
@settings(max_examples=min(40, settings().max_examples))  # of each kind, and a kind has few shapes
@given(data=st.data())
def test_what_the_task_takes_its_schema_takes(kind: Any, data: st.DataObject) -> None:
    def fn(value: Any) -> None: ...

    fn.__annotations__["value"] = kind
    made = task(fn)
    schema = Schema(msgspec.json.decode(made.args_schema()))
    value = data.draw(st.one_of(FITTING[kind], values))
    try:
        raw = made.job(value).new.args
    except InvalidJob:
        return  # refused by the task; the schema may be wider
    schema.check(msgspec.json.decode(raw), "/args")


def _example(*kinds: Any) -> Schema:
    def fn(value: Any) -> None: ...

    fn.__annotations__["value"] = kinds[0]
    return Schema(msgspec.json.decode(task(fn).args_schema()))


@pytest.mark.parametrize(
    ("kind", "value", "pointer", "says"),
    [
        (int, "5", "/args/value", "must be integer, got string"),
        (int, True, "/args/value", "must be integer, got boolean"),
        (int, 1.0, "/args/value", "must be integer, got number"),
        (int | None, "5", "/args/value", "must be integer or null, got string"),
        (list[int], [1, "x"], "/args/value/1", "must be integer, got string"),
        (Point, {"y": 1}, "/args/value/x", "is missing"),
        (Colour, "green", "/args/value", "must be one of 'blue', 'red', got 'green'"),
        (Colour, "g" * 100, "/args/value", "must be one of 'blue', 'red', got another string"),
        (Cat | Dog, {"type": "cow"}, "/args/value/type", "must be one of 'cat', 'dog'"),
        (Cat | Dog, {"type": "cat", "lives": 10}, "/args/value/lives", "must be at most 9"),
        (Cat | Dog, {"type": "dog", "name": "A"}, "/args/value/name", "must match"),
        (Cat | Dog, {"type": "dog", "name": "abcd"}, "/args/value/name", "must have 1…3 characters, got 4"),
        (Annotated[datetime, Meta(tz=True)], "2026-01-01T00:00:00", "/args/value", "a time with a zone"),
        (date, "yesterday", "/args/value", "must be a date"),
        (UUID, "x", "/args/value", "must be a UUID"),
        (bytes, "x", "/args/value", "must be bytes in base64"),
        (timedelta, "P", "/args/value", "must be a duration"),
        (tuple[int, str], [1], "/args/value", "must have 2…2 items, got 1"),
        (Order, {"count": 0}, "/args/value/count", "must be more than 0"),
    ],
)
def test_what_does_not_fit_is_named(kind: Any, value: Any, pointer: str, says: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        _example(kind).check({"value": value}, "/args")
    (error,) = refused.value.errors
    assert error.pointer == pointer
    assert says in error.detail


def test_names_that_are_wrong_or_missing_are_named() -> None:
    for value, pointer in (({}, "/args/value"), ({"value": 1, "nope": 2}, "/args/nope")):
        with pytest.raises(InvalidJob) as refused:
            _example(int).check(value, "/args")
        assert refused.value.errors[0].pointer == pointer


def _alternatives(depth: int) -> tuple[dict[str, Any], Any]:
    """Two alternatives that both go down before they fail: each level doubles the ways."""
    down = {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]}
    one = {"type": "object", "properties": {"k": down, "z": {"type": "integer"}}, "required": ["k"]}
    value: Any = "end"
    for _ in range(depth):
        value = {"k": value, "z": "no"}
    return {"$defs": {"a": one, "b": one}, "$ref": "#/$defs/a"}, value


def _self_reference() -> tuple[dict[str, Any], Any]:
    return {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, 1


def _long_text_and_a_pattern() -> tuple[dict[str, Any], Any]:
    return {"pattern": "^(a+)+$"}, "a" * 100_000 + "b"


@pytest.mark.parametrize("make", [lambda: _alternatives(60), _self_reference, _long_text_and_a_pattern])
def test_no_schema_makes_a_check_without_end(make: Any) -> None:
    document, value = make()
    began = time.process_time()
    accepts(document, value)
    assert time.process_time() - began < 5


def test_a_large_value_takes_its_time_once() -> None:
    began = time.process_time()
    _example(list[int]).check({"value": [1] * 130_000}, "/args")
    assert time.process_time() - began < 2


@given(values)
def test_any_document_makes_a_schema_or_a_known_error(document: Any) -> None:
    if isinstance(document, dict):
        accepts({"properties": document, "anyOf": [document]}, {"a": 1})
