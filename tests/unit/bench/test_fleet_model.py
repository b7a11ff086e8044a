"""The arithmetic of a fleet, on figures that can be followed by hand; and the document that it writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.fleet_model import assumptions as given
from bench.fleet_model.__main__ import DOCUMENT, NoPlace, filled
from bench.fleet_model.breaking import MILLIONS, limits, reached
from bench.fleet_model.coefficients import Coefficients, Cpu, coefficients
from bench.fleet_model.fleet import OF_BEHIND, OF_HOT, acu, fleet, tasks
from bench.fleet_model.load import load
from bench.fleet_model.measured import MEASURED, read, rounded
from bench.fleet_model.tables import number, tables

ROUND = Coefficients(
    events_share=0.5,
    hour_factor=3.0,
    busiest_minute=120,
    cpu=Cpu(hot=3.0, postgres=2.0, nats=1.0, behind=4.0),
    idle_cores=0.03,
    messages=2.0,
    stream_bytes={"MOMENTS": 1000.0, "DECISIONS": 500.0},
    rows=2.0,
    raw_bytes=2000.0,
    session_bytes=500.0,
    hour_bytes=10.0,
    lasting_bytes=100.0,
    lasting_rows=0.5,
    packets=0.01,
    wal_bytes=4096.0,
    paces={"memory": 400.0},
    stream_rate=30_000.0,
)


def test_a_load_is_its_hooks_and_what_they_leave() -> None:
    one = load(86_400, ROUND)

    assert one.hooks == pytest.approx(given.HOOKS_A_DAY)
    assert one.hooks_peak == pytest.approx(given.HOOKS_A_DAY * 3.0 * given.BURST)
    assert one.events_peak == pytest.approx(one.hooks_peak * 0.5 * 2.0)
    events_a_day = 86_400 * given.HOOKS_A_DAY * 0.5
    assert one.rows_a_day == pytest.approx(events_a_day * 2)
    assert one.raw_gb == pytest.approx(events_a_day * 10 * 2500 / 1e9)
    assert one.stream_gb == pytest.approx(events_a_day * 5 * 1500 / 1e9)
    assert one.lasting_gb == pytest.approx(events_a_day * 264 * 100 / 1e9)
    assert one.hours_gb == pytest.approx(given.HOUR_DAYS * 5 / 7 * events_a_day * 10 / 1e9)


def test_one_developer_is_provided_for_at_the_busiest_minute() -> None:
    assert load(1, ROUND).hooks_peak == pytest.approx(2.0)


def test_processes_have_room_at_the_peak() -> None:
    assert tasks(0.1, 1).vcpu == 0.25
    assert tasks(0.59, 1).number == 1
    assert tasks(0.61, 1).number == 2
    # 1,000 hooks a second at 3 ms take 3 cores, 5 with room.
    one = fleet(replace(load(10_000, ROUND), hooks_peak=1_000.0), ROUND)
    assert (one.hot.number, one.hot.vcpu) == (5, 1.0)
    assert one.connections == 5 * OF_HOT + OF_BEHIND
    # 500 events a second at 2 ms take one core: 1.67 with room, of a quarter each.
    assert one.acu_peak == 7.0
    assert acu(0.0) == given.ACU_LEAST


def test_a_bill_is_the_sum_of_its_parts_and_grows_with_the_load() -> None:
    bills = [fleet(load(developers, ROUND), ROUND).cost for developers in given.DEVELOPERS]

    for bill in bills:
        assert bill.month == pytest.approx(bill.hot + bill.behind + bill.postgres + bill.nats + bill.edge)
        assert min(bill.hot, bill.behind, bill.postgres, bill.nats, bill.edge) > 0
    assert [bill.month for bill in bills] == sorted(bill.month for bill in bills)
    each = [bill.month / developers for bill, developers in zip(bills, given.DEVELOPERS, strict=True)]
    assert each == sorted(each, reverse=True)


def test_what_gives_way_comes_in_its_order() -> None:
    found = limits(ROUND)

    assert [one.developers for one in found] == sorted(one.developers for one in found)
    memory = next(one for one in found if one.what.startswith("memory"))
    busy = load(memory.developers, ROUND).hooks_peak * ROUND.events_share / (given.FULL * 400)
    assert busy == pytest.approx(1.0, rel=0.01)


def test_the_fewest_that_reach_a_limit_are_found() -> None:
    assert reached(lambda developers: developers / 1234) == 1234
    assert reached(lambda _: 0.5) == MILLIONS


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((0, "0"), (0.0123, "0.012"), (2.0, "2"), (44.4, "44"), (999, "1,000"), (1234, "1,200")),
        *((10_000, "10 k"), (12_345, "12 k"), (1_000_000, "1 M"), (2_560_000, "2.6 M"), (34e9, "34 G")),
    ],
)
def test_a_figure_is_told_in_two_digits(value: float, told: str) -> None:
    assert number(value) == told


def test_figures_are_kept_in_four_digits() -> None:
    assert rounded({"a": [1.23456, 3], "b": "x"}) == {"a": [1.235, 3], "b": "x"}


def test_a_table_without_a_place_is_refused() -> None:
    with pytest.raises(NoPlace, match="for the table load"):
        filled("# Scale\n", {"load": "| a |"})


def measured() -> dict[str, Any]:
    assert MEASURED.exists()
    return read()


def test_the_document_says_what_was_measured() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document == filled(document, tables(measured())), "docs/scale.md is not what the model says: `make scale`"


def test_the_figures_are_all_there_and_of_use() -> None:
    found = coefficients(measured())
    assert 0 < found.events_share < 1
    assert min(found.cpu.hot, found.cpu.postgres, found.cpu.nats, found.cpu.behind) > 0
    assert set(found.paces) == {"packets", "memory", "prefetch", "telemetry"}
