"""Errors that are raised before a statement touches another user's rows."""

from sqlalchemy.orm.exc import StaleDataError


class OwnershipError(RuntimeError):
    """A mistake in the app: a statement would touch rows of another user, or rows without an owner.
    No row of another user was read or written. Roll back the transaction.
    """


def text_names(table: str) -> OwnershipError:
    """Returns the error for SQL in text that contains the name of an owned table. The text is
    searched, not parsed.
    """
    return OwnershipError(
        f"SQL in text names {table}, perhaps only in a comment or a string, or before a dot: use "
        "the model, or rename what has the name of the table, or use all_owners(session)"
    )


class ReferenceNotOwnedError(OwnershipError):
    """A foreign key names a row that is absent or another user's; both give the same error. If
    the client chose the key, this is the client's mistake: respond with 404 or 422.
    """


class NotTheUsersRowError(OwnershipError, StaleDataError):
    """A flush changed fewer rows than expected: the others were deleted, or are another user's.
    Both give the same error. It is also SQLAlchemy's `StaleDataError`, which optimistic locking
    catches.
    """
