"""No query answers about another user's rows."""

import pytest
import sqlalchemy as sa

from better_auth_edge.sqlmodel import OwnershipError
from tests.isolation.reads import READS, SHAPES, Read, Shape
from tests.isolation.world import outcome


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_query_answers_as_if_the_users_rows_were_all(
    worlds: dict[str, sa.Engine], shape: Shape, read: Read
) -> None:
    for user in ("ada", "bob"):
        answer = outcome(worlds["both"], user, lambda session: read(session, shape))
        alone = outcome(worlds[user], "all", lambda session: read(session, shape))
        assert answer == alone
    with_nobody = outcome(worlds["both"], "nobody", lambda session: read(session, shape))
    assert isinstance(with_nobody, OwnershipError)
