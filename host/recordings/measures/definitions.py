"""What each measure means, in the words that a report carries along."""

from __future__ import annotations

from typing import Final

DEFINITIONS: Final = {
    "call": "one call of a tool; the calls of a session's sub-agents count as calls of the session, in their order",
    "failing": "came back with an error of its own: neither refused by the user, nor interrupted, nor cancelled with "
    "another call",
    "target class": "of a shell the program with its sub-command, of a path its extension, else nothing",
    "failure": "(tool, target class, error class); in the recording's own words where it has any, and what advice "
    "names is compared with what the gateway perceived",
    "warned": "share of the failing calls whose failure had occurred earlier in the project that were named in time: "
    "on a prompt, on an earlier result or failure, or as a refusal, at most 5 calls of the session before",
    "warned not at a failure": "the same without texts given at a failure, which name what has just happened",
    "warned with the call": "share of the same that were named by a text that came with this or an earlier of the 5 "
    "calls, and not in time; such a text arrives with its call's result",
    "noise": "delivered pieces per 100 calls that were not borne out: within 5 calls none of the failures named "
    "occurs, and no call does what is suggested",
    "does what is suggested": "works on a suggested target, or holds a suggested word that is in at most 2 % of the "
    "recording's calls of its class and was not in the call at which it was said; that same call again does not; only "
    "what the text says counts: a word of it, and a target that it shows whole or by its first 40 characters",
    "fixed": "over failures with a success of the same tool on the same thing within 15 calls, for whose class an "
    "earlier such pair was over, and whose fix added a word that is in at most 2 % of the calls of the class: share "
    "where what was read with the failure, or after it and before the fix, holds such a word",
    "word": "two or more letters, digits or underscores, in lower case, of all arguments of a call",
    "failure prediction": "area under the ROC curve over all calls, ties by their middle rank; a call without a "
    "prediction has the lowest",
    "next call": "share of all calls whose (tool, target class) was among the first three expected; without an "
    "expectation it was not",
    "routes": "over moments for which pieces were found, said or held back; and over those before a call whose "
    "(tool, target class) had failed in the project, and at a failure that had occurred there",
    "decisions missing": "moments at which the gateway gave no decision, or one that was not recorded: not answered, "
    "by no route, with nothing said; they count in `routes` and `latency_ms`",
    "curve": "what is reached when less probable pieces of those delivered are left out, those without a probability "
    "first; it begins at the run's own setting and leads to less noise only",
    "intervals": "95 %: Wilson's of shares, Hanley and McNeil's of areas; calls of one session are not independent, "
    "so that the true ones are wider",
    "most recent error": "names the failure that came last in the project on every prompt and result; for `fixed`, "
    "what the last failure of the class and its fix looked like and printed",
    "common words": "for `fixed`, the 100 words that earlier fixes of the class added most often and the call lacks",
    "markov": "first-order transitions of the project times the rate at which a class of calls failed so: names the "
    "likeliest failure on every prompt and result, to be thresholded",
}
