-- When an event was seen live; null for one that was imported. Some clients' hooks name no calls, so that what their own
-- records hold is known by its time alone. When those from before came is not known: their sessions count as seen.
alter table memory.learnt add column live_at timestamptz default '-infinity';
alter table memory.learnt alter column live_at drop default;
