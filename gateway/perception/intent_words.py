"""The words by which a prompt's family is known: one to three of them together, in one table, each as strong as it is
telling; and the same words where they mean something else.

A phrase is written as it is spoken without its filling words ("tests are failing" is `test fail`), in any form of each
word. The longest phrase that fits takes its words, so that `token count` keeps `token` from speaking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.perception.intent_families import Family
from gateway.perception.words import stem

STRONG: Final = 2.0
"""Says the family by itself, against a plain word of another."""
CLEAR: Final = 1.4
"""Says the family where nothing speaks for another."""
TROUBLED: Final = 1.2
"""Says that something fails: what does is the subject, if it is named by a clear word."""
HINT: Final = 0.7
"""Says nothing alone; two of them do, the second counting half. Weights are set by order, not fitted: a hint stays
below what is enough, two pass it and are below a clear word, a clear word and a hint are below a strong one."""

_Words = Mapping[float, str]

_BUILDING: Mapping[Family, _Words] = {
    Family.AUTH_SECURITY: {
        STRONG: """authentication, authorization, authorisation, authenticate, authorize, oauth, oauth2, oidc, saml,
            sso, jwt, csrf, xss, ssrf, cve, mfa, 2fa, rbac, sql injection, command injection, injection attack,
            vulnerability, vulnerable, api key, access token, refresh token, auth token, bearer token, token expire,
            expired token, private key, secret key, ssh key, signing key, credential, password, passphrase,
            two factor, access control, role based, encrypt, encryption, decrypt, security issue, security hole,
            security risk, security audit, security review, security fix, security finding, trust boundary,
            malicious, attacker, exploit, privilege escalation, path traversal, gosec, bandit, snyk, gitleaks,
            leaked secret, rotate secret, rotate key, hardcoded secret, unauthenticated, least privilege,
            session hijack, login page, login flow""",
        CLEAR: """auth, security, secure, insecure, permission, secret, login, logout, user log in, not log in,
            sign in, sign out, tls, ssl, certificate, privilege, untrusted, unauthorized, forbidden, session cookie,
            redact, redaction, sanitize, sanitise, unsafe input, user access, personal data""",
        HINT: "token, role, access, user provided, leak, trusted, sandbox",
    },
    Family.DEPLOYMENT_OPS: {
        STRONG: """deploy, redeploy, deployment, undeploy, kubernetes, k8s, kubectl, helm, terraform, ansible,
            pulumi, ci/cd, ci cd, ci pipeline, ci job, ci run, github action, gitlab ci, jenkins, rollback,
            roll back, canary release, blue green, release pipeline, cut release, publish release, new release,
            goreleaser, outage, incident, oncall, postmortem, production, dockerfile, docker compose, docker image,
            load balancer, autoscale, infrastructure, staging environment, provision, nginx, systemd, go live,
            roll out, rollout, health check, readiness probe, devops""",
        CLEAR: """ci, pipeline, release, docker, container, prod, staging, cluster, uptime, monitoring, cron,
            degradation, triage, runbook, version bump, bump version, dns, homebrew, cask""",
        HINT: """alert, aws, gcp, azure, server, environment, environment variable, publish, tag, ops, spike,
            downtime, region""",
    },
    Family.TESTING_VALIDATION: {
        STRONG: """run test, rerun test, unit test, integration test, end end test, e2e, e2e test, test fail,
            fail test, test break, broken test, test suite, test case, test coverage, add test, write test,
            fix test, regression test, smoke test, test pass, more test, flaky, pytest, jest, vitest, junit,
            code review, review pr, review pull request, review change, review branch, review code, review comment,
            review feedback, pr comment, comment pr, address comment, open comment, debug, bug, bug report,
            describe bug, bug summary, regression, reproduce, repro, traceback, stack trace, step reproduce,
            root cause, double check, not work, crash, panic, segfault, expected behavior, expected behaviour,
            actual behavior, actual result, expected result, fix bug, fix failure, race condition, not correct,
            edge case, pr feedback, got feedback, logic issue""",
        CLEAR: """test, review, feedback, verify, verification, validate, validation, assert, assertion, coverage,
            tdd, mock, fixture, fix issue, fix problem, acceptance test, ensure work""",
        TROUBLED: """fail, failure, error, broken, incorrect, incorrectly, wrong, wrongly, exception, unexpected,
            unexpectedly, misleading, silently, severity, not match, problem, typeerror, valueerror, keyerror,
            indexerror, attributeerror, importerror, modulenotfounderror, nameerror, runtimeerror, assertionerror,
            syntaxerror, referenceerror, nullpointerexception, not show, still show, still see, happen again,
            keep happening, not handle, not call, not retrieve, not convert, not display, not render, not clear,
            not return, still happen, still get, correctly, properly""",
        HINT: """fix, check, issue, address, expect, actual, missing, comment, correct, duplicated, strange, weird,
            valid, invalid, warning, raise, confused, ensure, throw, stuck, not found, suggestion""",
    },
    Family.SCHEMA_CONTRACTS: {
        STRONG: """schema, database migration, migration script, migrate database, write migration, run migration,
            add migration, protobuf, openapi, swagger, graphql, json schema, api contract, api version,
            breaking change, backward compatibility, backward compatible, type definition, foreign key, primary key,
            data model, ddl, alter table, add column, drop column, rename column, type error, function signature,
            method signature, wire format, grpc service, typedef, avro, dto, interface definition, change interface,
            public interface, type annotation, type hint""",
        CLEAR: """migration, migrate, interface, contract, struct, enum, column, serialization, serialize,
            deserialize, public api, api response, request body, json field, data structure, typed, proto, database,
            sql""",
        HINT: "endpoint, field, type, table, signature, api, model, json, yaml, format, compatibility, constraint",
    },
    Family.PERFORMANCE_LATENCY: {
        STRONG: """performance, latency, throughput, slow, slower, slowness, slow down, speed up, faster, optimize,
            optimise, optimization, optimisation, profiler, flamegraph, benchmark, bottleneck, memory leak,
            memory usage, memory consumption, cpu usage, high cpu, n+1, p95, p99, take long, take minutes,
            take seconds, take forever, oom, out memory, response time, startup time, load time, cache hit,
            hot path, scalability, query time""",
        CLEAR: "speed, fast, efficient, efficiency, inefficient, expensive, overhead, lag, memory, quadratic",
        HINT: "cache, profile, load, heavy, batch, milliseconds, seconds, large, scale",
    },
    Family.TOOL_RELIABILITY: {
        STRONG: """hook install, fix build, compilation error, retry, retry logic, retry policy, circuit breaker,
            backoff, command not found, install fail, not install, npm install, dependency conflict, mcp server,
            lint error, lint fail, fix lint, linter error, lint issue, exit code, exit status, not start, hang,
            pre commit hook, command fail, tool timeout, lint warning""",
        CLEAR: """timeout, mcp, toolchain, linter, pre commit, dependency, installer, cooldown, dedupe, watchdog,
            idempotent""",
        HINT: """build, tool, tool call, hook, plugin, compile, install, skill, config, daemon, script, worker,
            bridge, fallback""",
    },
    Family.KNOWLEDGE_ALIGNMENT: {
        STRONG: """documentation, doc, readme, docstring, explain, explanation, help understand, understand how,
            understand why, walk through, summary, summarize, summarise, architecture overview, claude md,
            agents md, proof read, proofread, glossary, tutorial, wiki, knowledge base, example docs, how work,
            stale documentation, document how, write documentation""",
        CLEAR: """understand, document, changelog, difference between, clarify, how come, tell how, tell where,
            tell what, show where, list places, what happen, what mean, used anywhere, still used, curious,
            describe, knowledge""",
        HINT: "why, how, overview, mean, used, show, tell, wonder, guide, notes, reason, question, intention, wording",
    },
}

_PEOPLE_PLANS_QUESTIONS: Mapping[Family, _Words] = {
    Family.TEAM_COORDINATION: {
        STRONG: """merge conflict, resolve conflict, fix conflict, assign, assignee, hand over, handover, handoff,
            hand off, standup, stand up meeting, sprint, backlog, create pr, open pr, make pr, create pull request,
            open pull request, draft pr, push pr, update pr, teammate, coworker, colleague, code owner, codeowners,
            jira, linear issue, linear ticket, linear project, pair programming, retrospective, kickoff, delegate,
            merge main, merge master, merge branch, merge parent, merge origin, merge pr, continue merge,
            team member, rebase main""",
        CLEAR: "merge, team, ticket, coordinate, coordination, ownership, linear, rebase",
        HINT: "pr, pull request, reviewer, conflict, upstream, author, owner, meeting, together, responsible",
    },
    Family.STAKEHOLDER_ALIGNMENT: {
        STRONG: """stakeholder, product owner, product manager, sign off, executive summary, status update,
            status report, business case, business value, roadmap, announcement, announce, investor, user feedback,
            customer feedback, kpi, okr, non technical, leadership, acceptance criteria, user story, client meeting,
            customer expectation, manage expectation, board meeting, slide deck, press release, blog post, pitch,
            explain customer""",
        CLEAR: "customer, sales, marketing, legal, prioritize, prioritise, audience, ceo, cto, compliance",
        HINT: "priority, requirement, expectation, business, demo, metric, value, executive, present, impact",
    },
    Family.ORCHESTRATION_EXECUTION: {
        STRONG: """implement following plan, implement plan, execute plan, carry out plan, follow plan, write plan,
            make plan, come up plan, implementation plan, plan mode, workflow, orchestrate, orchestration,
            orchestrator, multi agent, use subagent, spawn agent, launch agent, run parallel, parallel agent,
            task list, todo list, next task, next phase, start phase, start task, implement phase, implement task,
            implement step, step by step, break down, task dependency, state machine, task graph""",
        CLEAR: "plan, schedule, sequence, milestone, next step, phase #, task #, step #, sequentially, routine",
        HINT: "agent, task, phase, loop, parallel, queue, todo, step, subagent, sub agent",
    },
    Family.RESEARCH_DECISION_SUPPORT: {
        STRONG: """compare, comparison, trade off, tradeoff, pro con, investigate, research, evaluate, which better,
            what better, better approach, better idea, better way, better place, simpler way, best approach,
            best practice, web search, search web, what option, alternative, brainstorm, proof concept, feasibility,
            feasible, look into, state art, recommend, recommendation, what think, what suggest, make sense, worth,
            rfc, adr, decide, decision, should use""",
        CLEAR: """explore, idea, figure out, which option, possible, possibility, risky, survey, better solution,
            proposal, think how, hypothesis, evidence""",
        HINT: "better, option, approach, suggest, propose, design, weigh, assumption, balance, transfer, strategy",
    },
}

_ELSEWHERE = """
    token count, token usage, token limit, token consumption, token budget, output token, input token, max token,
    number token, token used, use token, design token, token stream, show token, count token, token efficiency,
    random access, access log, access modifier, role model, permission mode, password field, leak memory,
    job security, deployment diagram, deployment view, release lock, release mutex, release memory, release note,
    data pipeline, render pipeline, pipeline operator, rollback transaction, transaction rollback,
    roll back transaction, alert dialog, alert box, alert message, container view, container class,
    container component, container div, cluster algorithm, k means cluster, production rule, production code,
    staging area, server component, html tag, git tag, close tag, test idea, test theory, test hypothesis,
    test concept, test water, litmus test, test out, test drive, test data, test user, test account, error message,
    error handling, error text, error page, warning message, performance review, review app, peer review,
    user interface, command line interface, graphical interface, line interface, cli interface, content type,
    file type, mime type, kind type, language model, large language model, ai model, model view, table content,
    smart contract, long term memory, session memory, cross session memory, memory store, fast forward, user profile,
    profile page, profile picture, profile image, load page, load file, load data, slow motion, speed dial,
    react hook, custom hook, use hook, hook component, build page, build app, build component, build feature,
    build ui, build form, build website, tool bar, tool tip, power tool, what next, show user, show up, see above,
    see below, context menu, function context, context manager, context object, what else, merge sort, deep merge,
    merge dict, merge dictionary, merge object, merge array, merge list, merge cell, merge function, merge interval,
    merge two list, linear regression, linear search, linear time, linear scan, customer id, customer table,
    customer model, customer class, customer service, customer record, customer endpoint, customer schema,
    legal value, legal character, demo app, value object, key value, return value, default value, query plan,
    pricing plan, subscription plan, free plan, billing plan, data plan, plan b, user agent, todo app, event loop,
    while loop, event queue, message queue, option #, number #, command option, cli option, config option,
    option flag, option string, strategy pattern, design pattern, design system, lookup table, make sure
"""


APPARATUS = frozenset(
    {
        *("hook", "tool", "tool call", "mcp", "mcp server", "plugin", "build", "compile", "linter", "install", "skill"),
        *("dependency", "toolchain", "pre commit", "installer"),
    }
)
"""What one works with, by its phrase in the table: near a word of trouble it is not the subject, it is broken."""
APPROVAL = frozenset({"correct", "correctly", "properly", "valid"})
"""Words that say the more of trouble for being denied."""
TROUBLE = frozenset(
    {
        *("fail", "failure", "error", "broken", "hang", "throw", "timeout", "crash", "wrong", "not work", "stuck"),
        *("not show", "not call", "exception", "panic", "not found"),
    }
)
"""What says that something does not do as it should."""

_FALSE_FORMS = frozenset(
    {"plane", "planes", "stage", "staged", "stages", "thought", "thoughts", "secrete", "docile", "redacted"}
)
"""Words that a light stemmer takes for forms of one in the table."""

_FILLING = """
    a an the this that these those my our your their its his her it i we you they me us them is are was were be been
    being am do does did done has have had having will would shall can may must to of on at for from with as and or
    but if so then than too very just really seem seems please pls kindly ok okay there here about some any all both
    each most other such own same only even quite actually basically well oh hmm hm ah um uh etc want need now also
    already maybe perhaps let lets yes yeah yep yup hi hey hello thanks thank great cool good alright right s d ll re
    ve m t
"""
FILLING = frozenset(_FILLING.split())
"""Words that say nothing of what a prompt is about: they may stand between the words of a phrase."""

_NEGATIONS = "not without no never skip ignore except avoid cannot"
NOT = "not"
"""What every word of denial becomes."""
NUMBER = "#"
"""What every number becomes."""
UNKNOWN = ""
"""What every word becomes that stands in no phrase."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A phrase of the table: what it speaks for, None where it speaks for nothing, and how strongly."""

    phrase: str
    family: Family | None
    weight: float
    size: int


def _terms() -> Iterator[tuple[tuple[str, ...], Term]]:
    for listed in (_BUILDING, _PEOPLE_PLANS_QUESTIONS):
        for family, by_weight in listed.items():
            for weight, phrases in by_weight.items():
                yield from _listed(phrases, family, weight)
    yield from _listed(_ELSEWHERE, None, 0.0)


def _listed(phrases: str, family: Family | None, weight: float) -> Iterator[tuple[tuple[str, ...], Term]]:
    for phrase in " ".join(phrases.split()).split(", "):
        words = phrase.split()
        yield tuple(stem(word) for word in words), Term(phrase, family, weight, len(words))


LISTED = tuple(_terms())
TERMS = dict(LISTED)
"""Phrases by their stems."""
BEGINNINGS = {
    stems[0]: (max(len(other) for other in TERMS if other[0] == stems[0]), TERMS.get(stems[:1])) for stems in TERMS
}
"""Stems with which phrases begin: words of the longest, and the phrase that is this word alone."""
_DENYING = frozenset(_NEGATIONS.split())
_STEMS = frozenset(word for stems in TERMS for word in stems)


def known(word: str) -> str | None:
    """The form in which a lower-case word stands in `TERMS`, `UNKNOWN` if it stands in none; None for filling words."""
    if word in FILLING:
        return None
    if word in _DENYING or word.endswith("n't"):
        return NOT
    if word.isdigit():
        return NUMBER
    if word in _FALSE_FORMS:
        return UNKNOWN
    form = stem(word)
    return form if form in _STEMS else UNKNOWN
