-- Announcements written with the change itself and published after it.
create table inference.outbox (
    id bigint generated always as identity primary key,
    event_id text not null,
    subject text not null,
    occurred_at timestamptz not null,
    data bytea not null
);
