"""Writes the reference of the Python package: `python_api.py <source directory> <page>`.

griffe parses the package without importing it, so its dependencies are not required. The page
contains the names of `__all__`, with their signatures, docstrings and public members.
"""

import re
import sys
from pathlib import Path

import griffe

PACKAGES = {
    "better_auth_edge": "The main module: `from better_auth_edge import EdgeAuth, User`.",
    "better_auth_edge.sessions": "Sessions that the app looks up where Better Auth stores them: "
    "`from better_auth_edge.sessions import …`.",
    "better_auth_edge.sqlmodel": "Sessions restricted to the rows of one user: "
    "`from better_auth_edge.sqlmodel import …`.",
}
INTRODUCTION = """\
# Python API

Everything that `better_auth_edge` exports: the classes, functions and settings of the FastAPI package.
The [FastAPI guide](../../../docs/fastapi/index.md) has examples.
"""


def main(source: Path, page: Path) -> None:
    parts = [INTRODUCTION]
    for name, introduction in PACKAGES.items():
        module = griffe.load(name, search_paths=[source])
        if not isinstance(module, griffe.Module):
            raise TypeError(f"{name} is not a module")
        parts.append(f"## `{name}`\n\n{introduction}\n")
        for export in sorted(module.exports or [], key=lambda export: str(export).lower()):
            member = module[str(export)]
            parts.extend(section(member.final_target if member.is_alias else member, str(export)))
    page.write_text("\n".join(parts))


def section(item: griffe.Object, name: str) -> list[str]:
    """Returns the section of an exported name."""
    parts = [f"### `{name}`\n"]
    if isinstance(item, griffe.Class):
        bases = ", ".join(str(base) for base in item.bases)
        parts.append(code(f"class {name}({bases})" if bases else f"class {name}"))
        parts.append(text(item))
        fields, methods = [], []
        for member in item.members.values():
            if member.is_alias or not is_public(member):
                continue
            (methods if isinstance(member, griffe.Function) else fields).append(member)
        parts.extend(table(fields))
        for method in methods:
            parts.append(f"#### `{name}.{method.name}`\n")
            parts.extend(function(method))
    elif isinstance(item, griffe.Function):
        parts.extend(function(item))
    else:
        parts.append(text(item))
    return parts


def is_public(member: griffe.Object) -> bool:
    own = member.name == "__init__" and member.docstring is not None
    return own or not member.name.startswith("_")


def function(item: griffe.Function) -> list[str]:
    variants = item.overloads or [item]
    return [code("\n\n".join(signature(variant) for variant in variants)), text(item)]


def signature(item: griffe.Function) -> str:
    written = item.signature()
    parameters = written.removeprefix(item.name)
    parameters = parameters.replace("(self, ", "(").replace("(self)", "()").replace("(cls, ", "(")
    parameters = re.sub(r"\((?=\*, )", "(", parameters)
    marks = "async " if "async" in item.labels else ""
    one_line = f"{marks}def {item.name}{parameters}"
    if len(one_line) <= 88:
        return one_line
    inner = [f"    {parameter}," for parameter in parameters_of(item)]
    result = f" -> {item.returns}" if item.returns else ""
    return "\n".join([f"{marks}def {item.name}(", *inner, f"){result}"])


def parameters_of(item: griffe.Function) -> list[str]:
    shown: list[str] = []
    keyword_only = griffe.ParameterKind.keyword_only
    for parameter in item.parameters:
        if parameter.name in ("self", "cls"):
            continue
        starred = any(line.startswith("*") for line in shown)
        if parameter.kind is keyword_only and not starred:
            shown.append("*")
        stars = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(parameter.kind, "")
        annotation = f": {parameter.annotation}" if parameter.annotation is not None else ""
        default = ""
        if parameter.default is not None and not stars:
            default = f" = {parameter.default}" if annotation else f"={parameter.default}"
        shown.append(f"{stars}{parameter.name}{annotation}{default}")
    return shown


def table(fields: list[griffe.Object]) -> list[str]:
    """Returns the table of a class's attributes."""
    if not fields:
        return []
    lines = ["| attribute | type | meaning |", "|---|---|---|"]
    for field in fields:
        kind = getattr(field, "annotation", None)
        kind = f"`{kind}`".replace("|", "\\|") if kind is not None else ""
        meaning = " ".join(text(field).split()).replace("|", "\\|")
        lines.append(f"| `{field.name}` | {kind} | {meaning} |")
    return ["\n".join(lines) + "\n"]


def text(item: griffe.Object) -> str:
    """Returns the docstring, with its indented examples as Python code blocks."""
    if item.docstring is None:
        return ""
    paragraphs = re.split(r"\n\n+", item.docstring.value.strip())
    merged: list[str] = []
    for paragraph in paragraphs:
        if paragraph.startswith("    "):
            block = "\n".join(line.removeprefix("    ") for line in paragraph.splitlines())
            if merged and merged[-1].startswith("```"):
                merged[-1] = merged[-1].removesuffix("\n```") + f"\n\n{block}\n```"
            else:
                merged.append(f"```py\n{block}\n```")
        else:
            merged.append(paragraph)
    return "\n\n".join(merged) + "\n"


def code(block: str) -> str:
    return f"```py\n{block}\n```\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
