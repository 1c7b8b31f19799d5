"""What is raised in place of touching another user's rows."""

from sqlalchemy.orm.exc import StaleDataError


class OwnershipError(RuntimeError):
    """A mistake in the app: it would have touched rows without saying whose, or another user's.
    Nothing of the refused statement was read or written.
    """


class NotTheUsersRowError(OwnershipError, StaleDataError):
    """A flush found fewer rows to change than it has: they are gone, or another user's. Both look
    the same. It is SQLAlchemy's `StaleDataError` too, which optimistic locking catches.
    """
