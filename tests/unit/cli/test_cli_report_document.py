from __future__ import annotations

from host.cli.report import as_dict
from spark.telemetry.v1.windows_pb2 import Generations


def test_numbers_are_numbers_and_names_stay_names() -> None:
    row = as_dict(Generations(engine="42", purpose="7", count=3, cost_microusd=2**60))
    assert row is not None
    assert (row["engine"], row["purpose"]) == ("42", "7")
    assert (row["count"], row["input_tokens"], row["cost_microusd"]) == (3, 0, 2**60)
