"""The numbers that a module, its data and its hosts agree on. docs/wasm.md explains them.

Must not know how either side is made. Addresses and lengths are in bytes, numbers little-endian.
"""

ABI_VERSION = 2

NAMES = "holdpoint"
"""The custom section that is a decision table, and names what the module answers by number."""
MESSAGES = "holdpoint.messages"
"""The custom section of sentences: JSON, with `{tool}`, `{rule}`, `{path}` and `{reason}` in it."""

# What `decide` returns.
ALLOW, DENY, REQUIRE_APPROVAL = 0, 1, 2
MALFORMED = -1
"""The arguments or the context are no JSON that every reader reads alike."""
TOO_LARGE = -2
"""The memory is too small for this call; the host may grow it and ask again."""

# Where the answer stands: words of 32 bits.
OUTPUT = 1024
REASON, ROW, DETAIL, ENTRY, CHARGES, HOLDS, SPANS, ANSWERS = range(OUTPUT, OUTPUT + 32, 4)
"""Why; which rule of its list decided; what about it; which entry served; how many of each array
follow. A rule or a limit is named by its place in its entry's list, so that entries may share it.
"""
OUTPUT_END = OUTPUT + 32
CHARGE_ARRAY = OUTPUT_END
"""One for each limit that applies: which, 0, cost in micro-units as 64 bits."""
CHARGE_SIZE, MOST_CHARGES = 16, 32

# Reasons.
NOTHING, HIDDEN, DEFAULT_DENY, REQUIRE, DENY_IF, APPROVE_IF, LIMIT = range(7)

# Answers of conditions, one byte each; 0 is a condition that was not asked.
FALSE, TRUE, MISMATCH = 1, 2, 3

# The policy's data.
LIMBS = 2048
"""Where the runtime calculates with large numbers."""
DIGITS = 2560
"""Where it writes a number of the time as text."""
POWERS = 2816
"""Ten to the power of 0 to 19, 64 bits each."""
POLICY = 4096
(
    UNLISTED,
    UNLISTED_NUMBER,
    HIDES_ALL,
    SLOTS,
    SLOT_MASK,
    GLOBS,
    GLOB_COUNT,
    HOLD_ARRAY,
    SPAN_ARRAY,
    ANSWER_ARRAY,
    INPUT,
    READS_CONTEXT,
    GRANT_KEY,
    TIME_KEY,
) = range(POLICY, POLICY + 56, 4)
"""The header's words, padded to a multiple of 8. Where an address may be missing it is 0.

What serves a tool is two words: the address of an entry, HIDDEN_ENTRY, or 0 for none; and the
entry's number. A slot is the hash of a tool's name, where the name is, its length, and what serves
it; 0 where the slot is empty. A glob is what it serves, how many parts its stars leave, and where
each part is and its length. HIDES_ALL holds HIDDEN_ENTRY or 0.
"""
SLOT_SERVED, SLOT_SIZE = 12, 20
GLOB_PARTS, GLOB_FIRST = 8, 12
HEADER_END = POLICY + 56
HIDDEN_ENTRY = 1

# A value: 32 bytes, and 16 more where it is a member of an object.
KIND, NEXT, TEXT, LENGTH, MAGNITUDE, FLAGS, SOURCE, SOURCE_END, KEY, KEY_LENGTH = range(0, 40, 4)
KEY_START = 40
WEIGHT = TEXT
COUNT, FIRST = TEXT, LENGTH
"""A string has TEXT and LENGTH; a list or an object COUNT, and the address of its FIRST member or
of what is behind it; a number WEIGHT (64 bits), MAGNITUDE and FLAGS. A number is 0.WEIGHT times ten
to the MAGNITUDE; WEIGHT has 19 digits, the first not 0, or is 0. NEXT is the address behind a value
and its members: that of the next member. SOURCE and SOURCE_END are where its JSON text stands.

A member of an object has its key's address and length, and the key's first eight bytes, zeros
behind a shorter one. So does every text of the policy's data: it starts with eight such bytes.
"""
VALUE_SIZE, MEMBER_SIZE = 32, 48
NEGATIVE, UNREADABLE = 1, 2
"""FLAGS. Unreadable is a number that some servers round, and what has one inside."""
ZERO_MAGNITUDE = -10_000
"""Below that of every other number, so that magnitudes order positive numbers."""
NULL_KIND, FALSE_KIND, TRUE_KIND, NUMBER_KIND, STRING_KIND, LIST_KIND, OBJECT_KIND = range(7)
MISSING, MISPLACED = 0, 1
"""What stands in place of a value's address where a path finds none."""

# A path: root, number of steps, and for each step its kind and two operands.
ARGUMENTS_ROOT, GRANT_ROOT, HOUR_ROOT, WEEKDAY_ROOT = range(4)
KEY_STEP, INDEX_STEP, EVERY_STEP = range(3)
"""A key has its text and length, an index itself and 0."""
STEP_SIZE = 12
FIRST_STEP = 8

# A condition: operator, 1 where it is negated, path, literal, automaton.
(
    EXISTS,
    EQ,
    IN,
    LT,
    LTE,
    GT,
    GTE,
    CONTAINS,
    PATTERN,
    STARTS_WITH,
    ENDS_WITH,
    LENGTH_LTE,
    LENGTH_GTE,
) = range(13)
CONDITION_OPERATOR, CONDITION_NEGATED, CONDITION_PATH, CONDITION_LITERAL, CONDITION_AUTOMATON = (
    range(0, 20, 4)
)

# An entry: how many conditions it has, the lengths of its four lists, then the addresses of their
# members: rules, rules, holds and limits. Entries that ask the same are one.
ENTRY_CONDITIONS, ENTRY_REQUIRE, ENTRY_DENY_IF, ENTRY_APPROVE_IF, ENTRY_LIMITS = range(0, 20, 4)
ENTRY_LISTS = 20

# A rule: 0 where nobody could approve it, the number of its conditions, their addresses.
RULE_APPROVERS, RULE_COUNT, RULE_CONDITIONS = range(0, 12, 4)

# A limit: the path of its cost or 0, the number of its `per` paths, their addresses.
LIMIT_COST, LIMIT_COUNT, LIMIT_PER = range(0, 12, 4)
ONE = 1_000_000
"""The cost of a call where no argument says: micro-units."""
