/** Fetches what taught an answer. Only the holder of the request's key is told. */
import type { ExplanationView } from "../../pipeline/browser.ts";
import { DataError } from "./data.ts";

/** Asks the service. Throws {@link DataError} with the service's own words. */
export async function explain(requestId: string, authorization: string): Promise<ExplanationView> {
  const address = `receipts/${requestId}/explanation`;
  const response = await fetch(new URL(address, document.baseURI), {
    headers: { accept: "application/json", authorization },
  }).catch((cause: unknown) => {
    throw new DataError(address, "cannot be reached: is the server still there?", cause);
  });
  if (response.ok) return (await response.json()) as ExplanationView;
  const told = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
  throw new DataError(
    "The explanation",
    told?.error?.message ?? `the service answered with status ${response.status}`,
    undefined,
    response.status,
  );
}

/** What a holder of the key sends. */
export const byKey = (key: string): string => `Receipt ${key}`;
/** What a holder of the whole receipt sends: the salt of its opening, which only payer and operator know. */
export const bySalt = (salt: bigint): string => `Opening ${salt}`;
