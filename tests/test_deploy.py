"""What is in deploy/: each file by its own validator, each command and setting in it by ours, the unit's own for real.

Not run here, for want of an engine: the image, compose, a cluster, the workflow.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema.validators import validator_for

from bot.config import load
from bot.config.faults import PREFIX
from bot.ports import Refused
from tests.parsing import parsed, spoken
from tests.runs import ROOT
from tests.scenarios.served import Served, wait
from tests.servers.town import Town

DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def schema(name: str) -> Any:
    return json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / name).read_text(encoding="utf-8"))


# --- what an engine would refuse


@pytest.mark.parametrize(
    ("name", "by"), [("compose.yaml", "compose-spec.json"), ("github-actions.yaml", "github-workflows.json")]
)
def test_compose_and_workflow_follow_their_schemas(name: str, by: str) -> None:
    told = {"on" if key is True else key: value for key, value in yaml.safe_load(read(name)).items()}  # YAML 1.1
    checker = validator_for(schema(by))(schema(by))
    assert [e.message for e in checker.iter_errors(told)] == []
    jobs = told.get("jobs") or told["services"]
    next(iter(jobs.values()))["no_such_key"] = 1
    assert list(checker.iter_errors(told)), "the validator finds nothing"


def test_kubernetes_takes_every_object_and_what_they_refer_to_is_there() -> None:
    objects = list(yaml.safe_load_all(read("kubernetes.yaml")))
    for told in objects:
        kubernetes_validate.validate(told, "1.30", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**objects[1], "spec": {**objects[1]["spec"], "replica": 1}}, "1.30", strict=True)
    pod = objects[1]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == objects[0]["metadata"]["name"]
    assert objects[2]["spec"]["selector"].items() <= objects[1]["spec"]["template"]["metadata"]["labels"].items()
    assert container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]
    parsed(container["args"])


def dockerfile() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", "\n".join(x for x in read("Dockerfile").splitlines() if not x.startswith("#")))
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in joined.splitlines() if line.strip()]


def test_the_dockerfile_keeps_the_rules_that_a_linter_would() -> None:
    steps = dockerfile()
    last = [i for i, (word, _) in enumerate(steps) if word == "FROM"][-1]
    words = [word for word, _ in steps[last:]]
    assert all(re.search(r":\d+\.\d+\.\d+-\w+", what) for word, what in steps if word == "FROM"), "a base is not pinned"
    assert "ADD" not in {word for word, _ in steps} and words.count("CMD") == 1
    users = [what for word, what in steps[last:] if word == "USER"]
    assert users and not users[-1].startswith(("root", "0")) and words.index("USER") < words.index("ENTRYPOINT")
    assert {"HEALTHCHECK", "STOPSIGNAL", "WORKDIR"} <= set(words) and words.count("VOLUME") == 1
    for word, what in steps:
        assert word not in ("ENTRYPOINT", "CMD") or isinstance(json.loads(what), list), f"{word} goes through a shell"
        assert not re.search(r"(?i)(token|password|secret|api_key)\S*=\S", what), "a secret in the image"
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for word, what in steps[:last]:
        for source in what.split()[:-1] if word == "COPY" else ():
            assert (ROOT / source).exists() and source in kept, f"{source} does not reach the build"


def test_the_image_starts_and_checks_itself_with_commands_that_exist() -> None:
    steps = dict(dockerfile())  # of what stands twice, the last: what counts
    probe = json.loads(steps["HEALTHCHECK"].partition("CMD ")[2])
    assert parsed([*json.loads(steps["ENTRYPOINT"]), *json.loads(steps["CMD"])][1:]) == ["serve"]
    assert parsed(probe[1:]) == ["health"]


# --- systemd


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not on this machine (Debian's package systemd)")
    return found


def test_systemd_takes_the_units(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:  # the programme it names is not on this machine: any other does
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/groundswell/bin/groundswell", "/bin/true"))
    paths = [tmp_path / unit.name for unit in UNITS]
    done = subprocess.run([analyze, "verify", *paths], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [x for x in done.stderr.splitlines() if str(tmp_path) in x]) == (0, [])
    (tmp_path / "groundswell.service").write_text(paths[2].read_text().replace("[Service]", "[Service]\nRestrat=no"))
    wrong = subprocess.run([analyze, "verify", tmp_path / "groundswell.service"], capture_output=True, check=False)
    assert b"Restrat" in wrong.stderr


@pytest.fixture
def house() -> Iterator[Path]:
    """A folder that another user may have."""
    folder = Path(tempfile.mkdtemp(prefix="groundswell-"))
    yield folder
    shutil.rmtree(folder)


def unprivileged() -> list[str]:
    """Nobody; where nobody may not even start Python, ourselves without any capability."""
    if os.geteuid() != 0:
        return []
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    able = subprocess.run([*nobody, sys.executable, "-c", "import bot"], cwd=ROOT, capture_output=True, check=False)
    return nobody if able.returncode == 0 else ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


class _Unit(Served):
    """The unit's exact ExecStart, its paths led to this test's, as a user without rights who may write its state."""

    def command(self) -> list[str]:
        words = shlex.split(re.search(r"^ExecStart=(.*)$", read("groundswell.service"), flags=re.MULTILINE)[1])  # type: ignore[index]
        led = {"/opt/groundswell/bin/groundswell": None, "/etc/groundswell/config.yaml": str(self.config)}
        code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
        return [*unprivileged(), sys.executable, "-c", code, *(w for x in words if (w := led.get(x, x)) is not None)]


def test_the_units_own_command_serves_as_a_user_without_rights_and_ends_well(house: Path) -> None:
    with Town() as town:
        config = town.config(house, schedule={"monthly": "off"}, output={"dir": str(house / "out")})
        for path in (house, config):
            os.chown(path, 65534 if os.geteuid() == 0 else os.geteuid(), -1)
        unit = _Unit(config, house / "cache", HOME="/nonexistent", GROUNDSWELL_OUTPUT__CACHE=str(house / "v.db"))
        unit.start()
        at = {"GROUNDSWELL_SERVER__PORT": unit.url.rpartition(":")[2], "PYTHONPATH": str(ROOT)}
        health = [sys.executable, "-c", "from bot.cli import main; main()", "health", "--config", str(config)]

        def well() -> bool:
            return subprocess.run(health, env={**os.environ, **at}, capture_output=True, check=False).returncode == 0

        wait("health to say that it is ready", well, patience=20)
        assert unit.stop(patience=15) == 0
    assert not any("Traceback" in line for line in unit.said)


def test_the_command_of_the_installation_works_on_the_services_own_database(house: Path) -> None:
    told = read("groundswell.sh")
    for name, value in re.findall(r"^Environment=(\w+)=(.*)$", read("groundswell.service"), flags=re.MULTILINE):
        assert f"export {name}={value}\n" in told
    assert "export GROUNDSWELL_CONFIG=/etc/groundswell/config.yaml\n" in told  # as in ExecStart
    (house / "config.yaml").write_text("workspace: {name: Acme}\n")
    (house / "bin").write_text(
        f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -c "
        '"import sys; sys.argv[0] = \'groundswell\'; from bot.cli import main; main()" "$@"\n'
    )
    (house / "bin").chmod(0o755)
    places = {
        "/var/lib/groundswell": house,
        "/etc/groundswell": house,
        "/opt/groundswell/bin/groundswell": house / "bin",
    }
    for place, mine in places.items():
        told = told.replace(place, str(mine))
    (house / "groundswell.sh").write_text(told.replace("sudo -u groundswell --", ""))

    def said(*words: str) -> str:
        command = ["sh", str(house / "groundswell.sh"), *words]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout

    assert said("db", "migrate").startswith(f"sqlite:///{house}/groundswell.db")
    assert said("db", "backup", "a copy.db") and (house / "a copy.db").stat().st_mode & 0o077 == 0


# --- what the files say of us


def test_every_command_in_every_file_exists() -> None:
    found = {}
    for path in [*UNITS, *DEPLOY.glob("*.yaml")]:
        text = re.sub(r"^Exec\w+=", "", path.read_text(), flags=re.MULTILINE)
        for words in spoken(text):
            found[path.name] = parsed([w.replace("$WINDOW", "last-month") for w in words])
    assert {"groundswell.service", "groundswell-digest.service", "github-actions.yaml"} <= set(found)


@pytest.mark.parametrize("path", sorted(p for p in DEPLOY.iterdir() if p.is_file()), ids=lambda p: str(p.name))
def test_every_setting_in_every_file_is_one_of_ours(path: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "sources: {zendesk: {subdomain: acme}, intercom: {}}\nslack: {channel: C1}\nllm: {model: m}\n"
        "jira: {site: https://acme.atlassian.net, email: b@a.c, project: BILL}\n"
    )
    tokens = ("SOURCES__ZENDESK__TOKEN", "SOURCES__INTERCOM__TOKEN", "SLACK__TOKEN", "JIRA__TOKEN")
    environment = {PREFIX + name: "t" for name in tokens}
    text = path.read_text()
    for name in re.findall(rf"{PREFIX}\w+", text):
        value = re.search(rf"{name}[=:] ?\"?([\w./:-]+)", text)
        environment.setdefault(name, value[1] if value and "${" not in value[0] else "x")
    load(tmp_path / "config.yaml", environment)  # raises Refused at a name that is none of ours, as at this one:
    with pytest.raises(Refused, match="NO_SUCH"):
        load(tmp_path / "config.yaml", {**environment, f"{PREFIX}NO_SUCH": "x"})


def test_the_version_in_every_file_is_this_one_and_none_floats() -> None:
    from bot import __version__

    for path in (p for p in DEPLOY.iterdir() if p.is_file()):
        assert set(re.findall(r"groundswell:(\d[\w.]*)", path.read_text())) <= {__version__}, path.name
        assert ":latest" not in path.read_text()
