"""Failure classes of the machine around a command, and what is left when nothing more telling was printed."""

from __future__ import annotations

from gateway.perception.rule import Rule, row

MACHINE_RULES: tuple[Rule, ...] = (
    row("shell.disk_full", "No space left|no space left|quota exceeded"),
    row("shell.out_of_memory", "~out of memory|OutOfMemoryError|MemoryError|allocate memory|OOMKilled"),
    row("shell.port_in_use", "already in use|already allocated", r"(?::|port )(\d{2,5})\b", loose=True),
    row(
        "shell.auth",
        "~authentication failed|Permission denied (publickey|read Username|read Password|Bad credentials|auth login|"
        "~not logged in|code ENEEDAUTH|401 Unauthorized|403 Forbidden|HTTP 401|HTTP 403|requires authentication|"
        "~invalid credentials|AccessDenied|AccessDeniedException|ExpiredToken|ExpiredTokenException|"
        "locate credentials|access to the resource|key verification|"
        "~invalid API key|~invalid api key|error: 401|error: 403|code E401|code E403|prompts disabled",
    ),
    row(
        "shell.network_unreachable",
        "resolve host|ENOTFOUND|~service not known|name resolution|no such host|is unreachable|No route to host",
        r"resolve host(?:name)?:? (\S+)",
        r"ENOTFOUND (\S+)",
        r"lookup (\S+)",
        loose=True,
    ),
    row(
        "shell.connection_refused",
        "~connection refused|ECONNREFUSED|connect to server|Docker daemon|~failed to connect to|ECONNRESET|"
        "~connection reset|ConnectionRefusedError",
        r"(?:at|to|connect|tcp|server) \"?([\w.\[\]-]+?\"?(?:, | )port \d+|[\w.\[\]-]+:\d+)",
        loose=True,
    ),
    row(
        "web.http_status",
        "(HTTP |returned error: |status code ",
        r"\(HTTP (\d{3})\)|returned error: (\d{3})|status code:? (\d{3})",
    ),
    row(
        "shell.timeout",
        "~connection timed out|~operation timed out|connect ETIMEDOUT|deadline exceeded|i/o timeout|"
        "TimeoutError|TimeoutExpired|ReadTimeout|"
        "timed out after|~timed out waiting",
    ),
    row(
        "shell.permission_denied",
        "~permission denied|not permitted|~read-only file system|must be root|be run as root|are you root|"
        "be superuser|"
        "password is required|terminal is required",
        r"'([^']+)': [Pp]ermission denied",
        r"ermission denied: '([^']+)'",
        r"ermission denied, \w+ '([^']+)'",
        r"(?:open|mkdir|exec|stat|unlink) (\S+): permission",
        r": ([^:\s]+): [Pp]ermission denied",
        loose=True,
    ),
    row(
        "path.is_directory",
        "~is a directory",
        r"([^\s:']+)'?: (?:I|i)s a directory",
        r"s a directory: '([^']+)'",
    ),
    row(
        "shell.no_such_path",
        "~no such file|~not a directory|matches found: |not found: |find the path|find the file|not exist|needed by '",
        r"o such file or directory: '([^']+)'",
        r"o such file or directory, \w+ '([^']+)'",
        r"o such file or directory: (\S+)",
        r"no matches found: (\S+)",
        r"file not found: (\S+)",
        r"'([^']+)': (?:No such file|Not a directory)",
        r"`([^`]+)`: No such file",
        r"can't open file '([^']+)'",
        r'open perl script "([^"]+)"',
        r"(?:open|stat|chdir|lstat|read|unlink|rename|fork/exec) (\S+): no such file",
        r"make target '([^']+)', needed by",
        r"(?:^|: |file )([^\s:'\"`]+):(?: [Cc]annot open:| open:)? (?:[Nn]o such file|Not a directory)",
        r"(?:path|file|directory) ['\"`]?(\S+?)['\"`]? does not exist",
        r"cannot find the (?:path|file) specified",
        r"o such file or directory",
    ),
)
"""The machine, the network or the file system said no."""

TRACEBACK = "Traceback (most recent call last)"
"""What Python prints before the stack of an exception that nobody caught."""

DEATH_RULES: tuple[Rule, ...] = (
    row("shell.uncaught_exception", TRACEBACK),
    row(
        "shell.uncaught_exception",
        "?Error|?Exception",
        r'^(?:Uncaught |E\s+|Unhandled exception\. |Exception in thread "[^"]*" )?'
        r"((?:[A-Za-z_][\w$]*(?:\.|::|/))*(?:[A-Z][\w$]*)?(?:Error|Exception)(?: \[\w+\])?: .*)$",
        r"(\S.*\((?:\w+::)*\w+(?:Error|Exception)\).*)",
        r"^\*\* \(\w+Error\) .*",
    ),
    row(
        "shell.uncaught_exception",
        "panicked at|panic: |fatal error: |~segmentation fault|core dumped",
        r"panicked at|^(?:panic|fatal error): |egmentation fault|core dumped",
        loose=True,
    ),
    row("shell.syntax", "syntax error"),
)
"""A program died of an error that nobody caught."""

LEFT_RULES: tuple[Rule, ...] = (
    row(
        "shell.git_fatal",
        "fatal: |Another git process|.gitignore files|error: pathspec|error: branch|error: cannot|"
        "error: src refspec|we can merge|tracking information",
        r"^(?:fatal|error): (.*)",
        loose=True,
    ),
    row(
        "build.task_failed",
        "*** [|failed on line|task failed|~failed to run task|failed for task| exited with|Command failed|"
        "BUILD FAILED|BUILD FAILURE|~build failed|"
        "Lifecycle script",
        r"^make(?:\[\d+\])?: \*\*\* \[(?:[^\]:]*:\d+: )?([^\]]+)\]",
        r"Lifecycle script `([^`]+)` failed",
        r"\[([\w:.-]+)\] ERROR task failed",
        r'ailed to run task "([^"]+)',
        r"failed for task '([^']+)",
        r"ecipe `([^`]+)` failed",
        r'script "([^"]+)" exited',
        r"Command failed with|BUILD FAILED|BUILD FAILURE|uild failed",
    ),
    # A runner that began and failed without a verdict in sight.
    row("test.failed", "= test session starts =|=== RUN ", r"^=+ test session starts =+()", r"^=== RUN ()"),
    row("shell.no_match", " differ", r"^(?:Binary f|F)iles .* differ$"),
)
"""What is left: git's own word, a step of a task runner, a run without a verdict."""
