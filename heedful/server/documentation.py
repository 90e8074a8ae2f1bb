"""The schema as a page for people: every route, what it takes, what it gives, and how to ask it from a shell."""

import json
from collections.abc import Iterator
from typing import Any

from heedful.inspection.html import render_page
from heedful.inspection.page import Cell, Page, Section, Table

EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/predict": {"inputs": ["..."], "beam_size": 5, "n_best": 2},
    "/v1/predict/stream": {"input": "..."},
    "/v1/attend": {"input": "..."},
    "/v1/explore": {"input": "...", "prefix": [], "alternatives": 5},
}


def documentation(schema: dict[str, Any]) -> str:
    """The page of an OpenAPI schema, one file that fetches nothing."""
    sections = [
        _section(path, method, operation, schema)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    lead = (
        "What this server answers. The same for programs: /openapi.json.",
        "Bodies are JSON objects in UTF-8, sent as application/json.",
        'Every answer that is no result has the form {"error": {"code", "field", "message"}}.',
        "Where the server has a token, send it as Authorization: Bearer.",
    )
    return render_page(Page("Heedful: the server", lead, tuple(sections)))


def _section(path: str, method: str, operation: dict[str, Any], schema: dict[str, Any]) -> Section:
    name = f"{method}-{path.strip('/').replace('/', '-')}"
    tables = [*_body(operation, schema), _answers(operation, schema)]
    summary = operation.get("description", operation.get("summary", ""))
    return Section(
        name, f"{method.upper()} {path}", claim=summary, tables=tuple(tables), code=(_command(path, method),)
    )


def _command(path: str, method: str) -> str:
    address = f"http://127.0.0.1:8000{path}"
    if method == "get":
        return f"curl {address}"
    body = json.dumps(EXAMPLES.get(path, {}), ensure_ascii=False)
    return f"curl {address} -H 'Content-Type: application/json' -d '{body}'"


def _body(operation: dict[str, Any], schema: dict[str, Any]) -> Iterator[Table]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if content:
        found = _resolved(content["schema"], schema)
        needed = found.get("required", [])
        rows: list[tuple[Cell, ...]] = [
            (name, _kind(field, schema), "yes" if name in needed else "", field.get("description", ""))
            for name, field in found.get("properties", {}).items()
        ]
        yield Table(("field", "kind", "needed", "what it is"), tuple(rows), "The body")


def _answers(operation: dict[str, Any], schema: dict[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for status, answer in sorted(operation["responses"].items()):
        contents = answer.get("content", {})
        named = [_kind(each.get("schema", {}), schema) or kind for kind, each in contents.items()]
        rows.append((status, answer.get("description", ""), ", ".join(filter(None, named))))
    return Table(("status", "when", "what comes"), tuple(rows), "Answers")


def _resolved(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = field.get("$ref", "").removeprefix("#/components/schemas/")
    return schema["components"]["schemas"][name] if name else field


def _kind(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_kind(each, schema) for each in field["anyOf"])
    kind = str(field.get("type", ""))
    return f"{kind} of {_kind(field['items'], schema)}" if kind == "array" and "items" in field else kind
