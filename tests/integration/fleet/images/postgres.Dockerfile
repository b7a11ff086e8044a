# Debian's PostgreSQL, told by the same variables as the images of Docker Hub.
ARG BASE
FROM ${BASE}
COPY --chmod=0755 postgres-entrypoint.sh /usr/local/bin/postgres-entrypoint
RUN install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
ENV PGDATA=/var/lib/postgresql/data
USER postgres
EXPOSE 5432
# Fast shutdown: whoever is connected is cut off, as at a restart of a managed Postgres.
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint"]
