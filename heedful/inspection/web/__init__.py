"""The files of pages that people look at in a browser: real modules and style sheets, and how they become one file.

A server hands out the folder as it is; a page that is one file gets its modules one after the other, in one script.
"""

import functools
import re
from pathlib import Path

FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^(?:import|export) \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|const|function)\b)", re.MULTILINE)


def read(name: str) -> str:
    """The text of one of the files."""
    return (FOLDER / name).read_text(encoding="utf-8")


@functools.cache
def script(name: str) -> str:
    """The module and everything that it imports, as one module that imports and exports nothing.

    A module stands behind those that it imports; names are not changed, so no two modules may use one name for two things.
    """
    parts: dict[str, str] = {}
    _gather(name, parts)
    return "\n".join(parts.values())


def _gather(name: str, parts: dict[str, str]) -> None:
    text = read(name)
    for needed in _IMPORT.findall(text):
        if needed not in parts:
            _gather(needed, parts)
    parts[name] = _EXPORT.sub("", _IMPORT.sub("", text))
