"""The statements of packets, each one read or one write of the hot path or of materialisation."""

from __future__ import annotations

LOOKUP = """
select gate.version, gate.emitted, gate.shown, gate.tools, hit.*
from (select 1) as one
left join packets.agent_session gate
    on gate.workspace_id = $1 and gate.session_id = $3 and gate.agent_id = $4
left join lateral (
    select p.packet_id, p.source_mode, p.text, p.confidence, p.effectiveness_score, p.usage_count, p.lesson,
        p.fresh_until, p.revision, found.exact, found.score
    from (
        select near.packet_id, bool_or(sought.exact) as exact,
            sum(near.weight * sought.weight) as score
        from unnest($5::text[], $6::real[], $7::boolean[]) as sought (key, weight, exact)
        cross join lateral (
            select k.packet_id, k.weight from packets.packet_key k
            where k.workspace_id = $1 and k.project_id = $2 and k.key = sought.key and k.fresh_until > $10
            order by k.rank desc, k.packet_id limit $8
        ) near
        group by near.packet_id
        having count(*) >= $11 or bool_or(sought.exact)
        order by exact desc, score desc
        limit $9
    ) found
    join packets.packet p on p.workspace_id = $1 and p.packet_id = found.packet_id
    where p.invalidated_at is null and p.fresh_until > $10
    order by found.exact desc, found.score + 2 * p.effectiveness_score + p.confidence desc
    limit $12
) hit on true
"""
"""The gate's state and the best packets. Per key only the best few are looked at, so the cost does not grow with the
number of packets; the rank within one answer adds twice the effectiveness, as the original system did."""

CLAIM = """
insert into packets.agent_session as gate
    (workspace_id, session_id, agent_id, project_id, version, emitted, shown, tools, updated_at)
values ($1, $2, $3, $4, 1, $6, $7, $8, $9)
on conflict (workspace_id, session_id, agent_id) do update
    set version = gate.version + 1, emitted = gate.emitted + excluded.emitted,
        shown = gate.shown || excluded.shown, tools = gate.tools || excluded.tools, updated_at = excluded.updated_at
    where gate.version = $5
returning version
"""
"""Takes effect only when the state is still the one that the gate judged by."""

COUNT_SHOWN = """
update packets.packet p set usage_count = p.usage_count + shown.times, read_count = p.read_count + shown.times
from unnest($1::text[], $2::text[], $3::bigint[]) as shown (workspace_id, packet_id, times)
where p.workspace_id = shown.workspace_id and p.packet_id = shown.packet_id
"""

PUT = """
insert into packets.packet as old
    (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision, fresh_until)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (workspace_id, packet_id) do update
    set project_id = excluded.project_id, source_mode = excluded.source_mode, text = excluded.text,
        confidence = excluded.confidence, lesson = excluded.lesson, revision = excluded.revision,
        fresh_until = excluded.fresh_until, updated_at = now(), invalidated_at = null, invalidated_reason = ''
    where old.revision < excluded.revision
returning packet_id
"""

DROP_KEYS = "delete from packets.packet_key where workspace_id = $1 and packet_id = $2"

ADD_KEYS = """
insert into packets.packet_key (workspace_id, project_id, key, rank, packet_id, weight, fresh_until)
select $1, $2, filed.key, $3, $4, filed.weight, $7 from unnest($5::text[], $6::real[]) as filed (key, weight)
"""

INVALIDATE = """
update packets.packet
set invalidated_at = now(), invalidated_reason = $3, updated_at = now(),
    revision = case when $4 = 9223372036854775807 then revision else $4 end
where workspace_id = $1 and packet_id = $2 and revision <= $4
returning packet_id
"""
"""Revision $4 takes it out of use, unless a newer one stands."""

STATUS = """
select count(*) as total,
    count(*) filter (where invalidated_at is null and fresh_until > $3) as fresh,
    count(*) filter (where invalidated_at is null and fresh_until <= $3) as stale,
    count(*) filter (where invalidated_at is not null) as invalidated
from packets.packet where workspace_id = $1 and ($2 = '' or project_id = $2)
"""

ERASE_SESSION = "delete from packets.agent_session where workspace_id = $1 and session_id = $2"

ERASE_PROJECT = (
    "delete from packets.packet_key where workspace_id = $1 and project_id = $2",
    "delete from packets.packet where workspace_id = $1 and project_id = $2",
    "delete from packets.agent_session where workspace_id = $1 and project_id = $2",
)

HEARD = """
insert into packets.heard (sequence) values ($1)
on conflict (one) do update set sequence = greatest(packets.heard.sequence, excluded.sequence)
"""

LAST_HEARD = "select coalesce(max(sequence), 0) from packets.heard"

SWEEP_SESSIONS = "delete from packets.agent_session where updated_at < $1"

SWEEP_KEYS = "delete from packets.packet_key where fresh_until < $1"
"""The packet itself stays, and is filed again when its lesson is."""
