-- What hosted engines cost on each day (UTC): spent, and held for calls that run. Millionths of a US dollar.
create table inference.day (
    workspace_id text not null,
    day date not null,
    spent bigint not null default 0,
    reserved bigint not null default 0,
    calls bigint not null default 0,
    refused bigint not null default 0,
    primary key (workspace_id, day)
) with (fillfactor = 50);

-- Each call of an engine: what for, how many tokens, what it cost. Never a text.
create table inference.call (
    workspace_id text not null,
    call_id text not null,
    request_id text not null,
    purpose text not null,
    engine text not null,
    model text not null,
    hosted boolean not null,
    -- The day that it is charged to: that on which it began.
    day date not null,
    held bigint not null,
    cost bigint not null default 0,
    input_tokens integer not null default 0,
    output_tokens integer not null default 0,
    counted_by_engine boolean not null default false,
    -- 1 runs, 2 done, 3 its process died; it is charged with all that was held for it.
    state smallint not null,
    at timestamptz not null,
    expires_at timestamptz not null,
    primary key (workspace_id, call_id)
) with (fillfactor = 80);
create index call_running on inference.call (workspace_id, expires_at) where state = 1;
create index call_age on inference.call (day);
create index call_request on inference.call (workspace_id, request_id);
