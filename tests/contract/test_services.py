"""How the contract names its rpcs, and that the chassis can carry all of them."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from chassis.contract import methods
from tests.contract.contract_files import METHODS, SERVICES


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_an_rpc_has_a_request_and_a_response_of_its_own(method: MethodDescriptor) -> None:
    package = method.containing_service.file.package
    assert method.input_type.full_name == f"{package}.{method.name}Request"
    assert method.output_type.full_name == f"{package}.{method.name}Response"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.full_name)
def test_the_chassis_reads_every_rpc_out_of_the_contract(service: ServiceDescriptor) -> None:
    found = methods(service)
    assert set(found) == {f"/{service.full_name}/{method.name}" for method in service.methods}
    for method in service.methods:
        read = found[f"/{service.full_name}/{method.name}"]
        assert (read.name, read.streams) == (method.name, method.server_streaming)
        assert read.request.DESCRIPTOR is method.input_type
        assert read.response.DESCRIPTOR is method.output_type
