"""What secrets look like: the literal a provider's token starts with, and what may follow it.

The literals are the prefilter: a text that holds none of them costs one `in` each and no regular
expression. Formats come from the providers' public documentation and the shapes of tokens they issue;
every repetition is bounded, so matching stays linear in any text. Standard library only, imports nothing:
hooks load this file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_W = "[A-Za-z0-9_-]"
_A = "[A-Za-z0-9]"
_H = "[0-9a-f]"
_B = "[A-Za-z0-9+/]"

PROVIDERS: Final[tuple[tuple[str, str, str], ...]] = (
    ("anthropic-key", "sk-ant-", _W + "{16,250}"),
    ("openai-key", "sk-", f"(?!ant-)(?:proj-|svcacct-|admin-|None-|or-v1-|lf-|litellm-)?{_W}{{16,250}}"),
    ("openai-key", "sess-", _A + "{40}"),
    ("aws-access-key", "AKIA", "[A-Z0-9]{16}"),
    ("aws-access-key", "ASIA", "[A-Z0-9]{16}"),
    ("aws-access-key", "ABIA", "[A-Z0-9]{16}"),
    ("aws-access-key", "ACCA", "[A-Z0-9]{16}"),
    ("aws-session-token", "IQoJb3JpZ2lu", _B + "{60,1500}={0,2}"),
    ("aws-session-token", "FwoGZXIvYXdz", _B + "{60,1500}={0,2}"),
    ("aws-bedrock-key", "ABSK", _B + "{80,300}={0,2}"),
    ("github-token", "ghp_", _A + "{30,255}"),
    ("github-token", "gho_", _A + "{30,255}"),
    ("github-token", "ghu_", _A + "{30,255}"),
    ("github-token", "ghs_", "[A-Za-z0-9_.-]{30,520}"),
    ("github-token", "ghr_", _A + "{30,255}"),
    ("github-token", "github_pat_", "[A-Za-z0-9_]{22,255}"),
    *(
        ("gitlab-token", f"gl{kind}-", "[A-Za-z0-9_.-]{20,300}")
        for kind in ("pat", "dt", "rt", "rtr", "cbt", "ptt", "ft", "soat", "imt", "agent", "oas", "ffct", "wt")
    ),
    ("gitlab-token", "GR1348941", _W + "{20,40}"),
    *(("slack-token", f"xox{kind}-", "[A-Za-z0-9-]{10,250}") for kind in "abcdeoprs"),
    ("slack-token", "xoxe.xox", "[bp]-[A-Za-z0-9-]{20,250}"),
    ("slack-token", "xapp-", "[0-9]-[A-Za-z0-9-]{20,250}"),
    ("slack-webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/[A-Za-z0-9_/-]{20,150}"),
    ("discord-webhook", "/api/webhooks/", r"[0-9]{15,21}/[A-Za-z0-9_-]{50,90}"),
    ("teams-webhook", ".webhook.office.com/", r"[A-Za-z0-9@/_-]{40,300}"),
    ("stripe-key", "sk_live_", _A + "{14,250}"),
    ("stripe-key", "sk_test_", _A + "{14,250}"),
    ("stripe-key", "rk_live_", _A + "{14,250}"),
    ("stripe-key", "rk_test_", _A + "{14,250}"),
    ("stripe-key", "whsec_", r"[A-Za-z0-9+/]{24,250}={0,2}"),
    ("google-api-key", "AIza", _W + "{35}"),
    ("google-api-key", "AQ.A", _W + "{40,120}"),
    ("google-oauth", "GOCSPX-", _W + "{20,60}"),
    ("google-oauth", "ya29.", r"[A-Za-z0-9_.-]{20,1500}"),
    ("google-oauth", "1//0", _W + "{30,250}"),
    ("azure-key", "AccountKey=", _B + "{60,100}={0,2}"),
    ("azure-key", "SharedAccessKey=", _B + "{40,100}={0,2}"),
    ("azure-key", "SharedAccessSignature=", r"[A-Za-z0-9%&=+/._-]{40,500}"),
    ("azure-sas", "sig=", r"[A-Za-z0-9%+/]{40,120}={0,2}"),
    ("npm-token", "npm_", _A + "{36}"),
    ("pypi-token", "pypi-A", _W + "{40,300}"),
    ("huggingface-token", "hf_", _A + "{30,60}"),
    ("huggingface-token", "api_org_", _A + "{30,60}"),
    ("twilio-key", "SK", _H + "{32}"),
    ("sendgrid-key", "SG.", _W + "{16,32}[.]" + _W + "{16,64}"),
    ("mailgun-key", "key-", "[0-9a-z]{32}"),
    ("mailchimp-key", "-us", "[0-9]{1,2}"),
    ("brevo-key", "xkeysib-", _H + "{64}-" + _A + "{16}"),
    *(("shopify-token", f"shp{kind}_", "[0-9A-Fa-f]{32}") for kind in ("at", "ca", "pa", "ss", "tka", "ua")),
    ("digitalocean-token", "dop_v1_", _H + "{64}"),
    ("digitalocean-token", "doo_v1_", _H + "{64}"),
    ("digitalocean-token", "dor_v1_", _H + "{64}"),
    ("databricks-token", "dapi", _H + "{32}(?:-[0-9])?"),
    ("vault-token", "hvs.", _W + "{20,250}"),
    ("vault-token", "hvb.", _W + "{20,300}"),
    ("vault-token", "hvr.", _W + "{20,300}"),
    ("terraform-token", ".atlasv1.", _W + "{40,100}"),
    ("heroku-key", "HRKU-", _W + "{30,80}"),
    ("linear-key", "lin_api_", _A + "{30,60}"),
    ("notion-token", "ntn_", _A + "{40,60}"),
    ("notion-token", "secret_", _A + "{43}"),
    ("airtable-token", "pat", _A + "{14}[.]" + _H + "{64}"),
    ("atlassian-token", "ATATT3", "[A-Za-z0-9_=-]{40,300}"),
    ("atlassian-token", "ATCTT3", "[A-Za-z0-9_=-]{40,300}"),
    ("dropbox-token", "sl.", _W + "{60,300}"),
    ("figma-token", "figd_", _W + "{30,80}"),
    *(("doppler-token", f"dp.{kind}.", _A + "{30,60}") for kind in ("pt", "st", "ct", "sa", "audit")),
    ("pulumi-token", "pul-", _H + "{40}"),
    ("grafana-token", "glsa_", r"[A-Za-z0-9_]{32,60}"),
    ("grafana-token", "glc_", r"[A-Za-z0-9+/]{32,400}={0,2}"),
    ("newrelic-key", "NRAK-", "[A-Z0-9]{27}"),
    ("sentry-token", "sntrys_", r"[A-Za-z0-9+/=_]{40,300}"),
    ("sentry-token", "sntryu_", _H + "{64}"),
    ("fly-token", "FlyV1 fm", r"[0-9]_[A-Za-z0-9+/=,_]{40,900}"),
    *(("planetscale-token", f"pscale_{kind}_", r"[A-Za-z0-9_.=-]{32,64}") for kind in ("tkn", "pw", "oauth")),
    ("supabase-key", "sbp_", _H + "{40}"),
    ("supabase-key", "sb_secret_", _W + "{20,60}"),
    ("docker-token", "dckr_pat_", _W + "{20,60}"),
    ("docker-token", "dckr_oat_", _W + "{20,60}"),
    ("postman-key", "PMAK-", _H + "{24}-" + _H + "{34}"),
    ("rubygems-key", "rubygems_", _H + "{48}"),
    ("crates-token", "cio", _A + "{32}"),
    ("groq-key", "gsk_", _A + "{40,60}"),
    ("replicate-token", "r8_", _A + "{30,50}"),
    ("perplexity-key", "pplx-", _A + "{32,60}"),
    ("xai-key", "xai-", _A + "{60,90}"),
    ("elevenlabs-key", "sk_", _H + "{40,64}"),
    ("tavily-key", "tvly-", _W + "{20,60}"),
    ("langsmith-key", "lsv2_", r"(?:pt|sk)_[A-Za-z0-9_]{30,60}"),
    ("pinecone-key", "pcsk_", r"[A-Za-z0-9_]{40,90}"),
    ("nvidia-key", "nvapi-", _W + "{50,90}"),
    ("cerebras-key", "csk-", _A + "{40,60}"),
    ("square-token", "sq0csp-", _W + "{40,50}"),
    ("square-token", "sq0atp-", _W + "{20,30}"),
    ("square-token", "EAAA", _W + "{56,70}"),
    ("facebook-token", "EAA", _A + "{80,300}"),
    ("plaid-token", "access-", r"(?:sandbox|development|production)-[0-9a-f-]{36}"),
    ("netlify-token", "nfp_", _A + "{30,60}"),
    ("resend-key", "re_", r"[A-Za-z0-9]{6,12}_[A-Za-z0-9]{20,30}"),
    ("neon-key", "napi_", _A + "{50,80}"),
    ("sonar-token", "squ_", _H + "{40}"),
    ("sonar-token", "sqp_", _H + "{40}"),
    ("circleci-token", "CCIPAT_", r"[A-Za-z0-9_]{40,80}"),
    ("buildkite-token", "bkua_", _H + "{40}"),
    ("contentful-token", "CFPAT-", _W + "{40,60}"),
    ("dynatrace-token", "dt0c01.", r"[A-Z0-9]{24}[.][A-Z0-9]{64}"),
    ("onepassword-token", "ops_eyJ", r"[A-Za-z0-9+/_-]{100,1500}={0,3}"),
    ("jfrog-token", "AKCp", _A + "{60,80}"),
    ("alibaba-key", "LTAI", _A + "{12,24}"),
    ("tencent-key", "AKID", _A + "{32}"),
    ("razorpay-key", "rzp_live_", _A + "{14,24}"),
    ("flutterwave-key", "FLWSECK", r"(?:_TEST)?-[A-Za-z0-9]{12,40}(?:-X)?"),
    ("age-key", "AGE-SECRET-KEY-1", "[0-9A-Z]{58}"),
    ("jwt", "eyJ", r"[A-Za-z0-9_-]{10,1500}[.]eyJ[A-Za-z0-9_-]{10,4000}(?:[.][A-Za-z0-9_-]{6,1500})?"),
    ("jwt", "eyJ", r"[A-Za-z0-9_-]{10,1500}(?:[.][A-Za-z0-9_-]{0,4000}){4}"),
)
"""(family, the literal it starts with, what follows); see `STARTS_INSIDE` for the few that differ."""

STARTS_INSIDE: Final[dict[str, str]] = {
    "-us": "[0-9a-f]{32}",
    ".atlasv1.": "[A-Za-z0-9]{14}",
}
"""Literals in the middle of a token, and what must stand before them (a fixed length)."""

_UUID: Final = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
"""Hosts make keys of such ids, one after another: two that became the same would lose what the second one was for."""
INNER: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "telegram-bot-token",
        ":",
        rf":(?<=[0-9]{{6}}:)(?!{_UUID}(?![A-Za-z0-9_-]))([A-Za-z0-9_-]{{34,36}})(?![A-Za-z0-9_-])",
        "",
    ),
    ("azure-client-secret", "Q~", r"Q~(?<=[A-Za-z0-9~_.-]{3}[0-9]Q~)([A-Za-z0-9~_.-]{31,34})(?![A-Za-z0-9~_.-])", "4"),
    (
        "discord-bot-token",
        ".",
        r"[.](?<=[MNO][A-Za-z0-9_-]{23}[.])[A-Za-z0-9_-]{6}[.][A-Za-z0-9_-]{27,45}(?![A-Za-z0-9_-])",
        "24",
    ),
    (
        "discord-bot-token",
        ".",
        r"[.](?<=[MNO][A-Za-z0-9_-]{25}[.])[A-Za-z0-9_-]{6}[.][A-Za-z0-9_-]{27,45}(?![A-Za-z0-9_-])",
        "26",
    ),
    ("twilio-auth-token", "AC", r"AC[0-9a-f]{32}[^0-9A-Za-z]{1,4}([0-9a-f]{32})(?![0-9A-Za-z])", ""),
    ("asana-token", "/", r"/(?<=[12]/)[0-9]{16}(?:/[0-9]{16})?:([0-9a-f]{32})(?![0-9A-Za-z])", ""),
    ("bearer-token", "earer ", r"earer[ ]{1,3}([A-Za-z0-9._~+/-]{16,2000}={0,2})", "random"),
    ("bearer-token", "EARER ", r"EARER[ ]{1,3}([A-Za-z0-9._~+/-]{16,2000}={0,2})", "random"),
    ("basic-auth", "asic ", r"asic[ ]{1,3}([A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9])", "basic"),
    (
        "basic-auth",
        "curl",
        r"curl\s(?:[^\n]{0,120}?\s)??(?:-u|--user)[ =]{0,2}[\"']?[^\s:\"'/]{1,60}:([^\s\"'@]{4,100})",
        "password",
    ),
    ("url-password", "://", r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@(?=[A-Za-z0-9\[$<{-])", "password"),
    ("password", "redentials", r"redentials?(?::| are| is)\s[^\s/:]{1,40}\s?[/:]\s?([^\s/]{5,100})", "random"),
    ("password", "shpass -p", r"shpass -p\s{0,2}[\"']?([^\s\"']{4,100})", "password"),
    ("password", "mysql", r"mysql(?:dump|admin)?\s[^\n]{0,80}?\s-p([^\s\"'-][^\s\"']{3,100})", "password"),
    ("password", "dentified by", r"dentified by\s{1,3}[\"']([^\"'\n]{4,100})[\"']", "password"),
    ("password", "DENTIFIED BY", r"DENTIFIED BY\s{1,3}[\"']([^\"'\n]{4,100})[\"']", "password"),
)
"""(family, literal, pattern starting with it, how to judge the group; digits = how far the secret began before)."""
