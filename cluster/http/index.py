"""The page at `/`: what this process is, and links to what it serves."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from aiohttp import web

from cluster.http.answers import json_answer, page_answer
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
        """The same page, or the paths in JSON with `format=json`."""
        if request.rel_url.query.get("format") != "json":
            return await self.show(request)
        names = [{"name": f"/{path}"} for path in self._router.paths() if path]
        return json_answer({"processes": [{"id": self._router.delegate, "endpoints": names}]})

    async def show(self, request: web.BaseRequest) -> web.Response:
        """The page as it is now."""
        links = [
            f'<li><a href="/{escape(quote(path))}">/{escape(path)}</a></li>'
            for path in self._router.paths()
            if path
        ]
        return page_answer(_PAGE.format(title=escape(self._title), version=VERSION, links="\n".join(links)))
