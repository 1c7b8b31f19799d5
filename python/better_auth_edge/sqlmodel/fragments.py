"""Checks whether SQL in text can change the statement around it.

A fragment is self-contained if its parentheses and quotes are balanced and it contains no comment
and no semicolon: within parentheses it stays one operand. If the compiler puts no parentheses
around a fragment, it must also contain no clause and no comma that would end the expression.

Databases read quotes differently. A fragment is rejected if two databases may read it differently.
"""

import re
from collections.abc import Iterator
from enum import Enum

from better_auth_edge.sqlmodel.errors import OwnershipError


class Place(Enum):
    """The place of a fragment in a statement."""

    GROUPED = "within parentheses"
    QUERY = "as a whole query"
    LIST = "in a list of ORDER BY or GROUP BY"
    BARE = "among other expressions"
    TAIL = "after a query"


_WRITES = frozenset({"RETURNING", "INTO", "CONFLICT", "DUPLICATE", "DO"})
_QUERIES = frozenset({"SELECT", "VALUES", "TABLE", "UNION", "INTERSECT", "EXCEPT", "MINUS"})
_CLAUSES = _WRITES | _QUERIES | {"FROM", "JOIN", "WHERE"}
_FORBIDDEN = {
    Place.GROUPED: frozenset[str](),
    Place.QUERY: _WRITES,
    Place.LIST: _CLAUSES,
    Place.BARE: _CLAUSES,
    Place.TAIL: _CLAUSES,
}
_TAIL = re.compile(r"\s*(?:FOR|LOCK|OPTION|LIMIT|OFFSET|FETCH|ORDER|GROUP|WINDOW)\b", re.IGNORECASE)
"""Words that end the WHERE: anything else could go on with its last condition."""
_COMMENT = {"mysql": r"|\#", "mariadb": r"|\#"}
_PARTS = r"""
    (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" {quotes} )
  | (?P<rejected> -- | /\* | \*/ | ; | \$\w*\$ | ['"`\\\0] {rejected} )
  | (?P<open> [(\[] ) | (?P<close> [)\]] ) | (?P<comma> , ) | (?P<word> \w+ )
"""


def check(sql: str, place: Place, dialect: str) -> None:
    """Raises `OwnershipError` for a fragment that could change the statement around it."""
    if place is Place.TAIL and sql.strip() and not _TAIL.match(sql):
        raise _rejection(sql, "does not begin with a clause")
    open_: list[str] = []
    for kind, token in _tokens(sql, dialect):
        if kind == "open":
            open_.append(token)
        elif kind == "close" and (not open_ or open_.pop() + token not in ("()", "[]")):
            raise _rejection(sql, "has an unmatched closing parenthesis")
        elif kind == "rejected" or (kind == "quoted" and "\\" + token[0] in token):
            raise _rejection(sql, f"contains {token[:1]} outside of a plain literal")
        elif kind == "comma" and place is Place.BARE and not open_:
            raise _rejection(sql, "contains a comma")
        elif kind == "word" and not open_ and token.upper() in _FORBIDDEN[place]:
            raise _rejection(sql, f"contains {token.upper()}")
    if open_:
        raise _rejection(sql, "has an unmatched opening parenthesis")


def is_literal(sql: str) -> bool:
    """Whether the SQL is one string literal."""
    return re.fullmatch(r"'[^'\\]*'", sql) is not None


def expects_table(sql: str) -> bool:
    """Whether a table's name may follow the SQL."""
    return re.search(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|USING)\b", sql, re.IGNORECASE) is not None


def _tokens(sql: str, dialect: str) -> Iterator[tuple[str, str]]:
    bracketed = dialect in ("sqlite", "mssql")
    quotes = r"| `(?:[^`]|``)*`" if dialect in ("sqlite", "mysql", "mariadb") else ""
    quotes += r"| \[[^\]'\"`()\[]*\]" if bracketed else ""
    rejected = _COMMENT.get(dialect, "") + (r"| \[" if bracketed else "")
    pattern = _PARTS.replace("{quotes}", quotes).replace("{rejected}", rejected)
    for found in re.finditer(pattern, sql, re.VERBOSE):
        yield str(found.lastgroup), found.group()


def _rejection(sql: str, why: str) -> OwnershipError:
    return OwnershipError(f"SQL in text beside users' rows {why}: {sql[:60]!r}")
