// In Node: prints the verdicts on requests.json of this folder.

import { readFile } from "node:fs/promises";

import { Policy } from "./host.js";
import { verdicts } from "./verdicts.mjs";

const read = (name) => readFile(new URL(name, import.meta.url));
console.log(JSON.stringify(await verdicts(Policy, JSON.parse(await read("requests.json")), read)));
