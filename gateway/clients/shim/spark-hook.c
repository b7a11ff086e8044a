/*
 * spark-hook --client NAME --home DIR [--deadline-ms N]
 *
 * The command that a client's hook runs: reads the event from standard input, asks the gateway that DIR/run.json names
 * in one round trip, and prints its answer when that is a complete JSON object; `{}` is printed as it came, since every
 * client takes it and some take an empty output for a broken hook. It must never disturb the agent: whatever happens it
 * exits 0, writes nothing on standard error and is gone at the deadline. Spark's reasons: docs/adr/0013-native-shim.md.
 */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "json-scan.h"

#define DEADLINE_MS 250          /* What the gateway itself allows a hook. */
#define LONGEST_DEADLINE_MS 60000
#define BACKSTOP_MS 10           /* How long after the deadline the timer comes, */
#define GIVEN_UP_MS 6            /* and after that, where even noting the time-out hangs. */
#define LARGEST_EVENT (8 << 20)  /* What the gateway takes. */
#define LARGEST_REPLY (1 << 20)  /* Clients cut what is far smaller. */
#define LARGEST_RUN_FILE (64 << 10)
#define BREAKER_TIMEOUTS 3       /* Time-outs in a row after which the gateway is left alone, */
#define BREAKER_S 30             /* and for how long. */

#ifdef __APPLE__
#define MODIFIED st_mtimespec
#else
#define MODIFIED st_mtim
#endif

enum outcome { FAILED, TIMED_OUT, REFUSED, ANSWERED }; /* Refused: there was an answer, of no use. */

struct options {
    const char *client, *home;
    long deadline_ms;
};

struct gateway {
    struct run run;
    struct timespec written; /* When run.json was. */
    char breaker[PATH_MAX], draft[PATH_MAX];
};

/* One byte more than allowed tells what is too large. The reply comes into the same pages, once the event is sent. */
static unsigned char buffer[LARGEST_EVENT + 1];
static long long deadline; /* Monotonic, in nanoseconds. */
static const struct gateway *volatile asked; /* Who is to blame when time is up; NULL while it is not the gateway. */
static volatile sig_atomic_t giving_up;

static long long nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Waits until a file is ready, or until the deadline: then it is false. */
static bool ready(int file, short events) {
    for (;;) {
        long long left = deadline - nanoseconds(CLOCK_MONOTONIC);
        if (left <= 0) return false;
        struct pollfd waited = {.fd = file, .events = events};
        int count = poll(&waited, 1, (int)((left + 999999) / 1000000));
        if (count > 0) return true; /* Errors too: the call that follows tells them. */
        if (count < 0 && errno != EINTR) return false;
    }
}

/* Strict: a word that is not understood makes the command do nothing, rather than something else. */
static bool parsed(int count, char **words, struct options *options) {
    for (int at = 1; at < count; at += 2) {
        if (at + 1 == count) return false;
        const char *value = words[at + 1];
        if (!strcmp(words[at], "--client")) {
            options->client = value;
        } else if (!strcmp(words[at], "--home")) {
            options->home = value;
        } else if (!strcmp(words[at], "--deadline-ms")) {
            size_t length = strlen(value);
            if (length == 0 || length > 5 || strspn(value, "0123456789") != length) return false;
            options->deadline_ms = strtol(value, NULL, 10);
        } else {
            return false;
        }
    }
    if (options->deadline_ms < 1 || options->deadline_ms > LONGEST_DEADLINE_MS) return false;
    if (options->client == NULL || options->home == NULL) return false;
    /* The name goes into a request line. A relative home would be the repository's to fill. */
    size_t length = strlen(options->client);
    return length > 0 && length <= 32 && strspn(options->client, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length &&
           options->home[0] == '/';
}

/* Standard input to its end, so that the client never meets a closed pipe. Nothing where it is too large or late. */
static size_t read_event(void) {
    size_t size = 0;
    bool excess = false;
    while (ready(0, POLLIN)) {
        if (size > LARGEST_EVENT) excess = true, size = 0; /* The rest is read and dropped. */
        ssize_t count = read(0, buffer + size, sizeof buffer - size);
        if (count > 0) size += (size_t)count;
        else if (count == 0) return excess ? 0 : size;
        else if (errno != EINTR && errno != EAGAIN) return 0;
    }
    return 0;
}

static bool path_of(char path[PATH_MAX], const char *home, const char *name) {
    int length = snprintf(path, PATH_MAX, "%s/%s", home, name);
    return length > 0 && length < PATH_MAX;
}

/* A file of the home, when it is the user's own and nobody else can write it; its length, or -1. Never follows a link
 * and never waits, for whatever lies there. */
static ssize_t read_own(const char *path, unsigned char *into, size_t room, struct timespec *written) {
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return -1;
    struct stat status;
    ssize_t size = -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
        (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 && status.st_size >= 0 && (size_t)status.st_size < room) {
        size = read(file, into, (size_t)status.st_size);
        *written = status.MODIFIED;
    }
    close(file);
    return size;
}

static bool find_gateway(const char *home, struct gateway *gateway) {
    static unsigned char text[LARGEST_RUN_FILE];
    char path[PATH_MAX], draft[64];
    snprintf(draft, sizeof draft, "hook-breaker.%ld", (long)getpid());
    if (!path_of(path, home, "run.json") || !path_of(gateway->breaker, home, "hook-breaker")) return false;
    if (!path_of(gateway->draft, home, draft)) return false;
    ssize_t size = read_own(path, text, sizeof text, &gateway->written);
    return size > 0 && scan_run(text, (size_t)size, &gateway->run);
}

static bool later(const struct timespec *one, const struct timespec *other) {
    return one->tv_sec != other->tv_sec ? one->tv_sec > other->tv_sec : one->tv_nsec > other->tv_nsec;
}

/* Time-outs in a row that a state file tells of; 0 where there is none, a foreign one, or the gateway has started
 * since. Sets when it was written. */
static int timeouts_so_far(const struct gateway *gateway, struct timespec *noted) {
    unsigned char text[3];
    if (read_own(gateway->breaker, text, sizeof text, noted) != 2) return 0;
    if (text[0] < '1' || text[0] > '9' || text[1] != '\n') return 0;
    return later(&gateway->written, noted) ? 0 : text[0] - '0';
}

/* Whether to leave the gateway alone. After the pause one process asks, and the others wait for what it finds. */
static bool breaker_open(const struct gateway *gateway, int timeouts, const struct timespec *noted) {
    if (timeouts < BREAKER_TIMEOUTS) return false;
    /* A time in the future is a clock that was set back: it must not hold the breaker open for ever. */
    long long age = nanoseconds(CLOCK_REALTIME) / 1000000000LL - noted->tv_sec;
    if (age > -BREAKER_S && age < BREAKER_S) return true;
    utimensat(AT_FDCWD, gateway->breaker, NULL, AT_SYMLINK_NOFOLLOW);
    return false;
}

/* Written beside and moved there: who reads meanwhile sees the old state or the new one. A lost count does no harm.
 * Only calls that a signal handler may make. */
static void note_timeout(const struct gateway *gateway) {
    struct timespec noted;
    int timeouts = timeouts_so_far(gateway, &noted);
    char text[2] = {(char)('0' + (timeouts < 9 ? timeouts + 1 : 9)), '\n'};
    unlink(gateway->draft);
    int file = open(gateway->draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return;
    bool whole = write(file, text, sizeof text) == sizeof text;
    close(file);
    if (!whole || rename(gateway->draft, gateway->breaker) != 0) unlink(gateway->draft);
}

/* On a busy machine the timer may come before poll is back: the time-out counts all the same. */
static void give_up(int number) {
    (void)number;
    if (!giving_up && asked != NULL) {
        giving_up = 1;
        note_timeout(asked);
    }
    _exit(0);
}

/* What cannot be waited for with poll, a disk for one, is ended by a timer, whatever the parent has blocked. */
static void start_clock(long milliseconds) {
    deadline = nanoseconds(CLOCK_MONOTONIC) + milliseconds * 1000000LL;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    struct sigaction action = {.sa_handler = give_up, .sa_flags = SA_NODEFER};
    sigaction(SIGALRM, &action, NULL);
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
    long total = milliseconds + BACKSTOP_MS;
    struct itimerval timer = {.it_value = {.tv_sec = total / 1000, .tv_usec = total % 1000 * 1000},
                              .it_interval = {.tv_usec = GIVEN_UP_MS * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Connects without waiting beyond the deadline. */
static enum outcome connect_to(const struct sockaddr *address, socklen_t length, int *connection) {
    int file = socket(address->sa_family, SOCK_STREAM, 0);
    if (file < 0) return FAILED;
    fcntl(file, F_SETFL, O_NONBLOCK);
    *connection = file;
    if (connect(file, address, length) == 0) return ANSWERED;
    /* A Unix socket whose queue is full: the gateway is there and does not serve. */
    if (errno == EAGAIN) return TIMED_OUT;
    if (errno != EINPROGRESS && errno != EINTR) return FAILED;
    if (!ready(file, POLLOUT)) return TIMED_OUT;
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0 ? ANSWERED : FAILED;
}

/* Whether the user's own process listens at a socket: where the home's path is long, it lies in a shared folder. */
static bool own_peer(int connection) {
#ifdef __APPLE__
    uid_t user;
    gid_t group;
    return getpeereid(connection, &user, &group) == 0 && user == geteuid();
#else
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
#endif
}

static enum outcome connect_socket(const char *url, int *connection) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = strncmp(url, "unix://", 7) ? url : url + 7;
    size_t length = strlen(path);
    if (path[0] != '/' || length >= sizeof address.sun_path) return FAILED;
    memcpy(address.sun_path, path, length + 1);
    enum outcome outcome = connect_to((struct sockaddr *)&address, sizeof address, connection);
    return outcome == ANSWERED && !own_peer(*connection) ? FAILED : outcome;
}

/* Only loopback: the token never leaves the machine. An address that means all interfaces is reached there too. */
static enum outcome connect_port(const char *url, int *connection) {
    char host[64];
    const char *start = url + 7, *colon = strrchr(url, ':');
    if (strncmp(url, "http://", 7) || colon == NULL || colon < start) return FAILED;
    size_t length = (size_t)(colon - start), digits = strspn(colon + 1, "0123456789");
    if (length >= sizeof host || digits == 0 || digits > 5) return FAILED;
    if (colon[1 + digits] != 0 && colon[1 + digits] != '/') return FAILED;
    memcpy(host, start, length);
    host[length] = 0;
    long port = strtol(colon + 1, NULL, 10);
    if (port < 1 || port > 65535) return FAILED;
    if (!strcmp(host, "[::1]") || !strcmp(host, "[::]")) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
        address.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
        return connect_to((struct sockaddr *)&address, sizeof address, connection);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (strcmp(host, "localhost") && strcmp(host, "0.0.0.0") &&
        (strncmp(host, "127.", 4) || inet_pton(AF_INET, host, &address.sin_addr) != 1))
        return FAILED;
    return connect_to((struct sockaddr *)&address, sizeof address, connection);
}

/* The home's token; false unless it is one that can stand in a header. */
static bool read_token(const char *home, char *token, size_t room) {
    struct timespec written;
    char path[PATH_MAX];
    ssize_t size = path_of(path, home, "token") ? read_own(path, (unsigned char *)token, room, &written) : -1;
    while (size > 0 && strchr(" \t\r\n", token[size - 1]) != NULL) size--;
    for (ssize_t at = 0; at < size; at++)
        if (token[at] <= ' ' || token[at] > '~') return false;
    if (size <= 0) return false;
    token[size] = 0;
    return true;
}

/* The Unix socket, which needs no token; else the port. After a crash run.json stays behind, and its port may be a
 * stranger's by now: the token goes only where the process that wrote it still lives, which was this user's. */
static enum outcome connect_gateway(const char *home, const struct run *run, int *connection, char *token,
                                    size_t room) {
    token[0] = 0;
    enum outcome outcome = connect_socket(run->socket, connection);
    if (outcome != FAILED) return outcome;
    if (run->pid <= 0 || kill((pid_t)run->pid, 0) != 0) return FAILED;
    if (!read_token(home, token, room)) return FAILED;
    if (*connection >= 0) close(*connection);
    *connection = -1;
    return connect_port(run->http, connection);
}

static enum outcome send_request(int connection, const char *client, const char *token, size_t size) {
    char head[1024];
    /* HTTP/1.0 keeps the server from answering in chunks. */
    int length = snprintf(head, sizeof head,
                          "POST /v1/hooks/%s HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n%s%s%sConnection: close\r\n\r\n",
                          client, size, token[0] ? "Authorization: Bearer " : "", token, token[0] ? "\r\n" : "");
    if (length < 0 || (size_t)length >= sizeof head) return FAILED;
    size_t sent = 0, total = (size_t)length + size;
    while (sent < total) {
        size_t of_head = sent < (size_t)length ? (size_t)length - sent : 0;
        size_t of_body = sent < (size_t)length ? 0 : sent - (size_t)length;
        struct iovec parts[2] = {{head + length - of_head, of_head}, {buffer + of_body, size - of_body}};
        ssize_t count = writev(connection, parts, 2);
        if (count >= 0) sent += (size_t)count;
        else if (errno != EINTR && errno != EAGAIN) return FAILED;
        else if (!ready(connection, POLLOUT)) return TIMED_OUT;
    }
    return ANSWERED;
}

/* Where the body of a complete 200 answer lies in the buffer. */
static enum outcome receive_reply(int connection, size_t *from, size_t *length) {
    struct head head = {0};
    size_t size = 0;
    while (size < LARGEST_REPLY) {
        ssize_t count = recv(connection, buffer + size, LARGEST_REPLY - size, 0);
        if (count < 0 && errno != EINTR && errno != EAGAIN) return FAILED;
        if (count < 0) {
            if (!ready(connection, POLLIN)) return TIMED_OUT;
            continue;
        }
        size += (size_t)count;
        if (head.size == 0 && !scan_head(buffer, size, &head)) return REFUSED;
        *from = head.size;
        *length = head.has_length ? head.length : size - head.size;
        if (head.size > 0 && head.has_length && size - head.size >= head.length) return ANSWERED;
        if (count == 0) return head.size > 0 && !head.has_length ? ANSWERED : FAILED;
    }
    return FAILED;
}

static void print(const unsigned char *text, size_t size) {
    while (size > 0 && ready(1, POLLOUT)) {
        ssize_t count = write(1, text, size);
        if (count < 0 && errno != EINTR && errno != EAGAIN) return;
        if (count > 0) text += count, size -= (size_t)count;
    }
}

static void ask(const struct options *options, size_t size) {
    static struct gateway gateway;
    if (!find_gateway(options->home, &gateway)) return;
    struct timespec noted = {0};
    int timeouts = timeouts_so_far(&gateway, &noted);
    if (breaker_open(&gateway, timeouts, &noted)) return;
    char token[512];
    size_t from = 0, length = 0;
    int connection = -1;
    /* A client that was slow to hand over its event is no fault of the gateway's. */
    if (deadline - nanoseconds(CLOCK_MONOTONIC) >= options->deadline_ms * 500000LL) asked = &gateway;
    enum outcome outcome = connect_gateway(options->home, &gateway.run, &connection, token, sizeof token);
    if (outcome == ANSWERED) outcome = send_request(connection, options->client, token, size);
    if (outcome == ANSWERED) outcome = receive_reply(connection, &from, &length);
    bool fair = asked != NULL;
    asked = NULL;
    if (outcome == TIMED_OUT && fair) note_timeout(&gateway);
    if (outcome >= REFUSED && noted.tv_sec > 0) unlink(gateway.breaker);
    if (outcome == ANSWERED && is_object(buffer + from, length)) print(buffer + from, length);
}

int main(int count, char **words) {
    struct options options = {.deadline_ms = DEADLINE_MS};
    bool valid = parsed(count, words, &options);
    start_clock(valid ? options.deadline_ms : DEADLINE_MS);
    size_t size = read_event();
    /* Where standard output was closed the connection would take its number, and be printed to. */
    if (fcntl(1, F_GETFD) < 0) open("/dev/null", O_WRONLY);
    if (valid && size > 0) ask(&options, size);
    _exit(0);
}
