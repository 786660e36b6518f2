"""Offer constraints: which agents, by their attributes, a framework wants offers from.

Source: Mesos include/mesos/v1/scheduler/scheduler.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1, V1Enum


class AttributeConstraint(V1, frozen=True, kw_only=True):
    """A condition on one attribute."""

    class Selector(V1, frozen=True, kw_only=True):
        """Which attribute: the first of that name, or a pseudo-attribute."""

        class PseudoattributeType(V1Enum):
            """Properties of an agent that are not attributes."""

            UNKNOWN = "UNKNOWN", 0
            HOSTNAME = "HOSTNAME", 1
            REGION = "REGION", 2
            ZONE = "ZONE", 3

        NUMBERS: ClassVar[dict[str, int]] = {"pseudoattribute_type": 1, "attribute_name": 2}

        pseudoattribute_type: PseudoattributeType | None = None
        attribute_name: str | None = None

    class Predicate(V1, frozen=True, kw_only=True):
        """Exactly one condition."""

        class Exists(V1, frozen=True, kw_only=True):
            """The attribute is present."""

        class NotExists(V1, frozen=True, kw_only=True):
            """The attribute is absent."""

        class TextEquals(V1, frozen=True, kw_only=True):
            """Present, and equal if it is text."""

            NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

            value: str

        class TextNotEquals(V1, frozen=True, kw_only=True):
            """Absent, not text, or different."""

            NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

            value: str

        class TextMatches(V1, frozen=True, kw_only=True):
            """Present, and a full match of the regular expression if it is text."""

            NUMBERS: ClassVar[dict[str, int]] = {"regex": 1}

            regex: str

        class TextNotMatches(V1, frozen=True, kw_only=True):
            """Absent, not text, or no full match."""

            NUMBERS: ClassVar[dict[str, int]] = {"regex": 1}

            regex: str

        NUMBERS: ClassVar[dict[str, int]] = {
            "exists": 1,
            "not_exists": 2,
            "text_equals": 3,
            "text_not_equals": 4,
            "text_matches": 5,
            "text_not_matches": 6,
        }

        exists: Exists | None = None
        not_exists: NotExists | None = None
        text_equals: TextEquals | None = None
        text_not_equals: TextNotEquals | None = None
        text_matches: TextMatches | None = None
        text_not_matches: TextNotMatches | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"selector": 1, "predicate": 2}

    selector: Selector
    predicate: Predicate


class OfferConstraints(V1, frozen=True, kw_only=True):
    """Constraints by role; a role without any takes all agents."""

    class RoleConstraints(V1, frozen=True, kw_only=True):
        """Groups of which one must hold."""

        class Group(V1, frozen=True, kw_only=True):
            """Constraints that must all hold."""

            NUMBERS: ClassVar[dict[str, int]] = {"attribute_constraints": 1}

            attribute_constraints: tuple[AttributeConstraint, ...] = ()

        NUMBERS: ClassVar[dict[str, int]] = {"groups": 1}

        groups: tuple[Group, ...] = ()

    NUMBERS: ClassVar[dict[str, int]] = {"role_constraints": 1}

    role_constraints: dict[str, RoleConstraints] = msgspec.field(default_factory=dict)
