// A small real project behind an open service, and a payer that buys answers there.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openUi } from "../../../pipeline/cli/ui.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { accountOf } from "../../../pipeline/engine/ethers.ts";
import {
  type PaymentRequired,
  paymentSignatureHeader,
  readPaymentRequired,
} from "../../../pipeline/engine/x402.ts";
import { newRequestKey } from "../../../pipeline/payments/request-id.ts";
import { termsFromX402, voucherToPayload } from "../../../pipeline/payments/voucher-scheme.ts";
import { type SignedVoucher, signVoucher } from "../../../pipeline/payments/vouchers.ts";
import { openProject, type Project } from "../../../pipeline/project.ts";
import { openLogger } from "../../../pipeline/service/logs.ts";
import { createService, type Service, type ServiceOptions } from "../../../pipeline/service/service.ts";
import { openSession, type Session } from "../../../pipeline/session.ts";
import { digitFolder, quittance } from "../cli/fixtures.ts";

export const UI = openUi(process.stderr, true);
/** Price of an answer, in fee units. */
export const FEE = 9;

/** A temporary folder that `remove` takes away. */
export function temporary(name: string): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), `quittance-${name}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Trains a model of three digits in `folder/shop`, by the tool, and returns that folder. */
export function trainShop(folder: string): string {
  const [shop, data] = [join(folder, "shop"), join(folder, "digits")];
  digitFolder(data, 70, 4);
  const run = quittance(["train", "--project", shop, "--profile", "tiny", "--data", data]);
  if (run.code !== 0) throw new Error(run.err + run.out);
  return shop;
}

/** The same project in another folder, as far as it is. */
export function copyShop(shop: string, to: string): string {
  cpSync(shop, to, { recursive: true });
  return to;
}

/** An open service with what it stands on, and everything that it logged. */
export type Open = {
  readonly service: Service;
  readonly project: Project;
  readonly session: Session;
  readonly log: string[];
  close(): Promise<void>;
};

/** Opens the service of a project. */
export async function openService(
  shop: string,
  options: Omit<Partial<ServiceOptions>, "project" | "session"> = {},
): Promise<Open> {
  const project = openProject({ folder: shop });
  const session = await openSession(project, UI);
  const log: string[] = [];
  const logger = openLogger({ write: (line) => void log.push(line) });
  const service = await createService({ project, session, feeUnits: FEE, logger, ...options });
  let closed = false;
  return {
    service,
    project,
    session,
    log,
    async close() {
      if (closed) return;
      closed = true;
      await service.close();
      await session.close();
      await project.store.close();
      project.close();
    },
  };
}

/** Digits to ask about; none of them was contributed by its own number. */
export function digit(index: number): Uint8Array {
  const { samples } = loadMnistPackage();
  return samples[(index * 37) % samples.length]?.content ?? new Uint8Array();
}

/** What came back. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: {
    readonly answer: number;
    readonly receipt: Record<string, unknown>;
    readonly error: { readonly code: string; readonly message: string };
  };
};

/** A payer with its own wallet, who counts for itself what it owes. */
export async function openPayer({ service, session }: Open, key: string, deposit: bigint) {
  const wallet = accountOf(`0x${key.padStart(64, "0")}`);
  const { model } = service.context;
  await session.chain.fund(wallet.address, 10n ** 18n);
  await session.endow(wallet, deposit);
  if (deposit > 0n) await session.contracts.deposit(wallet, model.id, deposit);
  return payerOf(service, wallet);
}

/** The payer of a wallet, with an open service that may be another one than it deposited with. */
export function payerOf(service: Service, wallet: ReturnType<typeof accountOf>) {
  const { app, context } = service;
  const price = BigInt(context.feeUnits) * context.model.feeUnitWei;
  const voucher = async (cumulative: bigint, other: Partial<SignedVoucher> = {}): Promise<SignedVoucher> => {
    const required = await demand();
    const { terms } = termsFromX402(required.accepts);
    return await signVoucher(
      wallet,
      { chainId: terms.chainId, vault: terms.vault },
      { operator: terms.operator, model: terms.model, cumulative, expiry: BigInt(terms.minExpiry), ...other },
    );
  };
  const demand = async (): Promise<PaymentRequired> => {
    const reply = await send({ content: pixelsOf(digit(0)) }, { "idempotency-key": newRequestKey() });
    return readPaymentRequired(String(reply.headers["payment-required"]));
  };
  const send = async (payload: unknown, headers: Record<string, string>): Promise<Reply> => {
    const answer = await app.inject({
      method: "POST",
      url: "/infer",
      headers: { "content-type": "application/json", ...headers },
      payload: typeof payload === "string" ? payload : JSON.stringify(payload),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  const paidWith = async (signed: SignedVoucher): Promise<string> => {
    const { accepted } = termsFromX402((await demand()).accepts);
    return paymentSignatureHeader({ accepted, payload: voucherToPayload(signed) });
  };
  return {
    wallet,
    price,
    demand,
    voucher,
    send,
    paidWith,
    /** Asks with a voucher for `answers` answers in all. */
    async ask(
      answers: number | SignedVoucher,
      content = digit(answers === 0 ? 0 : 1),
      key = newRequestKey(),
    ) {
      const signed = typeof answers === "number" ? await voucher(BigInt(answers) * price) : answers;
      const headers = { "idempotency-key": key, "payment-signature": await paidWith(signed) };
      return { key, ...(await send({ content: pixelsOf(content) }, headers)) };
    },
  };
}

export type Payer = Awaited<ReturnType<typeof openPayer>>;

/** A digit as a body has it. */
export function pixelsOf(content: Uint8Array): { pixels: number[] } {
  return { pixels: [...content] };
}
