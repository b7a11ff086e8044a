-- What became of the calls of each session that takes part in a comparison of arms. Decisions go after two weeks; an
-- interval that holds at every look must not lose what it was made from, so the sums stay until they are forgotten.
create table telemetry.trial_session (
    workspace_id text not null,
    session_id text not null,
    project_id text not null,
    -- Number of the contract's enum Arm. A session with two arms has seen a change of the settings, and is left out.
    arm integer not null,
    -- When Spark saw the first decision that is counted here.
    began_at timestamptz not null,
    calls bigint not null,
    failures bigint not null,
    -- Said, or withheld in the control arm.
    pieces bigint not null,
    primary key (workspace_id, session_id, project_id, arm)
);

create index trial_session_of_project on telemetry.trial_session (workspace_id, project_id);
