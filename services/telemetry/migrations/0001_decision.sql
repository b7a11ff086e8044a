-- Every decision once. Partitioned by the day at which Spark saw it, so that a replay of an old recording is as new as
-- what happens now; the service makes the days' partitions when they are needed and drops those that are too old.
create table telemetry.decision (
    workspace_id text not null,
    observed_at timestamptz not null,
    -- A ULID; bytewise order is its order in time under every locale.
    decision_id text collate "C" not null,
    occurred_at timestamptz not null,
    project_id text not null,
    session_id text not null,
    -- Numbers of the contract's enums MomentKind, Route and Silence.
    kind integer not null,
    tool text not null,
    route integer not null,
    silence integer not null,
    said boolean not null,
    latency_us bigint not null,
    hook_latency_us bigint not null,
    -- The whole spark.router.v1.AdviceDecided, serialised.
    event bytea not null,
    primary key (workspace_id, observed_at, decision_id)
) partition by range (observed_at);

create index decision_of_project on telemetry.decision (workspace_id, project_id, observed_at, decision_id);
create index decision_of_session on telemetry.decision (workspace_id, session_id, observed_at, decision_id);
