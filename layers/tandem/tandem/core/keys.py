"""Match keys: the normal forms under which an unlinked record is found on the other side."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

import phonenumbers
from anyascii import anyascii
from rapidfuzz import fuzz

from tandem.core.conversion import plain, spaced
from tandem.core.records import MatchKeys, Record
from tandem.core.regions import country_code

# fmt: off
LEGAL_FORMS: Final = frozenset({
    "ltd", "limited", "pvt", "llp", "llc", "inc", "incorporated", "gmbh", "pty", "pte", "sdn", "bhd", "sarl",
})
"""Dropped wherever they stand."""
LEGAL_ENDINGS: Final = frozenset({
    "private", "co", "company", "corp", "corporation", "plc", "opc", "ag", "kg", "ohg", "ug", "se", "sa", "sas",
    "srl", "spa", "bv", "nv", "ab", "as", "oy", "aps", "and",
})
"""Dropped at the end only: elsewhere they are words (Private Bank, Company Store, AS Roma)."""
FREE_MAIL: Final = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.in", "yahoo.in", "yahoo.co.uk", "ymail.com",
    "rocketmail.com", "hotmail.com", "hotmail.co.uk", "outlook.com", "outlook.in", "live.com", "live.in",
    "msn.com", "icloud.com", "me.com", "mac.com", "aol.com", "proton.me", "protonmail.com", "zoho.com",
    "zohomail.com", "zohomail.in", "rediffmail.com", "sify.com", "gmx.com", "gmx.de", "gmx.net", "web.de",
    "mail.com", "yandex.com", "mail.ru", "qq.com", "163.com",
})
# fmt: on
SIMILAR_NAME: Final = 90
"""The least token ratio (0 to 100) of two folded names that count as similar."""
_DOTTED: Final = re.compile(r"\b(?:\w\.){2,}|\b(?:\w\.)+\w\b")


def fold_words(text: str) -> list[str]:
    """The words of a name in ASCII without case, accents and punctuation; & is and, dotted letters are one word."""
    ascii_only = anyascii(unicodedata.normalize("NFKC", plain(text))).casefold()
    folded = ascii_only.replace("&", " and ").replace("'", "")
    folded = _DOTTED.sub(lambda found: found[0].replace(".", ""), folded)
    return "".join(c if c.isalnum() else " " for c in folded).split()


def fold_person(text: str) -> str:
    """A person's name for comparing; legal forms are names here (Sa, Co, As)."""
    return " ".join(fold_words(text))


def fold_name(text: str) -> str:
    """A company's name for comparing: words in their order without legal forms, unless it has nothing else."""
    words = fold_words(text)
    kept = [word for word in words if word not in LEGAL_FORMS]
    while kept and kept[-1] in LEGAL_ENDINGS:
        kept.pop()
    return " ".join(kept or words)


def normal_email(text: str) -> str:
    """An e-mail address without case and outer white space."""
    return unicodedata.normalize("NFC", plain(text)).casefold()


@lru_cache(maxsize=4096)
def normal_phone(text: str, region: str) -> str:
    """E.164 with extension, read with the default region; else its digits; else the spaced text."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        extension = f";ext={number.extension}" if number.extension else ""
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension
    digits = "".join(c for c in text if c.isdigit())
    return digits or spaced(text)


def web_domain(text: str | None) -> str | None:
    """The host of a web or e-mail address without www; None for free-mail hosts and what is no host."""
    host = re.split(r"[/?#:]", re.sub(r"^\w+://", "", plain(text or "")).rpartition("@")[2], maxsplit=1)[0]
    host = host.casefold().strip(".").removeprefix("www.")
    return host if "." in host and " " not in host and host not in FREE_MAIL else None


def similar_name(a: str, b: str) -> bool:
    """Names that differ by legal form, order or spelling, and not by a country or number in them."""
    left, right = fold_name(a).split(), fold_name(b).split()
    if not left or not right:
        return False
    if left == right:
        return True
    if _marks(left) != _marks(right):
        return False
    return fuzz.token_sort_ratio(" ".join(left), " ".join(right)) >= SIMILAR_NAME


def _marks(words: list[str]) -> set[str]:
    """What tells sister companies apart: numbers and countries, of one word or two."""
    pairs = [f"{left} {right}" for left, right in pairwise(words)]
    countries = {code for text in (*words, *pairs) if (code := country_code(text))}
    return countries | {word for word in words if any(c.isdigit() for c in word)}


def hash_key(kind: str, value: str) -> str:
    """SHA-256 in hex, so that personal data is never an index key."""
    return hashlib.sha256(f"{kind}\x00{value}".encode(errors="surrogatepass")).hexdigest()


def key_rows(keys: MatchKeys) -> list[tuple[str, str]]:
    """The index rows (kind, hash) under which a record is found; `stamp` names the other side's id."""
    return [(kind, hash_key(kind, value)) for kind, value in _pairs(keys)]


def lookups(record: Record) -> list[tuple[str, str]]:
    """The index rows that may hold the counterpart: equal keys, and a stamp that names this record.

    A stamp on the record itself names the counterpart's id directly.
    """
    found = [row for row in key_rows(record.keys) if row[0] != "stamp"]
    return [("stamp", hash_key("stamp", record.id)), *found]


def _pairs(keys: MatchKeys) -> Iterator[tuple[str, str]]:
    singles = (("stamp", keys.stamp), ("tax", keys.tax_number), ("domain", keys.domain), ("name", keys.name))
    yield from ((kind, value) for kind, value in singles if value)
    yield from (("email", email) for email in sorted(keys.emails))
    yield from (("phone", phone) for phone in sorted(keys.phones))
    yield from (("own", f"{field}\x00{value}") for field, value in sorted(keys.own))
