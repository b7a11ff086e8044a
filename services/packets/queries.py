"""The statements of packets, each one read or one write of the hot path or of materialisation."""

from __future__ import annotations

WORN = "what came of it speaks against it"
EDITED = "the file it tells of was edited since"
"""Why a packet is out of use, beside the reasons that its lesson gives."""

RANK = "(case when p.invalidated_at is null then p.confidence + p.effectiveness_score else -1 end)::real"
"""Order within a key; what is out of use for what came of it keeps its keys, behind all others, and may come back."""

LOOKUP = """
select gate.version, gate.emitted, gate.shown, gate.tools, gate.unwanted,
    case when $12 then coalesce(own.body, beginning.body) end as prepared,
    coalesce(own.threshold, beginning.threshold) as threshold, standing.body as standing, hit.*
from (select 1) as one
left join packets.agent_session gate
    on gate.workspace_id = $1 and gate.session_id = $3 and gate.agent_id = $4
left join packets.standing standing on standing.workspace_id = $1 and standing.project_id = $2
left join packets.preparation own
    on own.workspace_id = $1 and own.project_id = $2 and own.session_id = $3 and own.agent_id = $4
left join packets.preparation beginning
    on $12 and own.body is null and beginning.workspace_id = $1 and beginning.project_id = $2
    and beginning.session_id = '' and beginning.agent_id = ''
left join lateral (
    select p.packet_id, p.source_mode, p.text, p.confidence, p.effectiveness_score, p.usage_count, p.lesson,
        p.fresh_until, p.revision, p.stage, p.helpful_count, p.unhelpful_count, p.noisy_count,
        p.followed_worked_count, p.followed_failed_count, p.ignored_failed_count, p.ignored_fine_count,
        p.rejected_count, p.evidence_at, found.exact, found.score
    from (
        select near.packet_id, bool_or(sought.exact) as exact, sum(near.weight) as score
        from unnest($5::text[], $6::boolean[]) as sought (key, exact)
        cross join lateral (
            select k.packet_id, k.weight from packets.packet_key k
            where k.workspace_id = $1 and k.project_id = $2 and k.key = sought.key and k.fresh_until > $9
            order by k.rank desc, k.packet_id limit $7
        ) near
        group by near.packet_id
        having count(*) >= $10 or bool_or(sought.exact)
        order by exact desc, score desc
        limit $8
    ) found
    join packets.packet p on p.workspace_id = $1 and p.packet_id = found.packet_id
    where p.invalidated_at is null and p.fresh_until > $9
    order by found.exact desc, found.score + 2 * p.effectiveness_score + p.confidence desc
    limit $11
) hit on true
"""
"""The gate's state and the best packets. Per key only the best few are looked at, so the cost does not grow with the
number of packets; the rank within one answer adds twice the effectiveness, as the original system did."""

STANDING = "select body from packets.standing where workspace_id = $1 and project_id = $2"

SCORES = """
select packet_id, effectiveness_score, stage, helpful_count, unhelpful_count, noisy_count, followed_worked_count,
    followed_failed_count, ignored_failed_count, ignored_fine_count, rejected_count, evidence_at
from packets.packet where workspace_id = $1 and packet_id = any($2::text[])
"""

PREPARE = """
insert into packets.preparation as old
    (workspace_id, project_id, session_id, agent_id, sequence, body, updated_at, threshold)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (workspace_id, project_id, session_id, agent_id) do update
    set sequence = excluded.sequence, body = excluded.body, threshold = excluded.threshold,
        updated_at = excluded.updated_at
    where old.sequence <= excluded.sequence or old.updated_at < excluded.updated_at - interval '1 hour'
returning sequence
"""
"""Of two preparations the later stands; after an hour the other one is from a stream that is no more."""

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

PUT = f"""
insert into packets.packet as old
    (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision, fresh_until, remedy,
    about_file, seen_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (workspace_id, packet_id) do update
    set project_id = excluded.project_id, source_mode = excluded.source_mode, text = excluded.text,
        confidence = excluded.confidence, lesson = excluded.lesson, revision = excluded.revision,
        fresh_until = excluded.fresh_until, updated_at = now(), remedy = excluded.remedy,
        about_file = excluded.about_file, seen_at = excluded.seen_at,
        (stage, help, harm, noise, evidence_at, scored_at, effectiveness_score) = (
            select old.stage, old.help, old.harm, old.noise, old.evidence_at, old.scored_at, old.effectiveness_score
            where old.remedy = excluded.remedy
            union all select 1, 0, 0, 0, null, null, 0.5 where old.remedy <> excluded.remedy),
        (helpful_count, unhelpful_count, noisy_count, followed_worked_count, followed_failed_count,
            ignored_failed_count, ignored_fine_count, rejected_count, unknown_count) = (
            select old.helpful_count, old.unhelpful_count, old.noisy_count, old.followed_worked_count,
                old.followed_failed_count, old.ignored_failed_count, old.ignored_fine_count, old.rejected_count,
                old.unknown_count
            where old.remedy = excluded.remedy
            union all select 0, 0, 0, 0, 0, 0, 0, 0, 0 where old.remedy <> excluded.remedy),
        (invalidated_at, invalidated_reason) = (
            select case when reason <> '' then coalesce(old.invalidated_at, now()) end, reason
            from (select case
                when old.stage = 5 and old.remedy = excluded.remedy then '{WORN}'
                when excluded.seen_at < old.edited_at then '{EDITED}'
                else '' end as reason) as standing)
    where old.revision < excluded.revision
returning packet_id
"""  # noqa: S608
"""Announced anew, a packet is back in use with what is known of it, unless that or a later edit speaks against it."""

DROP_KEYS = "delete from packets.packet_key where workspace_id = $1 and packet_id = $2"

ADD_KEYS = f"""
insert into packets.packet_key (workspace_id, project_id, key, rank, packet_id, weight, fresh_until)
select p.workspace_id, p.project_id, filed.key, {RANK}, p.packet_id, filed.weight, p.fresh_until
from packets.packet p cross join unnest($3::text[], $4::real[]) as filed (key, weight)
where p.workspace_id = $1 and p.packet_id = $2
"""  # noqa: S608

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
    count(*) filter (where invalidated_at is null and fresh_until > $2) as fresh,
    count(*) filter (where invalidated_at is null and fresh_until <= $2) as stale,
    count(*) filter (where invalidated_at is not null) as invalidated
from packets.packet where workspace_id = $1{}
"""

ERASE_SESSION = (
    "delete from packets.agent_session where workspace_id = $1 and session_id = $2",
    "delete from packets.preparation where workspace_id = $1 and session_id = $2",
    "delete from packets.advice where workspace_id = $1 and session_id = $2",
    "delete from packets.recent_calls where workspace_id = $1 and session_id = $2",
)

DROP_PREPARATIONS = "delete from packets.preparation where workspace_id = $1"
"""Any of them may tell words of a session that is forgotten; each is made anew after the next call."""

ERASE_PROJECT = (
    "delete from packets.packet_key where workspace_id = $1 and project_id = $2",
    "delete from packets.packet where workspace_id = $1 and project_id = $2",
    "delete from packets.agent_session where workspace_id = $1 and project_id = $2",
    "delete from packets.preparation where workspace_id = $1 and project_id = $2",
    "delete from packets.advice where workspace_id = $1 and project_id = $2",
    "delete from packets.standing where workspace_id = $1 and project_id = $2",
    "delete from packets.recent_calls where workspace_id = $1 and project_id = $2",
)

HEARD = """
insert into packets.heard (sequence) values ($1)
on conflict (one) do update set sequence = greatest(packets.heard.sequence, excluded.sequence)
"""

LAST_HEARD = "select coalesce(max(sequence), 0) from packets.heard"

SWEEP_SESSIONS = "delete from packets.agent_session where updated_at < $1"

SWEEP_PREPARATIONS = "delete from packets.preparation where updated_at < $1 and session_id <> ''"

SWEEP_KEYS = "delete from packets.packet_key where fresh_until < $1"
"""The packet itself stays, and is filed again when its lesson is."""
