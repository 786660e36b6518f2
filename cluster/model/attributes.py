"""Attributes in text form: `rack:r1;zone:a`.

Source: Mesos src/common/attributes.cpp; reference types.md §4.3.
"""

import re
from collections.abc import Iterable

from cluster.model.attribute import Attribute
from cluster.model.errors import InvalidAttributes
from cluster.model.values import Ranges, Scalar, Set, Text, ValueType
from cluster.model.values_text import InvalidValue, parse_value, print_value


def parse_attributes(text: str) -> tuple[Attribute, ...]:
    """Parse `name:value` pairs separated by `;` or new lines; order and duplicates are kept.

    Only the first `:` of a pair separates, so values may hold more of them.

    Raises:
        InvalidAttributes: a pair lacks its name or value, or the value is a set.
    """
    return tuple(_attribute(pair) for pair in re.split(r"[;\n]", text) if pair.strip())


def _attribute(pair: str) -> Attribute:
    name, _, text = (part.strip() for part in pair.partition(":"))
    if not name or not text:
        raise InvalidAttributes(f"Invalid attribute key:value pair '{pair.strip()}'")
    try:
        value = parse_value(text)
    except InvalidValue as fault:
        raise InvalidAttributes(f"Invalid attribute '{pair.strip()}': {fault}") from fault
    match value:
        case Scalar():
            return Attribute(name=name, type=ValueType.SCALAR, scalar=value)
        case Ranges():
            return Attribute(name=name, type=ValueType.RANGES, ranges=value)
        case Text():
            return Attribute(name=name, type=ValueType.TEXT, text=value)
        case Set():
            raise InvalidAttributes(f"Invalid attribute '{pair.strip()}': sets are not supported")


def print_attributes(attributes: Iterable[Attribute]) -> str:
    """Print attributes so that `parse_attributes` reads them back."""
    return ";".join(f"{a.name}:{print_value(_member(a))}" for a in attributes)


def value_text(attribute: Attribute) -> str:
    """Print the value of an attribute alone."""
    return print_value(_member(attribute))


def _member(attribute: Attribute) -> Scalar | Ranges | Set | Text:
    members = (attribute.scalar, attribute.ranges, attribute.set, attribute.text)
    return next((member for member in members if member is not None), Text(value=""))
