// In a Workers runtime: answers each request with the verdicts on requests.json.
// Workers may not compile WebAssembly from bytes, so each module comes in by `import`, compiled.

import { Policy } from "./host.js";
import requests from "./requests.json";
import { verdicts } from "./verdicts.mjs";

const load = async (name) => (await import(`./${name}`)).default;

export default {
  async fetch() {
    return Response.json(await verdicts(Policy, requests, load));
  },
};
