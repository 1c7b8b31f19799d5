"""Generates unusual tokens, most of them with a valid signature."""

import random
from collections.abc import Sequence

import jwt

from tests.better_auth import GENERATE, JSON, Key, base64url

ISSUER = "https://app.example"
NOW = 1_750_000_000

TIMES = [NOW + seconds for seconds in (-5.1, -5, -4.9, 0, 4.9, 5, 5.1, 900)]
NUMBERS = [
    *("0", "-0", "1e9", "17500001e2", "253402300799.5", "253402300800", "1e400", "-1", "0.0"),
    *("0e99999999999", "-0.0e9999999999999999999999", "1e-2147483649", "1e99999999", "-1e-320"),
    *("9e-99999999999999999999999", "1e99999999999999999999999", "0.000000000175e19", "-1e-400"),
]
NO_NUMBERS = ["1.", "01", ".5", "+1", "1e", "NaN", "Infinity", "-Infinity", "0x1"]
TEXTS = ['""', '"x"', r'"\ud800"', r'"\ud83d\ude00"', r'"\u0000"', '"é"', r'"\x"', '"\t"', '"\\"']
NAMES = ["EdDSA", "Ed25519", "ES256", "RS256", "HS256", "none", "JWT", "application/jwt", "at+jwt"]
DEEP = ["[" * n + "]" * n for n in (31, 32)] + ['{"a":' * n + "1" + "}" * n for n in (31, 32)]
VALUES = [
    *("null", "true", "false", "[]", "{}", "[null]", "tru", "undefined", "'x'", '{"a":1,"a":2}'),
    *(f'"{ISSUER}"', f'["{ISSUER}"]', f'["{ISSUER}",1]', f'["x","{ISSUER}"]', f'"{ISSUER}/"'),
    *(f'"{name}"' for name in NAMES),
    *map(str, TIMES),
    *NUMBERS,
    *NO_NUMBERS,
    *TEXTS,
    *DEEP,
    *("9" * 400, "9" * 5_000),
]
CLAIMS = [
    *("iss", "aud", "exp", "sub", "iat", "nbf", "jti", "scope", "nonce", "acr", "azp", "cnf"),
    *("client_id", "x", r"\u0078"),
]
HEADER = ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jwk", "x", r"\ud800"]


class Strange:
    """Makes them, the same ones for the same seed, except for keys and signatures."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._keys = {algorithm: Key(algorithm) for algorithm in GENERATE}
        self._twin, self._unnamed = Key(), Key("ES256")
        for algorithm, key in self._keys.items():
            key.kid = algorithm
        self._twin.kid = "EdDSA"

    @property
    def jwks(self) -> JSON:
        unnamed = {name: value for name, value in self._unnamed.jwk.items() if name != "kid"}
        named = [key.jwk for key in (self._twin, *self._keys.values())]
        return {"keys": [*named, unnamed, {**self._keys["RS256"].jwk, "kid": "x", "alg": None}]}

    def token(self) -> str:
        key = self._key()
        header = {"alg": f'"{key.algorithm}"', "kid": f'"{key.kid}"'}
        if key is self._unnamed or self._sometimes(0.03):
            del header["kid"]
        times = {"iat": str(NOW), "exp": str(NOW + 900)}
        claims = {"iss": f'"{ISSUER}"', "aud": f'"{ISSUER}"', "sub": '"ada"', **times}
        texts = (self._object(header, HEADER, 0.25), self._object(claims, CLAIMS, 0.5))
        signing_input = ".".join(map(base64url, texts))
        signer = jwt.get_algorithm_by_name(key.algorithm)
        signature = self._altered(signer.sign(signing_input.encode(), key.private))
        return self._misspelled(f"{signing_input}.{base64url(signature)}")

    def _sometimes(self, share: float) -> bool:
        return self._random.random() < share

    def _key(self) -> Key:
        usual = self._keys[self._random.choice(["EdDSA"] * 6 + list(GENERATE))]
        unusual = {"EdDSA": self._twin, "ES256": self._unnamed}.get(usual.algorithm, usual)
        return unusual if self._sometimes(0.1) else usual

    def _object(self, members: dict[str, str], names: Sequence[str], share: float) -> bytes:
        """An object with some members changed, and perhaps its text."""
        pick = self._random.choice
        pairs = list(members.items())
        while self._sometimes(share):
            name, value = pick(names), pick(VALUES)
            if not self._sometimes(0.15):  # else it is there twice
                pairs = [pair for pair in pairs if pair[0] != name]
            if not self._sometimes(0.1):
                pairs.append((name, value))
        separator = pick([","] * 20 + [", ", " ,\n", ",,", ";"])
        text = "{" + separator.join(f'"{name}":{value}' for name, value in pairs) + "}"
        if self._sometimes(0.03):
            text = pick(["\ufeff", " ", "\n", "\x0b", "\xa0", "x"]) + text
        if self._sometimes(0.03):
            text += pick([" ", "\n", "}", ",", "\0", "{}"])
        data = bytearray(text.encode())
        if self._sometimes(0.02):
            data[self._random.randrange(len(data))] = self._random.randrange(256)
        return bytes(data)

    def _altered(self, good: bytes) -> bytes:
        if not self._sometimes(0.05):
            return good
        changed = good[:5] + bytes([good[5] ^ 1]) + good[6:]
        longer = [good + b"\0", b"\0" + good]
        constant = [bytes(len(good)), b"\xff" * len(good)]
        return self._random.choice([good[:-1], good[::-1], changed, *longer, *constant])

    def _misspelled(self, token: str) -> str:
        if not self._sometimes(0.06):
            return token
        place = self._random.randrange(len(token))
        sign = self._random.choice(".=+/ -_Aw048\néＡ\0")  # noqa: RUF001
        before, after = token[:place], token[place:]
        return self._random.choice([before + sign + after, before + sign + after[1:], before])
