// The official TypeScript client 2.x over HTTP: URL TOKEN MODE PACKAGES.
// MODE is legacy, auto, or the revision to pin.

import { createRequire } from "node:module";
import { run, tell } from "./checks.mjs";

const [url, token, mode, packages] = process.argv.slice(2);
const require = createRequire(packages);
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");

const negotiation = { mode: mode === "auto" ? "auto" : { pin: mode } };
let told = false;
const onChanged = () => { told = true; };
const client = new Client(
  { name: "holdpoint-test", version: "1" },
  mode === "legacy"
    ? {}
    : { versionNegotiation: negotiation, listChanged: { tools: { onChanged, autoRefresh: false } } },
);
if (mode === "legacy") client.setNotificationHandler("notifications/tools/list_changed", onChanged);
const headers = { Authorization: `Bearer ${token}` };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
tell("version", client.getNegotiatedProtocolVersion());

const options = (onprogress) => ({ onprogress, resetTimeoutOnProgress: true, timeout: 60000 });
await run({
  told: () => told,
  legacy: mode === "legacy",
  names: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: (name, args, onprogress) =>
    client.callTool({ name, arguments: args }, onprogress && options(onprogress)),
  read: async (uri) => (await client.readResource({ uri })).contents[0].text,
});
await client.close();
