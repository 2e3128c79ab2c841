/**
 * The journal of a deployment, so that a run that was cut off goes on where it was.
 *
 * Each transaction is signed, written down and flushed, and only then sent. A run that finds it in the
 * journal looks it up, or sends the very same bytes again: whatever was lost on the way, no contract is
 * created twice. Only if another transaction of the account has taken its number can it never be mined, and
 * is signed anew. One that no block takes for minutes was signed for a price that has passed: it is replaced
 * by a dearer one of the same number, and whichever of them is mined, the contract is the same.
 *
 * The journal holds signed transactions and no key.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import type { Chain } from "../chain/chain.ts";
import { type GasPrice, NotMinedError, type Receipt, resend, type Signed, sign } from "../chain/client.ts";
import type { Perform } from "../chain/deploy.ts";
import type { Account } from "../engine/ethers.ts";
import { canonical, writeFileAtomic } from "../store.ts";

const hex = z.string().regex(/^0x[0-9a-fA-F]*$/);
const stepSchema = z.strictObject({
  step: z.string(),
  raw: hex,
  hash: hex,
  nonce: z.number().int().min(0),
  /** Its prices, in wei; absent where an earlier version of this program signed it. */
  price: z.tuple([z.string(), z.string()]).optional(),
  /** Hashes of cheaper ones of the same number that it replaces. */
  earlier: z.array(hex).optional(),
  mined: z
    .strictObject({ block: z.number().int(), gas: z.string(), fee: z.string(), created: hex.nullable() })
    .optional(),
});
const schema = z.strictObject({
  format: z.literal("quittance-deploying/1"),
  /** Of everything that the deployment depends on. */
  plan: hex,
  steps: z.array(stepSchema),
});

/** A step as the journal knows it; without `mined` it is signed and perhaps sent. */
export type JournalStep = z.infer<typeof stepSchema>;

/** An open journal. */
export type Journal = {
  /** The steps so far, in order. */
  readonly steps: () => readonly JournalStep[];
  /** Carries out a step, or finds that it was. */
  readonly perform: Perform;
  /** The deployment is complete and written down elsewhere. */
  readonly remove: () => void;
};

/**
 * Opens the journal of a plan. Throws {@link OtherPlanError} if the file is another's, {@link
 * JournalDamagedError}.
 *
 * @param report is told of each step before it is carried out
 */
export function openJournal(of: {
  readonly path: string;
  readonly plan: string;
  readonly chain: Chain;
  readonly account: Account;
  readonly report?: (step: string) => void;
  /** Seconds that a transaction gets before it is replaced by a dearer one. */
  readonly patience?: number;
}): Journal {
  const { path, plan, chain, account, report = () => {}, patience = PATIENCE } = of;
  const known = new Map(readSteps(path, plan).map((step) => [step.step, step]));
  const write = (entry: JournalStep): void => {
    known.set(entry.step, entry);
    writeFileAtomic(
      path,
      `${canonical({ format: "quittance-deploying/1", plan, steps: [...known.values()] })}\n`,
    );
  };
  return {
    steps: () => [...known.values()],
    remove: () => rmSync(path, { force: true }),
    async perform(step, call, codec) {
      report(step);
      const kept = known.get(step);
      if (kept?.mined !== undefined) return receiptOf(kept, kept.mined);
      /** Sends it, and replaces it by dearer ones as often as that helps. */
      const attempt = async (entry: JournalStep): Promise<Receipt | undefined> => {
        let signed = entry;
        for (let more = REPLACEMENTS; ; more--) {
          const { earlier = [] } = signed;
          try {
            const receipt = await resend(chain, account, signed, codec, { earlier, tries: patience });
            if (receipt === undefined) return undefined;
            const { hash, block, gasUsed, feeWei, created } = receipt;
            const mined = { block, gas: String(gasUsed), fee: String(feeWei), created };
            const { raw, nonce } = signed;
            write({ step, raw, hash, nonce, mined });
            return receipt;
          } catch (error) {
            if (!(error instanceof NotMinedError) || more === 0) throw error;
            const next = await sign(chain, account, call, codec, {
              nonce: signed.nonce,
              ...priceOf(signed),
            });
            signed = entryOf(step, next, [signed.hash, ...earlier]);
            write(signed);
            report(`${step}, again for a higher price`);
          }
        }
      };
      const before = kept === undefined ? undefined : await attempt(kept);
      if (before !== undefined) return before;
      const signed = entryOf(step, await sign(chain, account, call, codec));
      write(signed);
      const receipt = await attempt(signed);
      if (receipt === undefined) throw new NonceTakenError(step);
      return receipt;
    },
  };
}

/** Three minutes are many blocks of any chain; each replacement pays an eighth more at least. */
const PATIENCE = 180;
const REPLACEMENTS = 5;

function entryOf(step: string, signed: Signed & GasPrice, earlier: readonly string[] = []): JournalStep {
  const { raw, hash, nonce, maxFeePerGas, maxPriorityFeePerGas } = signed;
  const price: [string, string] = [String(maxFeePerGas), String(maxPriorityFeePerGas)];
  return { step, raw, hash, nonce, price, ...(earlier.length === 0 ? {} : { earlier: [...earlier] }) };
}

function priceOf({ price: [fee, priority] = ["0", "0"] }: JournalStep): GasPrice {
  return { maxFeePerGas: BigInt(fee), maxPriorityFeePerGas: BigInt(priority) };
}

function receiptOf({ hash }: JournalStep, mined: NonNullable<JournalStep["mined"]>): Receipt {
  const { block, gas, fee, created } = mined;
  return { hash, block, gasUsed: BigInt(gas), feeWei: BigInt(fee), created, logs: [] };
}

function readSteps(path: string, plan: string): readonly JournalStep[] {
  if (!existsSync(path)) return [];
  let found: z.infer<typeof schema>;
  try {
    found = schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new JournalDamagedError(path, cause);
  }
  if (found.plan !== plan) throw new OtherPlanError(path);
  return found.steps;
}

/** The journal is of another configuration, account, keys or version of the contracts. */
export class OtherPlanError extends Error {
  override readonly name = "Deploy.OtherPlan";
  constructor(path: string) {
    super(
      `${path} is of a deployment that was begun with another configuration, account, keys or version. ` +
        "Go on with those, or give another --out; what was deployed before stays where it is.",
    );
  }
}

/** The journal cannot be read. */
export class JournalDamagedError extends Error {
  override readonly name = "Deploy.JournalDamaged";
  constructor(path: string, cause: unknown) {
    super(`${path} is damaged. Restore it, or give another --out to deploy again from the start.`, { cause });
  }
}

/** Somebody else sends from the same account. */
export class NonceTakenError extends Error {
  override readonly name = "Deploy.NonceTaken";
  constructor(step: string) {
    super(
      `Another transaction of the account took the place of "${step}". Let nothing else send from it, and run the same command again.`,
    );
  }
}
