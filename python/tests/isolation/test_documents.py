"""docs/fastapi/isolation.md lists what these tests cover. Update its table by
`python -m tests.isolation.test_documents`.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.isolation.aimed_writes import HARMLESS, HARMLESS_ON_POSTGRES, REJECTED
from tests.isolation.links import FOLLOWS, RELATIONS
from tests.isolation.reads import ON_POSTGRES, READS, SHAPES
from tests.isolation.writes import GIVEN, OWN

PAGE = Path(__file__).parents[3] / "docs/fastapi/isolation.md"
BEGIN, END = "<!-- what is covered: begin -->\n", "<!-- what is covered: end -->\n"

KEY = "key to a foreign row, "
TEXT = ("text", "driver's SQL", "a name that is not quoted", "DROP TABLE")
ROWS = (
    "update by",
    "update of many",
    "bulk_",
    "change of a row",
    "change of many",
    "change of a c",
)
GONE = (*ROWS, "taking", "delete of a row", "delete of a cached")


def groups() -> Iterable[tuple[str, str, str, Iterable[str]]]:
    """Yields the subject, the outcome, the means, and the names of the tests."""
    condition = "the condition in WHERE or ON"
    yield "queries", "the user's rows only", condition, [*READS, *ON_POSTGRES]
    yield "relationships", "the user's rows only", condition, FOLLOWS
    yield "writes to the user's rows", "done", f"{condition}; checked values", OWN
    harmless = [*HARMLESS, *HARMLESS_ON_POSTGRES]
    yield "writes by a condition", "done, to the user's rows", condition, harmless
    yield "rows given away or planted", "rejected", "checked values", GIVEN
    keys = [name for name in REJECTED if name.startswith(KEY)]
    yield "references to others' rows", "rejected", "one query for the keys, before the write", keys
    gone = [name for name in REJECTED if name.startswith(GONE) and name not in keys]
    yield "changes by key to rows of others", "rejected", "fewer rows than expected", gone
    text = [name for name in REJECTED if name.startswith(TEXT)]
    yield "text that names an owned table", "rejected", "a search, not a proof", text
    rest = [name for name in REJECTED if name not in (*keys, *gone, *text)]
    yield "what cannot be limited to an owner", "rejected", "the compiler", rest


def table() -> str:
    lines = ["| what | outcome | by | among them |", "|---|---|---|---|"]
    for what, result, means, names in groups():
        shown = "; ".join(name.removeprefix(KEY) for name in dict.fromkeys(names))
        lines.append(f"| {what} | {result} | {means} | {shown} |")
    lines += ["", f"Models: {'; '.join(SHAPES)}.", f"Relationships: {'; '.join(RELATIONS)}."]
    return "\n".join(lines) + "\n"


def test_the_documentation_says_what_is_covered() -> None:
    text = PAGE.read_text()
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == table()


def test_each_rejected_statement_is_in_one_group() -> None:
    shown = [name for what, result, _, names in groups() if result == "rejected" for name in names]
    assert sorted(shown) == sorted([*REJECTED, *GIVEN])


if __name__ == "__main__":
    page = PAGE.read_text()
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(page[:start] + table() + page[end:])
