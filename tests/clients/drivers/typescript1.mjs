// The official TypeScript SDK 1.x over HTTP: URL TOKEN PACKAGES.

import { createRequire } from "node:module";
import { run, tell } from "./checks.mjs";

const [url, token, packages] = process.argv.slice(2);
const require = createRequire(packages);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");

const headers = { Authorization: `Bearer ${token}` };
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
const { ToolListChangedNotificationSchema } = require("@modelcontextprotocol/sdk/types.js");
const client = new Client({ name: "holdpoint-test", version: "1" });
let told = false;
client.setNotificationHandler(ToolListChangedNotificationSchema, () => { told = true; });
await client.connect(transport);
tell("version", transport.protocolVersion);

const options = (onprogress) => ({ onprogress, resetTimeoutOnProgress: true, timeout: 60000 });
await run({
  told: () => told,
  legacy: true,
  names: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: (name, args, onprogress) =>
    client.callTool({ name, arguments: args }, undefined, onprogress && options(onprogress)),
  read: async (uri) => (await client.readResource({ uri })).contents[0].text,
});
await client.close();
