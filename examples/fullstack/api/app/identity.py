"""The current user, who must be the user in the path."""

from typing import Annotated

from better_auth_edge import User
from fastapi import Depends

from app.settings import load

settings, auth = load()

PathUser = Annotated[User, Depends(auth.user_from_path("user_id"))]
"""The current user. Requests for another user's path are rejected."""
