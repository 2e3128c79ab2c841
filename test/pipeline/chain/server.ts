// A JSON-RPC node on 127.0.0.1: a scratch chain behind HTTP, which a test can watch, move and hold up.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openScratchChain, type ScratchChain } from "../../../pipeline/chain/local.ts";

export type Node = {
  readonly url: string;
  readonly chain: ScratchChain;
  /** Raw transactions that arrived, in order. */
  readonly sent: string[];
  /** Answers in the chain's place where it returns something: a node that loses what it is sent. */
  instead: (method: string, params: readonly unknown[]) => unknown;
  /** Answers as a proxy in front of the node does, with an HTTP status; "cut" ends the connection instead. */
  refuse: (
    method: string,
    params: readonly unknown[],
  ) => Promise<Refusal | "cut" | undefined> | Refusal | "cut" | undefined;
  /** Called before a request is passed on; a promise that never ends holds it up. */
  before: (method: string) => Promise<void> | void;
  /** Called before an answer goes back. */
  after: (method: string, params: readonly unknown[]) => Promise<void> | void;
  close(): Promise<void>;
};

/** What is sent in an answer's place; an object is sent as JSON-RPC's error of the request. */
export type Refusal = { readonly status: number; readonly body: string | { readonly code: number } };

/** Starts a node. */
export async function startNode(chainId = 31_337): Promise<Node> {
  const chain = await openScratchChain(chainId);
  const sent: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", async () => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
      const answer = { jsonrpc: "2.0", id };
      try {
        await node.before(method);
        const refusal = await node.refuse(method, params);
        if (refusal === "cut") return void request.socket.destroy();
        if (refusal !== undefined) {
          const { status, body: said } = refusal;
          response.statusCode = status;
          return void response.end(
            typeof said === "string" ? said : JSON.stringify({ ...answer, error: said }),
          );
        }
        if (method === "eth_sendRawTransaction") sent.push(String(params[0]));
        const result = node.instead(method, params) ?? (await chain.provider.request({ method, params }));
        await node.after(method, params);
        response.end(JSON.stringify({ ...answer, result: result ?? null }));
      } catch (error) {
        const { code = -32_000, data, message } = error as { code?: number; data?: unknown; message: string };
        response.end(JSON.stringify({ ...answer, error: { code, message, data } }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const node: Node = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chain,
    sent,
    instead: () => undefined,
    refuse: () => undefined,
    before: () => {},
    after: () => {},
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await chain.close();
    },
  };
  return node;
}
