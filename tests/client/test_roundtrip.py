"""What is accepted arrives as it was given: values that JSON would change on their way are refused, by name."""

from __future__ import annotations

import dataclasses
import enum
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import numpy as np
import pytest
from pydantic import AliasChoices, BaseModel, Field, PrivateAttr, SecretStr, field_serializer

from taskflowmq import InvalidJob, TaskFlow
from taskflowmq.client.codec import encode


class Login(BaseModel):
    user: str
    password: SecretStr


class Hidden(BaseModel):
    a: int
    token: str = Field(default="none", exclude=True)


class Animal(BaseModel):
    name: str


class Dog(Animal):
    breed: str


class Owner(BaseModel):
    pet: Animal


class Rounded(BaseModel):
    value: float

    @field_serializer("value")
    def _short(self, value: float) -> float:
        return round(value, 1)


class Renamed(BaseModel):
    value: int = Field(serialization_alias="v", validation_alias=AliasChoices("w", "value"))


class Open(BaseModel, extra="allow"):
    value: int


class Cached(BaseModel):
    value: int
    _client: object = PrivateAttr(default_factory=object)


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Point3(Point):
    z: int = 0


@dataclasses.dataclass
class Counted:
    x: int
    total: int = dataclasses.field(default=0, init=False)


class Place(msgspec.Struct, rename="camel", tag=True):
    first_name: str
    house_no: int = 1


class Keys(TypedDict):
    a: int


class Pair(NamedTuple):
    a: int
    b: Point


class Colour(enum.Enum):
    RED = "red"


def task(kind: Any) -> Any:
    def given(value: Any) -> None: ...

    given.__annotations__["value"] = kind
    return TaskFlow("sqlite:///unused.db").task(name="given")(given)


def counted() -> Counted:
    made = Counted(1)
    made.total = 7
    return made


@pytest.mark.parametrize(
    ("kind", "value", "pointer"),
    [
        (Login, Login(user="u", password=SecretStr("s3cret")), "/args/value"),
        (Any, Login(user="u", password=SecretStr("s3cret")), "/args/value"),
        (list[Login], [Login(user="u", password=SecretStr("s3cret"))], "/args/value/0"),
        (Hidden, Hidden(a=1, token="t0ken"), "/args/value"),
        (Rounded, Rounded(value=1.25), "/args/value"),
        (Open, Open.model_validate({"value": 1, "at": datetime(2026, 1, 2, tzinfo=UTC)}), "/args/value"),
        (Renamed, Renamed(value=1), "/args/value"),
        (Owner, Owner(pet=Dog(name="rex", breed="lab")), "/args/value"),
        (Animal, Dog(name="rex", breed="lab"), "/args/value"),
        (list[Animal], [Animal(name="a"), Dog(name="rex", breed="lab")], "/args/value/1"),
        (Point, Point3(1, 2, 3), "/args/value"),
        (dict[str, Point], {"p": Point3(1, 2, 3)}, "/args/value/p"),
        (Pair, Pair(1, Point3(1, 2, 3)), "/args/value/1"),
        (Keys, {"a": 1, "b": 2}, "/args/value/b"),
        (Point, {"x": 1, "u/v": 2}, "/args/value/u~1v"),
        (list[Place], [{"type": "Place", "firstName": "a", "x": 1}], "/args/value/0/x"),
    ],
)
def test_a_value_that_would_arrive_changed_is_refused(kind: Any, value: Any, pointer: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        task(kind).job(value)
    assert [one.pointer for one in caught.value.errors] == [pointer]
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value)


NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Login, {"user": "u", "password": "typed by a caller of REST"}),
        (Animal, {"name": "rex", "breed": "a model of pydantic ignores what it does not know"}),
        (Hidden, Hidden(a=1)),
        (Cached, Cached(value=1)),
        (Open, Open.model_validate({"value": 1, "more": [1, {"a": "b"}]})),
        (Owner, Owner(pet=Animal(name="a"))),
        (Counted, counted()),
        (Point, Point(1)),
        (Point, {"x": 1}),
        (Place, Place("a")),
        (Place, {"type": "Place", "firstName": "a", "houseNo": 2}),
        (Pair, Pair(1, Point(1))),
        (Keys, {"a": 1}),
        (Any, Point(1)),
        (dict[str, Any], {"p": Point(1)}),
        (tuple[int, ...], [1, 2]),
        (set[int], {1, 2}),
        (Colour, Colour.RED),
        (Colour, "red"),
        (str, Colour.RED),
        (UUID, "00000000-0000-4000-8000-000000000001"),
        (datetime, NOW),
        (date, NOW.date()),
        (timedelta, timedelta(days=1, microseconds=1)),
        (Decimal, Decimal("1.10")),
        (bytes, b"\x00\xff"),
        (float, 1),
        (Path, Path("/a/b")),
        (list[Path], [Path("a")]),
        (np.int64, np.int64(3)),
        (np.float32, np.float32(0.1)),
        (dict[int, Point], {1: Point(1)}),
    ],
)
def test_what_arrives_as_it_was_given_is_accepted(kind: Any, value: Any) -> None:
    made = task(kind)
    [arrived] = made.decode(made.job(value).new.args).values()
    if type(arrived) is type(value) and kind not in (Cached, dict[str, Any]):
        assert arrived == value


class Text(str):
    __slots__ = ()


class Stamp(datetime):
    pass


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        ([np.int64(1), {"a": np.float32(0.5)}], [1, {"a": 0.5}]),
        (Path("a") / "b", "a/b"),
        (Text("x"), "x"),
        (Stamp(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ],
)
def test_common_types_that_msgspec_does_not_know_have_a_form(value: Any, plain: Any) -> None:
    assert msgspec.json.decode(encode(value, "/args")) == plain


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (np.arange(3), "array.tolist()"),
        (np.datetime64("2026-01-01"), "a datetime"),
        (object(), "app.codec(object, encode=…, decode=…)"),
        (Path("\udcff"), "lone surrogate"),
        (1j, "app.codec(complex"),
    ],
)
def test_what_has_no_form_says_what_to_do(value: Any, advice: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        encode(value, "/args")
    assert advice in str(caught.value)


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("equality is the type's own business")

    __hash__ = None  # type: ignore[assignment]


class Lossy(Money):
    pass


def test_a_program_gives_its_types_a_form() -> None:
    app = TaskFlow("sqlite:///unused.db")
    with pytest.raises(TypeError, match=r"app\.codec\(Money"):
        app.task(name="early")(lambda_of(Money))
    app.codec(Money, encode=lambda money: f"{money.cents} ct", decode=lambda text: Money(int(text.split()[0])))
    pay = app.task(name="pay")(lambda_of(Money))
    stored = pay.job(Money(250)).new.args
    assert stored == b'{"value":"250 ct"}'
    assert pay.decode(stored)["value"].cents == 250
    assert pay.decode_result(b'"7 ct"').cents == 7
    assert msgspec.json.decode(pay.args_schema())["properties"]["value"] == {"title": "Money"}
    with pytest.raises(InvalidJob) as caught:
        pay.job("x")
    assert caught.value.errors[0].pointer == "/args/value"


def test_a_codec_that_loses_something_is_noticed() -> None:
    app = TaskFlow("sqlite:///unused.db")
    app.codec(Lossy, encode=lambda money: money.cents, decode=lambda cents: Lossy(cents // 100 * 100))
    made = app.task(name="lossy")(lambda_of(Lossy))
    made.job(Lossy(200))
    with pytest.raises(InvalidJob, match="would arrive changed"):
        made.job(Lossy(250))


def test_a_type_has_one_form() -> None:
    class Own:
        pass

    app = TaskFlow("sqlite:///unused.db")

    def decode(value: Any) -> Own:
        return Own()

    app.codec(Own, encode=str, decode=decode)
    app.codec(Own, encode=str, decode=decode)
    with pytest.raises(ValueError, match="another codec"):
        app.codec(Own, encode=repr, decode=decode)
    for known in (int, Point, datetime):
        with pytest.raises(TypeError, match="has a JSON form"):
            app.codec(known, encode=str, decode=str)
    with pytest.raises(TypeError, match="for a class"):
        app.codec("Own", encode=str, decode=decode)  # type: ignore[arg-type]


def lambda_of(kind: type) -> Any:
    def fn(value: Any) -> Any: ...

    fn.__annotations__.update(value=kind)
    fn.__annotations__["return"] = kind
    return fn


@pytest.mark.parametrize("kind", [complex, np.ndarray, list[object | complex], dict[str, type]])
def test_a_result_type_without_a_form_is_refused_at_declaration(kind: Any) -> None:
    with pytest.raises(TypeError, match="the result has"):
        TaskFlow("sqlite:///unused.db").task(name="x")(returning(kind))


def returning(kind: Any) -> Any:
    def fn() -> Any: ...

    fn.__annotations__["return"] = kind
    return fn


def test_a_result_that_would_change_is_not_stored() -> None:
    with pytest.raises(InvalidJob, match="password"):
        encode(Login(user="u", password=SecretStr("s3cret")), "/result")


def test_nested_objects_allow_no_unknown_keys_in_the_schema() -> None:
    schema = msgspec.json.decode(task(dict[str, Point]).args_schema())
    assert schema["$defs"]["Point"]["additionalProperties"] is False
