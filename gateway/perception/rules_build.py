"""Failure classes of building and installing: code that does not compile, modules and packages that are missing."""

from __future__ import annotations

from gateway.perception.rule import Rule, row

COMPILE_RULES: tuple[Rule, ...] = (
    # Linters of Go print compilers' format with their own name behind it.
    row("lint.failed", ".go:", r"^(?:\[[\w:.-]+\] )?\s*(\S+\.go:\d+(?::\d+)?: .* \([a-z]\w{2,}\))$"),
    row(
        "shell.missing_module",
        "module provides|cannot find package|is not in std|module providing",
        r"no required module provides package ([^\s;:]+)",
        r'cannot find package "([^"]+)',
        r"package (\S+) is not in std",
        r"module providing package ([^\s;:]+)",
    ),
    row("shell.dependency_conflict", "updates to go.mod|inconsistent vendoring", r"^(?:\[\w+\] )?go: (.*)"),
    row(
        "shell.missing_module",
        "error: ",
        r"fatal error: ['\"]?([^\s:'\"]+)['\"]?(?:: No such file| file not found)",
        r'error: Cannot find implementation or library stub for module named "([^"]+)',
        r'error: Import "([^"]+)" could not be resolved',
        r"error: package (\S+) does not exist",
        r"error: no such module '([^']+)'",
    ),
    row(
        "shell.missing_module",
        "error TS2307|error CS0246|error[E0432]|error[E0433]|error[E0463]",
        r"TS2307: Cannot find module '([^']+)'",
        r"type or namespace name '([^']+)'",
        r"(?:unresolved import|crate or module|unlinked crate|can't find crate for) `([\w:]+)`",
    ),
    row(
        "build.compile_error",
        "error TS1",
        r"^(?:\[[\w:.-]+\] )?\s*(\S+?\.\w+(?:\(\d+,\d+\)|:\d+:\d+) ?[-:] error TS1\d{3}: .*)",
    ),
    row(
        "build.type_error",
        "error TS",
        r"^(?:\[[\w:.-]+\] )?\s*(\S+?\.\w+(?:\(\d+,\d+\)|:\d+:\d+) ?[-:] error TS\d+: .*)",
        r"(error TS\d+: .*)",
    ),
    row("build.type_error", "error: ", r"^(?:\[[\w:.-]+\] )?\s*(\S+\.pyi?:\d+(?::\d+)?(?: -|:) error: .*)"),
    row("build.compile_error", "error: ", r"^(?:\[[\w:.-]+\] )?\s*(\S+?\.\w+:\d+(?::\d+)?: (?:fatal )?error: .*)"),
    row("build.compile_error", "error[E", r"^(error\[E\d{4}\]: .*)"),
    row("build.compile_error", "): error ", r"^(?:\[[\w:.-]+\] )?\s*(\S+\.\w+\(\d+,\d+\): error \w+\d+: .*)"),
    row(
        "build.compile_error",
        ".go:",
        r"^(?:\[[\w:.-]+\] )?(?:\./)?(\S+\.go:\d+:\d+: .*)",
        r"^vet: (\S+\.go:\d+:\d+: .*)",
    ),
    row("shell.missing_module", "cannot find -l", r"cannot find -l(\w+)"),
    row(
        "build.compile_error",
        "undefined reference|~undefined symbol",
        r"undefined reference to .*|"
        "ndefined symbols? .*",
    ),
    row("build.compile_error", "[ERROR] ", r"^\[ERROR\] (\S+\.\w+:\[\d+,\d+\] .*)"),
    row(
        "build.compile_error",
        "SyntaxError: |IndentationError: ",
        r"^(?:E\s+)?((?:Syntax|Indentation)Error: .*)",
    ),
    row(
        "build.compile_error",
        "could not compile|~compilation failed|~compilation error|COMPILATION ERROR|~failed to compile|"
        "~parse error: |"
        "syntax error at|syntax error, |compilation errors|import cycle not allowed|[build failed]|"
        "[setup failed]|error: aborting due",
    ),
)
"""The code does not build, in formats that only compilers print."""

MODULE_RULES: tuple[Rule, ...] = (
    row("shell.missing_module", "No module named", r"No module named '?([\w.-]+)"),
    row("shell.missing_module", "Cannot find module|Cannot find package", r"Cannot find (?:module|package) '([^']+)'"),
    row("shell.missing_module", "Cannot find module", r"Require stack:|Cannot find module (\S+)"),
    row(
        "shell.missing_module",
        'resolve \'|Could not resolve "|to resolve import "',
        r"Can't resolve '([^']+)'",
        r'Could not resolve "([^"]+)"',
        r'ailed to resolve import "([^"]+)"',
    ),
    row(
        "shell.missing_module",
        "such file to load|cannot load such file|Can't locate |no package called|not found:| not found in current path",
        r"cannot load such file -- (\S+)",
        r"no such file to load -- (\S+)",
        r"Can't locate (\S+) in @INC",
        r"no package called '([^']+)'",
        r"module '([^']+)' not found:",
        r"Package (\w+) not found in current path",
    ),
    row(
        "shell.missing_module",
        "ClassNotFoundException|load main class",
        r"(?:ClassNotFoundException: |load main class )([\w.$/]+)",
    ),
    row(
        "shell.package_not_found",
        "No matching distribution|locate package|matching package named|available formula|valid gem '|"
        "error 404|ERR! 404|"
        "in the package registry|find package|find image '",
        r"No matching distribution found for (\S+)",
        r"Unable to locate package (\S+)",
        r"no matching package named `([^`]+)",
        r"No available formula with the name ['\"`]([^'\"`]+)",
        r"Could not find a valid gem '([^']+)",
        r"npm (?:error|ERR!) 404 +'([^']+)'",
        r"(\S+) was not found in the package registry",
        r"Unable to find package (\S+?)\.? ",
        r"Unable to find image '([^']+)'",
    ),
    row(
        "shell.dependency_conflict",
        "conflicting dependencies|dependency tree|version solving failed|"
        "No solution found|compatible versions|select a version for|not resolve dependencies|not resolve all|"
        "different Python|unmet dependencies|unmet dependency|needs to be updated|ERR_PNPM_OUTDATED|"
        "package-lock.json are in sync",
    ),
)
"""Something that the code or the command needs is not installed."""
