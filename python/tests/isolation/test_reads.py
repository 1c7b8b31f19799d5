"""No query returns another user's rows."""

import pytest
import sqlalchemy as sa

from better_auth_edge.sqlmodel import OwnershipError
from tests.isolation.reads import ON_POSTGRES, READS, SHAPES, Read, Shape
from tests.isolation.world import outcome


def check(worlds: dict[str, sa.Engine], shape: Shape, read: Read) -> None:
    for user in ("ada", "bob"):
        result = outcome(worlds["both"], user, lambda session: read(session, shape))
        alone = outcome(worlds[user], "all", lambda session: read(session, shape))
        assert result == alone
    anonymous = outcome(worlds["both"], "anonymous", lambda session: read(session, shape))
    assert isinstance(anonymous, OwnershipError)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_query_returns_the_users_rows_only(
    worlds: dict[str, sa.Engine], shape: Shape, read: Read
) -> None:
    check(worlds, shape, read)


@pytest.mark.filterwarnings("ignore:Passing expression to ``distinct``")
@pytest.mark.parametrize("read", ON_POSTGRES.values(), ids=ON_POSTGRES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_read_that_only_postgresql_has_sees_own_rows_only(
    postgresql_worlds: dict[str, sa.Engine], shape: Shape, read: Read
) -> None:
    check(postgresql_worlds, shape, read)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_each_query_would_tell_of_the_others_rows_without_the_guard(
    sqlite_worlds: dict[str, sa.Engine], read: Read
) -> None:
    """So that the comparison can fail."""
    shape = SHAPES["plain"]
    of_all, of_ada = (
        outcome(sqlite_worlds[world], "all", lambda session: read(session, shape))
        for world in ("both", "ada")
    )
    assert of_all != of_ada
