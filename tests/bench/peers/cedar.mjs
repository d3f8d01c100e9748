// Nanoseconds of a decision in Node: a policy's module, and Cedar's own, turn by turn.
//
//   node cedar.mjs HOST MODULE CALL     CALL is JSON: {tool, one, all, args}
//
// `one` is the Cedar text of the tool, `all` that of 36 tools; `args` are the texts of the calls, the first one
// allowed and timed, the others denied and checked. Both start from the bytes of the arguments.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isAuthorized, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";

const [, , host, module, call] = process.argv;
const { tool, one, all, args: texts } = JSON.parse(call);
const args = texts.map((text) => new TextEncoder().encode(text));
const decoder = new TextDecoder();
const read = (body) => JSON.parse(decoder.decode(body));
const { Policy } = await import(pathToFileURL(host));
const policy = await Policy.load(readFileSync(module));

const request = {
  principal: { type: "Agent", id: "bench" },
  action: { type: "Action", id: tool },
  resource: { type: "Server", id: "s" },
  entities: [],
};
const allowed = (answer) => answer.response.decision === "allow";
const text = (staticPolicies) => (body) =>
  allowed(isAuthorized({ ...request, context: read(body), policies: { staticPolicies } }));
const parsed = (preparsedPolicySetId, staticPolicies) => {
  preparsePolicySet(preparsedPolicySetId, { staticPolicies });
  return (body) =>
    allowed(statefulIsAuthorized({ ...request, context: read(body), preparsedPolicySetId }));
};

const engines = {
  "module, effect": (body) => policy.ask(tool, body, {}, 0) === 0,
  "module, verdict": (body) => policy.decide(tool, body, {}, 0).effect === "allow",
  "cedar-wasm, 3 policies": text(one),
  "cedar-wasm, 3 policies, parsed before": parsed("one", one),
  "cedar-wasm, 108 policies": text(all),
  "cedar-wasm, 108 policies, parsed before": parsed("all", all),
};

function round(decide) {
  const begun = process.cpuUsage();
  let [count, spent] = [0, 0];
  do {
    for (let left = 20; left; left--) decide(args[0]);
    count += 20;
    const { user, system } = process.cpuUsage(begun);
    spent = user + system;
  } while (spent < 40_000);
  return (spent * 1000) / count;
}

const rounds = {};
for (const [name, decide] of Object.entries(engines)) {
  const answers = args.map(decide);
  if (!answers.every((answer, index) => answer === (index === 0))) throw new Error(`${name}: ${answers}`);
  round(decide);
  rounds[name] = [];
}
for (let turn = 0; turn < 7; turn++) {
  for (const [name, decide] of Object.entries(engines)) rounds[name].push(round(decide));
}
const median = (taken) => taken.sort((a, b) => a - b)[3];
const found = Object.entries(rounds).map(([name, taken]) => [name, median(taken)]);
console.log(JSON.stringify(Object.fromEntries(found)));
