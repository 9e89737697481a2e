"""deploy/kubernetes as kubectl itself renders it: Kubernetes would take it, and its parts find each other."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Resource = dict[str, Any]

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.31", kubernetes_validate.latest_version())
ALONE = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [../postgresql]\n"
KINDS = {
    "base": {
        "ServiceAccount", "ConfigMap", "Service", "Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Job",
        "NetworkPolicy",
    },
    "postgresql": {"Service", "StatefulSet"},
}  # fmt: skip
KINDS["example"] = {*KINDS["base"], *KINDS["postgresql"], "Ingress"}


def rendered(folder: Path) -> list[Resource]:
    """What `kubectl apply --kustomize` would send."""
    done = subprocess.run(
        [os.environ["WEIGHBRIDGE_KUBECTL"], "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    assert "" == done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module", params=["base", "postgresql", "example"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Resource]]:
    name: str = request.param
    if name != "postgresql":
        return name, rendered(KUBERNETES / name)
    # A component is rendered as a part of something only.
    copy = tmp_path_factory.mktemp("kubernetes")
    shutil.copytree(KUBERNETES / name, copy / name)
    (copy / "alone").mkdir()
    (copy / "alone" / "kustomization.yaml").write_text(ALONE)
    return name, rendered(copy / "alone")


@pytest.fixture(scope="module")
def example() -> list[Resource]:
    return rendered(KUBERNETES / "example")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_rendered_follows_kubernetes_own_schemas(built: tuple[str, list[Resource]], version: str) -> None:
    name, resources = built
    assert KINDS[name] == {resource["kind"] for resource in resources}
    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)


def test_an_example_is_of_one_namespace_and_of_images_that_have_a_version(example: list[Resource]) -> None:
    assert {"weighbridge"} == {resource["metadata"]["namespace"] for resource in example}
    images = {container["image"] for pod in pods(example) for container in pod["spec"]["containers"]}
    assert {"registry.example/weighbridge-service:0.1.0", "postgres:17"} == images
    (settings,) = (resource["data"] for resource in example if resource["kind"] == "ConfigMap")
    assert {
        "WEIGHBRIDGE_SERVICE_PUBLIC_URL": "https://weighbridge.example",
        "WEIGHBRIDGE_SERVICE_STORE_URL": "s3://weighbridge/details",
        "AWS_REGION": "eu-central-1",
    }.items() <= settings.items()


def test_selectors_find_the_pods_that_they_mean(example: list[Resource]) -> None:
    assert {
        ("Deployment", "weighbridge"): ["service"],
        ("Deployment", "weighbridge-worker"): ["worker"],
        ("StatefulSet", "weighbridge-postgresql"): ["database"],
        ("Service", "weighbridge"): ["service"],
        ("Service", "weighbridge-postgresql"): ["database"],
        ("PodDisruptionBudget", "weighbridge"): ["service"],
    } == {key: chosen(example, selector) for key, selector in selectors(example) if key[0] != "NetworkPolicy"}
    # A policy that chose no pod would let everything through.
    policies = [chosen(example, selector) for key, selector in selectors(example) if key[0] == "NetworkPolicy"]
    assert policies
    assert all(policies)


def test_what_is_referred_to_is_there(example: list[Resource]) -> None:
    names = {(resource["kind"], resource["metadata"]["name"]) for resource in example}
    for pod in pods(example):
        account = pod["spec"].get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in names
        for container in pod["spec"]["containers"]:
            for source in container.get("envFrom", ()):
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in names
                else:
                    # The two that docs/service.md has people make.
                    assert source["secretRef"]["name"] in ("weighbridge", "weighbridge-postgresql")
    by_kind = {resource["kind"]: resource for resource in example}
    target = by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) in names
    (rule,) = by_kind["Ingress"]["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    (service,) = (each for each in example if (each["kind"], each["metadata"]["name"]) == ("Service", backend["name"]))
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def pods(resources: list[Resource]) -> Iterator[Resource]:
    """Templates of pods, by what makes them."""
    yield from (each["spec"]["template"] for each in resources if "template" in each.get("spec", {}))


def selectors(resources: list[Resource]) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    """Of everything that chooses pods by their labels."""
    for each in resources:
        spec = each.get("spec", {})
        found = spec.get("selector") or spec.get("podSelector")
        if found is not None:
            yield (each["kind"], each["metadata"]["name"]), found.get("matchLabels", found)


def chosen(resources: list[Resource], selector: dict[str, str]) -> list[str]:
    """The components of the pods that have these labels."""
    labels = [pod["metadata"]["labels"] for pod in pods(resources)]
    return [each["app.kubernetes.io/component"] for each in labels if selector.items() <= each.items()]
