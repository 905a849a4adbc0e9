"""Secrets without a shape: recognised by the name they are given, in code, settings and plain prose.

`password=`, `"api_key": "…"`, "my password is …", "das Passwort lautet …". What stands after such a name
is judged by how strong the name is, how it was joined (quoted, assigned, said), and whether it looks like
something to keep secret rather than a word, a type, a reference or a placeholder.
Standard library only, `re` loaded on first use: hooks load this file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Match, Pattern
    from typing import Final

STRONG, MEDIUM, WEAK = 3, 2, 1
"""How much a name says: a password is always secret, a token mostly, a key only when it looks it."""

_SUFFIX = r"(?:[_\-. ]?(?:value|base|plain|raw|prod|production|dev|live|test|staging|primary|secondary|v?[0-9]{1,3}))?"
_NAMES: Final[tuple[tuple[str, int, str, str], ...]] = (
    ("pass", STRONG, "password", r"pass(?:words?|worte?s?|w(?:d|rd)|phrases?|codes?|e)?"),
    ("pwd", STRONG, "password", r"pwds?"),
    ("pw", STRONG, "password", r"pw"),
    ("kennwort", STRONG, "password", r"kennwort(?:es|s)?"),
    ("contrase", STRONG, "password", r"contrase(?:ñ|n|n\u0303)as?"),
    ("senha", STRONG, "password", r"senhas?"),
    ("wachtwoord", STRONG, "password", r"wachtwoord"),
    ("mdp", STRONG, "password", r"mdp"),
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
    ("requirepass", STRONG, "password", r"requirepass"),
)
"""(literal, strength, family, the rest of the name), all lower case; the literal is the prefilter."""

_JOIN = (
    r"(?:"
    r"(?P<tag>[\"'`]?[^\S\n]{0,3}>)"
    r"|(?P<assign>\\?[\"'`\]]{0,2}\)?\s{0,4}(?::=|=>|->|→|[:=]{1,3})[^\S\n]{0,8}(?:[a-z]{1,8}\s)?(?:\n[^\S\n]{1,8})?)"
    r"|(?P<copula>(?:\s(?:for|to|of|on|at|in|von|für|fuer|zum|zur|des|der|vom|de|du|pour|para|del|al|voor)"
    r"\s[^\s:=?!\"]{1,40}(?:\s[^\s:=?!\"]{1,40}){0,5}?)?"
    r"\s{1,2}(?:is|was|are|will be|to|into|as|lautet|ist|war|est|era|sera|es|será|é|è|=)"
    r"(?:\s(?:now|currently|still|jetzt|maintenant|ahora|just|set to|nun))?\s?[:=]?\s{1,3})"
    r"|(?P<space>[\"']?[^\S\n]{1,2}(?=[^\s0-9]{0,60}[0-9]))"
    r")"
)
_VALUE = (
    r"\\?(?:\"(?P<double>[^\"\n]{1,300})\"|'(?P<single>[^'\n]{1,300})'|`(?P<tick>[^`\n]{1,300})`"
    r"|[“„«‘](?P<curly>[^”“»’\n]{1,300})[”“»’]"
    r"|[\"'`]?(?P<bare>[^\s\"'`,;<>“”„«»]{1,2000}))"
)
_patterns: Final[dict[str, Pattern[str]]] = {}

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
_NO_TOKEN = "next page nextpage continuation pagination cursor sync max num n per pad eos bos unk mask sep cls stop".split()
_BARE_PASS = "db database user smtp mail ftp root admin sudo login ssh my mysql pg redis proxy http imap wifi wlan".split()

PLACEHOLDER_WORDS: Final = frozenset(
    (
        "password passwd passwort kennwort contraseña contrasena senha secret token key apikey api_key string str text "
        "required optional none null nil true false undefined hidden input field example changeme change_me change-me "
        "placeholder redacted masked todo tbd fixme n/a na yes no on off bool boolean int integer number any object "
        "bytes varchar unknown empty missing invalid default user username admin root pass pwd passphrase private "
        "credentials credential bearer basic digest plain sha256 sha512 md5 base64 base64url utf-8 utf8 utf16 bcrypt scrypt "
        "argon2 argon2i argon2id pbkdf2 rs256 rs384 rs512 hs256 hs384 hs512 es256 es384 ed25519 ecdsa x509 oauth oauth2 "
        "oauth1 aes128 aes256 rsa2048 rsa4096 http2 ipv4 ipv6 1password p256 md4 sha1 sha3 jwt saml saml2 oidc openid "
        "localhost vault env environment keychain keyring stored here there correct incorrect wrong secret_key "
        "mypassword mysecret yourpassword your_password swordfish123example new_password old_password "
        "obligatoire erforderlich requerida incorrecta falsch richtig ungültig oublié olvidada vergessen"
    ).split()
)
_NOT_SAID: Final = frozenset(
    (
        "weak strong safe secure right short long gone fine okay good bad same different unique simple complex easy hard "
        "always never just still very only not case broken mine yours ours public common useless important critical "
        "sufficient enough ready live active valid confidential sensitive visible complete irrelevant mandatory "
        "personal temporary permanent random trivial crucial essential obvious terrible awful great nothing "
        "something somewhere elsewhere unchanged unsafe insecure outdated overdue"
    ).split()
)
_WORDY_ENDINGS = (
    "ed ing ly able ible ory ous ful less ive ous ant ent sensitive encoded hashed encrypted bit based protected only"
).split()


def names(low: str) -> list[int]:
    """Which rows of the name table occur in the lower-cased text at all."""
    return [i for i, row in enumerate(_NAMES) if row[0] in low]


def assigned(text: str, low: str, rows: list[int]) -> Iterator[tuple[str, int, int]]:
    """Spans of values that a name gives away, as (family, start, end)."""
    for i in rows:
        literal, strength, family, _ = _NAMES[i]
        for match in _pattern(i).finditer(low):
            level = _level(literal, strength, low, match.start())
            if level:
                span = _judge(text, low, match, level, family)
                if span:
                    yield (_family(family, low, match.start()), *span)


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
        whole = _compile(f"{rest}{_SUFFIX}$")
        while at >= 0:
            if whole.match(low, at):
                level = _level(literal, strength, low, at)
                best = max(best, (level, _family(family, low, at)))
            at = low.find(literal, at + 1)
    return best if best[0] else (0, "")


def _compile(source: str) -> Pattern[str]:
    if source not in _patterns:
        import re  # noqa: PLC0415 (hooks pay for `re` only when a text looks suspicious)

        _patterns[source] = re.compile(source)
    return _patterns[source]


def _pattern(row: int) -> Pattern[str]:
    literal, _, _, rest = _NAMES[row]
    left = "" if literal in {"key", "token", "secret", "pass", "pwd", "auth", "schlüssel", "cred"} else r"(?<![a-zß-ÿ]%s)"
    body = rest.removeprefix(literal)
    return _compile(f"{literal}{left.replace('%s', literal)}{body}{_SUFFIX}{_JOIN}{_VALUE}")


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
    if rest.startswith(("passwo", "passwd", "passwr", "passph")):
        return STRONG
    if rest.startswith("passe"):
        return STRONG if low[max(0, at - 7) : at] == "mot de " or low[max(0, at - 3) : at] == "de_" else 0
    if glued and not owner.endswith(tuple(_BARE_PASS)):
        return 0
    return MEDIUM if not rest.startswith("passco") else STRONG


def _judge(text: str, low: str, match: Match[str], level: int, family: str) -> tuple[int, int] | None:
    group = match.lastgroup or "bare"
    start, end = match.span(group)
    join = next(name for name in ("tag", "assign", "copula", "space") if match[name] is not None)
    bare = group == "bare"
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
    else:
        ok = _token(value, level, join=join, bare=bare)
    return (start, end) if ok else None


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


def is_placeholder(value: str) -> bool:
    """Whether a value only stands where a secret would stand.

    >>> [is_placeholder(v) for v in ("YOUR_API_KEY", "<token>", "${TOKEN}", "****", "hunter2")]
    [True, True, True, True, False]
    """
    low = value.strip("\"'").lower()
    if low.rstrip("!.;,)") in PLACEHOLDER_WORDS or low.startswith(("[redacted", "[private", "redacted:")):
        return True
    if len(set(low)) <= 2 and not low.isdigit():  # noqa: PLR2004 (xxxx, ****, ----, .....)
        return True
    return bool(
        _compile(
            r"<[^<>]*>?$|[$#%]?\{.*|\$\(.*|\$[a-z_]+$|\$[a-z][a-z0-9_]*_[a-z0-9_]*$|%[a-z_]+%?$|@[a-z_]+@?$|\[[^\[\]]*\]?$"
            r"|.*x{5,}.*|.*\*{3,}.*|.*\.{3,}.*|.*•{3,}.*|…+"
            r"|(?:.*[^a-z])?your?[_\- ]?(?:own[_\- ]?)?(?:[a-z]+[_\- ]?){0,3}[_\- ]?"
            r"(?:api|key|token|secret|pass(?:word)?|pwd|here|value).*"
            r"|(?:my|your|the|some|a|an|test|fake|dummy|sample|example|new|old|default|insert|enter|replace|put|add|user|db)"
            r"[_\-](?:[a-z]+[_\-]?)*$"
            r"|(?:.*[_\-])?(?:placeholder|changeme|change[_\-]me|goes[_\-]here|replace[_\-]?me)(?:[_\-].*)?$"
        ).match(low)
    )


def is_reference(value: str) -> bool:
    """Whether a value names where the secret is: code, a path, a URL, a version, a date."""
    if value.startswith(("[redacted:", "[private]", "/", "./", "../", "~/", "op://", "arn:", "vault:", "sha256:", "sha512-")):
        return True
    return bool(
        _compile(
            r"(?:[A-Za-z][A-Za-z0-9+.-]*://(?![^/@]*:[^/@]*@)|[A-Za-z]:\\)"
            r"|[$@]?[A-Za-z_][\w.>-]*(?:\(|\[(?:['\"\w]|$))|await$|new$|(?:self|this|process|os|env|config|settings|secrets|var|data|local"
            r"|request|req|user|args|options|opts|props|params|context|ctx|vars|github|inputs|steps|Deno|import)[.]\w"
            r"|[A-Za-z_]+(?:[.][A-Za-z_]+)+$|\$\{|\{\{|!(?:Ref|Sub|secret)|[\^~>=<v]*[0-9]+(?:[.][0-9]+)+\S*$"
            r"|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}$|[0-9]+(?:ms|s|m|h|d|px|em|rem|kb|mb|gb|%)$"
        ).match(value)
    )


def looks_random(value: str) -> bool:
    """Whether no person would have written the value as words: mixed classes inside one segment.

    >>> looks_random("prod-db-credentials-v2"), looks_random("a8Kd93mQz1")
    (False, True)
    """
    segments = [s for s in _compile(r"[-_.:/@+=~]+").split(value) if s]
    mixed = 0
    for segment in segments:
        digits = sum(c.isdigit() for c in segment)
        if digits and digits < len(segment) and not _compile(r"(?:v|k8|s3|ec2|p|h|utf|sha|[A-Za-z]+)?[0-9]{1,4}$").match(segment):
            mixed += len(segment)
        elif digits == len(segment) >= 6 and len(segments) == 1:  # noqa: PLR2004
            mixed += 0
        elif _compile(r".*[a-z][A-Z].*[a-z][A-Z]").match(segment) and len(segment) >= 16 and _crowded(segment):  # noqa: PLR2004
            mixed += len(segment)
    return mixed * 3 >= sum(map(len, segments)) and mixed >= 4  # noqa: PLR2004


def _crowded(segment: str) -> bool:
    """Capitals so dense that they are no camelCase words."""
    capitals = sum(c.isupper() for c in segment)
    return capitals * 4 >= len(segment)


def _token(value: str, level: int, *, join: str, bare: bool) -> bool:
    if " " in value or len(value) < 6:  # noqa: PLR2004
        return False
    varied = len(set(value)) >= 5  # noqa: PLR2004
    if level == WEAK:
        hexadecimal = _compile(r"[0-9a-fA-F-]+$").match(value)
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
    return len(value) >= 24 and value.isalnum() and _crowded(value) and not value.isupper()  # noqa: PLR2004


def _password(text: str, low: str, match: Match[str], value: str, *, join: str, bare: bool, end: int) -> bool:  # noqa: PLR0913
    digit = any(c.isdigit() for c in value)
    letter = any(c.isalpha() for c in value)
    special = any(not c.isalnum() and c not in "_-./:'’" for c in value)
    if join == "copula" and _compile(r".*\s(?:to|into|as)\s?[:=]?\s{1,3}$", ).match(match["copula"]):
        verbs = r"(?:change|set|reset|update|rotat|switch|änder|setz|chang|cambi)"
        if not _compile(verbs).search(low[max(0, match.start() - 40) : match.start()]):
            return False
    if join == "space":
        telling = special or sum(map(str.isdigit, value)) >= 2 or not value.islower()  # noqa: PLR2004
        return bare and len(value) >= 6 and letter and digit and telling and not _wordy(value)  # noqa: PLR2004
    if join == "tag" and text[end : end + 2] != "</":
        return False
    if not bare:
        return _quoted(value, digit=digit, special=special)
    if join in {"assign", "tag"}:
        if not letter:
            return len(value) >= 4 and not (join == "assign" and len(value) > 12 and value.isdigit())  # noqa: PLR2004
        if digit or special:
            return len(value) >= 4 and not _wordy(value)  # noqa: PLR2004
        return _plain_assignment(text, match, value, end)
    if digit and not letter:
        return len(value) >= 4 and value.isdigit() and not text.startswith((" char", " days", " bit"), end)  # noqa: PLR2004
    if (digit or special) and len(value) >= 5 and not _wordy(value):  # noqa: PLR2004
        return True
    return _said_word(text, low, match, value, end)


def _quoted(value: str, *, digit: bool, special: bool) -> bool:
    words = value.split()
    if len(words) > 1:
        small = {"the", "a", "is", "must", "your", "to", "be", "of", "at", "and", "or", "for", "der", "le", "el", "not"}
        return not small.intersection(w.lower() for w in words) and (len(words) >= 3 or digit) and value[:1].islower()  # noqa: PLR2004
    if _compile(r"[a-z]*(?:[_-][a-z]+)*[_-]?(?:password|passwd|secret|token|key|passwort)(?:[_-][a-z]+)*$").match(value.lower()):
        return False
    return len(value) >= 4 and (digit or special or len(value) >= 5)  # noqa: PLR2004


def _plain_assignment(text: str, match: Match[str], value: str, end: int) -> bool:
    """Letters only, unquoted: a secret in an environment line (`DB_PASSWORD=swordfish`), a name in code."""
    name = text[match.start() : match.end("assign")] if match["assign"] else ""
    upper = name.rstrip("= ").isupper() and name.endswith("=")
    query = text[max(0, match.start() - 1) : match.start()] in {"?", "&", ";"} and name.endswith("=")
    words = value.lower()
    named = any(word in words for word in ("pass", "secret", "token", "pwd", "kennwort"))
    if value.count("-") >= 3 and not named:  # noqa: PLR2004 (correct-horse-battery-staple)
        return True
    return (upper or query) and not named and len(value) >= 5 and end >= 0  # noqa: PLR2004


def _said_word(text: str, low: str, match: Match[str], value: str, end: int) -> bool:
    """'My password is swordfish.': a plain word, only if it is the last of its sentence and no adjective."""
    word = value.lower()
    if value.count("-") >= 3:  # noqa: PLR2004
        return True
    closes = end >= len(text) or text[end] in ".!\n;,)" or text[end : end + 1].isspace() is False
    mine = _compile(r"(?:my|our|his|her|their|mein|unser|mon|notre|mi|nuestra)\s(?:[\w-]{1,20}\s){0,2}(?:mot de )?$")
    if not closes or not value.isalpha() or len(value) < 6 or not mine.search(low[max(0, match.start() - 60) : match.start()]):  # noqa: PLR2004
        return False
    return word not in _NOT_SAID and not word.endswith(tuple(_WORDY_ENDINGS))


def _wordy(value: str) -> bool:
    """Words and terms joined by hyphens or dots: base64-encoded, AES-256, 8-16, k8s-managed."""
    low = value.lower().strip("'’()")
    if low in PLACEHOLDER_WORDS or _compile(r"[0-9]+[-–+x][0-9]*$|[0-9]+(?:st|nd|rd|th|x|k|er|e)$|v[0-9.]+$").match(low):
        return True
    if low.count("-") and low.rpartition("-")[2] in _WORDY_ENDINGS + ["managed", "free", "length", "character", "digit"]:
        return True
    if low.startswith(("base64", "sha-", "sha256", "sha512", "aes-", "utf-", "oauth", "pbkdf2", "argon2", "bcrypt", "k8s-")):
        return True
    pieces = _compile(r"[-_./:]").split(low)
    return len(pieces) > 1 and all(p.isalpha() or not p for p in pieces) and low.count("-") < 3  # noqa: PLR2004
