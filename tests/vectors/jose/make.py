"""Writes cases.json: keys and compact JWS of every algorithm, valid and invalid ones.

Run by hand. The tests compare the core with pyca/cryptography, which signs here:

    python make.py > cases.json

Each run generates new keys and discards the private ones. A case states the expected result for a
token: "verified", "malformed" (not a compact JWS with a claims set), "unusable" (the key is
rejected), "unfit" (the key is not for the header's algorithm) or "bad signature".
"""

import base64
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {
    "ES256": ("P-256", ec.SECP256R1(), 32),
    "ES384": ("P-384", ec.SECP384R1(), 48),
    "ES512": ("P-521", ec.SECP521R1(), 66),
}
RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
HMAC = ["HS256", "HS384", "HS512"]
CLAIMS = b'{"iss":"https://app.example","sub":"user-1"}'
OTHER_CLAIMS = b'{"iss":"https://app.example","sub":"user-2"}'

keys, cases = {}, []


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(numbers):
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


def ec_jwk(key, algorithm):
    name, _, size = CURVES[algorithm]
    point = key.public_key().public_numbers()
    x, y = (b64(value.to_bytes(size, "big")) for value in (point.x, point.y))
    return {"kty": "EC", "crv": name, "x": x, "y": y}


def sign(algorithm, key, message, salt=None):
    digest = HASHES.get(algorithm[2:])
    if algorithm in HMAC:
        return hmac.digest(key, message, digest.name)
    if algorithm == "EdDSA":
        return key.sign(message)
    if algorithm in CURVES:
        size = CURVES[algorithm][2]
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if algorithm.startswith("RS"):
        return key.sign(message, padding.PKCS1v15(), digest)
    salt = digest.digest_size if salt is None else salt
    return key.sign(message, padding.PSS(padding.MGF1(digest), salt), digest)


def signing_input(algorithm, header=None, claims=CLAIMS):
    header = header or json.dumps({"alg": algorithm}).encode()
    return f"{b64(header)}.{b64(claims)}"


def token(algorithm, key, signed_with=None, header=None, **options):
    text = signing_input(algorithm, header)
    return f"{text}.{b64(sign(signed_with or algorithm, key, text.encode(), **options))}"


def case(name, expect, key, text):
    cases.append({"name": name, "expect": expect, "key": key, "token": text})


def with_signature(text, signature):
    return text.rsplit(".", 1)[0] + "." + b64(signature)


def invalid_tokens(name, key, text):
    """A valid token, and errors that are rejected for every algorithm."""
    case(f"{name}: holds", "verified", key, text)
    header, claims, encoded = text.split(".")
    signature = base64.urlsafe_b64decode(encoded + "==")
    for position, index in (("first", 0), ("last", -1)):
        flipped = bytearray(signature)
        flipped[index] ^= 1
        changed = with_signature(text, flipped)
        case(f"{name}: {position} byte changed", "bad signature", key, changed)
    bad = {
        "one byte short": signature[:-1],
        "one byte long": signature + b"\0",
        "a zero before it": b"\0" + signature,
        "half of it": signature[: len(signature) // 2],
        "all zero": bytes(len(signature)),
        "all ones": b"\xff" * len(signature),
    }
    for what, changed in bad.items():
        case(f"{name}: signature {what}", "bad signature", key, with_signature(text, changed))
    other = f"{header}.{b64(OTHER_CLAIMS)}.{encoded}"
    case(f"{name}: other claims", "bad signature", key, other)
    spaced = b64(b" " + base64.urlsafe_b64decode(header + "=="))
    case(f"{name}: other header bytes", "bad signature", key, f"{spaced}.{claims}.{encoded}")


def invalid_keys(name, jwk, text, wrong_algorithm):
    """JWK members that make a key unusable, and some that do not."""
    members = {
        "alg of another type": ({"alg": wrong_algorithm}, "unusable"),
        "alg unknown": ({"alg": "none"}, "unusable"),
        "use enc": ({"use": "enc"}, "unusable"),
        "use sig": ({"use": "sig"}, "verified"),
        "use not a string": ({"use": ["sig"]}, "unusable"),
        "key_ops sign": ({"key_ops": ["sign"]}, "unusable"),
        "key_ops verify": ({"key_ops": ["verify"]}, "verified"),
        "key_ops empty": ({"key_ops": []}, "unusable"),
        "key_ops twice": ({"key_ops": ["verify", "verify"]}, "unusable"),
        "key_ops not an array": ({"key_ops": "verify"}, "unusable"),
        "private member": ({"d": "AQ"}, "unusable"),
        "symmetric member": ({"k": "AQ"}, "unusable"),
        "kty in lower case": ({"kty": jwk["kty"].lower()}, "unusable"),
    }
    for what, (changed, expect) in members.items():
        keys[f"{name} {what}"] = jwk | changed
        case(f"{name}: key with {what}", expect, f"{name} {what}", text)


def asymmetric():
    ed = ed25519.Ed25519PrivateKey.generate()
    keys["EdDSA"] = {"kty": "OKP", "crv": "Ed25519", "x": b64(ed.public_key().public_bytes_raw())}
    private = {"EdDSA": ed}
    invalid_tokens("EdDSA", "EdDSA", token("EdDSA", ed))
    alias = token("EdDSA", ed, header=b'{"alg":"Ed25519"}')
    case("EdDSA: by its name Ed25519", "verified", "EdDSA", alias)
    invalid_keys("EdDSA", keys["EdDSA"], token("EdDSA", ed), "ES256")

    for algorithm, (_, curve, size) in CURVES.items():
        key = private[algorithm] = ec.generate_private_key(curve)
        keys[algorithm] = ec_jwk(key, algorithm)
        text = token(algorithm, key)
        invalid_tokens(algorithm, algorithm, text)
        ecdsa(algorithm, key, text, size)
        wrong = "ES256" if algorithm == "ES512" else "ES512"
        invalid_keys(algorithm, keys[algorithm], text, wrong)

    key = private["RSA"] = rsa.generate_private_key(65537, 2048)
    keys["RSA"] = rsa_jwk(key.public_key().public_numbers())
    for algorithm in RSA:
        invalid_tokens(algorithm, "RSA", token(algorithm, key))
        for signed_with in (other for other in RSA if other != algorithm):
            text = token(algorithm, key, signed_with)
            case(f"{algorithm}: signed by {signed_with}", "bad signature", "RSA", text)
        keys[f"RSA for {algorithm}"] = keys["RSA"] | {"alg": algorithm}
        text = token(algorithm, key)
        case(f"{algorithm}: key for it alone", "verified", f"RSA for {algorithm}", text)
        text = token("RS256" if algorithm != "RS256" else "PS256", key)
        case(f"{algorithm}: key for another one", "unfit", f"RSA for {algorithm}", text)
    invalid_keys("RSA", keys["RSA"], token("RS256", key), "ES256")
    weak_rsa(key)
    mismatches(private)


def ecdsa(algorithm, key, text, size):
    message = text.rsplit(".", 1)[0].encode()
    signature = base64.urlsafe_b64decode(text.rsplit(".", 1)[1] + "==")
    r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
    order = key.curve.group_order

    def pair(r, s):
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    case(
        f"{algorithm}: n − s in place of s",
        "verified",
        algorithm,
        with_signature(text, pair(r, order - s)),
    )
    bad = {"r of zero": (0, s), "s of zero": (r, 0), "r of n": (order, s), "s of n": (r, order)}
    for what, (r_, s_) in bad.items():
        changed = with_signature(text, pair(r_, s_))
        case(f"{algorithm}: {what}", "bad signature", algorithm, changed)
    der = key.sign(message, ec.ECDSA(HASHES[algorithm[2:]]))
    case(f"{algorithm}: DER in place of r‖s", "bad signature", algorithm, with_signature(text, der))
    jwk = keys[algorithm]
    y = bytearray(base64.urlsafe_b64decode(jwk["y"] + "=="))
    y[-1] ^= 1
    x = base64.urlsafe_b64decode(jwk["x"] + "==")
    points = {
        "off the curve": {"y": b64(y)},
        "of zeros": {"x": b64(bytes(size)), "y": b64(bytes(size))},
        "with a short coordinate": {"x": b64(x[1:])},
        "with a long coordinate": {"x": b64(b"\0" + x)},
        "without y": {"y": None},
        "with padding": {"x": b64(x) + "="},
        "of a curve unknown": {"crv": "secp256k1"},
    }
    for what, changed in points.items():
        name = f"{algorithm} point {what}"
        keys[name] = {k: v for k, v in (jwk | changed).items() if v is not None}
        case(f"{algorithm}: point {what}", "unusable", name, text)


def weak_rsa(key):
    numbers = key.public_key().public_numbers()
    text = token("RS256", key)
    small = rsa.generate_private_key(65537, 1024)
    keys["RSA of 1024 bits"] = rsa_jwk(small.public_key().public_numbers())
    case("RS256: 1024 bits", "unusable", "RSA of 1024 bits", token("RS256", small))
    three = rsa.generate_private_key(3, 2048)
    keys["RSA with e of 3"] = rsa_jwk(three.public_key().public_numbers())
    case("RS256: exponent 3", "verified", "RSA with e of 3", token("RS256", three))
    # with e = 1 the padded hash is its own signature
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    message = signing_input("RS256")
    tail = b"\0" + info + hashlib.sha256(message.encode()).digest()
    padded = b"\0\1" + b"\xff" * (256 - 2 - len(tail)) + tail
    forged = f"{message}.{b64(padded)}"
    good = {"kty": "RSA", "n": number(numbers.n)}
    changed = {
        "exponent 1": (good | {"e": "AQ"}, forged),
        "exponent 0": (good | {"e": "AA"}, text),
        "an even exponent": (good | {"e": number(65536)}, text),
        "an exponent beyond the modulus": (good | {"e": number(numbers.n + 2)}, text),
        "a zero before the modulus": (
            good | {"e": "AQAB", "n": b64(b"\0" + numbers.n.to_bytes(256, "big"))},
            text,
        ),
        "an even modulus": (good | {"e": "AQAB", "n": number(numbers.n - 1)}, text),
        "no modulus": ({"kty": "RSA", "e": "AQAB"}, text),
    }
    for what, (jwk, text) in changed.items():
        keys[f"RSA with {what}"] = jwk
        case(f"RS256: key with {what}", "unusable", f"RSA with {what}", text)
    for algorithm in ("PS256", "PS384", "PS512"):
        digest = HASHES[algorithm[2:]]
        for salt in (0, 20, digest.digest_size + 1, 256 - digest.digest_size - 2):
            text = token(algorithm, key, salt=salt)
            case(f"{algorithm}: salt of {salt} bytes", "bad signature", "RSA", text)


def mismatches(private):
    """Keys of another type, and HMAC with a public key as the secret."""
    for name, key in private.items():
        algorithm = "RS256" if name == "RSA" else name
        for other in ("EdDSA", "ES256", "ES384", "ES512", "RSA"):
            if other != name:
                case(f"{algorithm}: key of {other}", "unfit", other, token(algorithm, key))
        public = json.dumps(keys[name], separators=(",", ":")).encode()
        for algorithm in HMAC:
            case(
                f"{algorithm}: secret is the JWK of {name}", "unfit", name, token(algorithm, public)
            )
        for none in ("none", "None", "NONE", "nOnE", "", "rs256", "ES256K", "Ed448", "HS1"):
            header = json.dumps({"alg": none}).encode()
            text = signing_input(None, header)
            signature = b64(sign("RS256" if name == "RSA" else name, key, text.encode()))
            case(f"{name}: alg {none!r} with a signature", "unfit", name, f"{text}.{signature}")
            case(f"{name}: alg {none!r} without one", "malformed", name, f"{text}.")


def symmetric():
    for algorithm in HMAC:
        size = int(algorithm[2:]) // 8
        secret = hashlib.sha512(algorithm.encode()).digest()[:size]
        keys[algorithm] = {"kty": "oct", "k": b64(secret)}
        invalid_tokens(algorithm, algorithm, token(algorithm, secret))
        keys[f"{algorithm} short"] = {"kty": "oct", "k": b64(secret[:-1])}
        case(
            f"{algorithm}: secret one byte short",
            "unusable",
            f"{algorithm} short",
            token(algorithm, secret[:-1]),
        )
        keys[f"{algorithm} empty"] = {"kty": "oct", "k": ""}
        case(f"{algorithm}: empty secret", "unusable", f"{algorithm} empty", token(algorithm, b""))
        longer = secret + b"\1"
        keys[f"{algorithm} long"] = {"kty": "oct", "k": b64(longer)}
        case(
            f"{algorithm}: secret one byte long",
            "verified",
            f"{algorithm} long",
            token(algorithm, longer),
        )


def malformed_tokens():
    """Malformed tokens with a valid signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    keys["forms"] = ec_jwk(key, "ES256")

    def signed(header, claims):
        text = f"{header}.{claims}"
        return f"{text}.{b64(sign('ES256', key, text.encode()))}"

    def malformed(name, text):
        case(f"form: {name}", "malformed", "forms", text)

    header, claims = b64(b'{"alg":"ES256"}'), b64(CLAIMS)
    good = signed(header, claims)
    parts = good.split(".")
    case("form: good", "verified", "forms", good)
    for index, which in enumerate(("header", "claims", "signature")):
        for what, change in {
            "padded": lambda part: part + "=" * (-len(part) % 4 or 4),
            "with a newline": lambda part: part + "\n",
            "after a space": lambda part: " " + part,
            "with a plus": lambda part: "+" + part[1:],
            "with a slash": lambda part: "/" + part[1:],
            "of impossible length": lambda part: part + "A" * (5 - len(part) % 4),
            "empty": lambda part: "",
        }.items():
            changed = [change(part) if i == index else part for i, part in enumerate(parts)]
            text = ".".join(changed) if index == 2 else signed(changed[0], changed[1])
            malformed(f"{which} {what}", text)
    malformed("signature with trailing bits", good[:-1] + chr(ord(good[-1]) + 1))
    for name, text in {
        "four segments": good + ".AA",
        "five segments": good + ".AA.AA",
        "two segments": ".".join(parts[:2]),
        "a dot before it": "." + good,
        "a dot after it": good + ".",
    }.items():
        malformed(name, text)
    general = {"payload": claims, "signatures": [{"protected": header, "signature": parts[2]}]}
    malformed("general JSON serialization", json.dumps(general))
    flattened = {"payload": claims, "protected": header, "signature": parts[2]}
    malformed("flattened JSON serialization", json.dumps(flattened))
    for name, text in {
        "alg twice": b'{"alg":"none","alg":"ES256"}',
        "no alg": b"{}",
        "alg a number": b'{"alg":256}',
        "alg null": b'{"alg":null}',
        "alg an array": b'{"alg":["ES256"]}',
        "crit": b'{"alg":"ES256","crit":["exp"],"exp":1}',
        "crit empty": b'{"alg":"ES256","crit":[]}',
        "b64 false": b'{"alg":"ES256","b64":false,"crit":["b64"]}',
        "b64 true": b'{"alg":"ES256","b64":true}',
        "zip": b'{"alg":"ES256","zip":"DEF"}',
        "enc": b'{"alg":"ES256","enc":"A128GCM"}',
        "cty JWT": b'{"alg":"ES256","cty":"JWT"}',
        "kid a number": b'{"alg":"ES256","kid":1}',
        "an array": b'["ES256"]',
        "not JSON": b"alg=ES256",
        "a byte order mark": b'\xef\xbb\xbf{"alg":"ES256"}',
        "not UTF-8": b'{"alg":"ES256","x":"\xff"}',
        "more after it": b'{"alg":"ES256"}{}',
    }.items():
        malformed(
            f"header with {name}" if "alg" in name else f"header: {name}", signed(b64(text), claims)
        )
    for name, text in {
        "text": b"Payload",
        "an array": b"[1]",
        "a string": b'"user-1"',
        "not UTF-8": b'{"sub":"\xff"}',
        "a member twice": b'{"sub":"user-1","sub":"user-2"}',
        "null": b"null",
    }.items():
        malformed(f"claims: {name}", signed(header, b64(text)))
    hidden = rsa.generate_private_key(65537, 2048)
    jwk = rsa_jwk(hidden.public_key().public_numbers())
    own = json.dumps({"alg": "RS256", "jwk": jwk}).encode()
    case("form: the key it brings along", "unfit", "forms", token("RS256", hidden, header=own))
    other = ec.generate_private_key(ec.SECP256R1())
    own = json.dumps({"alg": "ES256", "jwk": ec_jwk(other, "ES256")}).encode()
    case(
        "form: the key of its kind that it brings along",
        "bad signature",
        "forms",
        token("ES256", other, header=own),
    )


asymmetric()
symmetric()
malformed_tokens()
assert len({entry["name"] for entry in cases}) == len(cases)
named = (f"{json.dumps(name)}:{compact(jwk)}" for name, jwk in keys.items())
listed = (compact(entry) for entry in cases)
sys.stdout.write('{"keys":{\n' + ",\n".join(named) + "\n},\n")
sys.stdout.write('"cases":[\n' + ",\n".join(listed) + "\n]}\n")
