"""No query reaches another user's rows, and none can be forgotten."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Engine, MetaData, String, Uuid, func, insert, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session as SQLAlchemySession
from sqlalchemy.orm import aliased, joinedload, scoped_session, selectinload, sessionmaker
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from better_auth_edge import EdgeAuthError, User
from better_auth_edge.sqlmodel import OwnershipError, UserOwned, all_owners, owned


class Folder(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    notes: list["Note"] = Relationship(back_populates="folder")


class Note(UserOwned, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    folder_id: int | None = Field(default=None, foreign_key="folder.id")
    folder: Folder | None = Relationship(back_populates="notes")


ADA, BOB = uuid4(), uuid4()
ADAS, BOBS = 1, 2
"""The ids of their notes, which lie in one folder."""


def user(uuid: UUID | None) -> User:
    return User(id="x", uuid=uuid)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with all_owners(Session(engine)) as session:
        session.add(Folder(id=1))
        session.add(Note(id=ADAS, title="Ada's", user_id=ADA, folder_id=1))
        session.add(Note(id=BOBS, title="Bob's", user_id=BOB, folder_id=1))
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def adas(engine: Engine) -> Iterator[Session]:
    with owned(Session(engine), user(ADA)) as session:
        yield session


def everything(engine: Engine) -> dict[str, UUID]:
    with all_owners(Session(engine)) as session:
        return {note.title: note.user_id for note in session.exec(select(Note))}


Query = Callable[[Session], Any]
OTHER = aliased(Note)

READS: dict[str, Query] = {
    "all": lambda session: session.exec(select(Note)).all(),
    "by id": lambda session: session.exec(select(Note).where(Note.id == BOBS)).all(),
    "by get": lambda session: [note for note in [session.get(Note, BOBS)] if note],
    "with or": lambda session: session.exec(
        select(Note).where((col(Note.id) == ADAS) | (col(Note.id) == BOBS))
    ).all(),
    "a column": lambda session: session.exec(select(Note.title)).all(),
    "a count": lambda session: range(session.exec(select(func.count()).select_from(Note)).one()),
    "an alias": lambda session: session.exec(select(OTHER)).all(),
    "a subquery": lambda session: session.exec(
        select(Folder).where(col(Folder.id).in_(select(Note.folder_id).where(Note.id == BOBS)))
    ).all(),
    "a self join": lambda session: session.exec(
        select(OTHER).join(Note, col(Note.folder_id) == OTHER.folder_id)
    ).all(),
    "a relationship": lambda session: session.exec(select(Folder)).one().notes,
    "an eager relationship": lambda session: (
        session.exec(
            select(Folder).options(selectinload(Folder.notes))  # type: ignore[arg-type]
        )
        .one()
        .notes
    ),
    "a joined relationship": lambda session: (
        session.exec(
            select(Folder).options(joinedload(Folder.notes))  # type: ignore[arg-type]
        )
        .unique()
        .one()
        .notes
    ),
    "a union": lambda session: session.execute(select(Note.title).union(select(OTHER.title))).all(),
    "the old way": lambda session: SQLAlchemySession.query(session, Note).all(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_query_finds_the_users_own_rows_and_no_others(adas: Session, read: Query) -> None:
    found = read(adas)
    assert len(found) <= 1
    assert "Bob" not in repr(found)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_query_without_a_user_finds_nothing(engine: Engine, read: Query) -> None:
    with Session(engine) as session:
        try:
            found = read(session)
        except OwnershipError:
            return
        # Rows that are loaded along with others.
        assert found == []


def test_a_forgotten_user_is_an_error(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(OwnershipError, match="whose rows of note"):
        session.exec(select(Note)).all()


def test_updates_and_deletes_leave_others_rows_alone(engine: Engine, adas: Session) -> None:
    adas.execute(update(Note).values(title="changed"))
    adas.commit()
    assert everything(engine) == {"changed": ADA, "Bob's": BOB}
    adas.execute(delete(Note))
    adas.commit()
    assert everything(engine) == {"Bob's": BOB}


def test_a_new_row_becomes_the_users(engine: Engine, adas: Session) -> None:
    adas.add(Note(title="new"))
    adas.commit()
    assert everything(engine)["new"] == ADA


def taken_over(engine: Engine, session: Session) -> None:
    note = session.get_one(Note, ADAS)
    note.user_id = BOB


def smuggled(engine: Engine, session: Session) -> None:
    with all_owners(Session(engine)) as other:
        note = other.get_one(Note, BOBS)
        other.expunge(note)
    session.add(note)
    note.title = "changed"


def smuggled_and_taken(engine: Engine, session: Session) -> None:
    smuggled(engine, session)
    next(note for note in session if isinstance(note, Note)).user_id = ADA


def smuggled_and_deleted(engine: Engine, session: Session) -> None:
    smuggled(engine, session)
    for note in list(session):
        session.delete(note)


def for_bob(engine: Engine, session: Session) -> None:
    session.add(Note(title="new", user_id=BOB))


@pytest.mark.parametrize(
    "write", [taken_over, smuggled, smuggled_and_taken, smuggled_and_deleted, for_bob]
)
def test_a_row_of_another_user_is_not_written(
    engine: Engine, adas: Session, write: Callable[[Engine, Session], None]
) -> None:
    before = everything(engine)
    write(engine, adas)
    with pytest.raises(OwnershipError):
        adas.commit()
    adas.rollback()
    assert everything(engine) == before


@pytest.mark.parametrize(
    "statement",
    [
        insert(Note).values(title="new", user_id=BOB),
        SQLModel.metadata.tables["note"].select(),
        select(Folder.id, SQLModel.metadata.tables["note"].c.title),
        select(Note.id, SQLModel.metadata.tables["note"].alias().c.title),
        select(func.count()).select_from(SQLModel.metadata.tables["note"]),
        SQLModel.metadata.tables["note"].delete(),
    ],
    ids=[
        "insert",
        "table",
        "table beside a model",
        "alias of a table",
        "count",
        "delete from a table",
    ],
)
def test_a_statement_that_cannot_be_limited_to_an_owner_is_rejected(
    adas: Session, statement: Any
) -> None:
    with pytest.raises(OwnershipError):
        adas.execute(statement)


def given(session: Session) -> None:
    session.execute(update(Note).values(user_id=BOB))


def given_in_order(session: Session) -> None:
    session.execute(update(Note).ordered_values((col(Note.title), "x"), (col(Note.user_id), BOB)))


def given_by_parameters(session: Session) -> None:
    session.execute(update(Note), {"user_id": BOB})


def named_one_by_one(session: Session) -> None:
    session.execute(update(Note), [{"id": BOBS, "title": "changed"}])


def inserted_many(session: Session) -> None:
    session.execute(insert(Note), [{"title": "new", "user_id": BOB}])


@pytest.mark.parametrize(
    "write", [given, given_in_order, given_by_parameters, named_one_by_one, inserted_many]
)
def test_nothing_is_put_among_another_users_rows(
    engine: Engine, adas: Session, write: Callable[[Session], None]
) -> None:
    before = everything(engine)
    with pytest.raises(OwnershipError):
        write(adas)
    adas.commit()
    assert everything(engine) == before


def test_a_merged_row_does_not_take_the_place_of_anothers(engine: Engine, adas: Session) -> None:
    before = everything(engine)
    adas.merge(Note(id=BOBS, title="changed"))
    with pytest.raises(IntegrityError):
        adas.commit()
    adas.rollback()
    assert everything(engine) == before


def test_a_session_without_a_user_writes_nothing(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Note(title="new", user_id=ADA))
        with pytest.raises(OwnershipError):
            session.commit()


def test_rows_without_an_owner_need_no_user(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Folder())
        session.commit()
        assert len(session.exec(select(Folder)).all()) == 2
        assert session.execute(text("select 1")).scalar() == 1


def test_a_session_does_not_change_hands(adas: Session) -> None:
    assert owned(adas, ADA) is adas
    with pytest.raises(OwnershipError):
        owned(adas, BOB)
    with pytest.raises(OwnershipError):
        all_owners(adas)


def test_a_user_without_a_uuid_owns_nothing(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(EdgeAuthError, match="missing_claim"):
        owned(session, user(None))


@pytest.mark.parametrize("owner", [str(ADA), ADA.hex, ADA.int, ADA.bytes, "ada", {"uuid": ADA}])
def test_an_owner_of_another_type_is_rejected_at_once(engine: Engine, owner: Any) -> None:
    with Session(engine) as session:
        with pytest.raises(TypeError, match=r"must be a User or a uuid\.UUID"):
            owned(session, owner)
        assert owned(session, ADA) is session


def test_only_a_session_can_be_owned(engine: Engine) -> None:
    """A connection would be accepted, and its statements not be guarded."""
    with engine.connect() as connection:
        for other in (connection, engine, sessionmaker(engine)):
            with pytest.raises(TypeError, match="expected a Session or AsyncSession"):
                owned(other, ADA)  # type: ignore[type-var]
            with pytest.raises(TypeError, match="expected a Session or AsyncSession"):
                all_owners(other)  # type: ignore[type-var]
    scoped = scoped_session(sessionmaker(engine))
    owned(scoped, ADA)
    assert [note.title for note in scoped.scalars(select(Note))] == ["Ada's"]
    scoped.remove()


class TextUuid(TypeDecorator[UUID]):
    """A UUID that the database keeps as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, _: Any) -> Any:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, _: Any) -> Any:
        return None if value is None else UUID(value)


def column(type_: Any) -> Any:
    return Field(default=None, sa_column=Column(type_, nullable=False))


WRONG: dict[str, tuple[Any, Any]] = {
    "a string": (str, Field()),
    "a number": (int, Field()),
    "a string, too": (UUID | str, column(Uuid)),
    "stored as a string": (UUID, column(String)),
    "read as a string": (UUID, column(Uuid(as_uuid=False))),
}


def model_of(name: str, annotation: Any, field: Any) -> Any:
    """A model with this `user_id`."""
    body = {
        "__annotations__": {"id": int | None, "user_id": annotation},
        "__module__": __name__,
        "metadata": MetaData(),
        "id": Field(default=None, primary_key=True),
        "user_id": field,
    }
    metaclass: Any = type(SQLModel)
    return metaclass(name, (UserOwned,), body, table=True)


@pytest.mark.parametrize("name", WRONG)
def test_an_owner_column_of_another_type_is_rejected_with_its_model(name: str) -> None:
    model = f"Wrong{list(WRONG).index(name)}"
    with pytest.raises(OwnershipError, match=f"{model}.user_id must be a UUID, not (str|int)"):
        model_of(model, *WRONG[name])


@pytest.mark.parametrize("type_", [Uuid, TextUuid], ids=["Uuid", "TypeDecorator"])
def test_an_owner_column_may_be_kept_as_the_app_likes(engine: Engine, type_: Any) -> None:
    kept = model_of(f"Kept{type_.__name__}", UUID, column(type_))
    kept.metadata.create_all(engine)
    for whose in (ADA, BOB):
        with owned(Session(engine), whose) as session:
            session.add(kept())
            session.commit()
            assert [row.user_id for row in session.exec(select(kept))] == [whose]


def test_the_net_for_text_says_where_the_name_may_be(adas: Session) -> None:
    for sql in ("select 1 -- every note", "select note.id from folder note"):
        with pytest.raises(OwnershipError, match="in a comment or a string, or before a dot"):
            adas.execute(text(sql))


def test_the_package_itself_does_not_import_sqlmodel() -> None:
    code = "import sys, better_auth_edge; sys.exit('sqlmodel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_asynchronous_session_is_owned_too(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/notes.db")

    async def titles(session: AsyncSession) -> Any:
        return (await session.exec(select(Note.title))).all()

    async def test() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        for uuid, title in ((ADA, "Ada's"), (BOB, "Bob's")):
            async with owned(AsyncSession(engine), user(uuid)) as session:
                session.add(Note(title=title))
                await session.commit()
        async with owned(AsyncSession(engine), user(ADA)) as session:
            assert await titles(session) == ["Ada's"]
        async with AsyncSession(engine) as session:
            with pytest.raises(OwnershipError):
                await titles(session)
        await engine.dispose()

    asyncio.run(test())
