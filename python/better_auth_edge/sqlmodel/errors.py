"""What is raised in place of touching another user's rows."""

from sqlalchemy.orm.exc import StaleDataError


class OwnershipError(RuntimeError):
    """A mistake in the app: it would have touched rows without saying whose, or another user's. No
    row of another user was read or written; roll back what the transaction did before.
    """


def text_names(table: str) -> OwnershipError:
    """For SQL in text, which is searched for the names of owned tables and not parsed."""
    return OwnershipError(
        f"SQL in text names {table}, perhaps only in a comment or a string, or before a dot: use "
        "the model or rename what is called like the table, or use all_owners(session)"
    )


class ReferenceNotOwnedError(OwnershipError):
    """A foreign key names a row that is absent or another user's; both give the same error. Where
    the key comes from the client, this is the client's mistake: answer with 404 or 422.
    """


class NotTheUsersRowError(OwnershipError, StaleDataError):
    """A flush found fewer rows to change than it has: they are gone, or another user's. Both look
    the same. It is SQLAlchemy's `StaleDataError` too, which optimistic locking catches.
    """
