"""Secrets without a shape: recognised by the name they are given, in code, settings and plain prose.

`password=`, `"api_key": "…"`, "my password is …", "das Passwort lautet …". What stands after such a name
is judged by how strong the name is, how it was joined (quoted, assigned, said), and whether it looks like
something to keep secret rather than a word, a type, a reference or a placeholder.
Standard library only, `re` loaded on first use: hooks load this file.
"""

from __future__ import annotations

from eider.privacy.redact.placeholders import (
    NOT_SAID,
    PLACEHOLDER_WORDS,
    SMALL,
    WORDY_ENDINGS,
    compiled,
    crowded,
    is_placeholder,
    is_reference,
    looks_random,
    wordy,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Match, Pattern
    from typing import Final

STRONG, MEDIUM, WEAK = 3, 2, 1
"""How much a name says: a password is always secret, a token mostly, a key only when it looks it."""

_SUFFIX = r"(?:[_\-. ]?(?:value|base|plain|raw|prod|production|dev|live|test|staging|primary|secondary|v?[0-9]{1,3}))?"
_NAMES: Final[tuple[tuple[str, int, str, str], ...]] = (
    ("pass", STRONG, "password", r"pass(?:words?|worte?s?|w(?:d|rd)|ord(?:et)?|phrases?|codes?|e)?"),
    ("pwd", STRONG, "password", r"pwds?"),
    ("pw", STRONG, "password", r"pw"),
    ("kennwort", STRONG, "password", r"kennwort(?:es|s)?"),
    ("contrase", STRONG, "password", r"contrase(?:ñ|n|n\u0303)as?"),
    ("senha", STRONG, "password", r"senhas?"),
    ("wachtwoord", STRONG, "password", r"wachtwoord"),
    ("mdp", STRONG, "password", r"mdp"),
    ("парол", STRONG, "password", r"парол[ьяюе]м?"),
    ("lösenord", STRONG, "password", r"lösenord(?:et)?"),
    ("adgangskode", STRONG, "password", r"adgangskoden?"),
    ("hasł", STRONG, "password", r"hasł(?:o|a|em)"),
    ("şifre", STRONG, "password", r"şifre(?:si|m|miz)?"),
    ("parola d", STRONG, "password", r"parola d['’]ordine"),
    ("clave", STRONG, "password", r"clave(?: (?:secreta|privada|de acceso|de api|api|del? \w{1,20}))?"),
    ("zugangscode", STRONG, "password", r"zugangscode"),
    ("geheim", MEDIUM, "secret", r"geheim(?:nis|schlüssel|code)"),
    ("schlüssel", MEDIUM, "api-key", r"schlüssel"),
    ("clé", MEDIUM, "api-key", r"clé(?: (?:api|secrète|privée|d['’]api|d['’]accès))"),
    ("cle_", MEDIUM, "api-key", r"cle_(?:api|secrete)"),
    ("jeton", MEDIUM, "token", r"jeton(?: d['’](?:accès|api))?"),
    ("secret", MEDIUM, "secret", r"secret(?:s|[_-]?key[_-]?base|[_-]?key|[_-]?access[_-]?key| access key| key)?"),
    ("token", MEDIUM, "token", r"tokens?"),
    ("key", MEDIUM, "api-key", r"keys?"),
    ("cred", MEDIUM, "password", r"cred(?:ential)?s?"),
    ("auth", WEAK, "token", r"auth(?:orization)?"),
    ("pin", STRONG, "pin", r"pin(?:[ -]?(?:code|number|nummer))?"),
    ("phrase", STRONG, "password", r"phrases?"),
    ("mnemonic", STRONG, "password", r"mnemonic"),
    ("requirepass", STRONG, "password", r"requirepass"),
    ("recovery", STRONG, "password", r"recovery codes?"),
    ("backup", STRONG, "password", r"backup codes?"),
)
"""(literal, strength, family, the rest of the name), all lower case; the literal is the prefilter."""

_JOIN = (
    r"(?:"
    r"(?P<tag>[\"'`]?[^\S\n]{0,3}>)"
    r"|(?P<assign>(?:\s(?:for|to|of|on|at|in|von|für|fuer|zum|zur|des|der|vom|de|du|do|da|della|dello|pour|para|del|al|voor|til|till|för|dla|od|от|к|для)"
    r"\s[^\s:=?!\"]{1,40}(?:\s[^\s:=?!\"]{1,40}){0,4}?)?\\?[\"'`\]]{0,2}\)?(?:[\"']\s{1,3}value|[*_]{0,2})\s{0,4}(?::=|=>|->|→|\||[:=]{1,3})[*_]{0,2}"
    r"[^\S\n]{0,8}(?:[|>][-+]?)?(?:\n[^\S\n]{1,8})?)"
    r"|(?P<copula>(?:\s(?:for|to|of|on|at|in|von|für|fuer|zum|zur|des|der|vom|de|du|do|da|della|dello|pour|para|del|al|voor|til|till|för|dla|od|от|к|для)"
    r"\s[^\s:=?!\"]{1,40}(?:\s[^\s:=?!\"]{1,40}){0,5}?)?"
    r"(?:['’]s|\s{1,2}(?:c['’]est|is|was|are|will be|to|into|as|lautet|ist|war|est|era|sera|es|será|é|è|er|är|это|=))"
    r"(?:\s(?:now|currently|still|jetzt|maintenant|ahora|just|set to|nun))?\s?[:=]?\s{1,3})"
    r"|(?P<space>[\"']?[^\S\n]{1,2}(?=[^\s0-9]{0,60}[0-9]))"
    r")"
)
_VALUE = (
    r"\\?(?:\"(?P<double>[^\"\n]{1,300})\"|'(?P<single>[^'\n]{1,300})'|`(?P<tick>[^`\n]{1,300})`"
    r"|[“„«‘](?P<curly>[^”“»’\n]{1,300})[”“»’]"
    r"|[\"'`]?(?P<bare>[^\s\"'`,;<>“”„«»]{1,2000}))"
)

_WEAK_BEFORE_KEY = (
    "public pub primary foreign cache sort partition idempotency object hash row index group unique natural surrogate "
    "lookup map dict hot shortcut arrow registry translation i18n message file path answer house car piano "
    "mon don tur whis hoc joc dar tur lac roo por mal flun bar"
).split()
_KEY_OWNERS = (
    "api secret access private auth encryption encrypt crypt cipher signing sign master account license licence service "
    "session admin deploy webhook client subscription storage consumer hmac jwt aes rsa bot app ssh ingest integration "
    "write decrypt shared project user apikey vault openai anthropic stripe azure google aws datadog sendgrid mailgun "
    "twilio mistral cohere deepgram algolia maps"
).split()
_NO_TOKEN = (
    "next page nextpage continuation pagination cursor sync max num n per pad eos bos unk mask sep cls stop".split()
)
_BARE_PASS = (
    "db database user smtp mail ftp root admin sudo login ssh my mysql pg redis proxy http imap wifi wlan".split()
)


def names(low: str) -> list[int]:
    """Which rows of the name table occur in the lower-cased text at all."""
    return [i for i, row in enumerate(_NAMES) if row[0] in low]


def assigned(text: str, low: str, rows: list[int]) -> Iterator[tuple[str, int, int]]:
    """Spans of values that a name gives away, as (family, start, end)."""
    for i in rows:
        literal, strength, family, _ = _NAMES[i]
        if family == "password":
            yield from _said_before(text, low, literal)
        for match in _pattern(i).finditer(low):
            level = _level(literal, strength, low, match.start())
            if level:
                span = _judge(text, low, match, level, family)
                if span:
                    yield (_family(family, low, match.start()), *span)


def _said_before(text: str, low: str, literal: str) -> Iterator[tuple[str, int, int]]:
    """Values that come before their name: 'hunter2 is my password'."""
    at = low.find(literal)
    while at >= 0:
        if low[max(0, at - 4) : at] in _POSSESSIVES and (match := _reversed().search(low, max(0, at - 90), at)):
            start, end = match.span(1)
            value = text[start:end].rstrip(".,;:")
            if not is_reference(value) and not is_placeholder(value) and not wordy(value) and len(value) > 5:  # noqa: PLR2004
                yield "password", start, start + len(value)
        at = low.find(literal, at + len(literal))


_POSSESSIVES: Final = frozenset(
    {" my ", "the ", "our ", " as ", "ein ", "das ", "mon ", " le ", " mi ", " la ", "her ", "his "}
)


def _reversed() -> Pattern[str]:
    return compiled(
        r"(?<!\S)[\"'`]?(?=[^\s\"'`]{0,40}[0-9])(?=[^\s\"'`]{0,40}[a-z])([^\s\"'`/:]{6,40})[\"'`]?"
        r"\s(?:is|was|as|ist|war|als|est|comme|es|como)\s(?:my|the|our|her|his|mein|das|unser|mon|le|mi|la)\s$"
    )


def name_level(name: str) -> tuple[int, str]:
    """How much a metadata name says about its value, with the family; (0, "") when nothing.

    >>> name_level("db_password"), name_level("token_count")
    ((3, 'password'), (0, ''))
    """
    low = name.lower()
    best = (0, "")
    for literal, strength, family, rest in _NAMES:
        at = low.find(literal)
        if at < 0:
            continue
        whole = compiled(f"{rest}{_SUFFIX}$")
        while at >= 0:
            if whole.match(low, at):
                level = _level(literal, strength, low, at)
                best = max(best, (level, _family(family, low, at)))
            at = low.find(literal, at + 1)
    return best if best[0] else (0, "")


def _pattern(row: int) -> Pattern[str]:
    literal, _, _, rest = _NAMES[row]
    left = (
        "" if literal in {"key", "token", "secret", "pass", "pwd", "auth", "schlüssel", "cred"} else r"(?<![a-zß-ÿ]%s)"
    )
    body = rest.removeprefix(literal)
    return compiled(f"{literal}{left.replace('%s', literal)}{body}{_SUFFIX}{_JOIN}{_VALUE}")


def _family(family: str, low: str, at: int) -> str:
    before = low[max(0, at - 12) : at]
    if family == "api-key" and "private" in before:
        return "private-key"
    return "secret" if family == "api-key" and "secret" in before else family


def _level(literal: str, strength: int, low: str, at: int) -> int:  # noqa: PLR0911 (one line for each kind of name)
    owner, glued = _owner(low, at)
    if literal == "key":
        if owner in _WEAK_BEFORE_KEY or (glued and not owner.endswith(tuple(_KEY_OWNERS))):
            return 0
        return MEDIUM if owner.endswith(tuple(_KEY_OWNERS)) else WEAK
    if literal == "token":
        return 0 if owner in _NO_TOKEN else strength
    if literal == "pass":
        return _pass_level(low, at, owner, glued=glued)
    if literal == "auth":
        return 0 if glued else strength
    if literal == "phrase":
        return STRONG if owner in {"seed", "recovery", "backup", "secret"} else 0
    if literal == "cred":
        return 0 if glued and owner.endswith("sa") else strength
    return strength


def _owner(low: str, at: int) -> tuple[str, bool]:
    """The word before a name, and whether the two are one word: `api_key`, `apikey`."""
    end = at
    while end and low[end - 1] in "_.- ":
        end -= 1
        if at - end > 1:
            break
    begin = end
    while begin and end - begin < 40 and low[begin - 1].isalnum():  # noqa: PLR2004
        begin -= 1
    return low[begin:end], end == at and begin < end and low[end - 1].isalpha()


def _pass_level(low: str, at: int, owner: str, *, glued: bool) -> int:
    rest = low[at : at + 6]
    if rest.startswith(("passwo", "passwd", "passwr", "passor", "passph")):
        return STRONG
    if rest.startswith("passe"):
        return STRONG if low[max(0, at - 7) : at] == "mot de " or low[max(0, at - 3) : at] == "de_" else 0
    if glued and not owner.endswith(tuple(_BARE_PASS)):
        return 0
    return STRONG if rest.startswith("passco") or owner.endswith(tuple(_BARE_PASS)) else MEDIUM


def _judge(text: str, low: str, match: Match[str], level: int, family: str) -> tuple[int, int] | None:
    group = match.lastgroup or "bare"
    start, end = match.span(group)
    join = next(name for name in ("tag", "assign", "copula", "space") if match[name] is not None)
    bare = group == "bare"
    phrase = _phrase(low, match, start) if bare and join in {"assign", "copula"} else 0
    if phrase:
        return start, phrase
    if bare and (grouped := _grouped(text, start, level, join)):
        return start, grouped
    if low.startswith(("phrase", "mnemonic"), match.start()) and text.count(" ", start, end) < 2:  # noqa: PLR2004
        return None
    if bare:
        end = _trim(text, match, start, end)
    elif text[end - 1 : end] == "\\":
        end -= 1
    value = text[start:end]
    if len(value) < 4 or value.lower() in PLACEHOLDER_WORDS or is_reference(value) or is_placeholder(value):  # noqa: PLR2004
        return None
    if family == "pin":
        ok = value.isdigit() and 4 <= len(value) <= 8 and join in {"assign", "copula"}  # noqa: PLR2004
    elif level == STRONG:
        ok = _password(text, low, match, value, join=join, bare=bare, end=end)
    elif level == MEDIUM and join == "assign" and family in {"password", "secret"} and _hand_made(text, match, value):
        ok = True
    else:
        ok = _token(value, level, join=join, bare=bare)
    return (start, end) if ok else None


def _phrase(low: str, match: Match[str], start: int) -> int:
    """The end of a phrase of words after `passphrase` or `seed phrase`; 0 when it is a sentence about one."""
    if not low.startswith(("passphrase", "phrase", "mnemonic"), match.start()):
        return 0
    words = compiled(r"[a-zà-ÿ]{3,12}(?: [a-zà-ÿ]{3,12}){3,23}(?=[.,;!\n)]|$)").match(low, start)
    return words.end() if words and not SMALL.intersection(words.group().split()) else 0


def _grouped(text: str, start: int, level: int, join: str) -> int:
    """The end of a key in groups, `7F3K-9QWE-2LMN` or `3f9a 22bc 9d01 77ee`; 0 when it is none."""
    found = compiled(
        r"[0-9A-Za-z]{4,8}(?:-[0-9A-Za-z]{4,8}){2,15}(?![\w-])|[0-9A-Za-z]{4}(?: [0-9A-Za-z]{4}){3,15}(?!\w)"
    ).match(text, start)
    if found is None or (level == WEAK and join == "space"):
        return 0
    groups = compiled(r"[0-9A-Za-z]+").findall(found[0])
    digits = sum(any(map(str.isdigit, one)) for one in groups)
    mixed = any(any(map(str.isalpha, one)) for one in groups)
    sized = len({len(one) for one in groups}) <= 2  # noqa: PLR2004 (the last group may be shorter)
    return found.end() if sized and 2 * digits >= len(groups) and (mixed or level == STRONG) else 0


def _hand_made(text: str, match: Match[str], value: str) -> bool:
    """`pass: hunter2`, `JWT_SECRET=supersecretvalue`, `secret: long-string-42x9`: made up by a person, still secret."""
    if compiled(r"[A-Za-z]{4,}[0-9]{1,6}[!#$%&*?]{0,2}$").match(value) and len(value) >= 7:  # noqa: PLR2004
        return (
            match.start() == 0
            or not text[match.start() - 1].isspace()
            or text[match.start() - 2 : match.start() - 1] != "s"
        )
    if len(value) >= 12 and any(compiled(r".*[0-9][a-zA-Z]+[0-9]").match(p) for p in value.split("-")):  # noqa: PLR2004
        return True
    name = text[match.start() : match.end("assign")]
    return len(value) >= 12 and value.isalpha() and value.islower() and name.endswith("=") and name[:-1].isupper()  # noqa: PLR2004


def _trim(text: str, match: Match[str], start: int, end: int) -> int:
    before = text[max(0, match.start() - 24) : match.start()]
    in_query = "?" in before or "&" in before
    if in_query and (cut := text.find("&", start, end)) >= 0:
        end = cut
    while end > start and text[end - 1] in ".,;:?)]}\\…":
        if text[end - 1] == "}" and text.startswith("{", start):
            break
        end -= 1
    return end


def _token(value: str, level: int, *, join: str, bare: bool) -> bool:
    if " " in value or len(value) < 6:  # noqa: PLR2004
        return False
    varied = len(set(value)) >= 5  # noqa: PLR2004
    if level == WEAK:
        hexadecimal = compiled(r"[0-9a-fA-F-]+$").match(value)
        return len(value) >= 20 and varied and not hexadecimal and looks_random(value) and join != "space"  # noqa: PLR2004
    if join == "space":
        return len(value) >= 16 and looks_random(value) and varied  # noqa: PLR2004
    if looks_random(value) and varied:
        return len(value) >= (8 if bare else 6)
    has_digit = any(c.isdigit() for c in value)
    special = any(not c.isalnum() and c not in "_-./:" for c in value)
    if has_digit and any(c.isalpha() for c in value) and varied:
        one_piece = not any(c in "-_./:" for c in value)
        return special or (one_piece and (not bare or join == "copula" or len(value) >= 10))  # noqa: PLR2004
    return len(value) >= 24 and value.isalnum() and crowded(value) and not value.isupper()  # noqa: PLR2004


def _password(text: str, low: str, match: Match[str], value: str, *, join: str, bare: bool, end: int) -> bool:
    digit = any(c.isdigit() for c in value)
    letter = any(c.isalpha() for c in value)
    special = any(not c.isalnum() and c not in "_-./:'’" for c in value)
    if join == "space":
        return bare and digit and letter and _beside(text, match, value, special=special)
    if (join == "tag" and text[end : end + 2] != "</") or (join == "copula" and _aimless(low, match)):
        return False
    if not bare:
        return _quoted(value, digit=digit, special=special)
    if not letter:
        return digit and not text.startswith((" char", " days", " bit"), end) and len(value) <= 12  # noqa: PLR2004
    if digit or special:
        return not wordy(value)
    return _said_word(text, low, match, value, end) if join == "copula" else _plain_assignment(text, match, value)


def _beside(text: str, match: Match[str], value: str, *, special: bool) -> bool:
    """`--password S0nnen!schein`, `ENV DB_PASSWORD dockerpw1`: nothing but a space between name and value."""
    shouted = text[match.start()].isupper() and text[match.start() - 1 : match.start()] == "_"
    telling = shouted or special or sum(map(str.isdigit, value)) > 1 or not value.islower()
    return telling and len(value) > 5 and not wordy(value)  # noqa: PLR2004


def _aimless(low: str, match: Match[str]) -> bool:
    """Whether a "to" after the name is no change of it: "the password to enter", not "changed my password to"."""
    if not compiled(r".*\s(?:to|into|as)\s?[:=]?\s{1,3}$").match(match["copula"]):
        return False
    before = low[max(0, match.start() - 40) : match.start()]
    return not compiled(r"change|set|reset|update|rotat|switch|änder|setz|chang|cambi").search(before)


def _quoted(value: str, *, digit: bool, special: bool) -> bool:
    words = value.lower().split()
    if len(words) > 1:
        about = any(w in PLACEHOLDER_WORDS or w.startswith(("pass", "pwgen", "openssl")) for w in words)
        return (
            value[:1].islower()
            and not SMALL.intersection(words)
            and not (about and words[0] in {"pwgen", "openssl", "pass"})
            and (digit or not about)
        )
    if compiled(r"[a-z]*(?:[_-][a-z]+)*[_-]?(?:password|passwd|secret|token|key|passwort)(?:[_-][a-z]+)*$").match(
        value.lower()
    ):
        return False
    return len(value) >= 4 and (digit or special or len(value) >= 5)  # noqa: PLR2004


def _plain_assignment(text: str, match: Match[str], value: str) -> bool:
    """Letters only, unquoted: a secret in an environment line (`DB_PASSWORD=swordfish`), a name in code."""
    name = text[match.start() : match.end("assign")] if match["assign"] else ""
    upper = name.rstrip("= ").isupper() and name.endswith("=")
    query = text[max(0, match.start() - 1) : match.start()] in {"?", "&", ";"} and name.endswith("=")
    words = value.lower()
    named = any(word in words for word in ("pass", "secret", "token", "pwd", "kennwort"))
    if value.count("-") >= 3 and not named:  # noqa: PLR2004 (correct-horse-battery-staple)
        return True
    named = words.endswith(("password", "passwd", "passwort", "secret", "token", "pwd"))
    return (upper or query) and not named and len(value) >= 5  # noqa: PLR2004


def _said_word(text: str, low: str, match: Match[str], value: str, end: int) -> bool:
    """'My password is swordfish.': a plain word, only if it is the last of its sentence and no adjective."""
    wordy_end = value.lower().endswith(tuple(WORDY_ENDINGS))
    if value.count("-") >= (2 if low.startswith("passphrase", match.start()) else 3) and not wordy_end:
        return True
    closes = end >= len(text) or text[end] == "\n" or not text[end].isspace()
    mine = compiled(r"(?:my|our|his|her|their|mein|unser|mon|notre|mi|nuestra)\s(?:[\w-]{1,20}\s){0,2}(?:mot de )?$")
    owned = mine.search(low[max(0, match.start() - 60) : match.start()])
    if not (closes and owned and value.isalpha() and len(value) > 5):  # noqa: PLR2004
        return False
    return value.lower() not in NOT_SAID and not wordy_end
