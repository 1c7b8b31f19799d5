"""Authenticates Better Auth users in FastAPI, behind better-auth-edge or without it. Start with
`EdgeAuth`.
"""

from better_auth_edge.auth import EdgeAuth
from better_auth_edge.errors import ConfigurationError, EdgeAuthError, KeyFetchError
from better_auth_edge.expiry import closes_on_expiry
from better_auth_edge.middleware import StripIdentityHeadersMiddleware
from better_auth_edge.problems import Problem, problem_responses
from better_auth_edge.settings import EdgeAuthSettings
from better_auth_edge.user import User

__all__ = [
    "ConfigurationError",
    "EdgeAuth",
    "EdgeAuthError",
    "EdgeAuthSettings",
    "KeyFetchError",
    "Problem",
    "StripIdentityHeadersMiddleware",
    "User",
    "closes_on_expiry",
    "problem_responses",
]
