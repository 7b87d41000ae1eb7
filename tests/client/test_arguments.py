"""What may be an argument, and that a wrong one is named before anything is stored."""

from __future__ import annotations

import dataclasses
import enum
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest

from taskflowmq import Context, InvalidJob, task
from taskflowmq.client import codec


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@dataclasses.dataclass
class Item:
    sku: str
    count: int = 1
    since: datetime | None = None
    parts: list[Item] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    at: datetime
    note: Any = None


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    id: UUID
    pair: tuple[int, str]
    when: datetime


class Money(msgspec.Struct):
    amount: Decimal
    currency: str = "EUR"


class Point(NamedTuple):
    x: int
    y: int


class Address(TypedDict):
    city: str


class Order(pydantic.BaseModel):
    id: int
    items: list[Item] = []
    at: datetime | None = None


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SAMPLES: list[tuple[Any, Any]] = [
    (int, 2**70),
    (float, 1.5),
    (float, 3),
    (bool, True),
    (str, "grüße 🎉"),
    (bytes, b"\x00\xff"),
    (Decimal, Decimal("10.50")),
    (datetime, NOON),
    (date, date(2026, 1, 2)),
    (time, time(12, 30)),
    (timedelta, timedelta(days=2, seconds=1.5)),
    (UUID, UUID(int=7)),
    (Size, Size.LARGE),
    (Literal["a", "b"], "b"),
    (str | None, None),
    (int | str, "x"),
    (list[int], [1, 2]),
    (set[str], {"a"}),
    (frozenset[int], frozenset({1})),
    (tuple[int, str], (1, "a")),
    (dict[str, list[Size]], {"k": [Size.SMALL]}),
    (dict[int, str], {1: "a"}),
    (Item, Item("a", 2, NOON, [Item("b")])),
    (Money, Money(Decimal("1.10"))),
    (Point, Point(1, 2)),
    (Address, {"city": "Köln"}),
    (Order, Order(id=1, items=[Item("a")], at=NOON)),
    (list[Order] | None, [Order(id=2)]),
    (Slotted, Slotted(NOON)),
    (Strict, Strict(id=UUID(int=7), pair=(1, "a"), when=NOON)),
    (Annotated[int, msgspec.Meta(ge=0)], 3),
    (Any, {"a": [1, None, "x"]}),
    (object, [1]),
]


@pytest.mark.parametrize(("kind", "value"), SAMPLES, ids=lambda one: getattr(one, "__name__", str(one))[:20])
def test_a_value_reaches_the_worker_as_its_declared_type(kind: Any, value: Any) -> None:
    def fn(x): ...  # type: ignore[no-untyped-def]

    fn.__annotations__["x"] = kind
    made = task(name="one")(fn)
    assert made.decode(made.job(value).new.args) == {"x": value}


def test_a_result_comes_back_as_the_annotated_type() -> None:
    @task
    def total(x: int) -> Money: ...  # type: ignore[empty-body]

    assert total.decode_result(total.encode_result(Money(Decimal("3.30")))) == Money(Decimal("3.30"))
    assert total.decode_result(b'{"unexpected": 1}') == {"unexpected": 1}


def test_defaults_are_left_to_the_function() -> None:
    @task
    def fn(a: int, b: list[int] = [1], *, c: Item | None = None) -> None: ...  # noqa: B006

    new = fn.job(1).new
    assert new.args == b'{"a":1}'
    assert fn.decode(new.args) == {"a": 1}
    assert fn.decode(fn.job(1, [2], c=Item("x")).new.args) == {"a": 1, "b": [2], "c": Item("x")}


def test_a_newer_programs_extra_argument_is_ignored_by_an_older_worker() -> None:
    @task
    def fn(a: int) -> None: ...

    assert fn.decode(b'{"a":1,"added_later":true}') == {"a": 1}


@task
def send(ctx: Context, to: str, item: Item | None = None, order: Order | None = None, anything: Any = None) -> None: ...


def refuse(*args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(InvalidJob) as caught:
        send.job(*args, **kwargs)
    (error,) = caught.value.errors
    assert error.pointer.removeprefix("/").replace("/", ".") in str(caught.value)
    return error.pointer, error.detail


@pytest.mark.parametrize(
    ("args", "kwargs", "pointer", "detail"),
    [
        ((1,), {}, "/args/to", "Expected `str`"),
        ((), {}, "/args/to", "is missing"),
        (("a",), {"too": 1}, "/args/too", "is not an argument of this task; it has: to, item"),
        (("a",), {"to": "b"}, "/args/to", "given twice"),
        (("a", None, None, None, None), {}, "/args", "takes 4 positional"),
        (("a", Item(1)), {}, "/args/item/sku", "Expected `str`"),  # type: ignore[arg-type]
        (("a", Item("x", parts=[Item("y", "z")])), {}, "/args/item/parts/0/count", "Expected `int`"),  # type: ignore[arg-type]
        (("a", {"count": 1}), {}, "/args/item/sku", "is missing"),
        (("a", Item("x", since=NOON.replace(tzinfo=None))), {}, "/args/item/since", "time zone"),
        (("a",), {"order": {"id": "seven"}}, "/args/order/id", "valid integer"),
        (("a",), {"order": Order(id=1, at=NOON.replace(tzinfo=None))}, "/args/order/at", "time zone"),
        (("a",), {"anything": float("nan")}, "/args/anything", "not a JSON number"),
        (("a",), {"anything": {"x": [1, float("inf")]}}, "/args/anything/x/1", "not a JSON number"),
        (("a\x00b",), {}, "/args/to", "NUL"),
        (("\ud800",), {}, "/args/to", "surrogate"),
        (("a",), {"anything": {"\ud800": 1}}, "/args/anything", "surrogate"),
        (("a",), {"\ud800": 1}, "/args/?", "is not an argument"),
        (("a",), {"anything": {"\ud800": {"x": object()}}}, "/args/anything/?/x", "no JSON form"),
        (("a",), {"anything": {"a/b~": object()}}, "/args/anything/a~1b~0", "no JSON form"),
        (("a",), {"anything": {"$taskflow": 1}}, "/args/anything/$taskflow", "reserved"),
        (("x" * 10_000_000,), {}, "/args", "bytes of JSON"),
    ],
)
def test_a_wrong_argument_is_named(args: Any, kwargs: Any, pointer: str, detail: str) -> None:
    where, what = refuse(*args, **kwargs)
    assert (where, detail in what) == (pointer, True), what


def test_a_slotted_dataclass_is_looked_into() -> None:
    @task
    def fn(x: Slotted) -> None: ...

    with pytest.raises(InvalidJob, match=r"args\.x\.at: .* no time zone"):
        fn.job(Slotted(NOON.replace(tzinfo=None)))
    with pytest.raises(InvalidJob, match=r"args\.x\.note: holds a lone surrogate"):
        fn.job(Slotted(NOON, "\ud800"))


def test_ready_made_json_that_is_no_utf8_is_refused_here() -> None:
    @task
    def fn(x: Any) -> None: ...

    with pytest.raises(InvalidJob, match=r"cannot be stored as JSON: .*utf-8") as refused:
        fn.job(msgspec.Raw(b'"\xff"'))
    assert refused.value.errors[0].pointer == "/args"


def test_limits_of_a_type_are_checked() -> None:
    @task
    def fn(x: Annotated[int, msgspec.Meta(ge=0)]) -> None: ...

    with pytest.raises(InvalidJob, match=r"args\.x: Expected `int` >= 0"):
        fn.job(-1)


def test_too_deep_or_endless_nesting_is_refused() -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    assert "deeper than 64" in refuse("a", anything=deep)[1]
    endless: list[Any] = []
    endless.append(endless)
    assert "deeper" in refuse("a", anything=endless)[1]


def test_everything_wrong_with_the_names_is_said_at_once() -> None:
    with pytest.raises(InvalidJob) as caught:
        send.job("a", foo=1, bar=2)  # type: ignore[call-arg]
    assert [error.pointer for error in caught.value.errors] == ["/args/bar", "/args/foo"]


def test_the_schema_describes_the_arguments() -> None:
    schema = msgspec.json.decode(send.args_schema())
    assert schema["required"] == ["to"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {"to", "item", "order", "anything"}
    assert "Item" in schema["$defs"]


def test_the_schema_is_titled_with_the_name_of_the_task() -> None:
    @task(name="mail.send")
    def send_it(to: str) -> None: ...

    assert msgspec.json.decode(send_it.args_schema())["title"] == "mail.send"


class Odd:
    pass


def two_models(x: Item | Order) -> None: ...
def odd(x: Odd) -> None: ...
def star(*args: int) -> None: ...
def stars(**kwargs: int) -> None: ...
def positional(x: int, /) -> None: ...
def late_context(x: int, ctx: Context) -> None: ...
def unresolved(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def method(self: Any, x: int) -> None: ...


@pytest.mark.parametrize(
    ("fn", "why"),
    [
        (two_models, "'x' has a type that cannot be stored"),
        (odd, "has no JSON form"),
        (star, r"takes \*args"),
        (stars, r"takes \*\*kwargs"),
        (positional, "positional-only"),
        (late_context, "must be the first parameter"),
        (unresolved, "'Nowhere' cannot be resolved"),
        (method, "is a method"),
    ],
)
def test_a_function_that_no_job_can_call_is_refused_when_declared(fn: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        task(fn)


def test_a_result_of_megabytes_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut to text; a walk over two million parts would stop the worker's loop for a second."""

    @task
    def fn() -> None: ...

    def walked(value: Any, pointer: str) -> None:
        raise AssertionError("it was walked")

    monkeypatch.setattr(codec, "check_storable", walked)
    assert len(fn.encode_result([None] * 2_000_000)) > 8_000_000
    with pytest.raises(AssertionError, match="walked"):
        fn.encode_result([None])


def test_a_model_s_own_error_is_the_cause() -> None:
    @task
    def fn(m: Strict) -> None: ...

    with pytest.raises(InvalidJob) as refused:
        fn.job({"count": "x"})  # type: ignore[arg-type]
    assert isinstance(refused.value.__cause__, pydantic.ValidationError)


@pytest.mark.parametrize("raw", [b'{"x":"\xff"}', b'{"x":' + b"[" * 5_000, b"", b"{"])
def test_stored_arguments_that_are_no_json_are_invalid_and_nothing_else(raw: bytes) -> None:
    @task
    def fn(x: Any) -> None: ...

    with pytest.raises(InvalidJob):
        fn.decode(raw)
