// The economy on a local chain, through the tool alone: a judged datanet, a payer with a voucher, disputes
// that are answered and one that is not, a decision that takes effect. Most calls run in this process; a few
// are processes of their own, as a user starts them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  parseReceipt,
  type Receipt,
  receiptRecord,
  receiptText,
  signReceipt,
} from "../../../pipeline/receipts.ts";
import { openSecrets } from "../../../pipeline/secrets.ts";
import { loadProfile, recordLeaf } from "../../../prover/index.ts";
import { digitFolder, inProcess, quittance, type Ran } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-economy-"));
const shop = join(folder, "shop");
const data = join(folder, "digits");
const voucher = join(folder, "voucher.json");
beforeAll(() => {
  digitFolder(data, 12, 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inShop = (...args: string[]): Promise<Ran> => inProcess([...args, "--project", shop, "--json"]);
/** What a call that must succeed says. */
async function told<T>(...args: string[]): Promise<T> {
  const run = await inShop(...args);
  expect(run.code, `${args.join(" ")}\n${run.out}${run.err}`).toBe(0);
  return (JSON.parse(run.out) as { result: T }).result;
}
async function refused(message: RegExp, ...args: string[]): Promise<void> {
  const run = await inShop(...args);
  expect(run.out).toMatch(message);
  expect(run.code).toBe(2);
}
const receiptPath = (epoch: number, place: number): string => {
  const [model = ""] = readdirSync(join(shop, "receipts"));
  return join(shop, "receipts", model, String(epoch), `${String(place).padStart(6, "0")}.json`);
};

/** Who earned something in the first epoch. */
let earned: readonly { readonly account: string; readonly payoutWei: string }[] = [];

describe("the economy, step by step", () => {
  it("takes only batches of who is allowed, and only judged ones", async () => {
    await refused(/Project\.Missing/, "datanet", "show");
    const started = quittance(["datanet", "show", "--project", shop, "--json"]);
    expect([started.code, JSON.parse(started.out)]).toMatchObject([2, { error: "Project.Missing" }]);
    await told(
      "datanet",
      "create",
      "--name",
      "d",
      "--policy",
      "allowlist",
      "--validated",
      "--profile",
      "tiny",
    );
    const shown = await inProcess(["datanet", "show", "--project", shop]);
    expect(shown.out).toMatch(/0 batches accepted, 0 versions published; no licence said\./);
    await refused(/DatanetsNotAdmitted/, "contribute", "--data", data);
    const writers = ["11", "22", "33", "44", "55"].map((id) => `writer-${id}`);
    expect(await told("datanet", "allow", ...writers)).toHaveLength(5);
    await refused(/Contribute\.NobodyOfThatName/, "contribute", "--data", data, "--contributor", "nobody");
    // On a local chain nobody has a key of its own: there is nothing to hand over.
    const local = ["--contributor", "writer-22", "--prepare", join(folder, "request.json")];
    await refused(/Handover\.Local/, "contribute", "--data", data, ...local);
    const some = await told<{ contributors: unknown[] }>(
      "contribute",
      "--data",
      data,
      "--contributor",
      "writer-22",
    );
    expect(some.contributors).toHaveLength(1);
    const all = await told<{ contributors: { batches: { id: string }[] }[] }>("contribute", "--data", data);
    expect(all.contributors.flatMap(({ batches }) => batches)).toHaveLength(5);
    await refused(/Train\.NotAccepted.*quittance validate/s, "train", "--data", data, "--unproven");
    const judged = await told<{ status: string }[]>("validate", "--validators", "2");
    expect(judged.map(({ status }) => status)).toEqual(new Array(5).fill("accepted"));
    expect(await told("dispute", "duplicate")).toEqual([]);
    await refused(/Challenge\.NoDuplicate/, "dispute", "duplicate", "2");
    const model = await told<{ contributors: unknown[] }>("train", "--data", data, "--unproven");
    expect(model.contributors).toHaveLength(5);
  });

  it("answers on a voucher that its payer signed ahead, and on no other", async () => {
    await told("deposit", "--payer", "alice", "--amount", "2.5");
    await told("voucher", "--payer", "alice", "--in-all", "0.00031", "--out", voucher);
    const ask = ["infer", "--data", data, "--payer", "alice", "--limit", "2", "--voucher", voucher];
    await told(...ask);
    await refused(/Infer\.VoucherRefused/, ...ask);
    await told(...ask.with(6, "1"), "--offset", "2");
    await refused(/bob\W+is 0x.*leave out --payer/, ...ask.with(4, "bob"));
    writeFileSync(voucher, readFileSync(voucher, "utf8").replace("310000000000000", "910000000000000"));
    await refused(/signature is not the payer/, ...ask);
    await refused(/Voucher\.File/, ...ask.slice(0, -1), join(data, "writers-train.tsv"));
    await refused(/no amount of QUIT/, "deposit", "--payer", "alice", "--amount", "2,5");
    await refused(/Only 2\.5 \w+ are unspent/, "deposit", "--payer", "alice", "--amount", "3", "--withdraw");
    const asked = await told<{ requested: string; withdrawn: string }>(
      ...["deposit", "--payer", "alice", "--amount", "1", "--withdraw"],
    );
    expect(asked).toMatchObject({ requested: String(10n ** 18n), withdrawn: "0" });
  });

  it("answers a challenged batch with its proof, and an omission with the receipt's", async () => {
    await told("dispute", "bond", "--amount", "1");
    await told("dispute", "batch", "0");
    expect(await told("dispute", "answer", "1")).toMatchObject({ open: false, kind: "batch", frozen: false });
    const early = ["dispute", "omission", receiptPath(1, 2), "--as", "alice"];
    await refused(/DisputesTooEarly/, ...early);
    const { payouts } = await told<{ payouts: { account: string; payoutWei: string }[] }>("settle");
    earned = payouts.filter(({ payoutWei }) => BigInt(payoutWei) > 0n);
    await refused(/DisputesNotPayer/, ...early.with(4, "mallory"));
    expect(await told(...early)).toMatchObject({ open: true, kind: "omission" });
    expect(await told("dispute", "answer", "2")).toMatchObject({ open: false, collectable: "0" });
    await refused(/Dispute\.Closed/, "dispute", "answer", "2");
    await refused(/Dispute\.Unknown/, "dispute", "answer", "9");
  });

  it("slashes the bond for two receipts of one request", async () => {
    const first = parseReceipt(readFileSync(receiptPath(1, 0), "utf8"), "receipt");
    const key = openSecrets(join(shop, "secrets.json")).walletKey("operator");
    const { signature: _, ...unsigned } = first;
    const changed = { ...unsigned, opening: { ...first.opening, answer: (first.opening.answer + 1) % 3 } };
    const leaf = recordLeaf(receiptRecord(changed as Receipt), loadProfile("tiny"));
    const second = join(folder, "second.json");
    writeFileSync(second, receiptText(await signReceipt(key, { ...changed, leaf })));
    await refused(/DisputesNoEquivocation/, "dispute", "equivocation", receiptPath(1, 0), receiptPath(1, 0));
    const reward = await told<{ reward: string; account: string }>(
      ...["dispute", "equivocation", receiptPath(1, 0), second],
    );
    expect(BigInt(reward.reward)).toBe(5n * 10n ** 17n);
    expect(await told("dispute", "collect", reward.account)).toMatchObject({ paid: reward.reward });
  });

  it("freezes the model when a challenge stays without answer", async () => {
    await told("dispute", "batch", "1");
    await refused(/Window\.Open.*--travel/s, "dispute", "resolve", "3");
    expect(await told("dispute", "resolve", "3", "--travel")).toMatchObject({ open: false, frozen: true });
    expect(await told<{ disputes: unknown[] }>("dispute", "show")).toMatchObject({ frozen: true });
  });

  it("carries out what was voted for, once every window has passed", async () => {
    await refused(/Vote\.NothingProposed/, "vote", "propose");
    await refused(
      /FeeScheduleSplitOutOfBounds.*make the shares smaller/s,
      "vote",
      "propose",
      "--split",
      "9000,1,1",
    );
    await refused(/FeeScheduleWindowOutOfBounds/, "vote", "propose", "--windows", "8,4000");
    const { id } = await told<{ id: string }>(
      "vote",
      "propose",
      "--split",
      "200,1000,500",
      "--windows",
      "8,4",
    );
    await refused(/Window\.Open.*Voting begins/s, "vote", "cast", id);
    expect(await told("vote", "cast", id, "--travel")).toMatchObject({ state: "active" });
    await refused(/Vote\.NotDecided/, "vote", "execute", id);
    expect(await told("vote", "queue", id, "--travel")).toMatchObject({ state: "queued" });
    expect(await told("vote", "execute", id, "--travel")).toMatchObject({ state: "executed" });
    expect(await told("vote", "show")).toMatchObject({
      split: { protocolBps: "200", developerBps: "1000", validatorsBps: "500" },
      windows: { proving: 8 * 86_400, answer: 4 * 86_400 },
    });
  });

  it("pays validators, and gives payers and contributors back what is theirs", async () => {
    const paid = await told<{ paid: string }[]>("validate", "--validators", "2", "--collect");
    expect(paid.map((one) => BigInt(one.paid) > 0n)).toEqual([true, true]);
    const left = await told<{ withdrawn: string }>(
      ...["deposit", "--payer", "alice", "--amount", "1", "--withdraw", "--travel"],
    );
    expect(left.withdrawn).toBe(String(10n ** 18n));
    const [one = { account: "", payoutWei: "0" }] = earned;
    const to = `0x${"12".repeat(20)}`;
    await refused(/Say whose earnings/, "claim", "--to", to);
    await refused(/Claim\.NotAContributor/, "claim", "--to", to, "--account", to);
    expect(await told("claim", "--to", to, "--account", one.account)).toMatchObject({
      paidWei: one.payoutWei,
    });
    await told("datanet", "withdraw", "3");
    const shown = quittance(["datanet", "show", "--project", shop, "--json"]);
    type Shown = { result: { batches: { id: string; withdrawn: boolean }[] } };
    const { batches } = (JSON.parse(shown.out) as Shown).result;
    expect(batches.filter(({ withdrawn }) => withdrawn).map(({ id }) => id)).toEqual(["3"]);
  });

  it("teaches in --help, with an example for every command", async () => {
    const groups = {
      datanet: ["create", "show", "publish", "allow", "withdraw"],
      dispute: [
        "bond",
        "omission",
        "batch",
        "equivocation",
        "duplicate",
        "answer",
        "resolve",
        "collect",
        "show",
      ],
      vote: ["propose", "cast", "queue", "execute", "show"],
      token: ["send", "show"],
    };
    for (const [group, names] of Object.entries(groups)) {
      const { out } = await inProcess([group, "--help"]);
      for (const name of names) expect(out).toMatch(new RegExp(`^ {2}${name} `, "m"));
    }
    const alone = ["contribute", "validate", "deposit", "voucher", "deploy"].map((name) => [name]);
    const commands = [...alone, ...Object.entries(groups).map(([group, [name = ""]]) => [group, name])];
    for (const command of commands) {
      const run = await inProcess([...command, "--help"]);
      expect(run.code).toBe(0);
      expect(run.out).toMatch(new RegExp(`Example[^]*quittance ${command.join(" ")}`));
    }
  });
});
