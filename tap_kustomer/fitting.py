"""Checks whether a value fits a column, by the column's JSON schema.

A value fits if the schema allows it and databases can store it: integers have 64 bits, and
date-times a form that databases parse. Checks are built once per column and called for every value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

if TYPE_CHECKING:
    from collections.abc import Mapping

Fits = Callable[[Any], bool]


class Check(NamedTuple):
    """Whether null fits, and a check of other values; separate for speed, since most are null."""

    null: bool
    other: Fits

    def fits(self, value: object) -> bool:
        """Whether `value`, null or not, fits."""
        return self.null if value is None else self.other(value)


def check(schema: Mapping[str, Any]) -> Check:
    """The check for a column, or for the items of a list."""
    plain = all(name in _PLAIN or (name, value) == _ANY_MEMBER for name, value in schema.items())
    if not plain or schema.get("format") not in {None, DATE_TIME}:
        return _by_validator(schema)
    types = schema.get("type", ["null", *_CHECKS])
    types = [types] if isinstance(types, str) else types
    checks = {**_CHECKS, "array": _list_of(schema.get("items"))}
    if schema.get("format") == DATE_TIME:
        checks["string"] = is_instant
    selected = [checks[json_type] for json_type in dict.fromkeys(types) if json_type in checks]
    return Check("null" in types, selected[0] if len(selected) == 1 else _any_of(selected))


def is_text(value: object) -> bool:
    """A string."""
    return type(value) is str


def is_integer(value: object) -> bool:
    """A whole number that fits a 64-bit column; not a boolean."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_number(value: object) -> bool:
    """An integer or decimal number."""
    return type(value) in {int, Decimal, float}


def is_boolean(value: object) -> bool:
    """True or false."""
    return type(value) is bool


def is_object(value: object) -> bool:
    """A JSON object."""
    return type(value) is dict


def is_list(value: object) -> bool:
    """A list of anything."""
    return type(value) is list


def is_instant(value: object) -> bool:
    """An ISO 8601 date-time with an offset, as Kustomer sends it.

    Forms that Python parses but databases may not, such as week dates, are rejected.
    """
    if type(value) is not str or not _DATE_TIME.match(value):
        return False
    try:
        moment = datetime.fromisoformat(value)
        if not MINYEAR < moment.year < MAXYEAR:
            moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter if the offset leaves years 1 to 9999
        return False
    return moment.tzinfo is not None


DATE_TIME = "date-time"
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_CHECKS: dict[str, Fits] = {
    "string": is_text,
    "integer": is_integer,
    "number": is_number,
    "boolean": is_boolean,
    "object": is_object,
    "array": is_list,
}
# A schema with other keywords, as an edited catalog may have, is checked by a validator.
_PLAIN = {"type", "format", "items", "description", "title", "default"}
_ANY_MEMBER = ("additionalProperties", True)


def _any_of(checks: list[Fits]) -> Fits:
    return lambda value: any(fits(value) for fits in checks)


def _list_of(items: Mapping[str, Any] | None) -> Fits:
    if not items:
        return is_list
    null, other = check(items)

    def all_fit(value: object) -> bool:
        return type(value) is list and all(null if item is None else other(item) for item in value)

    return all_fit


_FORMATS = FormatChecker()
_FORMATS.checks(DATE_TIME)(lambda value: not isinstance(value, str) or is_instant(value))
_TYPES = Draft7Validator.TYPE_CHECKER.redefine_many(
    {name: lambda _, value, fits=fits: fits(value) for name, fits in _CHECKS.items()}
)
_Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema is only partly typed
    Draft7Validator, type_checker=_TYPES
)


def _by_validator(schema: Mapping[str, Any]) -> Check:
    validator = _Validator(dict(schema), format_checker=_FORMATS)

    def fits(value: object) -> bool:
        try:
            return bool(validator.is_valid(value))
        except (ArithmeticError, TypeError):  # `multipleOf` can't divide a decimal number
            return False

    return Check(fits(None), fits)
