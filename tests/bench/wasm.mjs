// Nanoseconds of CPU a call of a policy module in this JavaScript host.
//
//   node wasm.mjs HOST MODULE TOOL ARGUMENTS

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , host, file, tool, args] = process.argv;
const { Policy } = await import(pathToFileURL(host));
const policy = await Policy.load(readFileSync(file));
const [name, body] = [tool, args].map((text) => new TextEncoder().encode(text));

function round(run, times = 50_000) {
  const start = process.cpuUsage();
  for (let left = times; left; left--) run();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1e3) / times;
}

function median(run) {
  round(run, 400_000); // the engine compiles what runs often a second time
  const rounds = Array.from({ length: 7 }, () => round(run)).sort((a, b) => a - b);
  return Math.round(rounds[3]);
}

const ask = median(() => policy.ask(name, body, {}, 0));
const decide = median(() => policy.decide(name, body, {}, 0));
console.log(JSON.stringify({ ask, decide }));
