// The checks of the TypeScript drivers, against whatever calls, lists and reads.

const PENDING = "[PENDING APPROVAL]";

export const tell = (check, value) => console.log(JSON.stringify({ check, value }));

const outcome = (result) => ({
  text: result.content.map((each) => each.text ?? null),
  isError: result.isError ?? false,
  structured: result.structuredContent ?? null,
  decision: result._meta?.["holdpoint/decision"] ?? null,
});

// Whether `told` comes true in so many seconds.
const comes = async (told, seconds) => {
  const end = Date.now() + seconds * 1000;
  while (!told() && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
  return told();
};

// `told()` says whether the client heard that the tools changed, `legacy` which era it speaks.
export async function run({ names, call, read, told: heard, legacy }) {
  tell("list", await names());
  tell("call", outcome(await call("read_customer", { id: "ada" })));
  const seen = [];
  const counted = await call("count", { to: 3 }, (told) => seen.push(told.progress));
  tell("progress", { seen, ...outcome(counted) });
  tell("resource", await read("test://secret"));
  tell("denied", outcome(await call("create_charge", { amount: 1, currency: "gbp" })));
  const message = { to: "ada", body: "hello" };
  tell("limited", [
    outcome(await call("send_message", message)),
    outcome(await call("send_message", message)),
  ]);
  const charge = { amount: 750, currency: "eur" };
  const told = [];
  let held = { text: [PENDING] };
  let pending = -1;
  while (held.text[0].startsWith(PENDING)) {
    held = outcome(await call("create_charge", charge, (each) => told.push(each.message)));
    pending += 1;
  }
  tell("held", { told, pending, ...held });
  if (process.env.HEARS) {
    await call("announce", { legacy });
    tell("hears", await comes(heard, 60));
  }
  tell("after", outcome(await call("read_customer", { id: "bob" })));
}
