-- What is ready for the next moment of an agent session; session '' is for any session of the project that begins.
create table packets.preparation (
    workspace_id text not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    sequence bigint not null,
    body bytea not null,
    updated_at timestamptz not null,
    primary key (workspace_id, project_id, session_id, agent_id)
) with (fillfactor = 60);
