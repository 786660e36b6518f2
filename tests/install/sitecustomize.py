"""Read by Python while `make` has pip install http-parser, which the test dependency pymesos needs.

Its C extension was made for Pythons before 3.11, so it is left out as on PyPy, for which the package brings
the same parser in Python; pymesos knows both. Its setup reads itself with `imp`, which Python 3.12 dropped.
"""

import importlib.util
import sys
import types


def _load_source(name: str, path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if any("_in_process" in word for word in sys.orig_argv):  # the build that pip starts, not pip itself
    sys.pypy_version_info = sys.version_info  # type: ignore[attr-defined]
    sys.modules["imp"] = types.ModuleType("imp")
    sys.modules["imp"].load_source = _load_source  # type: ignore[attr-defined]
