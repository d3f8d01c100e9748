// Runs a policy's WebAssembly module in any JavaScript host: browsers, Node, Workers, Deno.
// One file, no dependencies. docs/wasm.md describes the interface it speaks and what it answers.
//
//   const policy = await Policy.load(bytes);
//   const verdict = policy.decide("create_charge", '{"amount": 10}', { label: "bot", tags: [] });
//   if (verdict.effect !== "allow") ...

const ABI_VERSION = 2;
const PAGE = 65536;
const MOST_PAGES = 2048;

const EFFECTS = ["allow", "deny", "require_approval"];
const MALFORMED = -1;
const TOO_LARGE = -2;
const [HIDDEN, DEFAULT_DENY, REQUIRE, DENY_IF, APPROVE_IF] = [1, 2, 3, 4, 5];
const ANSWERS = [null, false, true, "mismatch"];

const CHARGE_SIZE = 16;
const SHORT = 64;

const UNREADABLE = {
  rule: "(unreadable)",
  message: "The arguments are not JSON that every reader reads alike; send them in a simpler form.",
};
const OVERSIZED = {
  rule: "(too large)",
  message: "The arguments are too large to be judged; send less.",
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const ALLOWED = { rule: null, index: null, line: null, message: "" };
const NOWHERE = {
  [HIDDEN]: ["(hidden)", "hidden"],
  [DEFAULT_DENY]: ["(default deny)", "default_deny"],
};

// The module's names are a decision table: sections of rows behind a header.
const TABLE_VERSION = 3;
const HEADER = 16;
const SECTIONS = 14;
const MOST_KEPT = 8192;
const [STRINGS, ENTRIES, RULES, HOLDS, LIMITS] = [1, 3, 4, 5, 6];
const [RULE_FORMS, HOLD_FORMS, LIMIT_FORMS] = [7, 8, 9];
const [CONDITIONS, PATHS, VALUES] = [10, 11, 12];
const FIXED = { [RULES]: 12, [HOLDS]: 12, [LIMITS]: 12 };
const SCOPES = ["grant", "session", "server", "all"];
const OPERATORS = [
  "eq", "neq", "lt", "lte", "gt", "gte", "in", "not_in", "exists", "regex", "contains",
  "starts_with", "ends_with", "not_regex", "not_contains", "length_lte", "length_gte",
];

/** The module cannot be run here. */
export class ModuleError extends Error {}

/** One policy. Keep it: loading compiles the module, deciding takes microseconds. */
export class Policy {
  /** From the bytes of a policy.wasm, or from a WebAssembly.Module (Workers compile it for you). */
  static async load(source) {
    const module =
      source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
    return new Policy(module, await WebAssembly.instantiate(module, {}));
  }

  /** The same, at once: where the host lets modules of this size be compiled synchronously. */
  static loadSync(source) {
    const module =
      source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    return new Policy(module, new WebAssembly.Instance(module, {}));
  }

  constructor(module, instance) {
    if (!String.prototype.isWellFormed) {
      throw new ModuleError("this host is too old: it takes Node 20 or a browser of 2023");
    }
    this.exports = instance.exports;
    if (this.exports.abi_version?.value !== ABI_VERSION) {
      throw new ModuleError(`the module does not speak version ${ABI_VERSION} of the interface`);
    }
    this.module = module;
    const { input, output, charges, values, holds, answers } = this.exports;
    const places = Object.entries({ input, output, charges, values, holds, answers });
    this.at = Object.fromEntries(places.map(([name, place]) => [name, place.value]));
    this.readsContext = this.exports.reads_context.value === 1;
    this.decideCall = this.exports.decide;
    this.view();
  }

  /** Views the memory where it stands now: growing leaves the views before without a byte. */
  view() {
    const { buffer } = this.exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.longs = new BigUint64Array(buffer);
  }

  /** The names, lines and sentences of the policy's rows. */
  get names() {
    this.map ??= new Names(this.section("holdpoint"));
    return this.map;
  }

  /** What a denial says where the policy's author wrote nothing. */
  get messages() {
    this.sentences ??= JSON.parse(decoder.decode(this.section("holdpoint.messages")));
    return this.sentences;
  }

  section(name) {
    const [section] = WebAssembly.Module.customSections(this.module, name);
    if (!section) throw new ModuleError(`the module has no section "${name}"`);
    return section;
  }

  /**
   * The verdict on one call.
   *
   * `args` is JSON text, as a string or as bytes: text keeps numbers exactly as they were sent.
   * An object is taken too and written as JSON first. `grant` is `{label, tags}`, `now` is in
   * seconds since the epoch, UTC.
   *
   * `{effect, rule, index, line, message, charges, holds, answers}`; `effect` is "allow", "deny"
   * or "require_approval". Amounts are micro-units, as BigInt. No text makes it throw: what cannot
   * be read is denied.
   */
  decide(tool, args = "{}", grant = {}, now = undefined) {
    const number = this.ask(tool, args, grant, now);
    if (number === MALFORMED) return refusal(UNREADABLE);
    if (number === TOO_LARGE) return refusal(OVERSIZED);
    const output = this.at.output / 4;
    const reason = this.words[output];
    if (reason === HIDDEN || reason === DEFAULT_DENY) {
      const [rule, message] = NOWHERE[reason];
      return refusal({ rule, message: fill(this.messages[message], { tool }) });
    }
    const effect = EFFECTS[number];
    const entry = this.names.entry(this.words[output + 3]);
    const holds = this.holds(entry, this.words[output + 5]);
    const place = this.found(effect, reason, entry, holds);
    return {
      effect,
      rule: place.rule,
      index: place.index,
      line: place.line,
      message: place.message,
      charges: this.charges(entry, this.words[output + 4], this.words[output + 6]),
      holds,
      answers: this.answers(this.words[output + 7]),
      entry: entry.name,
    };
  }

  /** The effect as a number, without names: for hosts that only ask yes or no. */
  ask(tool, args = "{}", grant = {}, now = undefined) {
    const name = textOf(tool);
    const body = textOf(args);
    const context = this.readsContext ? contextOf(grant, now) : "";
    // Encoding would replace half a character and judge another text than the one forwarded.
    if (!(isWhole(name) && isWhole(body) && isWhole(context))) return MALFORMED;
    for (;;) {
      const effect = this.attempt(name, body, context);
      if (effect !== TOO_LARGE || !this.grow()) return effect;
    }
  }

  attempt(tool, args, context) {
    if (this.bytes.length === 0) this.view();
    const body = this.write(tool, this.at.input);
    const behind = this.write(args, body);
    const end = this.write(context, behind);
    if (end > this.bytes.length) return TOO_LARGE;
    return this.decideCall(body - this.at.input, behind - body, end - behind);
  }

  /** Writes a text or bytes at a place; where they end, or Infinity where they do not fit. */
  write(text, place) {
    const { bytes } = this;
    if (text.length > bytes.length - place) return Infinity;
    if (typeof text !== "string") {
      bytes.set(text, place);
    } else if (text.length > SHORT || !writeAscii(text, bytes, place)) {
      const { read, written } = encoder.encodeInto(text, bytes.subarray(place));
      return read === text.length ? place + written : Infinity;
    }
    return place + text.length;
  }

  grow() {
    const pages = this.bytes.length / PAGE;
    if (2 * pages > MOST_PAGES) return false;
    try {
      this.exports.memory.grow(pages);
    } catch {
      return false;
    }
    return true;
  }

  found(effect, reason, entry, holds) {
    if (effect === "allow") return ALLOWED;
    if (effect === "require_approval") return placed(holds[0], holds[0].reason);
    const [which, detail] = this.pair(this.at.output + 4);
    switch (reason) {
      case REQUIRE: {
        const rule = this.names.rule(entry.require[which]);
        return placed(rule, this.sentence(rule, detail, this.messages.require));
      }
      case DENY_IF: {
        const rule = this.names.rule(entry.denyIf[which]);
        return placed(rule, this.sentence(rule, detail, this.messages.deny_if));
      }
      case APPROVE_IF: {
        const hold = this.hold(entry.approveIf[which], detail);
        return placed(hold, fill(this.messages.no_approver, { reason: hold.reason }));
      }
      default: {
        const limit = this.names.limit(entry.limits[which]);
        const path = this.names.path(detail ? limit.per[detail - 1] : limit.incrementFrom);
        return placed(limit, fill(detail ? this.messages.per : this.messages.cost, { path }));
      }
    }
  }

  /** What is written, then what its mismatch says; the default where there is neither. */
  sentence(row, detail, byDefault) {
    const mismatch = detail ? this.names.condition(row.conditions[detail - 1]).mismatch : "";
    const said = [row.written, mismatch].filter(Boolean).join(" ");
    return said || fill(byDefault, { rule: row.rule });
  }

  hold(index, detail) {
    const row = this.names.hold(index);
    const { rule, index: at, line, approvers, quorum, expiresIn, mailArguments } = row;
    const reason = this.sentence(row, detail, this.messages.approve_if);
    return { rule, index: at, line, reason, approvers, quorum, expiresIn, mailArguments };
  }

  holds(entry, count) {
    const found = [];
    for (let at = this.at.holds; found.length < count; at += 8) {
      const [which, mismatch] = this.pair(at);
      found.push(this.hold(entry.approveIf[which], mismatch));
    }
    return found;
  }

  charges(entry, count, values) {
    const texts = values ? this.texts(values) : null;
    const found = [];
    for (let at = this.at.charges; found.length < count; at += CHARGE_SIZE) {
      const limit = this.names.limit(entry.limits[this.words[at / 4]]);
      const charge = { ...limit.charge }; // a copy of the same shape is made at once
      charge.cost = this.longs[at / 8 + 1];
      if (limit.per.length) charge.per = limit.per.map(() => identity(texts.next().value));
      found.push(charge);
    }
    return found;
  }

  *texts(count) {
    for (let left = count, at = this.at.values; left; left--, at += 8) {
      const [start, length] = this.pair(at);
      yield decoder.decode(this.bytes.subarray(start, start + length));
    }
  }

  /** What each condition of the entry answered, in the order of its rules; null: not asked. */
  answers(count) {
    const found = [];
    for (let at = this.at.answers; found.length < count; at++) found.push(ANSWERS[this.bytes[at]]);
    return found;
  }

  /** Two words of the module's memory. */
  pair(at) {
    return [this.words[at / 4], this.words[at / 4 + 1]];
  }
}

/**
 * What the rows of a policy are called and say: its decision table, of which a row is read when it
 * is asked for. docs/wasm.md describes the bytes.
 */
class Names {
  constructor(buffer) {
    this.buffer = buffer;
    this.view = new DataView(buffer);
    this.kept = new Map();
    const known = decoder.decode(new Uint8Array(buffer, 0, 4)) === "HPTB";
    if (!known || this.view.getUint16(4, true) !== TABLE_VERSION) {
      throw new ModuleError("the module's names are of another version; compile the policy again");
    }
  }

  /** `{name, require, denyIf, approveIf, limits}`, the lists as numbers of rows. */
  entry(index) {
    return this.once(ENTRIES, index, () => {
      const [name, ...words] = this.words(ENTRIES, index);
      const rows = words.slice(4);
      const [require, denyIf, approveIf, limits] = words.slice(0, 4).map((n) => rows.splice(0, n));
      return { name: this.string(name), require, denyIf, approveIf, limits };
    });
  }

  /** `{rule, index, line, written, conditions}`, the conditions as numbers. */
  rule(index) {
    return this.once(RULES, index, () => {
      const [place, [written, ...conditions]] = this.placed(RULES, RULE_FORMS, index);
      return { ...place, written: this.string(written), conditions };
    });
  }

  hold(index) {
    return this.once(HOLDS, index, () => {
      const [place, form] = this.placed(HOLDS, HOLD_FORMS, index);
      const [written, quorum, expiresIn, mailArguments, count, ...rest] = form;
      return {
        ...place,
        written: this.string(written),
        approvers: Object.freeze(rest.slice(0, count).map((one) => this.string(one))),
        quorum,
        expiresIn,
        mailArguments: mailArguments === 1,
        conditions: rest.slice(count),
      };
    });
  }

  /** A charge without its cost, and `charge`, one to copy; `per`, `incrementFrom` number paths. */
  limit(index) {
    return this.once(LIMITS, index, () => {
      const [place, form, home] = this.placed(LIMITS, LIMIT_FORMS, index);
      const [shared, counter, window, message, scope, high, low, shards, from, ...per] = form;
      const charge = {
        ...place,
        owner: shared ? "shared" : home === null ? "all_tools" : `tools/${home}`,
        counter: this.string(counter),
        window: this.string(window),
        scope: SCOPES[scope],
        max: (BigInt(high) << 32n) + BigInt(low),
        shards,
        message: this.string(message),
      };
      return { ...charge, charge: { ...charge, cost: 0n }, incrementFrom: present(from), per };
    });
  }

  /** `{path, op, value, mismatch}` */
  condition(index) {
    return this.once(CONDITIONS, index, () => {
      const [path, op, value, , mismatch] = this.words(CONDITIONS, index);
      return {
        path: this.path(path),
        op: OPERATORS[op],
        value: JSON.parse(decoder.decode(this.bytes(VALUES, value))),
        mismatch: this.string(mismatch),
      };
    });
  }

  path(index) {
    return this.string(this.words(PATHS, index)[0]);
  }

  /** Where a row stands, the rest of its form, and its entry's name. */
  placed(rows, forms, index) {
    const [home, line, form] = this.words(rows, index);
    const [rest, at, ...words] = this.words(forms, form);
    const name = home ? this.string(this.words(ENTRIES, home - 1)[0]) : null;
    const start = name === null ? "/all_tools" : `/tools/${escaped(name)}`;
    const place = { rule: start + this.string(rest), index: present(at), line: present(line) };
    return [place, words, name];
  }

  string(index) {
    return decoder.decode(this.bytes(STRINGS, index));
  }

  words(section, index) {
    const { byteOffset, byteLength } = this.bytes(section, index);
    return Array.from({ length: byteLength / 4 }, (_, at) =>
      this.view.getUint32(byteOffset + 4 * at, true),
    );
  }

  bytes(section, index) {
    const place = this.view.getUint32(HEADER + 8 * section, true);
    const width = FIXED[section];
    if (width) return new Uint8Array(this.buffer, place + width * index, width);
    const [start, end] = [0, 4].map((next) => this.view.getUint32(place + 4 * index + next, true));
    return new Uint8Array(this.buffer, start, end - start);
  }

  /** Keeps what was made of a row: a policy's calls meet the same rows again and again. */
  once(section, index, make) {
    const key = index * SECTIONS + section;
    if (!this.kept.has(key)) {
      if (this.kept.size >= MOST_KEPT) this.kept.clear();
      this.kept.set(key, make());
    }
    return this.kept.get(key);
  }
}

/** An optional number is one higher, and 0 where there is none. */
function present(word) {
  return word ? word - 1 : null;
}

/** RFC 6901. */
function escaped(segment) {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

/**
 * One JSON text for all that spell a value: 1 and 1.0, "a" and "\u0061", {"a":1,"b":2} and
 * {"b":2,"a":1} are one, or an agent could spell its way past a limit. Null for a missing value.
 *
 * No number is rounded: what the module takes is the shortest text of its double.
 */
function identity(text) {
  return text ? JSON.stringify(JSON.parse(text), sorted) : "null";
}

/** A replacer: an object's keys in one order. */
function sorted(key, value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The context as the module reads it; now where no time is given. */
function contextOf(grant, time = Date.now() / 1000) {
  return JSON.stringify({ grant: { label: grant?.label ?? "", tags: grant?.tags ?? [] }, time });
}

/** Whether no half of a character stands alone. */
function isWhole(text) {
  return typeof text !== "string" || text.isWellFormed();
}

/** Whether a text is ASCII, and so is written: for a short one the encoder takes too long to call. */
function writeAscii(text, bytes, place) {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return false;
    bytes[place + at] = code;
  }
  return true;
}

/** Text and bytes as they are; anything else as JSON. */
function textOf(value) {
  const ready = typeof value === "string" || value instanceof Uint8Array;
  return ready ? value : JSON.stringify(value);
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function placed({ rule, index, line }, message) {
  return { rule, index, line, message };
}

function nowhere(rule, message) {
  return { rule, index: null, line: null, message };
}

function refusal({ rule, message }) {
  const found = nowhere(rule, message);
  return { effect: "deny", ...found, charges: [], holds: [], answers: [], entry: null };
}
