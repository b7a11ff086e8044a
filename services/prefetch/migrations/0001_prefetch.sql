-- Counts of what followed what, one row a context; `key` is the hash of the context, project '' holds all projects.
create table prefetch.tally (
    workspace_id text not null,
    project_id text not null,
    key bytea not null,
    body bytea not null,
    seen_on date not null,
    primary key (workspace_id, project_id, key)
) with (fillfactor = 80);
create index tally_age on prefetch.tally (seen_on);

-- Groups of calls that have failed in a project: how often, in which ways, and what fixed the last one.
create table prefetch.group_history (
    workspace_id text not null,
    project_id text not null,
    group_name text not null,
    body bytea not null,
    primary key (workspace_id, project_id, group_name)
) with (fillfactor = 70);

-- What is learnt of a project beside its counts: weights, the curve of noise, how many calls it has seen.
create table prefetch.project (
    workspace_id text not null,
    project_id text not null,
    version bigint not null,
    body bytea not null,
    primary key (workspace_id, project_id)
) with (fillfactor = 70);

create table prefetch.session (
    workspace_id text not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    body bytea not null,
    updated_at timestamptz not null,
    primary key (workspace_id, project_id, session_id, agent_id)
) with (fillfactor = 70);
create index session_name on prefetch.session (workspace_id, session_id);

-- Calls that worked, of groups that fail: what is told at the next failure.
create table prefetch.example (
    id bigint generated always as identity primary key,
    workspace_id text not null,
    project_id text not null,
    group_name text not null,
    target text not null,
    session_id text not null,
    body bytea not null,
    seen_on date not null
);
create index example_newest on prefetch.example (workspace_id, project_id, group_name, target, id desc);
create index example_session on prefetch.example (workspace_id, session_id);
create index example_age on prefetch.example (seen_on);

-- What was expected of calls before they came back, to be judged by.
create table prefetch.foretold (
    workspace_id text not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    tool_use_id text not null,
    failure real not null,
    expected text[] not null,
    group_name text not null,
    failed boolean not null,
    prepared boolean not null,
    at timestamptz not null,
    kept_at timestamptz not null,
    primary key (workspace_id, session_id, agent_id, tool_use_id)
);
create index foretold_age on prefetch.foretold (kept_at);
