"""Who is calling."""

import re
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from typing_extensions import Self

from better_auth_edge.claims import claim_at


class User(BaseModel):
    """The user of a request, by a proof that has been verified. Subclass it for more:
    a further field takes the claim of its name.

        class Member(User):
            role: str = "member"

        auth = EdgeAuth.from_env(user_model=Member)
    """

    model_config = ConfigDict(frozen=True)

    id: str
    """The value of the user claim, by default the token's `sub`: Better Auth's user id."""
    uuid: UUID | None = None
    """The `uuid` claim, where Better Auth is set up to issue one."""
    email: str | None = None
    name: str | None = None
    claims: dict[str, Any] = {}
    """What the token says, or as much of it as the edge passes on."""

    @classmethod
    def for_test(cls, id: str = "test-user", **claims: Any) -> Self:
        """A user as a token with these claims would make it, for
        `app.dependency_overrides[auth.current_user]`. It is a value and proves nothing. Raises
        `EdgeAuthError` `invalid_claim` for claims that the model does not accept, and `TypeError`
        for `claims` as a whole and for a `sub` that contradicts the id.

            User.for_test("ada", role="admin", scope="tasks:read")
        """
        from better_auth_edge.user_model import UserModel

        if "claims" in claims:
            raise TypeError('for_test: give each claim by its name: for_test("ada", role="admin")')
        if claims.get("sub", id) != id:
            raise TypeError("for_test: sub is the id, which is the first argument")
        texts = {n: str(v) if isinstance(v, UUID) else v for n, v in claims.items()}
        return UserModel(cls).read(id, {"sub": id, **texts})

    def owns(self, value: str, claim: str | None = None) -> bool:
        """Whether a value is this user's: their id or their UUID, or what `claim`, a name or a
        dotted path, holds if it is named. Two spellings of one UUID are one user (RFC 9562,
        section 4) where the token has the canonical one; anything else is compared exactly.

        The claim `uuid` counts only in its canonical form, and only beside an id that is no UUID:
        otherwise a user who can write it could take the id of another.
        """
        claims = claims_of(self)
        own = (self.id, self._uuid_beside_id(claims.get("uuid")))
        held = own if claim is None else (claim_at(claims, claim),)
        return any(isinstance(one, str) and _same(value, one) for one in held)

    def _uuid_beside_id(self, claim: object) -> str | None:
        uuid = None if self.uuid is None else str(self.uuid)
        return uuid if claim == uuid and parse_uuid(self.id) is None else None


def claims_of(user: Any) -> dict[str, Any]:
    """The claims of a user. Where the app has made one without any, such as
    `User(id="ada", email="ada@example.com")` in a test, its fields count. A user that was made of
    a token always has claims.
    """
    if not isinstance(user, User) or "claims" in user.model_fields_set:
        claims: dict[str, Any] = user.claims
        return claims
    fields = {name: getattr(user, name) for name in user.model_fields_set}
    return {"sub": user.id, **fields, "uuid": None if user.uuid is None else str(user.uuid)}


def parse_uuid(text: object) -> UUID | None:
    """The UUID of a text in one of the usual forms."""
    return UUID(text) if isinstance(text, str) and _UUID.fullmatch(text) else None


_HYPHENATED = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID = re.compile(
    rf"[0-9a-f]{{32}}|{_HYPHENATED}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED}",
    re.ASCII | re.IGNORECASE,
)


def _same(value: str, own: str) -> bool:
    """A claim that users choose must not become another's UUID by being spelt like it: only the
    canonical form of a claim is compared as a UUID.
    """
    uuid = parse_uuid(own)
    is_uuid = uuid is not None and own == str(uuid)
    return bool(value) and (value == own or (is_uuid and parse_uuid(value) == uuid))
