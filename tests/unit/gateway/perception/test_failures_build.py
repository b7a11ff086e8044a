"""Failure classes of compilers, test runners, linters and installers, on texts as the real tools print them."""

from __future__ import annotations

import pytest

from gateway.perception.failures import classify

CASES: list[tuple[str, str, str, str]] = [
    (
        "gcc",
        "a.c: In function 'main':\na.c:1:19: error: 'x' undeclared (first use in this function)\n"
        "    1 | int main(){return x}",
        "build.compile_error",
        "a.c:N: error: 'x' undeclared (first use in this function)",
    ),
    (
        "gcc header",
        "b.c:1:10: fatal error: nope.h: No such file or directory\n    1 | #include <nope.h>\ncompilation terminated.",
        "shell.missing_module",
        "nope.h",
    ),
    (
        "ld symbol",
        "/usr/bin/ld: /tmp/ccga3r4m.o: in function `main':\nc.c:(.text+0xa): undefined reference to `f'\n"
        "collect2: error: ld returned 1 exit status",
        "build.compile_error",
        "c.c:(.text+<id>): undefined reference to `f'",
    ),
    (
        "ld library",
        "/usr/bin/ld: cannot find -lnope: No such file or directory\ncollect2: error: ld returned 1 exit status",
        "shell.missing_module",
        "nope",
    ),
    (
        "gcc without input",
        "gcc: fatal error: no input files\ncompilation terminated.",
        "shell.missing_argument",
        "gcc: fatal error: no input files",
    ),
    (
        "javac",
        "A.java:1: error: cannot find symbol\nclass A{int f(){return x;}}\n                       ^\n1 error",
        "build.compile_error",
        "A.java:N: error: cannot find symbol",
    ),
    (
        "javac package",
        "A.java:1: error: package org.nope does not exist\nimport org.nope.X;\n               ^\n1 error",
        "shell.missing_module",
        "org.nope",
    ),
    (
        "java class",
        "Error: Could not find or load main class Nope\nCaused by: java.lang.ClassNotFoundException: Nope",
        "shell.missing_module",
        "Nope",
    ),
    (
        "rustc",
        "error[E0308]: mismatched types\n --> src/main.rs:1:21\n"
        'error: could not compile `k` (bin "k") due to 1 previous error',
        "build.compile_error",
        "error[E0308]: mismatched types",
    ),
    (
        "rust crate",
        "error[E0432]: unresolved import `nope`\n --> src/main.rs:1:5\n"
        "  |     ^^^^ use of unresolved module or unlinked crate `nope`",
        "shell.missing_module",
        "nope",
    ),
    (
        "cargo package",
        "error: no matching package named `nope` found\nlocation searched: crates.io index",
        "shell.package_not_found",
        "nope",
    ),
    ("go", "# example.com/m\n./main.go:4:2: undefined: foo", "build.compile_error", "main.go:N: undefined: foo"),
    (
        "go vet",
        "# example.com/m\nvet: ./main.go:4:2: undefined: foo",
        "build.compile_error",
        "./main.go:N: undefined: foo",
    ),
    (
        "go module",
        "main.go:3:8: no required module provides package github.com/x/y; to add it:\n\tgo get github.com/x/y",
        "shell.missing_module",
        "github.com/x/y",
    ),
    (
        "go manifest",
        "go: updates to go.mod needed; to update it:\n\tgo mod tidy",
        "shell.dependency_conflict",
        "updates to go.mod needed; to update it:",
    ),
    (
        "go elsewhere",
        "go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
        "shell.wrong_directory",
        "go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
    ),
    (
        "tsc types",
        "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
        "build.type_error",
        "src/a.ts:N: error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    (
        "tsc pretty",
        "src/a.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.",
        "build.type_error",
        "src/a.ts:N - error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    (
        "tsc syntax",
        "src/a.ts(3,7): error TS1005: ';' expected.",
        "build.compile_error",
        "src/a.ts:N: error TS1005: ';' expected.",
    ),
    (
        "tsc module",
        "src/a.ts(1,20): error TS2307: Cannot find module 'left-pad' or its corresponding type declarations.",
        "shell.missing_module",
        "left-pad",
    ),
    (
        "C#",
        "Program.cs(3,5): error CS0103: The name 'x' does not exist in the current context",
        "build.compile_error",
        "Program.cs:N: error CS0103: The name 'x' does not exist in the current context",
    ),
    (
        "mypy",
        'a.py:3: error: Incompatible types in assignment (expression has type "str", variable has type "int")  '
        "[assignment]",
        "build.type_error",
        'a.py:N: error: Incompatible types in assignment (expression has type "str", variable has type "int") '
        "[assignment]",
    ),
    (
        "pyright",
        '/srv/y.py\n  /srv/y.py:1:10 - error: Type "str" is not assignable to declared type "int"\n1 error, 0 warnings',
        "build.type_error",
        '/srv/y.py:N - error: Type "str" is not assignable to declared type "int"',
    ),
    (
        "python syntax",
        '  File "x.py", line 1\n    def\n       ^\nSyntaxError: invalid syntax',
        "build.compile_error",
        "SyntaxError: invalid syntax",
    ),
    (
        "perl module",
        "Can't locate Nope.pm in @INC (you may need to install the Nope module) (@INC contains: /etc/perl) at -e "
        "line 1.",
        "shell.missing_module",
        "Nope.pm",
    ),
    (
        "ruby",
        "<internal:rubygems>:38:in `require': cannot load such file -- nope (LoadError)",
        "shell.missing_module",
        "nope",
    ),
    (
        "python module",
        'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
        "ModuleNotFoundError: No module named 'nope'",
        "shell.missing_module",
        "nope",
    ),
    ("python -m", "/usr/bin/python3: No module named pytest", "shell.missing_module", "pytest"),
    (
        "node module",
        "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\nError: Cannot find module 'nope'\n"
        "Require stack:\n- /srv/[eval]",
        "shell.missing_module",
        "nope",
    ),
    (
        "node import",
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'y' imported from /srv/a.mjs",
        "shell.missing_module",
        "y",
    ),
    ("webpack", "Module not found: Error: Can't resolve './nope' in '/srv/src'", "shell.missing_module", "./nope"),
    (
        "pip package",
        "ERROR: Could not find a version that satisfies the requirement nope-nope (from versions: none)\n"
        "ERROR: No matching distribution found for nope-nope",
        "shell.package_not_found",
        "nope-nope",
    ),
    (
        "pip conflict",
        "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.",
        "shell.dependency_conflict",
        "ERROR: Cannot install a==N and b==N because these package versions have conflicting dependencies.",
    ),
    (
        "apt package",
        "Reading package lists...\nE: Unable to locate package nopenope",
        "shell.package_not_found",
        "nopenope",
    ),
    (
        "pytest",
        "=================================== FAILURES ===================================\n    def test_a():\n"
        ">     assert 1==2\nE     assert 1 == 2\n\ntest_a.py:2: AssertionError\n"
        "=========================== short test summary info ============================\n"
        "FAILED test_a.py::test_a - assert 1 == 2\n"
        "============================== 1 failed in 0.51s ===============================",
        "test.failed",
        "test_a.py::test_a",
    ),
    (
        "pytest collection",
        "ImportError while importing test module '/srv/m/test_b.py'.\ntest_b.py:1: in <module>\n    import nope\n"
        "E   ModuleNotFoundError: No module named 'nope'\nERROR test_b.py\n"
        "!!!!!!!! Interrupted: 1 error during collection !!!!!!!!\n==== 1 error in 0.58s ====",
        "shell.missing_module",
        "nope",
    ),
    (
        "pytest path",
        "collected 0 items\n\n============ no tests ran in 0.51s ============\n"
        "ERROR: file or directory not found: nope.py",
        "shell.no_such_path",
        "nope.py",
    ),
    (
        "pytest empty",
        "collected 0 items\n\n============================ no tests ran in 0.52s =============================",
        "test.none_found",
        "============================ no tests ran in <duration> =============================",
    ),
    ("pytest deselected", "\n1 deselected in 0.49s", "test.none_found", "N deselected in <duration>"),
    (
        "unittest",
        "FAIL: test_add (test_calc.CalcTest)\n"
        "----------------------------------------------------------------------\nAssertionError: 1 != 2\n\n"
        "Ran 1 test in 0.000s\n\nFAILED (failures=1)",
        "test.failed",
        "test_add (test_calc.CalcTest)",
    ),
    (
        "go test",
        "=== RUN   TestAdd\n    add_test.go:9: got 1, want 2\n--- FAIL: TestAdd (0.02s)\nFAIL\n"
        "FAIL\texample.com/m\t0.433s\nFAIL",
        "test.failed",
        "TestAdd",
    ),
    (
        "go test build",
        "# example.com/m [example.com/m.test]\n./add_test.go:5:2: undefined: Sub\n"
        "FAIL\texample.com/m [build failed]\nFAIL",
        "build.compile_error",
        "add_test.go:N: undefined: Sub",
    ),
    (
        "go test hang",
        "panic: test timed out after 10m0s\nrunning tests:\n\tTestSlow (10m0s)",
        "shell.timeout",
        "panic: test timed out after <duration>",
    ),
    (
        "cargo test",
        "running 1 test\ntest tests::adds ... FAILED\n\nfailures:\n\n---- tests::adds stdout ----\n\n"
        "thread 'tests::adds' (7944) panicked at src/lib.rs:1:28:\nassertion `left == right` failed\n\n"
        "test result: FAILED. 0 passed; 1 failed; 0 ignored",
        "test.failed",
        "tests::adds",
    ),
    (
        "jest",
        "FAIL src/sum.test.js\n  ● adds › two numbers\n\n    expect(received).toBe(expected)\n\n"
        "Tests:       1 failed, 2 passed, 3 total",
        "test.failed",
        "adds › two numbers",
    ),
    (
        "jest empty",
        "No tests found, exiting with code 1\nRun with `--passWithNoTests` to exit with code 0",
        "test.none_found",
        "No tests found, exiting with code 1",
    ),
    (
        "vitest",
        " FAIL  src/sum.test.ts > adds\nAssertionError: expected 3 to be 4\n\n Tests  1 failed | 2 passed (3)",
        "test.failed",
        "src/sum.test.ts > adds",
    ),
    ("mocha", "  2 passing (12ms)\n  1 failing\n\n  1) adds:", "test.failed", "N failing"),
    (
        "rspec",
        "Failed examples:\n\nrspec ./spec/a_spec.rb:3 # adds\n\n3 examples, 1 failure",
        "test.failed",
        "./spec/a_spec.rb:N",
    ),
    ("tap", "TAP version 13\nok 1 - a\nnot ok 2 - adds numbers", "test.failed", "adds numbers"),
    (
        "gradle",
        "CalcTest > adds() FAILED\n    org.opentest4j.AssertionFailedError at CalcTest.java:9\n\nBUILD FAILED in 2s",
        "test.failed",
        "CalcTest > adds()",
    ),
    (
        "eslint",
        "/srv/a.js\n  1:7  error  'x' is assigned a value but never used  no-unused-vars\n\n"
        "✖ 1 problem (1 error, 0 warnings)",
        "lint.failed",
        "'x' is assigned a value but never used no-unused-vars",
    ),
    ("flake8", "a.py:1:1: F401 'os' imported but unused", "lint.failed", "a.py:N: F401 'os' imported but unused"),
    (
        "ruff",
        "F401 [*] `os` imported but unused\n --> z.py:1:8\n  |\n1 | import os\n\nFound 1 error.",
        "lint.failed",
        "z.py",
    ),
    (
        "golangci-lint",
        "main.go:9:11: Error return value is not checked (errcheck)\n\tf()\n\t ^\n1 issues:\n* errcheck: 1",
        "lint.failed",
        "main.go:N: Error return value is not checked (errcheck)",
    ),
    ("black", "would reformat a.py\n\nOh no!\n1 file would be reformatted.", "lint.failed", "a.py"),
    (
        "prettier",
        "Checking formatting...\n[warn] src/a.ts\n[warn] Code style issues found in the above file.",
        "lint.failed",
        "src/a.ts",
    ),
    (
        "pre-commit",
        "trim trailing whitespace.................................................Failed\n"
        "- hook id: trailing-whitespace\n- exit code: 1",
        "lint.failed",
        "trim trailing whitespace",
    ),
    (
        "python raise",
        'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\nValueError: bad value\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 9, in <module>\n    f()\nRuntimeError: gave up\n',
        "shell.uncaught_exception",
        "RuntimeError: gave up",
    ),
    (
        "node throw",
        "[eval]:1\nfoo()\n^\n\nReferenceError: foo is not defined\n    at [eval]:1:1",
        "shell.uncaught_exception",
        "ReferenceError: foo is not defined",
    ),
    (
        "java throw",
        'Exception in thread "main" java.lang.IllegalStateException: no\n\tat A.main(A.java:3)',
        "shell.uncaught_exception",
        "java.lang.IllegalStateException: no",
    ),
    (
        "rust panic",
        "thread 'main' panicked at src/main.rs:2:5:\nno",
        "shell.uncaught_exception",
        "thread 'main' panicked at src/main.rs:N:",
    ),
    ("mise", "[deploy] $ ./deploy\n[deploy] ERROR task failed", "build.task_failed", "deploy"),
]


@pytest.mark.parametrize(("text", "code", "signature"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_real_text_is_recognised(text: str, code: str, signature: str) -> None:
    found = classify("Bash", f"Exit code 1\n{text}")
    assert (found.code, found.signature) == (code, signature)
