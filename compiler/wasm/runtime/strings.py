"""JSON strings: checked as UTF-8, escapes decoded, half characters refused.

Must not know values.
"""

from compiler.wasm.runtime.machine import (
    i32,
    inline,
    load8,
    load64,
    narrow,
    store8,
    store64,
    trailing_zeros,
    u64,
)

HIGHS = 0x8080808080808080
ONES = 0x0101010101010101
SPACES = 0x2020202020202020
QUOTES = 0x2222222222222222
BACKSLASHES = 0x5C5C5C5C5C5C5C5C

text: i32 = 0
length: i32 = 0
"""The string last read: its bytes stand in the input, or decoded where the caller said."""


@inline
def special(word: u64) -> u64:
    """A high bit at the first of eight bytes that is not plain: a control, `"`, backslash, not
    ASCII. Bits above it mean nothing."""
    return (word | word - SPACES | (word ^ QUOTES) - ONES | (word ^ BACKSLASHES) - ONES) & HIGHS


def string(start: i32, at: i32, room: i32) -> i32:
    """Reads on at the first byte of a string that is not plain; the address behind it, or 0.

    Where it has escapes it is decoded to `room`, which is as large as what is left of it.
    """
    global text, length
    while True:
        byte = load8(at)
        if byte == 34:
            text = start
            length = at - start
            return at + 1
        if byte == 92:
            return unescaped(start, at, room)
        size = character(at)
        if size == 0:
            return 0
        at += size
        step = 8
        while step == 8:
            step = narrow(trailing_zeros(special(load64(at))) >> 3)
            at += step


def character(at: i32) -> i32:
    """The size of the UTF-8 character at `at`; 0 for a control or what is not UTF-8."""
    lead = load8(at)
    if lead < 128:
        return lead > 31
    second = load8(at + 1)
    if not 128 <= second <= 191:
        return 0
    if 194 <= lead <= 223:
        return 2
    if not 128 <= load8(at + 2) <= 191:
        return 0
    if lead == 224:
        return 3 if second >= 160 else 0
    if lead == 237:
        return 3 if second < 160 else 0
    if 225 <= lead <= 239:
        return 3
    if not 128 <= load8(at + 3) <= 191:
        return 0
    if lead == 240:
        return 4 if second >= 144 else 0
    if lead == 244:
        return 4 if second < 144 else 0
    return 4 if 241 <= lead <= 243 else 0


def unescaped(start: i32, at: i32, room: i32) -> i32:
    """Reads on from the first escape at `at`, writing the string from its start to `room`.

    Eight bytes are written at a time, and the next ones over those that do not belong.
    """
    global text, length
    end = room
    while start < at:
        store64(end, load64(start))
        end += 8
        start += 8
    end += at - start
    while True:
        step = 8
        while step == 8:
            word = load64(at)
            store64(end, word)
            step = narrow(trailing_zeros(special(word)) >> 3)
            at += step
            end += step
        byte = load8(at)
        if byte == 34:
            text = room
            length = end - room
            return at + 1
        if byte == 92:
            end = escape(at + 1, end)
            if end == 0:
                return 0
            at = escape_end
        else:
            size = character(at)
            if size == 0:
                return 0
            # At most four bytes, written with what follows them.
            store64(end, load64(at))
            at += size
            end += size


escape_end: i32 = 0
"""The address behind the escape last read."""


def escape(at: i32, end: i32) -> i32:
    """Writes what the escape at `at`, behind its backslash, stands for; where that ends, or 0."""
    global escape_end
    letter = load8(at)
    escape_end = at + 1
    if letter == 117:
        return unicode_escape(at + 1, end)
    if letter == 110:
        letter = 10
    elif letter == 116:
        letter = 9
    elif letter == 114:
        letter = 13
    elif letter == 98:
        letter = 8
    elif letter == 102:
        letter = 12
    elif letter != 34 and letter != 92 and letter != 47:
        return 0
    store8(end, letter)
    return end + 1


def unicode_escape(at: i32, end: i32) -> i32:
    """Writes the character of four hexadecimal digits, or of a surrogate pair."""
    global escape_end
    code = four_digits(at)
    escape_end = at + 4
    if code < 0 or 56320 <= code <= 57343:
        return 0
    if 55296 <= code <= 56319:
        if load8(at + 4) != 92 or load8(at + 5) != 117:
            return 0
        low = four_digits(at + 6)
        if not 56320 <= low <= 57343:
            return 0
        code = 65536 + (code - 55296) * 1024 + low - 56320
        escape_end = at + 10
    return write_character(code, end)


def four_digits(at: i32) -> i32:
    """The number four hexadecimal digits spell, or -1."""
    value = 0
    end = at + 4
    while at < end:
        digit = load8(at) - 48
        if not 0 <= digit <= 9:
            digit = (load8(at) | 32) - 87
            if not 10 <= digit <= 15:
                return -1
        value = value * 16 + digit
        at += 1
    return value


def write_character(code: i32, end: i32) -> i32:
    """Writes a code point as UTF-8; where that ends."""
    if code < 128:
        store8(end, code)
        return end + 1
    if code < 2048:
        store8(end, 192 | code >> 6)
    else:
        if code < 65536:
            store8(end, 224 | code >> 12)
        else:
            store8(end, 240 | code >> 18)
            end += 1
            store8(end, 128 | code >> 12 & 63)
        end += 1
        store8(end, 128 | code >> 6 & 63)
    store8(end + 1, 128 | code & 63)
    return end + 2


def escaped_room(at: i32) -> i32:
    """No decoded string is longer than what stands up to its closing quote."""
    start = at
    while load8(at) != 34 and load8(at) != 0:
        at += 2 if load8(at) == 92 else 1
    return at - start
