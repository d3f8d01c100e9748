// Decides calls with policy modules through the host library, the same in every JavaScript host.

/**
 * The verdicts, as tests/corpus.py records them; amounts are texts.
 *
 * `requests` is [{module, calls: [{tool, args, grant, time}]}], `args` JSON text; `load` gives what
 * `Policy.load` takes for the name of a module.
 */
export async function verdicts(Policy, requests, load) {
  const found = [];
  for (const { module, calls } of requests) {
    const policy = await Policy.load(await load(module));
    for (const { tool, args, grant, time } of calls) {
      found.push(record(policy.decide(tool, args, grant, time)));
    }
  }
  return found;
}

function record(verdict) {
  const { effect, rule, index, message } = verdict;
  const charges = verdict.charges.map(({ rule, owner, window, scope, max, cost, per, shards }) => ({
    rule,
    owner,
    window,
    scope,
    max: String(max),
    cost: String(cost),
    ...(per && { per: per.map((text) => JSON.parse(text)) }),
    ...(shards > 1 && { shards }),
  }));
  return { effect, rule, index, message, charges };
}
