-- What came of a packet: three masses that fade (services/packets/effectiveness.py), and the score and stage they give.
alter table packets.packet
    add column stage smallint not null default 1,
    add column help double precision not null default 0,
    add column harm double precision not null default 0,
    add column noise double precision not null default 0,
    -- As of when the masses stand; null while nothing came of it.
    add column evidence_at timestamptz,
    -- As of when score and stage were worked out: both fade without any event.
    add column scored_at timestamptz,
    add column followed_worked_count bigint not null default 0,
    add column followed_failed_count bigint not null default 0,
    add column ignored_failed_count bigint not null default 0,
    add column ignored_fine_count bigint not null default 0,
    add column rejected_count bigint not null default 0,
    add column unknown_count bigint not null default 0,
    -- Hash of what it advises: of another advice under the same lesson nothing is known yet.
    add column remedy text not null default '',
    -- The file whose content it tells of, when that was last seen, and when the file was last edited.
    add column about_file text,
    add column seen_at timestamptz not null default '-infinity',
    add column edited_at timestamptz;
create index packet_about_file on packets.packet (workspace_id, project_id, about_file) where about_file is not null;
create index packet_scored on packets.packet (scored_at) where scored_at is not null;

-- What is not to be shown again in this session: ids of packets, and tools as "tool NAME".
alter table packets.agent_session add column unwanted text[] not null default '{}';

-- Each piece of advice that was given, how far it has been followed, and what became of it.
create table packets.advice (
    workspace_id text not null,
    advice_id text collate "C" not null,
    packet_id text not null,
    project_id text not null,
    session_id text not null,
    agent_id text not null,
    -- The tool at whose call it was given, or "prompt".
    tool text not null,
    text text not null,
    given_at timestamptz not null,
    -- The call it was given for, what it names and suggests, and the calls that were looked at.
    following jsonb not null,
    -- spark.packets.v1.AdviceState and Verdict.
    state smallint not null,
    blame double precision not null,
    decided_by text not null,
    -- The last call that was looked at, else when it was given.
    touched_at timestamptz not null,
    verdict smallint not null default 0,
    verdict_at timestamptz,
    primary key (workspace_id, advice_id)
) with (fillfactor = 80);
create index advice_session on packets.advice (workspace_id, session_id, agent_id);
create index advice_newest on packets.advice (workspace_id, given_at desc, advice_id desc);
create index advice_open on packets.advice (touched_at) where state = 1;

-- The last calls of each agent session: a decision is heard of after its reply, and the next call may be back before.
create table packets.recent_calls (
    workspace_id text not null,
    session_id text not null,
    agent_id text not null,
    project_id text not null,
    calls jsonb not null,
    updated_at timestamptz not null,
    primary key (workspace_id, session_id, agent_id)
) with (fillfactor = 50);
create index recent_calls_updated on packets.recent_calls (updated_at);
