-- How sure the small model said it was of an answer that was given, and whether it was right: what its word is worth is
-- learnt from these. Never a text.
create table inference.answer (
    workspace_id text not null,
    answer_id text not null,
    model text not null,
    stated real not null,
    -- Whether the answer that was given is the one that the small model gave.
    own boolean not null,
    -- What a user said of the answer that was given; null until somebody does.
    "right" boolean,
    at timestamptz not null,
    primary key (workspace_id, answer_id)
);
create index answer_rated on inference.answer (workspace_id, model, at) where "right" is not null;
create index answer_age on inference.answer (at);
