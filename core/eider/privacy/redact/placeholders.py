"""What a secret is told from: words, labels, types, placeholders, code that fetches it, versions and dates.

Standard library only, `re` loaded on first use: hooks load this file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern
    from typing import Final

_patterns: Final[dict[str, Pattern[str]]] = {}

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
NOT_SAID: Final = frozenset(
    (
        "weak strong safe secure right short long gone fine okay good bad same different unique simple complex easy hard "
        "always never just still very only not case broken mine yours ours public common useless important critical "
        "sufficient enough ready live active valid confidential sensitive visible complete irrelevant mandatory "
        "personal temporary permanent random trivial crucial essential obvious terrible awful great nothing "
        "something somewhere elsewhere unchanged unsafe insecure outdated overdue"
    ).split()
)
SMALL: Final = frozenset(
    (
        "the a an is are was must your my to be of at and or for not in on it der die das ist le la el les los enter type "
        "click choose confirm repeat forgot reset new current show hide change please stored kept with from"
    ).split()
)
"""Words of sentences and labels, which no passphrase has."""
WORDY_ENDINGS = (
    "ed ing ly able ible ory ous ful less ive ous ant ent sensitive encoded hashed encrypted bit based protected only"
).split()


def compiled(source: str) -> Pattern[str]:
    """The pattern, compiled once."""
    if source not in _patterns:
        import re

        _patterns[source] = re.compile(source)
    return _patterns[source]


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
        compiled(
            r"<[^<>]*>?$|[$#%]?\{.*|\$\(.*|\$[a-z_]+$|\$[a-z][a-z0-9_]*_[a-z0-9_]*$|%[a-z_]+%?$|@[a-z_]+@?$|\[[^\[\]]*\]?$"
            r"|.*x{5,}.*|.*\*{3,}.*|.*\.{3,}.*|.*•{3,}.*|…+"
            r"|(?:.*[^a-z])?your?[_\- ]?(?:own[_\- ]?)?(?:[a-z]+[_\- ]?){0,3}[_\- ]?"
            r"(?:api|key|token|secret|pass(?:word)?|pwd|here|value).*"
            r"|(?:your|dummy|sample|example|insert|enter|replace|put|add)"
            r"[_\-](?:[a-z]+[_\-]?)*$"
            r"|(?:.*[_\-])?(?:placeholder|changeme|change[_\-]me|goes[_\-]here|replace[_\-]?me)(?:[_\-].*)?$"
        ).match(low)
    )


def is_reference(value: str) -> bool:
    """Whether a value names where the secret is: code, a path, a URL, a version, a date."""
    if value.startswith(
        ("[redacted:", "[private]", "/", "./", "../", "~/", "op://", "arn:", "vault:", "sha256:", "sha512-")
    ):
        return True
    return bool(
        compiled(
            r"(?:[A-Za-z][A-Za-z0-9+.-]*://(?![^/@]*:[^/@]*@)|[A-Za-z]:\\)"
            r"|[$@]?[A-Za-z_][\w.>-]*(?:\(|\[(?:['\":\w-]|$))|await$|new$|(?:self|this|process|os|env|config|settings|secrets|var|data|local"
            r"|request|req|user|args|options|opts|props|params|context|ctx|vars|github|inputs|steps|Deno|import)[.]\w"
            r"|[A-Za-z_]+(?:[.][A-Za-z_]+)+$|\$\{|\{\{|!(?:Ref|Sub|secret)|[\^~>=<v]*[0-9]+(?:[.][0-9]+)+\S*$"
            r"|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:$|T[0-9])|![a-z]+$|(?:required|nullable|string|optional)[|]|[0-9]+(?:ms|s|m|h|d|px|em|rem|kb|mb|gb|%)$"
        ).match(value)
    )


def looks_random(value: str) -> bool:
    """Whether no person would have written the value as words: mixed classes inside one segment.

    >>> looks_random("prod-db-credentials-v2"), looks_random("a8Kd93mQz1")
    (False, True)
    """
    segments = [s for s in compiled(r"[-_.:/@+=~]+").split(value) if s]
    mixed = 0
    for segment in segments:
        digits = sum(c.isdigit() for c in segment)
        if (
            digits
            and digits < len(segment)
            and not compiled(r"(?:v|k8|s3|ec2|p|h|utf|sha|[A-Za-z]+)?[0-9]{1,4}$").match(segment)
        ):
            mixed += len(segment)
        elif digits == len(segment) >= 6 and len(segments) == 1:  # noqa: PLR2004
            mixed += 0
        elif compiled(r".*[a-z][A-Z].*[a-z][A-Z]").match(segment) and len(segment) >= 16 and crowded(segment):  # noqa: PLR2004
            mixed += len(segment)
    return mixed * 3 >= sum(map(len, segments)) and mixed >= 4  # noqa: PLR2004


def crowded(segment: str) -> bool:
    """Capitals so dense that they are no camelCase words."""
    capitals = sum(c.isupper() for c in segment)
    return capitals * 4 >= len(segment)


def wordy(value: str) -> bool:
    """Whether it is words and terms joined by hyphens or dots: base64-encoded, AES-256, 8-16, k8s-managed."""
    low = value.lower().strip("'’()")
    if low in PLACEHOLDER_WORDS or compiled(r"[0-9]+[-–+x][0-9]*$|[0-9]+(?:st|nd|rd|th|x|k|er|e)$|v[0-9.]+$").match(
        low
    ):
        return True
    if low.count("-") and low.rpartition("-")[2] in {*WORDY_ENDINGS, "managed", "free", "length", "character", "digit"}:
        return True
    if low.startswith(
        ("base64", "sha-", "sha256", "sha512", "aes-", "utf-", "oauth", "pbkdf2", "argon2", "bcrypt", "k8s-")
    ):
        return True
    pieces = compiled(r"[-_./:]").split(low)
    return len(pieces) > 1 and all(p.isalpha() or not p for p in pieces) and low.count("-") < 3  # noqa: PLR2004
