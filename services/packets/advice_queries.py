"""The statements about advice that was given: what became of it, and what that means for the packets."""

from __future__ import annotations

from services.packets.queries import EDITED, RANK, WORN

HOLD = """
insert into packets.recent_calls as held (workspace_id, session_id, agent_id, project_id, calls, updated_at)
select workspace_id, session_id, agent_id, project_id, '[]', at
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    as place (workspace_id, session_id, agent_id, project_id, at)
order by workspace_id, session_id, agent_id
on conflict (workspace_id, session_id, agent_id) do update
    set updated_at = greatest(held.updated_at, excluded.updated_at)
returning workspace_id, session_id, agent_id, calls
"""
"""Takes the sessions until the transaction ends, so that no call slips between advice and its follower, and reads their
last calls."""

WRITE_CALLS = """
update packets.recent_calls held set calls = written.calls
from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) as written (workspace_id, session_id, agent_id, calls)
where (held.workspace_id, held.session_id, held.agent_id)
    = (written.workspace_id, written.session_id, written.agent_id)
"""

STANDS = "a.workspace_id, a.project_id, a.session_id, a.advice_id, a.packet_id, a.source, a.state, a.decided_by, \
a.verdict, coalesce(a.seen_at, a.given_at) as given_at, a.changed_at"
"""What is announced of a piece."""

ADD = f"""
insert into packets.advice as a (workspace_id, advice_id, packet_id, project_id, session_id, agent_id, tool, text,
    given_at, following, state, blame, decided_by, touched_at, occasion, source, seen_at, changed_at)
select *, $18::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::timestamptz[], $10::jsonb[], $11::smallint[], $12::float8[], $13::text[],
    $14::timestamptz[], $15::smallint[], $16::smallint[], $17::timestamptz[])
on conflict do nothing
returning {STANDS}
"""  # noqa: S608

COLUMNS = "a.workspace_id, a.advice_id, a.packet_id, a.project_id, a.session_id, a.agent_id, a.tool, a.text, \
a.given_at, a.following, a.state, a.blame, a.decided_by, a.touched_at, a.occasion, a.source"

OPEN_OF_AGENTS = f"""
select {COLUMNS}
from unnest($1::text[], $2::text[], $3::text[]) as place (workspace_id, session_id, agent_id)
cross join lateral (
    select * from packets.advice a
    where a.workspace_id = place.workspace_id and a.session_id = place.session_id and a.agent_id = place.agent_id
        and a.state = 1
    order by a.advice_id for update
) a
"""  # noqa: S608
"""Each session's own, whatever is open elsewhere; sessions are to be given in their order, in which their rows are
taken."""

OPEN_OF_SESSIONS = f"""
select {COLUMNS}
from unnest($1::text[], $2::text[], $3::timestamptz[]) as ended (workspace_id, session_id, at)
cross join lateral (
    select * from packets.advice a
    where a.workspace_id = ended.workspace_id and a.session_id = ended.session_id and a.state = 1
        and a.given_at <= ended.at
    order by a.agent_id, a.advice_id for update
) a
"""  # noqa: S608

OPEN_AND_QUIET = f"""
select {COLUMNS} from packets.advice a
where a.state = 1 and a.touched_at < $1 order by a.workspace_id, a.advice_id for update of a skip locked
"""  # noqa: S608

WRITE = f"""
update packets.advice a set following = written.following, state = written.state, blame = written.blame,
    decided_by = written.decided_by, touched_at = written.touched_at,
    changed_at = case when written.state = a.state then a.changed_at
        else greatest($8, a.changed_at + interval '1 microsecond') end
from unnest($1::text[], $2::text[], $3::jsonb[], $4::smallint[], $5::float8[], $6::text[], $7::timestamptz[])
    as written (workspace_id, advice_id, following, state, blame, decided_by, touched_at)
where a.workspace_id = written.workspace_id and a.advice_id = written.advice_id
returning {STANDS}
"""  # noqa: S608
"""A change is later than the one before it, whatever the clocks of two processes say."""

UNWANTED = """
with session as (
    select * from unnest($1::text[], $2::text[]) as session (workspace_id, session_id)
), names as (
    select a.workspace_id, a.session_id, a.packet_id as name
    from packets.advice a join session using (workspace_id, session_id)
    where a.state = 3 or a.verdict in (2, 3)
    union
    select a.workspace_id, a.session_id, concat('failure ', name ->> 0, '|', name ->> 1, '|', name ->> 2)
    from packets.advice a join session using (workspace_id, session_id)
    cross join jsonb_array_elements(a.following -> 'names') as name
    where a.verdict = 3
    union
    select a.workspace_id, a.session_id, 'tool ' || a.tool
    from packets.advice a join session using (workspace_id, session_id)
    where a.verdict = 3 group by a.workspace_id, a.session_id, a.tool having count(*) >= 2
), wanted as (
    select session.*, coalesce(array_agg(name order by name) filter (where name is not null), '{}') as unwanted
    from session left join names using (workspace_id, session_id) group by workspace_id, session_id
)
update packets.agent_session gate set unwanted = wanted.unwanted, version = gate.version + 1
from wanted
where gate.workspace_id = wanted.workspace_id and gate.session_id = wanted.session_id
    and gate.unwanted <> wanted.unwanted
"""
"""What has done harm in a session, or was called too noisy there with the failures that it named, which another packet
would tell again, and tools at which two pieces were. A new version sends a decision that was judged without it back to
look again."""

INVALIDATE_EDITED = f"""
with edit as (
    select p.workspace_id, p.packet_id, edit.at
    from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as edit (workspace_id, project_id, file, at)
    join packets.packet p
        on p.workspace_id = edit.workspace_id and p.project_id = edit.project_id and p.about_file = edit.file
    where p.seen_at < edit.at and (p.edited_at is null or p.edited_at < edit.at)
    order by p.workspace_id, p.packet_id for update of p
)
update packets.packet p
set edited_at = edit.at, updated_at = now(), invalidated_at = coalesce(p.invalidated_at, now()),
    invalidated_reason = case when p.invalidated_at is null then '{EDITED}' else p.invalidated_reason end
from edit
where p.workspace_id = edit.workspace_id and p.packet_id = edit.packet_id
returning p.workspace_id, p.packet_id
"""  # noqa: S608

DROP_KEYS_OF = """
delete from packets.packet_key k using unnest($1::text[], $2::text[]) as gone (workspace_id, packet_id)
where k.workspace_id = gone.workspace_id and k.packet_id = gone.packet_id
"""

KNOWN = """
select p.workspace_id, p.packet_id, p.help, p.harm, p.noise, p.evidence_at, p.stage, p.lesson
from packets.packet p
join unnest($1::text[], $2::text[]) as asked (workspace_id, packet_id)
    on p.workspace_id = asked.workspace_id and p.packet_id = asked.packet_id
order by p.workspace_id, p.packet_id for update of p
"""

FADED = """
select workspace_id, packet_id from packets.packet
where scored_at < $1 order by scored_at limit $2 for update skip locked
"""

ENSURE_PACKETS = """
insert into packets.packet as old
    (workspace_id, packet_id, project_id, source_mode, text, confidence, lesson, revision, fresh_until)
select made.workspace_id, made.packet_id, made.project_id, 3, '', 0.5, ''::bytea, 0, made.fresh_until
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
    as made (workspace_id, packet_id, project_id, fresh_until)
order by made.workspace_id, made.packet_id
on conflict (workspace_id, packet_id) do update
    set fresh_until = greatest(old.fresh_until, excluded.fresh_until) where old.source_mode = 3
"""
"""Source mode 3 is spark.packets.v1.SOURCE_MODE_PREFETCH. Only what came of it is kept: its words are those of
sessions, which may be forgotten."""

RESCORE = f"""
update packets.packet p
set help = scored.help, harm = scored.harm, noise = scored.noise, evidence_at = scored.at, scored_at = scored.at,
    stage = scored.stage, effectiveness_score = scored.score,
    helpful_count = greatest(0, p.helpful_count + scored.helpful),
    unhelpful_count = greatest(0, p.unhelpful_count + scored.unhelpful),
    noisy_count = greatest(0, p.noisy_count + scored.noisy),
    followed_worked_count = greatest(0, p.followed_worked_count + scored.followed_worked),
    followed_failed_count = greatest(0, p.followed_failed_count + scored.followed_failed),
    ignored_failed_count = greatest(0, p.ignored_failed_count + scored.ignored_failed),
    ignored_fine_count = greatest(0, p.ignored_fine_count + scored.ignored_fine),
    rejected_count = greatest(0, p.rejected_count + scored.rejected),
    unknown_count = greatest(0, p.unknown_count + scored.unknown),
    invalidated_at = case when scored.stage = 5 then coalesce(p.invalidated_at, now())
        when p.invalidated_reason <> '{WORN}' then p.invalidated_at end,
    invalidated_reason = case when scored.stage = 5 and p.invalidated_at is null then '{WORN}'
        when scored.stage <> 5 and p.invalidated_reason = '{WORN}' then '' else p.invalidated_reason end
from unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::timestamptz[], $7::smallint[],
    $8::real[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::bigint[], $17::bigint[]) as scored (workspace_id, packet_id, help, harm, noise, at, stage, score, helpful,
    unhelpful, noisy, followed_worked, followed_failed, ignored_failed, ignored_fine, rejected, unknown)
where p.workspace_id = scored.workspace_id and p.packet_id = scored.packet_id
"""  # noqa: S608
"""What is taken back may have been counted for an earlier packet of the id, which was forgotten since."""

RERANK = f"""
update packets.packet_key k set rank = {RANK}
from packets.packet p join unnest($1::text[], $2::text[]) as scored (workspace_id, packet_id)
    on p.workspace_id = scored.workspace_id and p.packet_id = scored.packet_id
where k.workspace_id = p.workspace_id and k.packet_id = p.packet_id and k.rank <> {RANK}
"""  # noqa: S608

GIVEN = """
select a.advice_id, a.packet_id, a.session_id, a.text, a.given_at, a.state, a.decided_by, a.verdict,
    p.effectiveness_score, p.stage
from packets.advice a
left join packets.packet p on p.workspace_id = a.workspace_id and p.packet_id = a.packet_id
where a.workspace_id = $1{}
order by a.given_at desc, a.advice_id desc limit $2
"""

BEGUN = """
select advice_id, packet_id, session_id, verdict, verdict_at from packets.advice
where workspace_id = $1 and advice_id >= $2 and advice_id < $2 || '~' and right(advice_id, length($3)) = $3
order by advice_id limit 2 for update
"""

JUDGE = f"""
update packets.advice a
set verdict = $3, verdict_at = $4, changed_at = greatest($4, a.changed_at + interval '1 microsecond')
where workspace_id = $1 and advice_id = $2
returning {STANDS}
"""  # noqa: S608

STANDINGS = """
select s.workspace_id, s.project_id, s.body from packets.standing s
join unnest($1::text[], $2::text[]) as asked (workspace_id, project_id)
    on s.workspace_id = asked.workspace_id and s.project_id = asked.project_id
order by s.workspace_id, s.project_id for update of s
"""

ENSURE_STANDINGS = """
insert into packets.standing (workspace_id, project_id, body)
select workspace_id, project_id, $3::jsonb from unnest($1::text[], $2::text[]) as place (workspace_id, project_id)
order by workspace_id, project_id
on conflict do nothing
"""

WRITE_STANDINGS = """
update packets.standing s set body = written.body
from unnest($1::text[], $2::text[], $3::jsonb[]) as written (workspace_id, project_id, body)
where s.workspace_id = written.workspace_id and s.project_id = written.project_id
"""

SWEEP_MADE_AHEAD = "delete from packets.packet where source_mode = 3 and fresh_until < $1"

SWEEP_ADVICE = "delete from packets.advice where given_at < $1"

SWEEP_CALLS = "delete from packets.recent_calls where updated_at < $1"
