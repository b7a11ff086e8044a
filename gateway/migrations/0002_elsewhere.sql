-- Where projects lie on other machines: to be shown, and never asked which project a folder here belongs to.
create table gateway.elsewhere (
    workspace_id text not null,
    project_id text not null,
    root text not null,
    remote text not null,
    seen_at timestamptz not null default now(),
    primary key (workspace_id, project_id)
);
