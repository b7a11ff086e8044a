"""The services by name, and what a process that carries one of them loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from host.catalog import NAMES, PLACES, UnknownService, every_service, services_named

LOADS = """
import sys
import host.cli.serve
from host.catalog import services_named
services_named(sys.argv[1:])
print(*(name for name in sys.modules if name.endswith(".assembly")))
"""


def test_each_service_stands_in_the_catalog_by_its_own_name() -> None:
    assert tuple(service.name for service in every_service()) == NAMES
    for service in every_service():
        assert PLACES[service.name] == f"{service.package}.assembly"


def test_services_come_in_the_order_of_their_start() -> None:
    assert [service.name for service in services_named(["router", "memory", "router"])] == ["memory", "router"]


def test_a_name_that_is_none_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownService, match=r"no service cache; there are: gateway, .*telemetry"):
        services_named(["memory", "cache"])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gateway"])
def test_a_process_that_carries_one_service_loads_no_other(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADS, name], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [PLACES[name]]
