-- What was said in conversations. `place` orders them: entries of one statement are numbered as they were said.
create table memory.entry (
    workspace_id text not null,
    entry_id text not null,
    session_id text not null,
    place bigint generated always as identity,
    speaker smallint not null,
    text text not null,
    said_at timestamptz not null,
    characters integer not null,
    -- What it is looked up by, each term as often as it stands in the text, and by which version of the code.
    terms text[] not null,
    terms_version smallint not null,
    archived_at timestamptz,
    primary key (workspace_id, entry_id)
);
create index entry_conversation on memory.entry (workspace_id, session_id, place);
create index entry_recalled on memory.entry (workspace_id, session_id, place) where archived_at is null;
create index entry_by_age on memory.entry (said_at) where archived_at is null;
create index entry_by_place on memory.entry (place) where archived_at is null;

-- Embeddings of entries that are recalled: half-precision floats, so that any Postgres keeps them. Those of two models
-- are never compared.
create table memory.entry_vector (
    workspace_id text not null,
    entry_id text not null,
    model text not null,
    vector bytea not null,
    primary key (workspace_id, entry_id),
    foreign key (workspace_id, entry_id) references memory.entry on delete cascade
);
