-- Announcements written with the change itself and published after it.
create table packets.outbox (
    id bigint generated always as identity primary key,
    event_id text not null,
    subject text not null,
    occurred_at timestamptz not null,
    data bytea not null
);

-- When a piece came to stand as it does, by the announcement of it: of two announcements the later one holds.
alter table packets.advice add column changed_at timestamptz not null default '-infinity';
-- When Spark gave a piece, as its decision is counted; null where it was given before this was kept.
alter table packets.advice add column seen_at timestamptz;
