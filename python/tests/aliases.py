"""User models whose aliases could put a claim of the user into a field that the package sets."""

from typing import Any

from pydantic import AliasChoices, AliasPath, Field, create_model

from better_auth_edge import User


def unsafe_models(field: str, claim: str) -> list[type[User]]:
    """Returns models in which another field takes the place of this one, or this one reads a claim.
    `claim` is where Better Auth's token has the value.
    """

    def model(**aliases: Any) -> type[User]:
        fields: dict[str, Any] = {
            name: (Any, Field(default=None, validation_alias=alias))
            for name, alias in aliases.items()
        }
        return create_model("Unsafe", __base__=User, **fields)

    return [
        model(other=AliasChoices(field)),
        model(other=AliasPath(field, "id")),
        model(**{field: "alias"}, other=AliasChoices("x", "alias")),
        model(**{field: AliasChoices("name")}),
        model(**{field: AliasPath("claims", claim)}),
    ]
