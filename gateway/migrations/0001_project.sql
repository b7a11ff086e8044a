-- Roots that clients reported, so that a folder which cannot be seen from here still finds its project.
create table gateway.project (
    workspace_id text not null,
    root text not null,
    remote text not null,
    project_id text not null,
    seen_at timestamptz not null default now(),
    primary key (workspace_id, root)
);
