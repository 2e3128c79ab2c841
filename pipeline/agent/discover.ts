/**
 * What a service offers, as anybody may read it without an account: its models, their prices, and where to
 * pay. Nothing of this is believed for long: the terms that are paid are those of `/terms` or of a 402,
 * compared with the books; a receipt is checked against them.
 */
import { z } from "zod";
import { type Fetch, messageOf, type Patience, send } from "./http.ts";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const decimal = z.string().regex(/^(0|[1-9][0-9]{0,77})$/);

const healthSchema = z.object({
  status: z.string(),
  version: z.string(),
  chainId: z.number().int().min(1),
  local: z.boolean(),
  insecureKeys: z.boolean(),
  modelId: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  openEpoch: z.number().int().min(1),
  room: z.number().int().min(0),
});

/** GET /health. */
export type Health = Readonly<z.infer<typeof healthSchema>>;

const modelSchema = z.object({
  id: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  name: z.string().optional(),
  current: z.boolean().optional(),
  profile: z.string(),
  content: z.object({ kind: z.string() }).optional(),
  labels: z.array(z.string()).optional(),
  price: z.object({
    chainId: z.number().int().min(1),
    token: z.object({
      address,
      symbol: z.string().max(64),
      decimals: z.number().int().min(0).max(77),
    }),
    feeUnitWei: decimal,
    feeUnits: z.number().int().min(1).optional(),
    vault: address,
    operator: address,
  }),
});

/** A model that a service offers. */
export type ModelOffer = Readonly<z.infer<typeof modelSchema>> & {
  /** What one answer costs, in the token's smallest unit; undefined where only the terms say so. */
  readonly priceWei?: bigint;
};

/** A service and its models. */
export type Offers = { readonly health: Health; readonly models: readonly ModelOffer[] };

/** Reads what a service offers. Throws {@link NoServiceError}, UnreachableError. */
export async function discover(of: {
  readonly url: string;
  readonly fetch: Fetch;
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
}): Promise<Offers> {
  const read = async <T>(path: string, schema: z.ZodType<T, z.ZodTypeDef, unknown>): Promise<T> => {
    const url = addressOf(of.url, path);
    const reply = await send({ ...of, url, init: { method: "GET" } });
    const parsed = schema.safeParse(reply.body);
    if (reply.status !== 200) throw new NoServiceError(url, `HTTP ${reply.status}${messageOf(reply)}`);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new NoServiceError(url, `${issue?.path.join(".") || "top level"}: ${issue?.message}`);
    }
    return parsed.data;
  };
  const health = await read("health", healthSchema);
  const models = await read("models", z.array(modelSchema));
  return {
    health,
    models: models.map((model) => {
      const { feeUnits, feeUnitWei } = model.price;
      return feeUnits === undefined ? model : { ...model, priceWei: BigInt(feeUnitWei) * BigInt(feeUnits) };
    }),
  };
}

/** A path below a service's address, which may itself have a path. */
export function addressOf(url: string, path: string): string {
  return new URL(path, url.endsWith("/") ? url : `${url}/`).href;
}

/** There is no service of ours at an address. */
export class NoServiceError extends Error {
  override readonly name = "Agent.NoService";
  constructor(url: string, reason: string) {
    super(`${url} does not answer like a Quittance service (${reason}). Check the address and its version.`);
  }
}
