"""No relationship leads to another user's rows."""

import pytest
import sqlalchemy as sa

from better_auth_edge.sqlmodel import OwnershipError
from tests.isolation.links import FOLLOWS, RELATIONS, Follow, Relation
from tests.isolation.world import outcome


@pytest.mark.parametrize("follow", FOLLOWS.values(), ids=FOLLOWS)
@pytest.mark.parametrize("relation", RELATIONS.values(), ids=RELATIONS)
def test_a_relationship_leads_to_the_users_rows_alone(
    worlds: dict[str, sa.Engine], relation: Relation, follow: Follow
) -> None:
    for user in ("ada", "bob"):
        result = outcome(worlds["both"], user, lambda session: follow(session, relation))
        alone = outcome(worlds[user], "all", lambda session: follow(session, relation))
        assert result == alone
    anonymous = outcome(worlds["both"], "anonymous", lambda session: follow(session, relation))
    without = outcome(worlds["none"], "all", lambda session: follow(session, relation))
    assert isinstance(anonymous, OwnershipError) or anonymous == without
