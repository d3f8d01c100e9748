"""The inspector's command line, one process for each request: URL TOKEN NODE INSPECTOR."""

import json
import subprocess
import sys

from checks import PENDING, tell

CHARGE = ("amount=750", "currency=eur")


def main(url, token, node, inspector):
    def ask(method, *options):
        head = [node, inspector, "--cli", url, "--transport", "http", "--method", method]
        bearer = ["--header", f"Authorization: Bearer {token}"]
        ran = subprocess.run([*head, *options, *bearer], capture_output=True, text=True)
        try:
            return json.loads(ran.stdout)
        except ValueError:
            raise SystemExit(f"{method} {options}: {ran.stdout}{ran.stderr}") from None

    def call(tool, *pairs):
        arguments = [text for pair in pairs for text in ("--tool-arg", pair)]
        told = ask("tools/call", "--tool-name", tool, *arguments)
        return {
            "text": [each.get("text") for each in told["content"]],
            "isError": bool(told.get("isError")),
            "structured": told.get("structuredContent"),
            "decision": told.get("_meta", {}).get("holdpoint/decision"),
        }

    tell("list", [tool["name"] for tool in ask("tools/list")["tools"]])
    tell("call", call("read_customer", "id=ada"))
    tell("resource", ask("resources/read", "--uri", "test://secret")["contents"][0]["text"])
    tell("denied", call("create_charge", "amount=1", "currency=gbp"))
    tell("limited", [call("send_message", "to=ada", "body=hello") for _ in range(2)])
    held, pending = call("create_charge", *CHARGE), 0
    while held["text"][0].startswith(PENDING):
        held, pending = call("create_charge", *CHARGE), pending + 1
    tell("held", {"told": [], "pending": pending, **held})
    tell("after", call("read_customer", "id=bob"))


if __name__ == "__main__":
    main(*sys.argv[1:])
