"""The words that advice may use without any fact for them. Pure.

A closed vocabulary, chosen by hand for sentences that tell what failed here and what worked. What is not in it must
stand in the facts, for a list of forbidden tools could never be complete: `requests`, `black` and `click` are words
too. So names of common commands and packages are left out, and so are the verbs that change or destroy things (delete,
install, push, force, reset): who advises these must have a fact that does.
"""

from __future__ import annotations


def words(listed: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(listed.split())


FUNCTION = words(
    """
    a an the this that these those it its itself they them their there here he she who whom whose which what when
    where while why how if unless until because since so as than then though although whether and or but nor yet not
    no none never neither either both each every any all some most more many much few less least other another same
    such only just also too even still again already always often usually sometimes mostly rarely now later soon
    once before after afterwards during between within without with by for from in into of off on onto out over per
    through to toward towards under up upon via about above across against along among around at behind below beside
    besides beyond despite except inside outside instead rather is are was were be been being am do does did done
    doing has have had having can could will would shall should may might must cannot ought needs need needed you
    your we our us i however therefore thus hence otherwise else like unlike near next last
    """
)
"""Words of grammar: of what follows the name of a command, these alone cannot be its argument."""

REPORTS = words(
    """
    fail fails failed failing work works worked working exit exits exited return returns returned say says said
    print prints printed give gives gave given report reports reported expect expects expected require requires
    required succeed succeeds succeeded pass passes passed break breaks broke broken produce produces produced
    complain complains complained flag flags option options command commands file files folder folders directory
    path argument arguments call calls
    """
)
"""Further words that may follow a bare name: what is told of it, or what kind of thing it is."""

VERBS = words(
    """
    accept act advise affect agree aim allow answer appear apply ask attempt avoid base become begin believe belong
    bring cause change choose claim come compare complete concern confirm consider contain continue correct count
    cover depend describe determine differ discover encounter end enter ensure exist explain face fall figure follow
    forget get guess handle happen help hit hold hope include indicate instruct intend involve keep know lack lead
    learn leave let lie list look lose matter mean meet mention mind mistake name note notice observe occur offer
    omit open part place point precede prefer present prevent prove provide read recall reach record refer refuse
    reject relate rely remain remember repeat report resolve respond result retry run see seem set settle show sit
    solve specify stand start state stay stop succeed suggest supply support suppose tell tend test think treat
    trigger try turn understand use verify wait want warn wonder write adjust approve persist prompt result
    """
)

IRREGULAR = words(
    """
    became began begun brought caused chose chosen came contained fell followed forgot forgotten got gotten held
    kept knew known led learnt left lain lost meant met mistaken proved proven read ran running saw seen set sat
    shown stood stopping stopped letting getting setting sitting told thought tried tries trying understood wrote
    written referred referring occurred occurring omitted omitting preferred preferring relied relies made beginning
    retried retries forgetting stopped lying quoted wrong hitting
    """
)

NOUNS = words(
    """
    action addition advice agent answer argument attempt beginning call case cause change character circumstance
    claim code command condition content context correction day detail difference directory document edit end
    environment error evidence example exception exit expectation fact failure file fix flag folder form history
    hour idea input instance instruction issue item kind lesson letter line list location machine manner matter
    means message method minute moment month name need note number occasion occurrence option order outcome output
    part path pattern person piece place point position possibility problem project prompt quantity question reason
    record repository report requirement result root row rule run second section sentence session set
    setting side sign situation size solution spelling start state statement step success suite syntax system task
    term test text thing time tool try turn type user usage value variant version way week word work workaround year
    approval confirmation experience hint permission subfolder subdirectory tip variation wish
    """
)

OTHERS = words(
    """
    able absent accordingly actually ago alone ambiguous apart apparently available back bad best better beforehand
    broad careful carefully certain certainly clear clearly common commonly complete completely correct correctly
    current currently different differently direct directly due earlier early easy empty enough entire entirely
    equal equally exact exactly expected explicit explicitly false far final finally fine first former formerly
    frequent frequently full fully further future general generally good great hard immediately important impossible
    initial initially invalid known large largely late lately latest likely literally literal local locally long
    longer main manual manually maybe merely missing multiple necessary new newly nearly normal normally notable
    obvious occasionally old older one ones original originally own particular particularly perhaps plain possible
    possibly present previous previously prior probably proper properly quick quickly ready real really recent
    recently relevant reliable reliably repeatedly right same separate separately short similar similarly simple
    simply single small special specific specifically straight sure there true twice unclear unexpected unknown
    unrecognised unrecognized unseen unsupported unsuccessful unsuccessfully unsure unusual useful usual valid well
    whole wrong instead together anything everything nothing something anyone everyone someone nobody anywhere
    everywhere nowhere somewhere please seemingly successfully successful elsewhere latter recognised recognized
    unlikely unable unavailable located timed consistent consistently persistent afterward twofold wherever whenever
    repeated similarly rare
    """
)

CONTRACTIONS = words(
    """
    don't doesn't didn't isn't aren't wasn't weren't hasn't haven't hadn't can't couldn't won't wouldn't shouldn't
    mustn't needn't it's that's there's here's what's you're they're you'll it'll
    """
)

COMPOUNDS = frozenset({"up-to-date", "re-run", "read-only", "well-known", "so-called", "non-existent", "long-running"})
"""Compounds that are words; any other may be a package, as `left-pad` and `is-odd` are."""

COUNTS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "twenty": "20",
    "hundred": "100",
    "thousand": "1000",
    "twice": "2",
    "thrice": "3",
}
"""Numbers in words; `one` also stands for a thing and counts as a word."""

INSTRUCTIONS = words(
    """
    run running use using try trying execute call invoke type enter follow apply set start do prefer choose consider
    should must need needs please go take put make get let try want
    """
)
"""Words that tell somebody to do something."""

DIRECT = words("run running use using try trying execute executing call calling invoke invoking type typing enter")
"""Instructions whose object may be a command: no plain word stands behind them that could be one's name."""

OBJECTS = words("tests edits commands")
"""Plain words that are the object of such an instruction and no command."""

COMMANDS = words("at last less more which who once through next like near")
"""Words of grammar that are commands or packages too: bare behind such an instruction they need a fact."""


def inflected(verb: str) -> set[str]:
    """A regular verb's forms."""
    if verb.endswith("e"):
        return {verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"}
    if verb.endswith(("s", "x", "ch", "sh")):
        return {verb, f"{verb}es", f"{verb}ed", f"{verb}ing"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"}
    return {verb, f"{verb}s", f"{verb}ed", f"{verb}ing"}


def plural(noun: str) -> str:
    """A regular noun's plural."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


PLAIN = (
    FUNCTION
    | REPORTS
    | CONTRACTIONS
    | IRREGULAR
    | NOUNS
    | OTHERS
    | frozenset(plural(noun) for noun in NOUNS)
    | frozenset(form for verb in VERBS for form in inflected(verb))
) - {"i", "am"}
"""All words that need no fact, in small letters."""
