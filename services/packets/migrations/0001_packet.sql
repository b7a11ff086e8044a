create table packets.packet (
    workspace_id text not null,
    packet_id text not null,
    project_id text not null,
    source_mode smallint not null,
    text text not null,
    confidence real not null,
    effectiveness_score real not null default 0.5,
    usage_count bigint not null default 0,
    read_count bigint not null default 0,
    helpful_count bigint not null default 0,
    unhelpful_count bigint not null default 0,
    noisy_count bigint not null default 0,
    -- spark.memory.v1.Lesson, serialised: provenance travels with the advice.
    lesson bytea not null,
    revision bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    fresh_until timestamptz not null,
    invalidated_at timestamptz,
    invalidated_reason text not null default '',
    primary key (workspace_id, packet_id)
);
create index packet_project on packets.packet (workspace_id, project_id);

-- Every way in which a packet is found. `rank` orders within a key, so that a read is bounded however common the key.
create table packets.packet_key (
    workspace_id text not null,
    project_id text not null,
    key text collate "C" not null,
    rank real not null,
    packet_id text not null,
    weight real not null,
    -- The packet's own: what is stale must not stand before what is fresh.
    fresh_until timestamptz not null,
    primary key (workspace_id, project_id, key, packet_id)
);
create index packet_key_best on packets.packet_key (workspace_id, project_id, key, rank desc, packet_id)
    include (weight, fresh_until);
create index packet_key_packet on packets.packet_key (workspace_id, packet_id);

-- Up to which lesson of the stream all is materialised; a store that lost some of it is behind the bus, and hears again.
create table packets.heard (
    one boolean primary key default true check (one),
    sequence bigint not null
);

-- What each agent session was shown: the gate's state, one row, so that two replicas see the same.
create table packets.agent_session (
    workspace_id text not null,
    session_id text not null,
    agent_id text not null,
    project_id text not null,
    version bigint not null,
    emitted integer not null,
    shown jsonb not null,
    tools jsonb not null,
    updated_at timestamptz not null,
    primary key (workspace_id, session_id, agent_id)
) with (fillfactor = 70);
