"""No write reaches another user's rows, gives rows away or tells what others have."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from better_auth_edge.sqlmodel import NotTheUsersRowError, OwnershipError, ReferenceNotOwnedError
from tests.isolation.aimed_writes import HARMLESS, HARMLESS_ON_POSTGRES, REJECTED, Aimed
from tests.isolation.conftest import World
from tests.isolation.test_documents import GONE, KEY
from tests.isolation.world import ABSENT, ADA, BOB, Bind, plain, rows_in, session_of, shared_rows
from tests.isolation.writes import GIVEN, OWN, OwnWrite

BOBS = 6
"""The key of one of Bob's rows, in every table."""


def committed(bind: Bind, whose: str, write: Callable[[Session], Any]) -> Any:
    """What the write gave, or raised."""
    with session_of(bind, whose) as session:
        try:
            result = plain(write(session))
            session.commit()
        except (OwnershipError, sa.exc.SQLAlchemyError) as error:
            session.rollback()
            return error
        return result


@pytest.mark.parametrize("write", OWN.values(), ids=OWN)
def test_a_user_writes_their_own_rows(world: World, write: OwnWrite) -> None:
    both, alone = world("both"), world("ada")
    bobs, before = rows_in(both, BOB), (rows_in(both, ADA), shared_rows(both))
    for engine in (both, alone):
        error = committed(engine, "ada", lambda session: write(session) and None)
        assert error is None, repr(error)
    assert rows_in(both, BOB) == bobs
    assert rows_in(both, ADA) == rows_in(alone, ADA)
    assert shared_rows(both) == shared_rows(alone)
    assert write in UNCHANGING or (rows_in(both, ADA), shared_rows(both)) != before


UNCHANGING = [OWN["insert or nothing by a key with the owner"]]


@pytest.mark.parametrize("write", OWN.values(), ids=OWN)
def test_a_session_without_a_user_writes_nothing(world: World, write: OwnWrite) -> None:
    engine = world("both")
    before = rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)
    assert isinstance(committed(engine, "anonymous", write), (OwnershipError, sa.exc.NoResultFound))
    assert (rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)) == before


def aimed(write: Aimed, key: int, session: Session) -> Any:
    return write(session, key)


def check_harmless(world: World, write: Aimed) -> None:
    both, alone = world("both"), world("ada")
    bobs = rows_in(both, BOB)
    result = committed(both, "ada", partial(aimed, write, BOBS))
    assert not isinstance(result, Exception), result
    assert result == committed(alone, "ada", partial(aimed, write, BOBS))
    assert rows_in(both, BOB) == bobs
    assert rows_in(both, ADA) == rows_in(alone, ADA)
    assert shared_rows(both) == shared_rows(alone)


@pytest.mark.filterwarnings("ignore:.*cartesian product")
@pytest.mark.parametrize("write", HARMLESS.values(), ids=HARMLESS)
def test_a_write_with_a_condition_is_about_the_users_rows(world: World, write: Aimed) -> None:
    check_harmless(world, write)


@pytest.mark.filterwarnings("ignore:.*cartesian product")
@pytest.mark.parametrize("write", HARMLESS_ON_POSTGRES.values(), ids=HARMLESS_ON_POSTGRES)
def test_a_write_that_only_postgresql_has_is_harmless(
    postgresql_world: World, write: Aimed
) -> None:
    check_harmless(postgresql_world, write)


NOT_LOADED = ("relationship", "secondary")
NOT_VALUES = ("expression", "insert from select", "on conflict", *NOT_LOADED)
"""Statements that are rejected before any key is checked."""
BY_KEY = [
    write
    for name, write in REJECTED.items()
    if name.startswith(KEY) and not name.endswith(NOT_VALUES)
]
BY_ROW = [
    write for name, write in REJECTED.items() if name.startswith(GONE) or name.endswith(NOT_LOADED)
]


@pytest.mark.parametrize("write", REJECTED.values(), ids=REJECTED)
def test_a_rejection_is_the_same_for_an_absent_row_and_for_another_users(
    world: World, write: Aimed
) -> None:
    rejections = []
    for key in (BOBS, ABSENT):
        engine = world("both")
        before = rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)
        error = committed(engine, "ada", partial(aimed, write, key))
        assert isinstance(error, OwnershipError), repr(error)
        assert isinstance(error, ReferenceNotOwnedError) is (write in BY_KEY)
        assert isinstance(error, NotTheUsersRowError) is (write in BY_ROW)
        rejections.append((type(error), str(error)))
        assert (rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)) == before
    assert rejections[0] == rejections[1]


@pytest.mark.parametrize("write", GIVEN.values(), ids=GIVEN)
def test_no_row_becomes_another_users(world: World, write: OwnWrite) -> None:
    engine = world("both")
    before = rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)
    error = committed(engine, "ada", write)
    assert isinstance(error, OwnershipError), repr(error)
    assert (rows_in(engine, ADA), rows_in(engine, BOB), shared_rows(engine)) == before
