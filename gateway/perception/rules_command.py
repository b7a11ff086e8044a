"""Failure classes of commands: unreadable, worded wrongly, run in the wrong place, refused by version control."""

from __future__ import annotations

from gateway.perception.rule import Rule, row

SYNTAX_RULES: tuple[Rule, ...] = (
    row("shell.timeout", "~command timed out|test timed out after"),
    row("shell.syntax", "syntax error near|unexpected EOF while|~syntax error: |parse error near|syntax error:"),
    row(
        "shell.syntax",
        "bad substitution|unmatched |event not found|operator expected|too many arguments|missing `]'|"
        "ambiguous redirect",
        r"sh: (.*(?:bad substitution|too many arguments|ambiguous redirect|event not found))",
        r"^zsh:(?:\d+:)? (bad substitution.*|unmatched .*|event not found.*)",
        r"\[: .*(?:operator expected|missing `\]'|too many arguments)",
    ),
    row(
        "shell.syntax",
        "expression #|~invalid command|~missing }|Unmatched |~invalid regular|~invalid preceding|"
        "compile error|~unterminated |"
        "regex parse error",
        r"^(?:sed|g?awk|mawk|grep|jq|find|rg|perl): .*|^regex parse error.*",
    ),
)
"""The run was cut off, or the shell or a little language in it could not read the command."""

GIT_RULES: tuple[Rule, ...] = (
    row("shell.wrong_directory", "not a git repository"),
    row(
        "shell.git_rejected",
        "rejected]|failed to push some refs|non-fast-forward|hook declined",
        r"!\s+\[(?:remote )?rejected\]\s+(\S+ .*)",
        loose=True,
    ),
    row(
        "shell.git_conflict",
        "CONFLICT (|~merge conflict in|needs merge|merge failed|could not apply|be overwritten by|~unmerged files|"
        "~unmerged paths|patch does not apply|patch failed|FAILED at|commit your changes or stash",
        r"CONFLICT \([^)]*\): (.*)",
        loose=True,
    ),
    row(
        "shell.nothing_to_do",
        "nothing to commit|nothing added to commit|no changes added|No local changes|No stash entries",
    ),
)
"""Version control refused."""

WORDING_RULES: tuple[Rule, ...] = (
    row("shell.unknown_subcommand", "not a git command", r"'([\w:.-]+)' is not a git command"),
    row(
        "shell.unknown_subcommand",
        "~missing script|not found.|Script not found|ask '|~task \"|contain recipe|~no task |"
        "to build task|~unknown lifecycle",
        r'issing script:? "?([\w:.-]+)',
        r'ommand "([^"]+)" not found',
        r'Script not found "([^"]+)',
        r"Task '([^']+)' not found",
        r"not contain recipe `([^`]+)",
        r"o task (?:named )?['\"]?([\w:.-]+?)['\"]?(?: found|$)",
        r'ask "([^"]+)" (?:does not exist|could not be found)',
        r"how to build task '([^']+)",
        r'lifecycle phase "([^"]+)',
    ),
    row(
        "shell.unknown_subcommand",
        "~unknown command|~unrecognized command:|~unrecognized subcommand|~unknown subcommand|"
        "such subcommand|such command|~invalid command|~invalid choice: ",
        r"(?:nknown|nrecognized|o such|nvalid) (?:sub-?)?command:? ['\"`]?([\w:. -]+?)['\"`]?(?:$| for|[.,;(])",
        r"argument [\w<>-]*: invalid choice: '([^']+)",
    ),
    row(
        "shell.missing_argument",
        "~missing |~requires |one argument|are required|not provided|is required for|~required flag|accepts |"
        "enough arguments|few arguments|needs an argument|no input files|Argument expected",
        r"issing (?:\w+ )?operand|issing (?:required )?(?:argument|option|parameter|value)\b",
        r"equires (?:an?|at least \w+|exactly \w+|one|\d) (?:arg|value|param|operand)",
        r"expected (?:at least )?one argument|arguments (?:are required|were not provided)",
        r"value is required for|equired flag\(s\)|accepts (?:\d|between|at (?:most|least)) ?.* ?arg",
        r"(?:not enough|Not enough|too few) arguments|needs an argument|no input files|Argument expected for",
    ),
    row("shell.bad_flag", "not defined: -", r"not defined: (-\S+)"),
    row(
        "shell.bad_flag",
        "~unrecognized option|~unrecognised option|~unrecognized argument|~unrecognized command|"
        "~unrecognized flag|~unrecognized parameter|~unknown option|~unknown flag|"
        "~unknown shorthand|~unknown argument|~unknown switch|~unknown predicate|~unknown compiler|"
        "~unknown command|~invalid option|~invalid flag|"
        "~illegal option|bad option|~unexpected argument '|wasn't expected|such option|: is unknown|ambiguous option",
        r"(?:option|argument|flag|switch|predicate|parameter)s?:? (?:-- )?[`'\"]?(-[^\s'\"`:,]*|[A-Za-z?][\w.-]*)",
    ),
    row(
        "shell.missing_env",
        "unbound variable|parameter not set|parameter null",
        r"(?:^|: )([A-Za-z_]\w*): (?:unbound variable|parameter )",
    ),
    row(
        "shell.missing_env",
        "KeyError: '|KeyError)",
        r"KeyError: '([A-Z][A-Z0-9_]{2,})'",
        r'key not found: "([A-Z][A-Z0-9_]{2,})"',
    ),
    row(
        "shell.missing_env",
        "~environment variable|env var",
        r"nvironment variable:? [`'\"$]?([A-Z_][A-Z0-9_]+)[`'\"]? (?:is |was )?(?:not|missing|required|must|unset)",
        r"([A-Z][A-Z0-9_]{2,}) environment variable",
        r"(?:issing|equired|set)(?: required)? (?:environment variable|env var)s?:? [`'\"]?([A-Z][A-Z0-9_]+)",
    ),
)
"""The command was worded wrongly: option, sub-command, argument, variable."""

PLACE_RULES: tuple[Rule, ...] = (
    row(
        "shell.missing_tool",
        "executable file not found|linker `|ENOENT|~no such file|~command not found|"
        "~could not find program|could be found",
        r'exec: "([^"]+)": executable file not found',
        r"linker `([^`]+)` not found",
        r"spawn (\S+) ENOENT",
        r"env: '?([^':]+?)'?: No such file",
        r"^make(?:\[\d+\])?: ([^:*]+): (?:No such file|Command not found)",
        r"not find program '?(\S+?)'?$",
        r"No (CMAKE_\w+COMPILER) could be found",
    ),
    row(
        "shell.command_not_found",
        "not found|not recognized as",
        r"command not found: (\S+)",
        r"([^\s:]+): command not found$",
        r"^(?:/bin/|/usr/bin/)?\w*sh: (?:line )?(?:\d+: )?([^\s:]+): not found$",
        r"'([^']+)' is not recognized as",
    ),
    row(
        "shell.wrong_directory",
        "rule to make target|no makefile|~could not read package.json|find a package.json|No package.json|"
        "find `Cargo.toml`|"
        "go.mod file not found|find main module|no Go files|contains no Go|contain main module|directory prefix|"
        "contain CMakeLists|no configuration file|pyproject.toml|a Python project|there is no POM|locate Gemfile|"
        "contain a Gradle|find a Mix|requirements file|project or solution|No justfile|No Justfile",
        r"No rule to make target '([^']+)'\.",
        r"no makefile found|ot read package\.json|(?:find a|No) package\.json|could not find `Cargo\.toml`",
        r"go\.mod file not found|find main module|no Go files in|contains no Go files|contain main module",
        r"directory prefix .*|appear to contain CMakeLists|no configuration file provided",
        r"(?:find a|No) pyproject\.toml|pyproject\.toml (?:file )?(?:in|not)|to be a Python project",
        r"no POM in this directory|not locate Gemfile|find a Mix\.Project|not open requirements file",
        r"a project or solution file|No [Jj]ustfile found",
    ),
)
"""A program is missing, or the command ran in the wrong folder."""
