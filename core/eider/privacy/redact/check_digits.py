"""Numbers that are secrets: payment cards and bank accounts, told from other numbers by their check digits.

Standard library only: hooks load this file.
"""

from __future__ import annotations

from eider.privacy.redact.placeholders import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

CARD_LENGTHS: Final = {"4": (16,), "5": (16,), "2": (16,), "3": (14, 15, 16), "6": (16,)}
"""Digits of a payment card by its first digit (Visa, Mastercard, Amex, Diners, JCB, Discover)."""


def numbers(text: str) -> Iterator[tuple[str, int, int]]:
    """Card and account numbers as (family, start, end)."""
    card = compiled(
        r"(?<![A-Za-z0-9_.,:/#-])(?:[2-6][0-9]{3}(?P<s>[ -]?)[0-9]{4}(?P=s)[0-9]{4}(?P=s)[0-9]{4}"
        r"|3[0-9]{3}(?P<t>[ -]?)[0-9]{6}(?P=t)[0-9]{4,5})(?![A-Za-z0-9_]|[.,-][0-9])"
    )
    for match in card.finditer(text):
        digits = match.group().replace(" ", "").replace("-", "")
        if len(digits) in CARD_LENGTHS[digits[0]] and _issued(digits) and _luhn(digits):
            yield "card-number", match.start(), match.end()
    iban = compiled(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
    for match in iban.finditer(text):
        if _iban(match.group().replace(" ", "")):
            yield "iban", match.start(), match.end()


def _issued(digits: str) -> bool:
    """Whether a card network numbers its cards like this."""
    pair, four = int(digits[:2]), int(digits[:4])
    networks = digits[0] == "4" or 51 <= pair <= 55 or 2221 <= four <= 2720 or pair in {34, 37, 36, 38, 30, 35}  # noqa: PLR2004
    return len(set(digits)) > 1 and (networks or pair in {60, 62, 64, 65})


def _luhn(digits: str) -> bool:
    total = sum(map(int, digits[-1::-2])) + sum(sum(divmod(int(d) * 2, 10)) for d in digits[-2::-2])
    return total % 10 == 0


def _iban(number: str) -> bool:
    if not 15 <= len(number) <= 34 or not sum(c.isdigit() for c in number) >= 10:  # noqa: PLR2004 (ISO 13616)
        return False
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1
