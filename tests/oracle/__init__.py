"""The complete allocator, from scratch and obvious: what a fast one is compared with."""

from tests.oracle.allocator import Oracle
from tests.oracle.chance import ByName, Chance, Seeded
from tests.oracle.records import ALL, NONE, Candidates, Options, only
from tests.oracle.round import Grant, InverseGrant, Round

__all__ = [
    "ALL",
    "NONE",
    "ByName",
    "Candidates",
    "Chance",
    "Grant",
    "InverseGrant",
    "Options",
    "Oracle",
    "Round",
    "Seeded",
    "only",
]
