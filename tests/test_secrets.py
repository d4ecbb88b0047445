"""No secret is in the repository: every tracked file, by the forms that vendors give their tokens."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.runs import ROOT

# What a token looks like at whoever issues it. Invented ones in our tests are shorter, or not of this form.
FORMS = {
    "Slack": r"xox[abprs]-\d{9,}-\d{9,}-[A-Za-z0-9-]{20,}|xapp-\d-A[A-Z0-9]{8,}-\d{9,}-[0-9a-f]{40,}",
    "Slack webhook": r"hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}",
    "Atlassian": r"ATATT3x[A-Za-z0-9_=-]{80,}",
    "AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{50,}\b",
    "GitLab": r"\bglpat-[\w-]{20,}\b",
    "OpenAI": r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{40,}\b",
    "Google": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Stripe": r"\b[rs]k_live_[0-9A-Za-z]{24,}\b",
    "Intercom": r"\bdG9rOm[A-Za-z0-9+/=]{40,}",  # base64 of "tok:"
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n\s*[A-Za-z0-9+/=]{40,}",
    "JWT": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\b",
    "URL with a password": r"\b(?:postgresql|postgres|https?)://[\w.-]+:[^\s:/@{}$*'\"]{12,}@(?!h\b)[\w.-]+\.(?:com|net|io)\b",
}
# Invented, so that redaction has something to find; each must be in the text that is masked there.
INVENTED = {"tests/fixtures/pii.json", "tests/test_redact.py"}


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return [name for name in done.stdout.split("\0") if name]


def found(text: str) -> list[str]:
    return [name for name, form in FORMS.items() if re.search(form, text)]


def test_no_tracked_file_holds_a_secret() -> None:
    told = {}
    for name in tracked():
        path = ROOT / name
        if name in INVENTED or not path.is_file():
            continue
        raw = path.read_bytes()
        if b"\0" not in raw[:8000] and (forms := found(raw.decode("utf-8", "replace"))):
            told[name] = forms
    assert told == {}
    assert not any(name.rpartition("/")[2] == ".env" for name in tracked())


@pytest.mark.parametrize(
    "parts",
    [
        ("xoxb-123456789012", "-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
        ("xapp-1-A0123456789", "-1234567890123-" + "0a" * 32),
        ("AKIA", "ABCDEFGHIJKLMNOP"),
        ("ATATT3x", "FfGF0" * 20),
        ("ghp_", "a1B2" * 9),
        ("sk-proj-", "aB3_" * 12),
        ("-----BEGIN RSA PRIVATE", " KEY-----\n" + "MIIE" * 12),
        ("https://hooks.slack.com/services", "/T01234567/B01234567/abcdefghijklmnopqrstuvwx"),
        ("postgresql://me:correct-horse", "-battery@db.acme.com/x"),
    ],
)
def test_each_form_is_recognised(parts: tuple[str, str]) -> None:
    assert found(f"token: {''.join(parts)}\n") and not found(parts[0])
