// Decides calls with policy modules through the JavaScript host library.
//
//   node corpus.mjs HOST REQUESTS
//
// REQUESTS is a JSON file: [{module, calls: [{tool, args, grant, time}]}], `module` a path and
// `args` JSON text. Prints one line for each call: the verdict as tests/corpus.py records it.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , host, requests] = process.argv;
const { Policy } = await import(pathToFileURL(host));

function record(verdict) {
  const { effect, rule, index, message } = verdict;
  const charges = verdict.charges.map(({ rule, owner, window, scope, max, cost, per }) => ({
    rule,
    owner,
    window,
    scope,
    max: String(max),
    cost: String(cost),
    ...(per && { per: per.map((text) => JSON.parse(text)) }),
  }));
  return { effect, rule, index, message, charges };
}

for (const { module, calls } of JSON.parse(readFileSync(requests))) {
  const policy = await Policy.load(readFileSync(module));
  for (const { tool, args, grant, time } of calls) {
    console.log(JSON.stringify(record(policy.decide(tool, args, grant, time))));
  }
}
