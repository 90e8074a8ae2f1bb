"""The files of the page, read once: what is not in the table is not there, whatever a path says."""

import hashlib
from pathlib import Path

from fastapi import Response

from heedful.inspection import web
from heedful.inspection.palette import DARK, LIGHT
from heedful.server.refusals import Refusal

STATIC = "/static/"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE = Path(__file__).parent / "page"


class Static:
    """The page, its style and its modules; the palette is made from the one that reports use."""

    def __init__(self) -> None:
        self.files = {"palette.css": palette().encode()}
        for folder in (web.FOLDER, PAGE):
            self.files |= {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in KINDS}
        self.tags = {name: f'"{hashlib.sha256(content).hexdigest()[:20]}"' for name, content in self.files.items()}

    def answer(self, name: str, known: str | None = None) -> Response:
        """The file; without it where whoever asks has it already, by the tag that is ``known``.

        Raises:
            Refusal: 404, there is none of this name.
        """
        if name not in self.files:
            raise Refusal(404, "not_found", "there is no such place")
        headers = {"ETag": self.tags[name], "Cache-Control": "no-cache"}
        if known is not None and self.tags[name] in known:
            return Response(status_code=304, headers=headers)
        kind = f"{KINDS[name[name.rindex('.') :]]}; charset=utf-8"
        return Response(self.files[name], media_type=kind, headers=headers)


def palette() -> str:
    """The colours as variables: as the reader's system says, unless the page is told otherwise."""
    light, dark = (" ".join(f"--{name}: {colour};" for name, colour in each.items()) for each in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f':root[data-scheme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-scheme="dark"] {{ color-scheme: dark; {dark} }}\n'
    )
