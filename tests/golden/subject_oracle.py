"""Scripts are played on the oracle through this."""

from __future__ import annotations

from tests.oracle.subject import OracleSubject

__all__ = ["OracleSubject"]
