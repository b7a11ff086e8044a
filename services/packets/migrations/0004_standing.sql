-- What came of pieces by where they came from and when they were said, and the calls that came back meanwhile
-- (services/packets/standing.py): one row for each project.
create table packets.standing (
    workspace_id text not null,
    project_id text not null,
    body jsonb not null,
    primary key (workspace_id, project_id)
) with (fillfactor = 50);

-- What prefetch made ages without a key by which it would be found.
create index packet_made_ahead on packets.packet (fresh_until) where source_mode = 3;

-- From which probability on something is said in the project: needed also where nothing was made ready.
alter table packets.preparation add column threshold real not null default 0;

-- spark.router.v1.Source and spark.packets.v1.Occasion; 0 of advice that was given before they were kept.
alter table packets.advice
    add column source smallint not null default 0,
    add column occasion smallint not null default 0;
