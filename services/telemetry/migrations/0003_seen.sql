-- What else is heard beside decisions, and what is counted of all of it by the hour.
--
-- What is raw is partitioned by the day at which Spark saw it and kept for two weeks. Hours are kept for 400 days:
-- decisions and moments are counted when they are stored, in the same transaction, so that a page over millions reads
-- hours alone; what is seldom is folded into hours when its day is dropped.

-- Pieces found, said or held back.
alter table telemetry.decision add column found integer not null default 0;
-- The bucket of the hook's latency: bucket_of in buckets.py.
alter table telemetry.decision add column bucket integer not null default 0;
alter table telemetry.decision add column trace_id text not null default '';

create index decision_found on telemetry.decision (workspace_id, observed_at, decision_id) where found > 0;
create index decision_by_id on telemetry.decision (workspace_id, decision_id);
-- Routes and silences that are rare: to find the newest twenty of them, all others would be read.
create index decision_of_route on telemetry.decision (workspace_id, route, observed_at, decision_id) where route = 3;
create index decision_of_silence on telemetry.decision (workspace_id, silence, observed_at, decision_id)
    where silence not in (0, 1, 11);

create table telemetry.decision_hour (
    workspace_id text not null,
    starts_at timestamptz not null,
    project_id text not null,
    kind integer not null,
    route integer not null,
    silence integer not null,
    said boolean not null,
    -- Whether a piece was found.
    found boolean not null,
    bucket integer not null,
    count bigint not null,
    primary key (workspace_id, starts_at, project_id, kind, route, silence, said, found, bucket)
);

-- What was decided before hours were counted. How many pieces were found is not known of it, only that some was said.
-- The bucket is bucket_of in buckets.py, with the bit length read off the digits.
update telemetry.decision set
    found = said::integer,
    bucket = case
        when hook_latency_us < 32 then greatest(hook_latency_us, 0)
        else (length(ltrim(hook_latency_us::bit(63)::text, '0')) - 5) * 16
            + (hook_latency_us >> (length(ltrim(hook_latency_us::bit(63)::text, '0')) - 5))
    end;
insert into telemetry.decision_hour
select workspace_id, date_trunc('hour', observed_at, 'UTC'), project_id, kind, route, silence, said, found > 0, bucket,
    count(*)
from telemetry.decision group by 1, 2, 3, 4, 5, 6, 7, 8, 9;

create table telemetry.moment (
    workspace_id text not null,
    observed_at timestamptz not null,
    event_id text collate "C" not null,
    occurred_at timestamptz not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    client text not null,
    -- Numbers of the contract's enums Origin and MomentKind.
    origin integer not null,
    kind integer not null,
    tool text not null,
    -- What a call works on, or the beginning of a prompt.
    about text not null,
    failure_class text not null,
    signature text not null,
    duration_ms integer not null,
    -- Empty where nothing was decided.
    decision_id text not null,
    trace_id text not null,
    primary key (workspace_id, observed_at, event_id)
) partition by range (observed_at);

create index moment_of_session on telemetry.moment (workspace_id, session_id, occurred_at, event_id);
create index moment_of_project on telemetry.moment (workspace_id, project_id, observed_at);

create table telemetry.moment_hour (
    workspace_id text not null,
    starts_at timestamptz not null,
    project_id text not null,
    kind integer not null,
    count bigint not null,
    primary key (workspace_id, starts_at, project_id, kind)
);

-- One row for each session, as long as hours are kept: it holds no text.
create table telemetry.session (
    workspace_id text not null,
    session_id text not null,
    project_id text not null,
    client text not null,
    began_at timestamptz not null,
    seen_at timestamptz not null,
    ended boolean not null,
    moments bigint not null,
    calls bigint not null,
    failures bigint not null,
    decisions bigint not null,
    said bigint not null,
    -- Of the first call about which something was decided: when, and whether a packet was found for it.
    first_call_at timestamptz,
    first_call_packet boolean not null,
    primary key (workspace_id, session_id)
);

create index session_seen on telemetry.session (workspace_id, seen_at, session_id);
create index session_of_project on telemetry.session (workspace_id, project_id, seen_at, session_id);
create index session_first_call on telemetry.session (workspace_id, first_call_at);

-- Advice as it stands by now.
create table telemetry.advice (
    workspace_id text not null,
    given_at timestamptz not null,
    advice_id text collate "C" not null,
    changed_at timestamptz not null,
    project_id text not null,
    session_id text not null,
    -- Numbers of the contract's enums AdviceState and Verdict.
    state integer not null,
    verdict integer not null,
    -- The whole spark.packets.v1.AdviceJudged, serialised.
    event bytea not null,
    primary key (workspace_id, given_at, advice_id)
) partition by range (given_at);

create index advice_by_id on telemetry.advice (workspace_id, advice_id);
create index advice_of_session on telemetry.advice (workspace_id, session_id);
create index advice_of_project on telemetry.advice (workspace_id, project_id, given_at);

create table telemetry.advice_hour (
    workspace_id text not null,
    starts_at timestamptz not null,
    project_id text not null,
    state integer not null,
    verdict integer not null,
    count bigint not null,
    primary key (workspace_id, starts_at, project_id, state, verdict)
);

create table telemetry.generation (
    workspace_id text not null,
    ended_at timestamptz not null,
    call_id text collate "C" not null,
    engine text not null,
    purpose text not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    -- Millionths of a US dollar.
    cost bigint not null,
    -- The whole spark.inference.v1.GenerationEnded, serialised.
    event bytea not null,
    primary key (workspace_id, ended_at, call_id)
) partition by range (ended_at);

create table telemetry.generation_hour (
    workspace_id text not null,
    starts_at timestamptz not null,
    engine text not null,
    purpose text not null,
    count bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost bigint not null,
    primary key (workspace_id, starts_at, engine, purpose)
);

create table telemetry.fault (
    workspace_id text not null,
    last_at timestamptz not null,
    event_id text collate "C" not null,
    component text not null,
    reason text not null,
    count bigint not null,
    -- The whole spark.fault.v1.FaultSeen, serialised.
    event bytea not null,
    primary key (workspace_id, last_at, event_id)
) partition by range (last_at);

create table telemetry.fault_hour (
    workspace_id text not null,
    starts_at timestamptz not null,
    component text not null,
    reason text not null,
    count bigint not null,
    primary key (workspace_id, starts_at, component, reason)
);
