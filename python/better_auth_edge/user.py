"""The user of a request."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from typing_extensions import Self

from better_auth_edge._core import impersonator, is_id_at, is_same_id
from better_auth_edge.credential_kind import CredentialKind, kind_of_token
from better_auth_edge.user_model import UserModel
from better_auth_edge.uuids import parse_uuid


class User(BaseModel):
    """The person that a verified token or assertion identifies. Subclass it to add claims: a field
    holds the claim of the same name.

        class Member(User):
            role: str = "member"

        auth = EdgeAuth.from_env(user_model=Member)
    """

    model_config = ConfigDict(frozen=True)

    id: str
    """The value of the user claim, by default `sub`: Better Auth's user id."""
    uuid: UUID | None = None
    """The `uuid` claim, if Better Auth is configured to issue one."""
    email: str | None = None
    name: str | None = None
    impersonated_by: str | None = None
    """The id of the administrator who acts as this user: the claim `impersonatedBy` of Better
    Auth's admin plugin, or `act` of the edge's assertion."""
    credential: CredentialKind | None = None
    """What the client sent: `jwt`, `session` or `api-key`. None if the edge does not say."""
    claims: dict[str, Any] = {}
    """All claims of the token, or those that the edge forwards."""

    @classmethod
    def for_test(
        cls, id: str = "test-user", *, credential: CredentialKind | None = None, **claims: Any
    ) -> Self:
        """Builds the user that a token with these claims would have, for
        `app.dependency_overrides[auth.current_user]`. Nothing is verified. `credential` is the kind
        of credential in place of the token, such as `session`.

        Raises `EdgeAuthError` `invalid_claim` for claims that the model does not accept, and
        `TypeError` for the keyword `claims` and for a `sub` that differs from the id.

            User.for_test("ada", role="admin", scope="tasks:read")
        """
        if "claims" in claims:
            raise TypeError('for_test: pass each claim by its name: for_test("ada", role="admin")')
        if claims.get("sub", id) != id:
            raise TypeError("for_test: sub is the id, which is the first argument")
        texts = {n: str(v) if isinstance(v, UUID) else v for n, v in claims.items()}
        texts = {"sub": id, **texts}
        kind = credential or kind_of_token(texts)
        return UserModel(cls, User).read(id, texts, impersonator(texts), kind)

    def owns(self, value: str, claim: str | None = None) -> bool:
        """Whether a value equals the user's id or UUID, or the value of `claim`, which is a name or
        a dotted path. If that value is a list, one member must be equal, and a path leads through
        lists of objects: `organizations.id`. If the token has a UUID in its canonical form, any
        spelling of that UUID matches. Everything else is compared exactly.

        The claim `uuid` matches only in its canonical form, and only if the id is not a UUID.
        Otherwise a user who can write the claim could take the id of another user.
        """
        if claim is not None:
            return is_id_at(claims_of(self), claim, value)
        if is_same_id(value, self.id):
            return True
        uuid = self._uuid_beside_id(claims_of(self).get("uuid"))
        return uuid is not None and is_same_id(value, uuid)

    def _uuid_beside_id(self, claim: object) -> str | None:
        uuid = None if self.uuid is None else str(self.uuid)
        return uuid if claim == uuid and parse_uuid(self.id) is None else None


def claims_of(user: Any) -> dict[str, Any]:
    """Returns the claims of a user. If the app built the user without claims, as in
    `User(id="ada", email="ada@example.com")` in a test, its fields serve as claims. A user of a
    token always has claims.
    """
    if not isinstance(user, User) or "claims" in user.model_fields_set:
        claims: dict[str, Any] = user.claims
        return claims
    fields = {name: getattr(user, name) for name in user.model_fields_set}
    return {"sub": user.id, **fields, "uuid": None if user.uuid is None else str(user.uuid)}
