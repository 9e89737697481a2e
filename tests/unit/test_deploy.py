"""What is in deploy/: Kubernetes would take it, and it speaks of what the service really has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from weighbridge.service.configuration import PREFIX, Configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSIONS = ("1.31", kubernetes_validate.latest_version())


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        if path.name != "kustomization.yaml":
            for document in yaml.safe_load_all(path.read_text()):
                name = f"{path.relative_to(KUBERNETES)}: {document['kind']} {document['metadata']['name']}"
                yield name, document


RESOURCES = dict(documents())


def templates() -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in RESOURCES.values() if "template" in each.get("spec", {})]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RESOURCES)
def test_resources_follow_kubernetes_own_schemas(name: str, version: str) -> None:
    kubernetes_validate.validate(RESOURCES[name], version, strict=True)


def test_a_mistake_would_be_found() -> None:
    broken = yaml.safe_load((KUBERNETES / "base" / "deployment.yaml").read_text())
    broken["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_every_file_is_one_of_a_kustomization() -> None:
    listed = set()
    for path in KUBERNETES.rglob("kustomization.yaml"):
        told = yaml.safe_load(path.read_text())
        for entry in (*told.get("resources", ()), *told.get("components", ())):
            there = (path.parent / entry).resolve()
            assert there.exists(), f"{path}: {entry}"
            listed.add(there if there.is_file() else there / "kustomization.yaml")
    files = {path.resolve() for path in KUBERNETES.rglob("*.yaml")}
    assert {KUBERNETES.resolve() / "example" / "kustomization.yaml"} == files - listed


def test_what_is_set_can_be_set() -> None:
    text = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    named = {name.removeprefix(PREFIX).lower() for name in re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]", text)}
    assert named
    assert named <= set(Configuration.model_fields)


def test_probes_ask_for_what_there_is() -> None:
    from weighbridge.service.api import health

    there = {route.path for route in health.router.routes if hasattr(route, "path")}
    probes = [
        container[probe]["httpGet"]["path"]
        for template in templates()
        for container in template["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        if "httpGet" in container.get(probe, {})
    ]
    assert 3 == len(probes)
    assert set(probes) <= there


def test_nothing_runs_as_root_or_may_become_it() -> None:
    assert 4 == len(templates())
    for template in templates():
        assert template["securityContext"]["runAsNonRoot"] is True
        assert template["automountServiceAccountToken"] is False
        for container in template["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert ["ALL"] == container["securityContext"]["capabilities"]["drop"]
            assert "memory" in container["resources"]["limits"]


def test_compose_holds_no_secret_and_opens_nothing_to_the_network() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert {"database", "migrate", "service", "worker"} == set(compose["services"])
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name or "SECRET" in name:
                assert value.startswith("${"), name
    assert ["${WEIGHBRIDGE_ADDRESS:-127.0.0.1:8000}:8000"] == compose["services"]["service"]["ports"]
