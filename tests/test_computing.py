"""Where work may be computed: who may get masked text, and run code, by how the scheduler's address is written."""

from __future__ import annotations

from typing import Any

import pytest

from bot import wiring
from bot.config import Config, judged
from bot.spread.cluster import Cluster

FILES = {"tls_ca": "ca.pem", "tls_cert": "cert.pem", "tls_key": "key.pem"}
TEXT = {"send_text_out": "allow"}
PRIVATE = {"network": {"allow_private": True}}


def read(stanza: dict[str, Any], **more: Any) -> tuple[Config, list[str]]:
    found = judged({"compute": {"backend": "dask", **stanza}, **more}, {})
    return found.config, [f.message for f in found.faults]


@pytest.mark.parametrize(
    ("stanza", "more"),
    [
        ({"scheduler": "tcp://127.0.0.1:8786"}, {}),
        ({"scheduler": "tcp://localhost:8786"}, {}),
        ({"scheduler": "tcp://10.1.2.3:8786"}, PRIVATE),
        ({"scheduler": "tcp://dask-scheduler:8786"}, PRIVATE),
        ({"scheduler": "tls://dask.internal:8786", **FILES}, {}),
        ({"scheduler": "tls://dask.acme.com:8786", **FILES, **TEXT}, {}),
    ],
)
def test_a_scheduler_of_ones_own_or_with_certificates_is_used(stanza: dict[str, Any], more: dict[str, Any]) -> None:
    config, faults = read(stanza, **more)
    assert not faults
    assert isinstance(wiring.spread(config), Cluster)


@pytest.mark.parametrize(
    ("stanza", "more", "why"),
    [
        ({}, {}, "compute.backend dask needs it"),
        ({"scheduler": "dask.acme.com"}, {}, "it is no scheduler's address"),
        ({"scheduler": "tcp://me:secret@127.0.0.1:8786"}, {}, "it is no scheduler's address"),
        ({"scheduler": "tcp://dask.acme.com:8786", **TEXT}, PRIVATE, "whoever reaches it can run code"),
        ({"scheduler": "tcp://8.8.8.8:8786", **TEXT}, PRIVATE, "whoever reaches it can run code"),
        ({"scheduler": "tcp://10.1.2.3:8786"}, {}, "tcp:// is for this machine"),
        ({"scheduler": "tcp://dask-scheduler:8786"}, {}, "tcp:// is for this machine"),
        ({"scheduler": "tls://dask.acme.com:8786", **FILES}, {}, "would go to a public address"),
        ({"scheduler": "tls://dask.acme.com:8786", "tls_ca": "ca.pem", **TEXT}, {}, "tls:// needs tls_ca, tls_cert"),
        ({"scheduler": "tcp://169.254.169.254:8786"}, PRIVATE, "a cloud's metadata"),
    ],
)
def test_any_other_is_a_fault_and_not_used(stanza: dict[str, Any], more: dict[str, Any], why: str) -> None:
    config, faults = read(stanza, **more)
    assert any(why in fault for fault in faults), faults
    assert not any("secret" in fault for fault in faults)
    assert not isinstance(wiring.spread(config), Cluster)


def test_where_it_is_computed_shapes_no_digest() -> None:
    config, _ = read({"scheduler": "tcp://127.0.0.1:8786"})
    assert config.digest == Config().digest
