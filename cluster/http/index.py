"""The page at `/`: what this process is, and links to what it serves; /help, the same of all or of a part.

Source: reference http-endpoints.md §6 (/help); Mesos 3rdparty/libprocess/src/help.cpp.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from aiohttp import web

from cluster.http.answers import json_answer, page_answer, text_answer
from cluster.http.router import Router
from cluster.version import VERSION

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
<h1>{title}</h1>
<p>tepui {version}. This process answers here:</p>
<ul>
{links}
</ul>
</html>
"""


class IndexPage:
    """The page of one process."""

    def __init__(self, router: Router, address: str) -> None:
        self._router = router
        self._title = f"{router.delegate} at {address}"

    async def help(self, request: web.BaseRequest) -> web.Response:
        """What is served: all of it, with the id of an actor what it serves, with a route that alone.

        A page, or JSON with `format=json`.
        """
        _, _, wanted = f"{request.path.rstrip('/')}/".partition("help/")
        paths = [path for path in sorted(self._router.everything()) if path and self._is_part(path, wanted)]
        if not paths:
            return text_answer(400, f"No help available for '/{wanted.rstrip('/')}'.")
        if request.rel_url.query.get("format") != "json":
            return self._page(paths)
        names = [{"name": f"/{path}"} for path in paths]
        return json_answer({"processes": [{"id": self._router.delegate, "endpoints": names}]})

    def _is_part(self, path: str, wanted: str) -> bool:
        """Whether a path is below `wanted`, with or without the delegate. `wanted` ends with a slash."""
        return f"{path}/".startswith(wanted) or f"{self._router.delegate}/{path}/".startswith(wanted)

    async def show(self, request: web.BaseRequest) -> web.Response:
        """The page as it is now."""
        return self._page([path for path in self._router.paths() if path])

    def _page(self, paths: list[str]) -> web.Response:
        """Links to those of the paths that can be read."""
        readable = set(self._router.paths())
        shown = [
            f'<a href="/{escape(quote(path))}">/{escape(path)}</a>'
            if path in readable
            else f"/{escape(path)}"
            for path in paths
        ]
        items = "\n".join(f"<li>{one}</li>" for one in shown)
        return page_answer(_PAGE.format(title=escape(self._title), version=VERSION, links=items))
