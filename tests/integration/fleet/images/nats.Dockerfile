# The server alone. Its context holds the program and an empty folder.
FROM scratch
COPY nats-server /nats-server
COPY --chown=10001:10001 data /data
USER 10001:10001
EXPOSE 4222
ENTRYPOINT ["/nats-server"]
