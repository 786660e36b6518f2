"""How long tests wait for what comes by itself."""

from __future__ import annotations

#: No wait of a test ends before this. It is far more than anything takes, so that it ends a test that hangs,
#: and never one on a machine that others crowd.
LIMIT_S = 60.0
