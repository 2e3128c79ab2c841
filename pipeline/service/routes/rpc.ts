/**
 * `POST /rpc`: JSON-RPC to a chain that lives in this process, so that a wallet or an agent can deposit and
 * claim there. Other chains have their own address, and there this route does not exist.
 *
 * Only what any public node would do: reading, and transactions that their sender signed. Whatever would move
 * the clock, set a balance or trace is refused, here and by the chain itself. `quittance_fund` [address,
 * amount] is the one addition: coins and tokens of a play-money chain, for whoever tries it.
 */
import { z } from "zod";
import { type Account, isAddressText } from "../../engine/ethers.ts";
import type { App, ServiceContext } from "../context.ts";
import { ServiceError } from "../errors.ts";
import { route } from "../route.ts";

const MOST_CALLS = 50;
/** Play money for one call: as much as anybody needs to try. */
const MOST_FUND = 10n ** 24n;
const GAS_WEI = 10n ** 18n;

const idSchema = z.union([z.string().max(100), z.number(), z.null()]);
const callSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema.optional(),
  method: z.string().min(1).max(100),
  params: z.array(z.unknown()).optional(),
});
type Call = z.infer<typeof callSchema>;
type Answer = {
  jsonrpc: "2.0";
  id: z.infer<typeof idSchema>;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
};

const ALLOWED = /^(eth|net|web3)_[A-Za-z]+$/;
/** Signing with a node's own keys (there are none), filters that pile up, and what only a miner does. */
const REFUSED =
  /^eth_(sign|sendTransaction|accounts|new|uninstall|getFilter|subscribe|unsubscribe|mining|submit|getWork)/;

/** Adds the route, on a local chain. */
export function rpcRoutes(app: App, context: ServiceContext): void {
  const { session } = context;
  if (session.chain.kind !== "local") return;
  route(app, {
    method: "POST",
    url: "/rpc",
    summary: "JSON-RPC to the in-process chain (local chains only)",
    tag: "chain",
    body: z.union([callSchema, z.array(callSchema).min(1).max(MOST_CALLS)]),
    answers: { 200: { description: "the JSON-RPC answer, or a list of them", schema: z.unknown() } },
    async handle({ body }) {
      if (!Array.isArray(body)) return answerCall(context, body);
      const answers: Answer[] = [];
      for (const call of body) answers.push(await answerCall(context, call));
      return answers;
    },
  });
}

async function answerCall(context: ServiceContext, call: Call): Promise<Answer> {
  const { id = null, method, params = [] } = call;
  try {
    if (method === "quittance_fund") return { jsonrpc: "2.0", id, result: await fund(context, params) };
    if (!ALLOWED.test(method) || REFUSED.test(method))
      return {
        jsonrpc: "2.0",
        id,
        error: {
          code: -32_601,
          message: `${method} is not served here: reading and signed transactions are.`,
        },
      };
    const result = await context.session.chain.provider.request({ method, params });
    return { jsonrpc: "2.0", id, result: result ?? null };
  } catch (error) {
    if (error instanceof ServiceError)
      return { jsonrpc: "2.0", id, error: { code: -32_602, message: error.message } };
    const { code, data, message } = error as { code?: unknown; data?: unknown; message?: string };
    const known = typeof code === "number" ? code : -32_000;
    return {
      jsonrpc: "2.0",
      id,
      error: { code: known, message: String(message ?? "refused").split("\n")[0] ?? "", ...dataOf(data) },
    };
  }
}

/** Revert data, which a wallet decodes; nothing else of an error's insides. */
function dataOf(data: unknown): { data?: unknown } {
  for (let at = data, depth = 0; depth < 3; depth++) {
    if (typeof at === "string" && /^0x([0-9a-f]{2})*$/i.test(at)) return { data: at };
    if (typeof at !== "object" || at === null) return {};
    at = (at as { data?: unknown }).data;
  }
  return {};
}

async function fund({ session }: ServiceContext, [address, amount]: readonly unknown[]): Promise<true> {
  if (
    typeof address !== "string" ||
    !isAddressText(address) ||
    typeof amount !== "string" ||
    !/^[0-9]{1,25}$/.test(amount)
  )
    throw new ServiceError(400, "bad_request", 'Give an address and an amount as a text: ["0x…", "1000"].');
  if (BigInt(amount) > MOST_FUND)
    throw new ServiceError(400, "bad_request", `At most ${MOST_FUND} at a time.`);
  await session.chain.fund(address, GAS_WEI);
  await session.endow({ address } as Account, BigInt(amount));
  return true;
}
