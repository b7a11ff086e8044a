-- Which events were learnt from, so that an import after a live session teaches nothing twice.
create table memory.learnt (
    workspace_id text not null,
    event_id bytea not null,
    project_id text not null,
    session_id text not null,
    primary key (workspace_id, event_id)
);
create index learnt_session on memory.learnt (workspace_id, session_id);
create index learnt_project on memory.learnt (workspace_id, project_id);

-- What is carried from one batch of a session to the next: open failures and the calls since.
create table memory.session_state (
    workspace_id text not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    state jsonb not null,
    updated_at timestamptz not null,
    primary key (workspace_id, project_id, session_id, agent_id)
);

create table memory.lesson (
    workspace_id text not null,
    lesson_id text not null,
    project_id text not null,
    state text not null,
    last_seen timestamptz not null,
    revision bigint not null,
    body jsonb not null,
    primary key (workspace_id, lesson_id)
);
create index lesson_newest on memory.lesson (workspace_id, project_id, last_seen desc, lesson_id desc);

-- Keys of calls (hashes) by which a lesson is found when one comes back that speaks for or against it: known to fail,
-- refused, or its fix.
create table memory.call_key (
    workspace_id text not null,
    project_id text not null,
    key text not null,
    lesson_id text not null,
    primary key (workspace_id, project_id, key, lesson_id)
);
create index call_key_lesson on memory.call_key (workspace_id, lesson_id);

-- Announcements written with the change itself and published after it.
create table memory.outbox (
    id bigint generated always as identity primary key,
    event_id text not null,
    subject text not null,
    occurred_at timestamptz not null,
    data bytea not null
);
