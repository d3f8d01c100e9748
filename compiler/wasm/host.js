// Runs a policy's WebAssembly module in any JavaScript host: browsers, Node, Workers, Deno.
// One file, no dependencies. docs/wasm.md describes the interface it speaks and what it answers.
//
//   const policy = await Policy.load(bytes);
//   const verdict = policy.decide("create_charge", '{"amount": 10}', { label: "bot", tags: [] });
//   if (verdict.effect !== "allow") ...

const ABI_VERSION = 1;
const PAGE = 65536;
const MOST_PAGES = 2048;

const EFFECTS = ["allow", "deny", "require_approval"];
const MALFORMED = -1;
const TOO_LARGE = -2;
const [HIDDEN, DEFAULT_DENY, REQUIRE, DENY_IF, APPROVE_IF] = [1, 2, 3, 4, 5];
const ANSWERS = [null, false, true, "mismatch"];

const OUTPUT_WORDS = 8;
const CHARGE_SIZE = 16;

const UNREADABLE = {
  rule: "(unreadable)",
  message: "The arguments are not JSON that every reader reads alike; send them in a simpler form.",
};
const OVERSIZED = {
  rule: "(too large)",
  message: "The arguments are too large to be judged; send less.",
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

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
    this.exports = instance.exports;
    if (this.exports.abi_version?.value !== ABI_VERSION) {
      throw new ModuleError(`the module does not speak version ${ABI_VERSION} of the interface`);
    }
    this.module = module;
    this.input = this.exports.input.value;
    this.readsContext = this.exports.reads_context.value === 1;
  }

  /** The names, lines and sentences of the policy's rows. */
  get names() {
    if (!this.map) {
      const [section] = WebAssembly.Module.customSections(this.module, "holdpoint");
      this.map = JSON.parse(decoder.decode(section));
    }
    return this.map;
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
  decide(tool, args = "{}", grant = {}, now = Date.now() / 1000) {
    const effect = this.ask(tool, args, grant, now);
    if (effect === MALFORMED) return refusal(UNREADABLE);
    if (effect === TOO_LARGE) return refusal(OVERSIZED);
    const { memory, output } = this.exports;
    const words = new Uint32Array(memory.buffer, output.value, OUTPUT_WORDS);
    const [reason, row, detail, entry, charges, holds, values, answers] = words;
    const held = this.pairs(this.exports.holds, holds).map(([hold, which]) => this.hold(hold, which));
    const found = this.found(tool, EFFECTS[effect], reason, row, detail, held);
    return {
      effect: EFFECTS[effect],
      ...found,
      charges: this.charges(charges, values),
      holds: held,
      answers: this.answers(answers),
      entry: reason === HIDDEN || reason === DEFAULT_DENY ? null : this.names.entries[entry].name,
    };
  }

  /** The effect as a number, without names: for hosts that only ask yes or no. */
  ask(tool, args = "{}", grant = {}, now = Date.now() / 1000) {
    const context = this.readsContext
      ? JSON.stringify({ grant: { label: grant.label ?? "", tags: grant.tags ?? [] }, time: now })
      : "";
    const texts = [tool, args, context].map(textOf);
    // Encoding would replace half a character and judge another text than the one forwarded.
    if (texts.some((text) => typeof text === "string" && !text.isWellFormed())) return MALFORMED;
    const parts = texts.map((text) => (typeof text === "string" ? encoder.encode(text) : text));
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    for (;;) {
      const effect = this.attempt(parts, size);
      if (effect !== TOO_LARGE || !this.grow()) return effect;
    }
  }

  attempt(parts, size) {
    const { memory, decide } = this.exports;
    if (this.input + size > memory.buffer.byteLength) return TOO_LARGE;
    const bytes = new Uint8Array(memory.buffer);
    let place = this.input;
    for (const part of parts) {
      bytes.set(part, place);
      place += part.length;
    }
    return decide(parts[0].length, parts[1].length, parts[2].length);
  }

  grow() {
    const pages = this.exports.memory.buffer.byteLength / PAGE;
    if (2 * pages > MOST_PAGES) return false;
    try {
      this.exports.memory.grow(pages);
    } catch {
      return false;
    }
    return true;
  }

  found(tool, effect, reason, row, detail, held) {
    const { messages, rules, limits, paths } = this.names;
    if (effect === "allow") return { rule: null, index: null, line: null, message: "" };
    if (effect === "require_approval") return placed(held[0], held[0].reason);
    switch (reason) {
      case HIDDEN:
        return nowhere("(hidden)", fill(messages.hidden, { tool }));
      case DEFAULT_DENY:
        return nowhere("(default deny)", fill(messages.default_deny, { tool }));
      case REQUIRE:
        return placed(rules[row], this.sentence(rules[row], detail, messages.require));
      case DENY_IF:
        return placed(rules[row], this.sentence(rules[row], detail, messages.deny_if));
      case APPROVE_IF: {
        const { reason: why } = this.hold(row, detail);
        return placed(this.names.holds[row], fill(messages.no_approver, { reason: why }));
      }
      default: {
        const limit = limits[row];
        const path = detail ? limit.per[detail - 1] : limit.increment_from;
        const message = detail ? messages.per : messages.cost;
        return placed(limit, fill(message, { path: paths[path] }));
      }
    }
  }

  /** What is written, then what its mismatch says; the default where there is neither. */
  sentence(row, detail, byDefault) {
    const mismatch = detail ? this.names.conditions[row.conditions[detail - 1]].mismatch : "";
    const said = [row.written, mismatch].filter(Boolean).join(" ");
    return said || fill(byDefault, { rule: row.rule });
  }

  hold(index, detail) {
    const row = this.names.holds[index];
    return {
      rule: row.rule,
      index: row.index,
      line: row.line,
      reason: this.sentence(row, detail, this.names.messages.approve_if),
      approvers: row.approvers,
      quorum: row.quorum,
      expiresIn: row.expires_in,
      mailArguments: row.mail_arguments,
    };
  }

  charges(count, values) {
    const { memory, charges } = this.exports;
    const view = new DataView(memory.buffer, charges.value, count * CHARGE_SIZE);
    const texts = this.texts(values);
    return Array.from({ length: count }, (_, index) => {
      const row = this.names.limits[view.getUint32(index * CHARGE_SIZE, true)];
      const charge = {
        rule: row.rule,
        index: row.index,
        line: row.line,
        owner: row.owner,
        counter: row.counter,
        window: row.window,
        scope: row.scope,
        max: BigInt(row.max),
        cost: view.getBigUint64(index * CHARGE_SIZE + 8, true),
        message: row.message,
      };
      // The JSON text of each value: parsed here it would lose numbers' exact spelling.
      if (row.per.length) charge.per = row.per.map(() => texts.next().value || "null");
      return charge;
    });
  }

  *texts(count) {
    for (const [start, length] of this.pairs(this.exports.values, count)) {
      yield decoder.decode(new Uint8Array(this.exports.memory.buffer, start, length));
    }
  }

  /** What each condition of the entry answered, in the order of its rules; null: not asked. */
  answers(count) {
    const { memory, answers } = this.exports;
    const found = new Uint8Array(memory.buffer, answers.value, count);
    return Array.from(found, (answer) => ANSWERS[answer]);
  }

  /** The pairs of words in one of the module's arrays. */
  pairs(array, count) {
    const words = new Uint32Array(this.exports.memory.buffer, array.value, 2 * count);
    return Array.from({ length: count }, (_, index) => [words[2 * index], words[2 * index + 1]]);
  }
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
