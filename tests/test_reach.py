"""Where a configured address may lead: not inside unless that is allowed, and never to a cloud's metadata."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import Config, load
from bot.config.reach import astray
from bot.doctor import addresses
from bot.ports import Refused
from tests.runs import ROOT
from tests.test_cli import groundswell

HOSTS = {
    "jira.acme.com": ["93.184.215.14"],
    "inside.acme.com": ["93.184.215.14", "10.1.2.3"],
    "loop.acme.com": ["::1"],
    "cloud.acme.com": ["169.254.169.254"],
    "mapped.acme.com": ["::ffff:169.254.169.254"],
    "six.acme.com": ["fd00:ec2::254"],
}


def resolve(host: str) -> list[str]:
    if host not in HOSTS:
        raise OSError("no such name")
    return HOSTS[host]


@pytest.mark.parametrize(
    ("host", "private", "found"),
    [
        ("jira.acme.com", False, ""),
        ("absent.acme.com", False, ""),
        ("inside.acme.com", False, "10.1.2.3, inside this network"),
        ("inside.acme.com", True, ""),
        ("loop.acme.com", False, "::1, inside this network"),
        ("cloud.acme.com", True, "where a cloud keeps its credentials"),
        ("mapped.acme.com", True, "where a cloud keeps its credentials"),
        ("six.acme.com", True, "where a cloud keeps its credentials"),
    ],
)
def test_a_name_is_judged_by_where_it_leads(host: str, private: bool, found: str) -> None:
    told = " ".join(astray([f"https://{host}/x"] * 2, allow_private=private, resolve=resolve))
    assert (found in told) if found else told == ""
    assert told.count(host) <= 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/x",
        "http://100.100.100.200",
        "https://[::ffff:169.254.169.254]",
        "http://metadata.google.internal.",
    ],
)
@pytest.mark.parametrize(
    "stanza", ["jira: {site: URL, email: b@a.c, project: BILL, token: t}", "llm: {model: m, base_url: URL}"]
)
def test_a_clouds_metadata_is_refused_however_it_is_written_and_whatever_is_allowed(
    tmp_path: Path, url: str, stanza: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"network: {{allow_private: true}}\n{stanza.replace('URL', repr(url))}\n")
    with pytest.raises(Refused, match="names a cloud's metadata"):
        load(path, {})


def test_every_address_of_the_config_is_asked_about() -> None:
    token, url = "t", "https://a{}.acme.com"
    config = Config.model_validate(
        {
            "sources": {
                "zendesk": {"subdomain": "a", "token": token, "base_url": url.format(1)},
                "intercom": {"token": token, "base_url": url.format(2)},
            },
            "slack": {"token": token, "channel": "C1", "base_url": url.format(3)},
            "jira": {"site": url.format(4), "email": "b@a.c", "project": "BILL", "token": token},
            "server": {"ping_url": url.format(5)},
            "llm": {"model": "m", "base_url": url.format(6), "send_text_out": "allow"},
        }
    )
    assert addresses(config) == [url.format(n) for n in range(1, 7)]


def test_serve_does_not_start_with_an_address_that_leads_inside(tmp_path: Path) -> None:
    """A name that is public as it is written, and this machine's by its resolver."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\nsocket.getaddrinfo = lambda host, *a, **k: [(2, 1, 6, '', ('127.0.0.1', 0))]\n"
    )
    (tmp_path / "config.yaml").write_text(
        "jira: {site: https://jira.acme.com, email: b@a.c, project: BILL, token: t}\n"
    )
    done = groundswell("serve", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert done.returncode == 2 and "jira.acme.com leads to 127.0.0.1, inside this network" in done.stderr
