"""Who is asking: the one user whose path it is."""

from typing import Annotated

from better_auth_edge import User
from fastapi import Depends

from app.settings import load

settings, auth = load()

PathUser = Annotated[User, Depends(auth.user_from_path("user_id"))]
"""The current user, provided that the path is theirs."""
