"""`make bench-scale`: what a lookup costs as one project's packets grow from a thousand to a million.

Exits with 1 when it costs more than three times as much with a million packets as with a thousand. The packets beyond
the first thousand share their classes, words and antecedents, so every such key leads to a thousand times as many.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import asyncpg
import uvloop
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2

from bench import sessions, store
from bench.hooks import EVENTS, ROOT, Hooks, session_ids
from bench.lessons import WORKSPACE, lesson_from, mistakes, today
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, Plan, measured
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.migrations import role_of
from gateway.clients.claude_code import adapter
from gateway.moments import Circumstances, moment_from
from gateway.repository import Repository
from host.engines import start_postgres
from host.process import migrate_all
from services.packets.assembly import SERVICE
from services.packets.library import Library

FIRST = 1_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)
PLAN = Plan(rounds=5, calls=400)
LIMIT_RATIO = 3.0

# A copy is about a call of its own, which its exact keys name; all other keys it shares with what it was copied from.
COPY_PACKETS = """
insert into packets.packet (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision,
    fresh_until)
select workspace_id, md5(packet_id || copy), project_id, source_mode, text, confidence, lesson, revision, fresh_until
from packets.packet, generate_series($1::int, $2::int) as copy where copied_from is null
""".replace("copied_from is null", "packet_id in (select packet_id from first_packet)")
COPY_KEYS = """
insert into packets.packet_key (workspace_id, project_id, key, rank, packet_id, weight)
select workspace_id, project_id, case when weight >= 8 then left(key, 120) || '#' || copy else key end, rank,
    md5(packet_id || copy), weight
from packets.packet_key, generate_series($1::int, $2::int) as copy
where packet_id in (select packet_id from first_packet)
"""
