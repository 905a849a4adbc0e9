"""Secrets in groups, behind "for X:", and in pairs with a user's name; harmless ids of the same look stay."""

from __future__ import annotations

import pytest

from eider.privacy.redact import redact

SECRETS = (
    ("The passphrase for X: tulip-meadow-42-river", "tulip-meadow-42-river"),
    ("passphrase for the vault: correct horse battery staple", "correct horse battery staple"),
    ("password for wifi: Sommer#2025", "Sommer#2025"),
    ("Passwort für das WLAN: Winter!2024", "Winter!2024"),
    ("mot de passe pour le serveur: Hiver!2024", "Hiver!2024"),
    ("user / password: admin / S3cr3t!pass", "S3cr3t!pass"),
    ("User and password are kari and Vinter2024!", "Vinter2024!"),
    ("Benutzer/Passwort: ada / Sonne#77", "Sonne#77"),
    ("login: ada / hunter2secret", "hunter2secret"),
    ("ada / Xk29$lmQ77 is the user / password for staging", "Xk29$lmQ77"),
    ("API key: ABCD-1234-EFGH-5678-IJKL-9012", "ABCD-1234-EFGH-5678-IJKL-9012"),
    ("our license key is 7F3K-9QWE-2LMN-88XZ", "7F3K-9QWE-2LMN-88XZ"),
    ("key: 3f9a 22bc 9d01 77ee aa10 5c4d", "3f9a 22bc 9d01 77ee aa10 5c4d"),
    ("recovery code: 4821-9933-1120-7754", "4821-9933-1120-7754"),
    ("The passphrase for the vault is otter-lamp-river.", "otter-lamp-river"),
    ("密码是 fjord2024x", "fjord2024x"), ("请把密码改成Berg2024!", "Berg2024!"), ("パスワードはsora2024xです", "sora2024x"),
    ("비밀번호는 haneul77x", "haneul77x"), ("пароль от сервера: zima2024x", "zima2024x"), ("passordet er Fjell1234", "Fjell1234"),
    ("lösenordet är Sol&Vind9", "Sol&Vind9"), ("adgangskoden til wifi er Hav2024x", "Hav2024x"),
    ("senha do wifi é Casa1234", "Casa1234"), ("hasło do wifi: Krak0wska", "Krak0wska"), ("wifi şifresi: Izmir3535", "Izmir3535"),
)  # fmt: skip
HARMLESS = (
    "order 4821-9933-1120-7754 ships on Friday", "invoice 2024-0001-7754", "uuid 123e4567-e89b-12d3-a456-426614174000",
    "serial 8G12-4411-0092", "the user / admin split is done", "read / write access for the login / signup page",
    "The key for success: practice every day", "user / password fields are required", "commit 3f9a22bc 9d0177ee",
    "The password for beginners: never reuse one", "login: see the wiki / ask Kari", "The backup code path is tested.",
    "key: Mon-Tues-Wedn-Thur", "primary key: user-name-city", "call 0047 2233 4455 6677",
    "the passphrase is case-sensitive", "密码必须有12个字符", "密码是 sha256 加密的", "パスワードは12文字以上", "비밀번호는 8자 이상",
    "пароль должен быть длиннее 12", "passord er påkrevd", "密码字段叫 user_password2",
)  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_the_secret_goes_and_the_sentence_stays(text: str, secret: str) -> None:
    """Nothing of it is left, and what it is for still reads."""
    clean = redact(text)
    assert secret not in clean
    assert "[redacted:" in clean
    assert redact(clean) == clean


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_alike_stays(text: str) -> None:
    """Orders, serials, hashes and plain sentences are nobody's secret."""
    assert redact(text) == text
