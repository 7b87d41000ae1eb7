"""What is hidden of a payload: rules, JSON whole and cut, texts, filters, and arguments that come back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.errors import BadFilter, InvalidJob
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.hidden_values import MASK, HiddenValues
from taskflowmq.core.redacted import check_terms
from taskflowmq.core.redaction import (
    DEFAULTS,
    Hider,
    Redaction,
    read_rule,
    read_rules,
    read_setting,
    rules_of,
)
from taskflowmq.core.restoring import holds_mask, is_destination, refuse_mask, restored


def hider(*rules: str) -> Hider:
    return Hider(read_rules(rules))


def shown(value: object, *rules: str, root: str = "args") -> Any:
    raw = hider(*rules).json(root, msgspec.json.encode(value))
    assert raw is not None
    return msgspec.json.decode(raw)


# ---- rules ----


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("password", "password"),
        (" Card.Number ", "card.number"),
        ("args.card.number", "args.card.number"),
        ("mail.*:body", "mail.*:body"),
        ("args", "args.*"),
        ("mail:result", "mail:result"),
        ("*_token", "*_token"),
    ],
)
def test_a_rule_is_a_path_of_names(text: str, said: str) -> None:
    assert str(read_rule(text)) == said
    assert read_rule(said) == read_rule(text)


@pytest.mark.parametrize("text", ["", ".", "a..b", "a b", "a:", 'a."b"', "a." * 17 + "a", "a" * 301])
def test_what_is_no_path_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidJob, match="path") as refused:
        read_rule(text, "/redact")
    assert refused.value.errors[0].pointer == "/redact"


def test_one_text_is_no_list_of_rules() -> None:
    for wrong in ("password", [3], [None]):
        with pytest.raises(InvalidJob, match="must be a list of paths"):
            read_rules(wrong)  # type: ignore[arg-type]


def test_a_setting_adds_to_the_built_in_rules_unless_it_leaves_them_out() -> None:
    assert read_setting("") == DEFAULTS
    assert read_setting("card.number, iban") == (*DEFAULTS, *read_rules(["card.number", "iban"]))
    assert read_setting("-default") == ()
    assert read_setting("-default,iban") == read_rules(["iban"])


@pytest.mark.parametrize("name", ["-defaults", "-pin", "- default", "task:-x"])
def test_only_default_is_taken_away(name: str) -> None:
    if name.startswith("-"):
        with pytest.raises(InvalidJob, match="only -default"):
            read_setting(f"pin,{name}")
    else:
        assert read_setting(f"-default,{name}") == read_rules([name])


def test_announced_rules_are_of_the_task_and_unknown_ones_are_left_out() -> None:
    (rule,) = rules_of("pay", b'{"queue":"x","redact":["card","a..b"]}')
    assert str(rule) == "pay:card"
    assert rules_of("pay", b'{"queue":"x"}') == rules_of("pay", None) == rules_of("pay", b'{"redact":3}') == ()


# ---- JSON ----


def test_a_name_hides_at_any_depth_in_objects_and_lists_in_any_case() -> None:
    value = {"a": 1, "PIN": 2, "in": {"pin": {"deep": [1]}, "b": [{"pin": "x", "c": True}, {"d": None}]}}
    assert shown(value, "pin") == {
        "a": 1,
        "PIN": MASK,
        "in": {"pin": MASK, "b": [{"pin": MASK, "c": True}, {"d": None}]},
    }


def test_a_path_hides_at_its_end_and_a_root_only_from_the_beginning() -> None:
    value = {"card": {"number": 1, "name": "n"}, "number": 2, "order": {"card": [{"number": 3}]}}
    assert shown(value, "card.number") == {
        "card": {"number": MASK, "name": "n"},
        "number": 2,
        "order": {"card": [{"number": MASK}]},
    }
    assert shown(value, "args.card.number") == {**value, "card": {"number": MASK, "name": "n"}}
    assert shown(value, "args.card.number", root="meta") == value
    assert shown(value, "args.card.*")["card"] == {"number": MASK, "name": MASK}
    assert shown(value, "args") == dict.fromkeys(value, MASK)


def test_a_whole_result_is_hidden_whatever_it_is() -> None:
    for value in (3, "text", [1], {"a": 1}, None):
        assert shown(value, "result", root="result") == MASK
    assert shown({"result": 1}, "result") == {"result": 1}


def test_the_built_in_rules_hide_secrets_and_leave_counts_of_tokens() -> None:
    value = {"password": 1, "db_passwd": 1, "apiKey": 1, "access_token": 1, "Authorization": 1, "client_secret_id": 1}
    hidden = Hider(DEFAULTS)
    raw = hidden.json("args", msgspec.json.encode(value))
    assert msgspec.json.decode(raw or b"") == dict.fromkeys(value, MASK)
    plain = msgspec.json.encode({"max_tokens": 5, "tokens": [1], "keys": 2, "author": "a", "passenger": "b"})
    assert hidden.json("args", plain) is plain


def test_every_digit_and_space_of_the_rest_stays() -> None:
    raw = b'{ "a": 1.10, "big": 123456789012345678901234567890 , "pin" : [1, 2]  , "e": 1E5 }'
    assert hider("pin").json("args", raw) == (
        b'{ "a": 1.10, "big": 123456789012345678901234567890 , "pin" : "' + MASK.encode() + b'"  , "e": 1E5 }'
    )


def test_a_name_that_is_written_with_escapes_is_found() -> None:
    assert hider("pin").json("args", rb'{"p\u0069n":"x"}') == rb'{"p\u0069n":"' + MASK.encode() + b'"}'


@pytest.mark.parametrize("end", range(9, 24))
def test_a_value_that_was_cut_is_hidden_to_the_end(end: int) -> None:
    text = '{"pin":"geheim","b":1}'[:end] + "…"
    found = hider("pin").text("args", text)
    assert found.startswith('{"pin":"••• (redacted)"')
    assert "g" not in found.removeprefix('{"pin":')


SECRET = "gEhEiM-42"
names = st.sampled_from(["a", "pin", "b\\n", 'q"t', "é", "pins", "PIN"])
leaves = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
payloads = st.dictionaries(
    names,
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)),
    max_size=4,
)


def hide(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if name.lower() == "pin" else hide(one) for name, one in value.items()}
    return [hide(one) for one in value] if isinstance(value, list) else value


def put(value: Any) -> Any:
    """Put the secret into every hidden field."""
    if isinstance(value, dict):
        return {name: [SECRET, one] if name.lower() == "pin" else put(one) for name, one in value.items()}
    return [put(one) for one in value] if isinstance(value, list) else value


@given(payloads)
def test_whatever_the_payload_is_its_hidden_fields_are_hidden_and_no_others(value: dict[str, Any]) -> None:
    assert shown(put(value), "pin") == hide(value)


@given(payloads, st.integers(0, 400))
def test_no_beginning_of_a_payload_shows_a_hidden_value(value: dict[str, Any], end: int) -> None:
    text = msgspec.json.encode(put(value)).decode()[:end] + "…"
    assert SECRET[:3] not in hider("pin").text("args", text)


@given(st.text(alphabet='{}[]",:\\pinx \n1', max_size=60))
def test_text_that_is_no_json_is_read_to_its_end(text: str) -> None:
    hider("pin", "x.*").text("args", text)


# ---- texts ----


def test_hidden_values_are_found_in_texts_as_python_and_json_write_them() -> None:
    values = HiddenValues()
    hider("card").json("args", b'{"card":{"number":4111111111111111,"cvv":"123","note":"it\'s\\na","ok":true}}', values)
    text = 'card 4111111111111111 (cvv 123, order 91234) said "it\'s\\na": ok'
    assert values.replaced(text) == f'card {MASK} (cvv {MASK}, order 91234) said "{MASK}": ok'


def test_texts_of_two_characters_are_left_where_they_are() -> None:
    assert HiddenValues(["no"]).replaced("no is no") == "no is no"


# ---- arguments that come back ----

STORED = b'{"card":{"number":"4111","name":"Ann"},"items":[{"pin":1},{"pin":2}],"n":1}'
CARDS = hider("card.number", "pin")


def sent() -> dict[str, Any]:
    raw = CARDS.json("args", STORED)
    assert raw is not None
    args: dict[str, Any] = msgspec.json.decode(raw)
    assert holds_mask(args)
    return args


def test_a_mask_that_comes_back_is_the_stored_value_again() -> None:
    args = sent()
    args["card"]["name"], args["n"] = "Bob", 2
    assert restored(args, STORED, CARDS) == {
        "card": {"number": "4111", "name": "Bob"},
        "items": [{"pin": 1}, {"pin": 2}],
        "n": 2,
    }
    args["card"]["number"] = "5500"
    assert restored(args, STORED, CARDS)["card"]["number"] == "5500"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda args: args.update(n=MASK), "/args/n"),
        (lambda args: args.update(other={"a/b": MASK}), "/args/other/a~1b"),
        (lambda args: args["items"].pop(), "/args/items/0/pin"),
        (lambda args: args["items"].reverse() or args["items"][0].update(x=1), "/args/items/0/pin"),
    ],
)
def test_a_mask_whose_value_is_unknown_is_refused(change: Any, pointer: str) -> None:
    args = sent()
    change(args)
    with pytest.raises(InvalidJob, match="give the value itself") as refused:
        restored(args, STORED, CARDS)
    assert refused.value.errors[0].pointer == pointer


def test_where_nothing_is_hidden_a_mask_has_no_value() -> None:
    for nothing in (None, hider("other")):
        with pytest.raises(InvalidJob, match="give the value itself"):
            restored({"n": MASK}, STORED, nothing)
    assert restored({"n": 1}, STORED, None) == {"n": 1}
    with pytest.raises(InvalidJob, match="give the value itself"):
        refuse_mask([{"a": MASK}], "/args")


HTTP = (
    b'{"url":"https://a.test/x","headers":{"Authorization":"Bearer abc"},"retry":{"Port":443,"hosts":["a"]},"note":"n"}'
)
SENDS = Hider(DEFAULTS)


def to_http(**more: Any) -> dict[str, Any]:
    raw = SENDS.json("args", HTTP)
    assert raw is not None
    return {**msgspec.json.decode(raw), **more}


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"url": "https://b.test/x"}, "/args/url"),
        ({"URL": "https://b.test/x"}, "/args/URL"),
        ({"callbackUrl": "https://b.test"}, "/args/callbackUrl"),
        ({"retry": {"Port": 444, "hosts": ["a"]}}, "/args/retry/Port"),
        ({"retry": {"Port": 443, "hosts": ["a", "b"]}}, "/args/retry/hosts"),
        ({"retry": {"Port": 443}}, "/args/retry/hosts"),
        ({"retry": None}, "/args/retry/Port"),
        ({"note": {"deep": [{"smtp_host": "b"}]}}, "/args/note/deep/0/smtp_host"),
        ({"headers": {"Authorization": MASK, "Host": "b"}}, "/args/headers/Host"),
    ],
)
def test_a_hidden_value_does_not_stay_where_what_says_where_it_goes_has_changed(
    more: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidJob, match="enter them again, here /args/headers/Authorization") as refused:
        restored(to_http(**more), HTTP, SENDS)
    assert refused.value.errors[0].pointer == pointer
    given_anew = {**to_http(**more), "headers": {"Authorization": "Bearer mine"}}
    assert restored(given_anew, HTTP, SENDS) == given_anew


def test_a_hidden_value_stays_where_something_else_has_changed() -> None:
    found = restored(to_http(note="other", method="PUT"), HTTP, SENDS)
    assert (found["headers"], found["note"]) == ({"Authorization": "Bearer abc"}, "other")
    gone = to_http()
    del gone["url"]
    with pytest.raises(InvalidJob) as refused:
        restored(gone, HTTP, SENDS)
    assert refused.value.errors[0].pointer == "/args/url"


def test_names_say_where_a_value_goes() -> None:
    ways = (
        "url URL webhook_url callbackUrl baseURL callbackurl dbhost smtp-host to send_to recipients addresses email"
        " customerEmail SERVER target port Uris"
    )
    assert [name for name in ways.split() if not is_destination(name)] == []
    others = "method body tomato total report support auto name headers _"
    assert [name for name in ["", *others.split()] if is_destination(name)] == []


# ---- filters ----


def test_a_filter_by_a_hidden_field_is_refused_and_names_the_rule() -> None:
    rules = Redaction(read_rules(["password", "args.card.number", "pay:email"]))
    for text in ("args.password:x", "-meta.a.Password:x", "args.password.deep:1", "args.card.number:1",
                 "args.card.0.number:1", "args.email:x", "task:pa* args.email:x", "task:pay args.email:x"):  # fmt: skip
        with pytest.raises(BadFilter, match="is redacted by the rule"):
            check_terms(rules, parse_filter(text))
    for text in ("args.passwords:x", "args.number:1", "meta.card.number:1", "task:mail args.email:x", "password"):
        check_terms(rules, parse_filter(text))
    check_terms(rules, parse_filter("args.email:x"), task="mail")
    with pytest.raises(BadFilter, match="pay:email"):
        check_terms(rules, parse_filter("args.email:x"), task="pay")


def test_equal_rules_are_equal_redactions() -> None:
    one, other = Redaction(read_rules(["a", "b"])), Redaction(read_rules(["b", "a", "a"]))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Redaction(read_rules(["a"]))
    assert Redaction().of("any") is None is Redaction().any
