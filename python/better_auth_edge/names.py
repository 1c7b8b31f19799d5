"""Which known name was meant where another one was written: the core's rule, `src/similar.rs`.

A misspelt setting must not open a door, so a variable whose name is nearly one of ours is a fault.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence


def meant(written: str, known: Iterable[str]) -> str | None:
    """The known name that a written one very likely stands for. Letter case and separators do not
    count. Beyond that one slip makes a name a near one, two in names of nine characters and more,
    none in names of up to four.
    """
    return _nearest(written, known, lambda length: 0 if length <= 4 else 1 if length <= 8 else 2)


def suggestion(written: str, known: Iterable[str]) -> str | None:
    """The known name that a written one may stand for, where it is a mistake anyway."""
    return _nearest(written, known, lambda length: (length + 2) // 4 + 1)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A question to be put behind the fault of an unknown name; empty where nothing is near."""
    name = suggestion(written, known)
    return "" if name is None else f" (did you mean {name}?)"


def misspelt(
    names: Iterable[str], known: Collection[str], ignored: Collection[str]
) -> dict[str, str]:
    """The variables of an environment that are nearly called as a setting, and the settings that
    they stand for. `known` are in capitals; the case of variables does not count.
    """
    found = {}
    for name in sorted(names):
        if name.upper() in known or name.upper() in OTHERS or name in ignored:
            continue
        near = SYNONYMS.get(name.upper()) or meant(name, known)
        near = near or next((other for other in known if _is_reordered(name, other)), None)
        near = near or _with_affix(name, known)
        if near is not None:
            found[name] = near
    return found


def _is_reordered(name: str, known: str) -> bool:
    """Whether a name has the words of a setting, which are several: one may be anything."""
    return "_" in known and have_same_words(name, known)


OTHERS = {
    *("BETTER_AUTH_SECRETS", "BETTER_AUTH_TRUSTED_ORIGINS", "ISSUERS", "EDGE_SIGNING_KEY"),
    *("EDGE_BIND_REQUEST", "EDGE_SIGNING_KEY_NEXT"),
}
"""Variables of Better Auth and of the Worker that are nearly ours, and mean something else."""

SYNONYMS = {"BETTER_AUTH_BASE_URL": "BETTER_AUTH_URL"}

AFFIXES = {
    *("X", "MY", "THE", "OUR", "STAGING", "PRODUCTION", "PROD", "DEVELOPMENT", "DEV", "PREVIEW"),
    *("TEST", "LOCAL", "DEFAULT", "NEW", "OLD", "LIST", "JSON", "VAR", "STAGE", "LIVE", "QA"),
    *("UAT", "CI", "DEMO", "SANDBOX", "BETA", "CANARY", "EU", "US"),
}


def _with_affix(name: str, known: Iterable[str]) -> str | None:
    """A setting of ours alone with words before or behind it that tell deployments apart."""
    own = [known for known in known if known.startswith(("EDGE_", "BETTER_AUTH_"))]
    own += [synonym for synonym in SYNONYMS if synonym not in own]
    said = words(name)
    starts = [at for at in range(len(said)) if all(map(is_affix, said[:at]))]
    ends = [at for at in range(1, len(said) + 1) if all(map(is_affix, said[at:]))]
    rests = ["_".join(said[start:end]) for start in starts for end in ends if start < end]
    found = next((one for rest in rests for one in own if have_same_words(rest, one)), None)
    return None if found is None else SYNONYMS.get(found, found)


def have_same_words(name: str, other: str) -> bool:
    """Whether two names have the same words, in whatever order, singular or plural."""
    one, another = (
        sorted(word.removesuffix("S") for word in words(name)) for name in (name, other)
    )
    return one == another


def words(name: str) -> list[str]:
    """The words of a name, in capitals: `trustedOrigins` and `TRUSTED-ORIGINS` have two."""
    apart = re.sub("(?<=[a-z])(?=[A-Z])", "_", name)
    return [word.upper() for word in re.split("[-_. ]", apart) if word]


def is_affix(word: str) -> bool:
    number = word.removeprefix("V")
    return word in AFFIXES or (number.isascii() and number.isdigit())


def _nearest(written: str, known: Iterable[str], limit: Callable[[int], int]) -> str | None:
    letters = _letters(written)
    best: tuple[int, str] | None = None
    for name in known:
        other = _letters(name)
        most = min(limit(len(other)), len(other) // 2)
        if abs(len(letters) - len(other)) > most:
            continue
        slips = _distance(letters, other)
        if slips <= most and (best is None or slips < best[0]):
            best = slips, name
    return None if best is None else best[1]


def _letters(name: str) -> str:
    return "".join(character for character in name if character not in "_-. ").upper()


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    """How many slips make one of the other: characters too many, too few, wrong, or swapped with
    their neighbours.
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            wrong = a[i - 1] != b[j - 1]
            least = min(last[j - 1] + wrong, last[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
