"""Failure classes of shell commands, on texts as the real tools print them."""

from __future__ import annotations

import pytest

from gateway.perception.failures import classify

CASES: list[tuple[str, str, str, str]] = [
    # bash, zsh, dash and the little languages behind them
    ("bash", "Exit code 127\nbash: line 1: frobnicate: command not found", "shell.command_not_found", "frobnicate"),
    ("zsh", "Exit code 127\nzsh: command not found: frobnicate", "shell.command_not_found", "frobnicate"),
    ("dash", "Exit code 127\n/bin/sh: 1: frob: not found", "shell.command_not_found", "frob"),
    ("sh in npm", "Exit code 127\n\n> t\n> tscx\n\nsh: 1: tscx: not found", "shell.command_not_found", "tscx"),
    ("silent 127", "Exit code 127", "shell.command_not_found", ""),
    (
        "cmd.exe",
        "Exit code 1\n'make' is not recognized as an internal or external command,\noperable program or batch file.",
        "shell.command_not_found",
        "make",
    ),
    (
        "bash syntax",
        "Exit code 2\nbash: -c: line 1: syntax error near unexpected token `then'\nbash: -c: line 1: `if then'",
        "shell.syntax",
        "bash: -c: line N: syntax error near unexpected token `then'",
    ),
    (
        "open quote",
        "Exit code 2\nbash: -c: line 1: unexpected EOF while looking for matching `\"'",
        "shell.syntax",
        "bash: -c: line N: unexpected EOF while looking for matching `\"'",
    ),
    ("zsh quote", 'Exit code 1\nzsh:1: unmatched "', "shell.syntax", 'unmatched "'),
    (
        "sed",
        "Exit code 1\nsed: -e expression #1, char 3: unterminated `s' command",
        "shell.syntax",
        "sed: -e expression #N, char N: unterminated `s' command",
    ),
    (
        "BSD sed",
        'Exit code 1\nsed: 1: "x.py": invalid command code .',
        "shell.syntax",
        'sed: 1: "x.py": invalid command code .',
    ),
    ("grep", "Exit code 2\ngrep: Unmatched ( or \\(", "shell.syntax", "grep: Unmatched ( or \\("),
    ("unset variable", "Exit code 1\nbash: line 1: FOO: unbound variable", "shell.missing_env", "FOO"),
    (
        "python environment",
        'Exit code 1\nTraceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        "  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'API_URL'",
        "shell.missing_env",
        "API_URL",
    ),
    (
        "environment in words",
        "Exit code 1\nError: environment variable DATABASE_URL is not set",
        "shell.missing_env",
        "DATABASE_URL",
    ),
    ("zsh glob", "Exit code 1\nzsh: no matches found: *.xyz", "shell.no_such_path", "*.xyz"),
    # coreutils and friends
    ("ls", "Exit code 2\nls: cannot access '/nope': No such file or directory", "shell.no_such_path", "/nope"),
    ("cat", "Exit code 1\ncat: a/b.txt: No such file or directory", "shell.no_such_path", "a/b.txt"),
    ("wc on BSD", "Exit code 1\nwc: a/b.txt: open: No such file or directory", "shell.no_such_path", "a/b.txt"),
    ("cd", "Exit code 1\nbash: line 1: cd: /nope: No such file or directory", "shell.no_such_path", "/nope"),
    (
        "python script",
        "Exit code 2\npython3: can't open file '/srv/app/nope.py': [Errno 2] No such file or directory",
        "shell.no_such_path",
        "/srv/app/nope.py",
    ),
    ("cat on folder", "Exit code 1\ncat: src: Is a directory", "path.is_directory", "src"),
    ("bad option", "Exit code 2\nls: unrecognized option '--frob'\nTry 'ls --help'", "shell.bad_flag", "--frob"),
    ("short option", "Exit code 1\nxargs: invalid option -- 'q'\nTry 'xargs --help'", "shell.bad_flag", "q"),
    ("BSD option", "Exit code 1\nhead: illegal option -- z\nusage: head [-n lines]", "shell.bad_flag", "z"),
    ("find", "Exit code 1\nfind: unknown predicate `-frob'", "shell.bad_flag", "-frob"),
    (
        "missing operand",
        "Exit code 1\nchmod: missing operand after '777'",
        "shell.missing_argument",
        "chmod: missing operand after 'N'",
    ),
    (
        "option without value",
        "Exit code 2\ngrep: option requires an argument -- 'A'",
        "shell.missing_argument",
        "grep: option requires an argument -- 'A'",
    ),
    (
        "execute",
        "Exit code 126\nbash: line 1: /etc/passwd: Permission denied",
        "shell.permission_denied",
        "/etc/passwd",
    ),
    (
        "disk full",
        "Exit code 1\ndd: writing to '/dev/full': No space left on device",
        "shell.disk_full",
        "dd: writing to '/dev/full': No space left on device",
    ),
    ("timeout(1)", "Exit code 124", "shell.timeout", ""),
    ("client's timeout", "Command timed out after 2m 0.0s", "shell.timeout", "Command timed out after <duration>"),
    ("grep finds nothing", "Exit code 1", "shell.no_match", ""),
    ("silent failure", "Exit code 3", "shell.exit_code", ""),
    ("diff", "Exit code 1\nFiles a/x and b/x differ", "shell.no_match", "Files a/x and b/x differ"),
    # git
    (
        "git sub-command",
        "Exit code 1\ngit: 'frob' is not a git command. See 'git --help'.",
        "shell.unknown_subcommand",
        "frob",
    ),
    (
        "outside a repository",
        "Exit code 128\nfatal: not a git repository (or any of the parent directories): .git",
        "shell.wrong_directory",
        "fatal: not a git repository (or any of the parent directories): .git",
    ),
    (
        "git pathspec",
        "Exit code 1\nerror: pathspec 'nope' did not match any file(s) known to git",
        "shell.git_fatal",
        "pathspec 'nope' did not match any file(s) known to git",
    ),
    ("git upstream", "Exit code 128\nfatal: invalid upstream 'nope'", "shell.git_fatal", "invalid upstream 'nope'"),
    ("git flag", "Exit code 128\nfatal: unrecognized argument: --frob", "shell.bad_flag", "--frob"),
    (
        "merge",
        "Exit code 1\nAuto-merging a.txt\nCONFLICT (content): Merge conflict in a.txt\n"
        "Automatic merge failed; fix conflicts",
        "shell.git_conflict",
        "Merge conflict in a.txt",
    ),
    (
        "checkout over changes",
        "Exit code 1\nerror: Your local changes to the following files would be overwritten by checkout:\n\ta.txt",
        "shell.git_conflict",
        "error: Your local changes to the following files would be overwritten by checkout:",
    ),
    (
        "push behind",
        "Exit code 1\nTo ../origin.git\n ! [rejected]        main -> main (fetch first)\n"
        "error: failed to push some refs to '../origin.git'",
        "shell.git_rejected",
        "main -> main (fetch first)",
    ),
    (
        "push denied",
        "Exit code 128\ngit@github.com: Permission denied (publickey).",
        "shell.auth",
        "git@github.com: Permission denied (publickey).",
    ),
    (
        "empty commit",
        "Exit code 1\nOn branch main\nnothing to commit, working tree clean",
        "shell.nothing_to_do",
        "nothing to commit, working tree clean",
    ),
    # make and task runners
    (
        "no makefile",
        "Exit code 2\nmake: *** No targets specified and no makefile found.  Stop.",
        "shell.wrong_directory",
        "make: *** No targets specified and no makefile found. Stop.",
    ),
    ("no target", "Exit code 2\nmake: *** No rule to make target 'frob'.  Stop.", "shell.wrong_directory", "frob"),
    (
        "no prerequisite",
        "Exit code 2\nmake: *** No rule to make target 'c.x', needed by 'b'.  Stop.",
        "shell.no_such_path",
        "c.x",
    ),
    ("recipe", "Exit code 2\nfalse\nmake: *** [Makefile:2: a] Error 1", "build.task_failed", "a"),
    (
        "tool of a recipe",
        "Exit code 2\nmake: gcx: No such file or directory\nmake: *** [Makefile:2: a] Error 127",
        "shell.missing_tool",
        "gcx",
    ),
    (
        "npm script",
        'Exit code 1\nnpm error Missing script: "nope"\nnpm error\nnpm error To see a list of scripts',
        "shell.unknown_subcommand",
        "nope",
    ),
    (
        "npm command",
        'Exit code 1\nUnknown command: "frob"\n\nTo see a list of supported npm commands, run:\n  npm help',
        "shell.unknown_subcommand",
        "frob",
    ),
    (
        "npm elsewhere",
        "Exit code 254\nnpm error code ENOENT\nnpm error syscall open\nnpm error path /srv/x/package.json\n"
        "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open "
        "'/srv/x/package.json'",
        "shell.wrong_directory",
        "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open "
        "'/srv/x/package.json'",
    ),
    (
        "npm peers",
        "Exit code 1\nnpm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree",
        "shell.dependency_conflict",
        "npm ERR! ERESOLVE unable to resolve dependency tree",
    ),
    (
        "npm registry",
        "Exit code 1\nnpm error code E404\nnpm error 404  'nope-x@*' is not in this registry.",
        "shell.package_not_found",
        "nope-x@*",
    ),
    (
        "cargo elsewhere",
        "Exit code 101\nerror: could not find `Cargo.toml` in `/srv/x` or any parent directory",
        "shell.wrong_directory",
        "error: could not find `Cargo.toml` in `/srv/x` or any parent directory",
    ),
    (
        "cargo command",
        "Exit code 101\nerror: no such command: `frob`\n\nhelp: view all installed commands",
        "shell.unknown_subcommand",
        "frob",
    ),
    (
        "clap option",
        "Exit code 2\nerror: unexpected argument '--frob' found\n\n  tip: a similar argument exists: '--frozen'",
        "shell.bad_flag",
        "--frob",
    ),
    ("cobra flag", "Exit code 1\nError: unknown flag: --frob\nUsage:\n  tool run [flags]", "shell.bad_flag", "--frob"),
    (
        "cobra arguments",
        "Exit code 1\nError: accepts 1 arg(s), received 0",
        "shell.missing_argument",
        "Error: accepts N arg(s), received N",
    ),
    ("go flag", "Exit code 2\nflag provided but not defined: -frob\nUsage of tool:", "shell.bad_flag", "-frob"),
    (
        "click option",
        "Exit code 2\nUsage: tool [OPTIONS]\nTry 'tool --help' for help.\n\nError: No such option: --frob",
        "shell.bad_flag",
        "--frob",
    ),
    (
        "click command",
        "Exit code 2\nUsage: tool [OPTIONS] COMMAND\n\nError: No such command 'frob'.",
        "shell.unknown_subcommand",
        "frob",
    ),
    (
        "argparse option",
        "Exit code 2\nusage: x.py [-h]\nx.py: error: unrecognized arguments: --frob",
        "shell.bad_flag",
        "--frob",
    ),
    (
        "argparse choice",
        "Exit code 2\nusage: x [-h] {a,b}\nx: error: argument cmd: invalid choice: 'frob' (choose from 'a', 'b')",
        "shell.unknown_subcommand",
        "frob",
    ),
    (
        "argparse missing",
        "Exit code 2\nx: error: the following arguments are required: path",
        "shell.missing_argument",
        "x: error: the following arguments are required: path",
    ),
    (
        "curl option",
        "Exit code 2\ncurl: option --frob: is unknown\ncurl: try 'curl --help'",
        "shell.bad_flag",
        "--frob",
    ),
    ("node option", "Exit code 9\nnode: bad option: --frob", "shell.bad_flag", "--frob"),
    ("gcc option", "Exit code 1\ngcc: error: unrecognized command-line option '-fnope'", "shell.bad_flag", "-fnope"),
    (
        "docker arguments",
        "Exit code 1\ndocker: 'docker build' requires 1 argument\n\nUsage:  docker build [OPTIONS] PATH",
        "shell.missing_argument",
        "docker: 'docker build' requires N argument",
    ),
    # the network and other machines
    (
        "docker daemon",
        "Exit code 1\nCannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
        "daemon running?",
        "shell.connection_refused",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ),
    (
        "psql",
        'Exit code 2\npsql: error: connection to server at "127.0.0.1", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?",
        "shell.connection_refused",
        '127.0.0.1", port 5432',
    ),
    (
        "curl refused",
        "Exit code 7\ncurl: (7) Failed to connect to 127.0.0.1 port 9000 after 0 ms: Couldn't connect to server",
        "shell.connection_refused",
        "127.0.0.1 port 9000",
    ),
    (
        "curl name",
        "Exit code 6\ncurl: (6) Could not resolve host: nope.invalid",
        "shell.network_unreachable",
        "nope.invalid",
    ),
    (
        "ssh name",
        "Exit code 255\nssh: Could not resolve hostname nope.invalid: Name or service not known",
        "shell.network_unreachable",
        "nope.invalid:",
    ),
    ("http error", "Exit code 22\ncurl: (22) The requested URL returned error: 404", "web.http_status", "404"),
    ("gh", 'Exit code 1\ngh: Not Found (HTTP 404)\n\n{"message": "Not Found"}', "web.http_status", "404"),
    (
        "gh login",
        "Exit code 4\nTo get started with GitHub CLI, please run:  gh auth login",
        "shell.auth",
        "To get started with GitHub CLI, please run: gh auth login",
    ),
    (
        "port in python",
        'Exit code 1\nTraceback (most recent call last):\n  File "<stdin>", line 2, in <module>\n'
        "OSError: [Errno 98] Address already in use",
        "shell.port_in_use",
        "OSError: [Errno N] Address already in use",
    ),
    (
        "port in node",
        "Exit code 1\nnode:events:502\n      throw er; // Unhandled 'error' event\n\n"
        "Error: listen EADDRINUSE: address already in use :::3000\n"
        "    at Server.setupListenHandle [as _listen2] (node:net:1908:16)",
        "shell.port_in_use",
        "3000",
    ),
    (
        "port in docker",
        "Exit code 125\ndocker: Error response from daemon: Bind for 0.0.0.0:8080 failed: port is already allocated.",
        "shell.port_in_use",
        "8080",
    ),
    (
        "python memory",
        'Exit code 1\nTraceback (most recent call last):\n  File "<string>", line 1, in <module>\nMemoryError',
        "shell.out_of_memory",
        "MemoryError",
    ),
    (
        "node memory",
        "Exit code 134\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "shell.out_of_memory",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ),
    (
        "apt lock",
        "Exit code 100\nE: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)",
        "shell.permission_denied",
        "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)",
    ),
    (
        "go exec",
        'Exit code 1\ncgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH',
        "shell.missing_tool",
        "gcc",
    ),
    ("shebang", "Exit code 127\n/usr/bin/env: 'node': No such file or directory", "shell.missing_tool", "node"),
]


@pytest.mark.parametrize(("text", "code", "signature"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_real_text_is_recognised(text: str, code: str, signature: str) -> None:
    found = classify("Bash", text)
    assert (found.code, found.signature) == (code, signature)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("grep -rn needle src", "shell.no_match"),
        ("cd src && git diff --quiet", "shell.no_match"),
        ("go vet ./... | grep shadow", "shell.no_match"),
        ("test -f go.mod", "shell.no_match"),
        ("./deploy.sh --now", "shell.exit_code"),
    ],
)
def test_silence_is_an_answer_only_from_a_command_that_asks(command: str, code: str) -> None:
    assert classify("Bash", "Exit code 1", command).code == code


def test_a_search_that_failed_is_no_empty_answer() -> None:
    text = "Exit code 2\ngrep: nope: No such file or directory"
    assert classify("Bash", text, "grep x nope").code == "shell.no_such_path"
