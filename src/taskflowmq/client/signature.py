"""How a call of a function becomes stored arguments, and stored arguments a call.

A msgspec Struct is built from the function's signature. It validates and converts in C, straight from JSON,
and gives the JSON Schema. What must stay true:

* The check at the enqueue is the decoding that the worker will do, by the same decoder, so what is accepted
  here cannot be refused there by the same version of the task.
* Unknown arguments are an error at the enqueue and ignored at decoding: during a rolling deploy an older
  worker meets jobs of a newer program.
* Defaults are not stored: a job that leaves an argument out means "the default", also after it changed. A
  missing field is UNSET in the Struct, which msgspec neither checks nor writes.
"""

from __future__ import annotations

import heapq
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec import inspect as typeinfo

from taskflowmq.client import codec, codecs
from taskflowmq.client.roundtrip import find_changed
from taskflowmq.client.shapes import is_pydantic
from taskflowmq.core.directives import Directive
from taskflowmq.core.errors import MAX_ERRORS, FieldError, InvalidJob
from taskflowmq.core.validation import MAX_ARGS_BYTES, escape_step, join_pointer
from taskflowmq.ports.context import Context

ARGS = "/args"
_REFUSED = {
    inspect.Parameter.VAR_POSITIONAL: "*{}: arguments of a job are stored by name, so declare a list instead",
    inspect.Parameter.VAR_KEYWORD: "**{}: unknown names are refused as mistakes, so declare a dict instead",
    inspect.Parameter.POSITIONAL_ONLY: "{}, which is positional-only: arguments of a job are stored by name",
}


class Signature:
    """The arguments and the result of one function.

    Raises:
        TypeError: the function has parameters that a job cannot have, or a type that JSON cannot hold.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.label = fn.__qualname__
        self._fn = fn
        parameters = list(inspect.signature(fn).parameters.values())
        hints = _hints(fn)
        self.wants_context = bool(parameters) and _is_context(parameters[0], hints)
        if self.wants_context:
            if parameters[0].kind not in (
                inspect.Parameter.POSITIONAL_ONLY,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
            ):
                raise TypeError(f"{self.label}: the Context must be an ordinary first parameter")
            parameters = parameters[1:]
        self.defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
        self._check_parameters(parameters, hints)
        self._names = tuple(p.name for p in parameters)
        self._known = frozenset(self._names)
        self._required = self._known - self.defaults.keys()
        self._positional = tuple(p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY)
        self._all_positional = len(self._positional) == len(self._names)
        # ``object`` means the same as Any, but msgspec would search a class to build.
        self._types = {p.name: Any if hints.get(p.name, object) is object else hints[p.name] for p in parameters}
        self._struct = self._build(UNSET)
        self._decoder = self._make_decoder()
        self._naive_possible = _may_hold_datetime(self._types.values())
        self._lossy = tuple(name for name, kind in self._types.items() if not _is_plain(kind))
        self._result = _result_decoder(hints.get("return", Any), self.label)

    def _check_parameters(self, parameters: list[inspect.Parameter], hints: dict[str, Any]) -> None:
        for index, parameter in enumerate(parameters):
            if parameter.kind in _REFUSED:
                raise TypeError(f"{self.label} takes {_REFUSED[parameter.kind].format(parameter.name)}")
            if index == 0 and parameter.name in ("self", "cls"):
                raise TypeError(f"{self.label} is a method: a task is a plain function, outside of a class")
            if _is_context(parameter, hints):
                raise TypeError(f"{self.label}: the Context must be the first parameter, not {parameter.name!r}")

    def _build(self, missing: Any) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, Any] | tuple[str, Any]] = [
            (name, kind, missing) if name in self.defaults else (name, kind) for name, kind in self._types.items()
        ]
        return msgspec.defstruct(self._fn.__name__, fields, kw_only=True, module=self._fn.__module__)

    def _make_decoder(self) -> msgspec.json.Decoder[Any]:
        for name, kind in self._types.items():
            _check_type(kind, f"{self.label}: parameter {name!r}")
        return msgspec.json.Decoder(self._struct, dec_hook=codec.from_plain)

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments, in order."""
        return self._names

    # ---- enqueue ----

    def encode_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
        """Turn a call into stored arguments.

        Raises:
            InvalidJob: an argument is missing, unknown, given twice, of the wrong type or not storable.
        """
        if not kwargs and self._all_positional and len(args) == len(self._names):
            return self._encode(dict(zip(self._names, args, strict=True)))
        return self.encode_named(self._bind(args, kwargs) if args else kwargs)

    def encode_named(self, values: Mapping[str, Any]) -> bytes:
        """Turn arguments by name into stored arguments; the same check as :meth:`encode_call`."""
        # Most calls give all arguments, and comparing for that takes a fifth of comparing for more and for less.
        if values.keys() != self._known and not self._known >= values.keys() >= self._required:
            self._refuse_names(values)
        return self._encode(values)

    def _encode(self, values: Mapping[str, Any]) -> bytes:
        raw = codec.encode(values, ARGS, MAX_ARGS_BYTES)
        try:
            decoded = self._decoder.decode(raw)
        except ValueError as error:
            raise codec.invalid(error, ARGS) from codec.cause_of(error)
        if self._naive_possible:
            found = codec.find_naive(decoded, ARGS)
            if found is not None:
                raise InvalidJob.at(found.pointer, found.detail)
        if self._lossy:
            self._refuse_changed(values, decoded)
        return raw

    def _refuse_changed(self, values: Mapping[str, Any], decoded: Any) -> None:
        for name in self._lossy:
            if name in values:
                changed = find_changed(values[name], getattr(decoded, name))
                if changed is not None:
                    raise InvalidJob.at(join_pointer(ARGS, [name, *reversed(changed.steps)]), changed.detail)

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        if len(args) > len(self._positional):
            raise InvalidJob.at(
                ARGS, f"{self.label} takes {len(self._positional)} positional arguments, got {len(args)}"
            )
        values = dict(zip(self._positional, args, strict=False))
        twice = values.keys() & kwargs.keys()
        if twice:
            raise _names_error(twice, "is given twice")
        values.update(kwargs)
        return values

    def _refuse_names(self, values: Mapping[str, Any]) -> None:
        unknown = values.keys() - self._known
        if unknown:
            raise _names_error(unknown, f"is not an argument of this task; it has: {', '.join(self._names) or 'none'}")
        raise _names_error(self._required - values.keys(), "is missing")

    def with_defaults(self, raw: bytes) -> dict[str, Any]:
        """Return stored arguments as plain values, completed by the defaults: the input of a unique key."""
        values: dict[str, Any] = msgspec.json.decode(raw)
        for name, default in self.defaults.items():
            if name not in values:
                values[name] = _plain_or_none(default)
        return values

    # ---- run ----

    def decode(self, raw: bytes) -> dict[str, Any]:
        """Turn stored arguments into keyword arguments; unknown ones are ignored.

        Raises:
            InvalidJob: they do not fit the signature.
        """
        try:
            decoded = self._decoder.decode(raw)
        except RecursionError:
            raise InvalidJob.at(ARGS, "are nested too deep") from None
        except ValueError as error:  # msgspec's own, and of text that is no UTF-8
            raise codec.invalid(error, ARGS) from codec.cause_of(error)
        values = msgspec.structs.asdict(decoded)
        if not self.defaults:
            return values
        return {name: value for name, value in values.items() if value is not UNSET}

    def decode_result(self, raw: bytes) -> Any:
        """Turn a stored result into the type that the function is annotated with.

        A result that does not fit the annotation is returned as plain JSON values: the job has completed, and
        a wrong annotation must not hide what it returned.
        """
        try:
            return self._result.decode(raw)
        except msgspec.ValidationError:
            return msgspec.json.decode(raw)

    def schema(self, title: str, examples: Sequence[Mapping[str, Any]] = ()) -> bytes:
        """Return the JSON Schema of the arguments under a title, with references, defaults and examples, as bytes."""
        defs: dict[str, Any] = {}

        def describe(kind: type) -> dict[str, Any]:
            if not is_pydantic(kind):
                form = codecs.find(kind)
                return {} if form is None else form.schema
            model: dict[str, Any] = kind.model_json_schema(  # type: ignore[attr-defined]  # a pydantic model
                ref_template="#/$defs/{model}"
            )
            defs.update(model.pop("$defs", {}))
            return model

        # UNSET itself has no JSON form, so another default stands in; the real ones follow, where they have
        # one.
        struct = self._build(msgspec.field(default_factory=dict))
        (reference,), components = msgspec.json.schema_components([struct], schema_hook=describe)
        own = components.pop(reference["$ref"].rpartition("/")[2])
        own["title"] = title
        own["additionalProperties"] = False
        if examples:
            own["examples"] = examples
        for name, default in self.defaults.items():
            own["properties"][name].pop("default", None)
            plain = _plain_or_none(default)
            if plain is not None or default is None:
                own["properties"][name]["default"] = plain
        for component in components.values():
            # An unknown key would not arrive (find_changed refuses it).
            if "properties" in component:
                component.setdefault("additionalProperties", False)
        defs.update(components)
        return msgspec.json.encode({**own, "$defs": defs} if defs else own)


def _names_error(names: Any, detail: str) -> InvalidJob:
    shown = heapq.nsmallest(MAX_ERRORS, (f"{name!s:.80}" for name in names))
    errors = tuple(FieldError(f"{ARGS}/{escape_step(name)}", detail) for name in shown)
    text = "; ".join(f"args.{name}: {detail}" for name in shown)
    # At the beginning, since the end of a long text is cut.
    return InvalidJob(f"{len(names)} wrong arguments: {text}" if len(names) > MAX_ERRORS else text, errors)


def _plain_or_none(value: Any) -> Any:
    """Return a default as plain JSON values, or None where it has no JSON form."""
    try:
        return msgspec.json.decode(codec.encode(value, ""))
    except InvalidJob:
        return None


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(fn, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{fn.__qualname__}: the annotation {error.name!r} cannot be resolved. Arguments are "
            "converted by their types: import it at module level (not under TYPE_CHECKING), above the task"
        ) from None


def _is_context(parameter: inspect.Parameter, hints: dict[str, Any]) -> bool:
    kind = hints.get(parameter.name)
    if kind is None:
        return parameter.name == "ctx" and parameter.annotation is inspect.Parameter.empty
    options = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return any(isinstance(one, type) and issubclass(one, Context) for one in options)


def _check_type(kind: Any, where: str) -> None:
    """Refuse a type that JSON cannot hold, at declaration.

    Raises:
        TypeError: names the parameter.
    """
    try:
        msgspec.json.Decoder(kind, dec_hook=codec.from_plain)
        unknown = next(_walk(typeinfo.type_info(kind), _is_unknown), None)
    except (TypeError, NameError) as error:
        raise TypeError(f"{where} has a type that cannot be stored: {error}") from None
    if isinstance(unknown, typeinfo.CustomType):
        raise TypeError(f"{where} has the type {unknown.cls!r}, which has no JSON form: {codecs.hint(unknown.cls)}")


def _is_unknown(one: Any) -> bool:
    return isinstance(one, typeinfo.CustomType) and not is_pydantic(one.cls) and codecs.find(one.cls) is None


#: Types whose values arrive unchanged. Any means JSON's own types; a model inside is checked when it is encoded.
_PLAIN = (
    typeinfo.AnyType, typeinfo.NoneType, typeinfo.BoolType, typeinfo.IntType, typeinfo.FloatType, typeinfo.StrType,
    typeinfo.BytesType, typeinfo.LiteralType, typeinfo.UnionType, typeinfo.ListType, typeinfo.DictType,
    typeinfo.TupleType, typeinfo.VarTupleType, typeinfo.SetType, typeinfo.FrozenSetType, typeinfo.Metadata,
)  # fmt: skip


def _is_plain(kind: Any) -> bool:
    """Tell whether no value of this type can lose anything in JSON, so that a comparison is not needed."""
    parts = _walk(typeinfo.type_info(kind), lambda one: isinstance(one, typeinfo.Type), models=True)
    return all(isinstance(part, _PLAIN) for part in parts)


def _may_hold_datetime(kinds: Any) -> bool:
    """Tell whether a datetime can be inside any of these types."""

    def wanted(one: Any) -> bool:
        if isinstance(one, typeinfo.CustomType):
            return is_pydantic(one.cls)
        return isinstance(one, typeinfo.DateTimeType)

    return any(next(_walk(typeinfo.type_info(kind), wanted, models=True), None) is not None for kind in kinds)


def _walk(info: Any, wanted: Callable[[Any], bool], *, models: bool = False) -> Iterator[Any]:
    """Yield the parts of a type, itself included; those of pydantic models only on request."""
    seen: set[int] = set()
    pending = [info]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        known_model = isinstance(one, typeinfo.CustomType) and is_pydantic(one.cls)
        if wanted(one) and (models or not known_model):
            yield one
        if isinstance(one, typeinfo.Type | typeinfo.Field):
            for name in one.__struct_fields__:
                value = getattr(one, name)
                pending.extend(value if isinstance(value, tuple) else (value,))


def _result_decoder(kind: Any, label: str) -> msgspec.json.Decoder[Any]:
    """Build the decoder of results.

    Raises:
        TypeError: what the function says that it returns could not be stored.
    """
    if kind in (typing.NoReturn, typing.Never):
        return msgspec.json.Decoder(Any)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        # A handler may return a directive (Snooze …), which controls the job and is not a result.
        results = [one for one in typing.get_args(kind) if not _is_directive(one)]
        kind = typing.Union[tuple(results)] if results else None  # noqa: UP007 - made at run time
    if _is_directive(kind):
        kind = None
    _check_type(kind, f"{label}: the result")
    return msgspec.json.Decoder(kind, dec_hook=codec.from_plain)


def _is_directive(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Directive)
