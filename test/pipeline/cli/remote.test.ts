// The whole economy on a chain behind JSON-RPC, everybody with a key of their own: contracts from a
// configuration, contributors, validators with nothing but a file of batches, a payer, a challenger and a
// voter with nothing but the deployment file. Nobody's key is in the environment of anybody else's command.
// The model is paid in a coin of 6 decimals; validators stake, and holders vote, in the deployment's own
// token.
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import { send } from "../../../pipeline/chain/client.ts";
import { openContracts } from "../../../pipeline/chain/contracts.ts";
import { deployContract } from "../../../pipeline/chain/deploy.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { deploymentOf, readDeploymentFile } from "../../../pipeline/deploy/file.ts";
import { type Account, accountOf, checksumAddress, codecOf } from "../../../pipeline/engine/ethers.ts";
import { writeVoucherFile } from "../../../pipeline/payments/voucher-file.ts";
import { signVoucher } from "../../../pipeline/payments/vouchers.ts";
import { type Node, startNode } from "../chain/server.ts";
import { digitFolder, inProcess, type Ran, refused, told } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-remote-"));
const [config, deployment, shop] = ["deploy.json", "deployment.json", "shop"].map((name) =>
  join(folder, name),
) as [string, string, string];
const [both, questions, batches] = ["both.csv", "digits", "batches.json"].map((name) =>
  join(folder, name),
) as [string, string, string];
const DAY = 86_400;
const COIN = 10n ** 18n;
const ROLES = [
  ...["deployer", "operator", "ann", "bob", "first", "second", "payer", "challenger", "voter", "stranger"],
] as const;
type Person = (typeof ROLES)[number];
const key = (person: Person): string => `0x${String(ROLES.indexOf(person) + 41).repeat(32)}`;
const person = (who: Person): Account => accountOf(key(who));

let node: Node;
let model = "";
/** What the model is paid in: not the deployment's own token, and of 6 decimals. */
let coin = "";
const UNIT = 10n ** 6n;

/** A command of somebody, in a role, with nobody else's key. */
const as = (who: Person, role: string, ...args: string[]): Promise<Ran> =>
  inProcess([...args, "--json"], { [`QUITTANCE_${role.toUpperCase()}_KEY`]: key(who) });
const inShop = (who: Person, role: string, ...args: string[]) => as(who, role, ...args, "--project", shop);
/** Without a project: the chain and the deployment file alone. */
const atDesk = (who: Person, role: string, ...args: string[]) =>
  as(who, role, ...args, "--deployment", deployment, "--chain", node.url);
const operator = (...args: string[]) => inShop("operator", "operator", ...args);
const contracts = async () => await openContracts(node.chain, deploymentOf(readDeploymentFile(deployment)));
const receipt = (place: number): string => {
  const [id = ""] = readdirSync(join(shop, "receipts"));
  const mine = join(folder, `receipt-${place}.json`);
  copyFileSync(join(shop, "receipts", id, "1", `${String(place).padStart(6, "0")}.json`), mine);
  return mine;
};

beforeAll(async () => {
  node = await startNode();
  for (const who of ROLES) await node.chain.fund(person(who).address, 10n ** 20n);
  const fees = { protocolBps: 200, developerBps: 1_000, validatorsBps: 300 };
  writeFileSync(
    config,
    JSON.stringify({ format: "quittance-deploy/1", rpc: node.url, chainId: 31_337, profile: "tiny", fees }),
  );
  digitFolder(questions, 12, 6);
  const samples = loadMnistPackage().samples.filter(({ label }) => label < 3);
  const row = (who: string, index: number): string => {
    const { label, content } = samples[index] as (typeof samples)[number];
    return [who, `${who}-${index}`, label, ...content].join(",");
  };
  const header = ["contributor,id,label", ...Array.from({ length: 784 }, (_, i) => `p${i}`)].join(",");
  const rows = Array.from({ length: 14 }, (_, i) => row(i < 7 ? "ann" : "bob", i));
  writeFileSync(both, `${[header, ...rows].join("\n")}\n`);
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("an economy behind JSON-RPC", () => {
  it("is deployed, and verified by somebody without a key", async () => {
    const made = await told<{ verified: boolean }>(
      as("deployer", "deployer", "deploy", "--config", config, "--out", deployment, "--yes"),
    );
    expect(made.verified).toBe(true);
    const check = () => inProcess(["deploy", "--check", deployment, "--chain", node.url, "--json"]);
    const checked = await told<{ verified: boolean; checks: { name: string; ok: boolean }[] }>(check());
    expect(checked.checks.map(({ name }) => name)).toContain("plan");
    expect(checked.verified).toBe(true);
    // Other settings than those that the contracts were made with are seen.
    const kept = readFileSync(deployment, "utf8");
    writeFileSync(deployment, kept.replace('"protocolBps": 200', '"protocolBps": 100'));
    const other = await check();
    writeFileSync(deployment, kept);
    expect(other.code).toBe(1);
    expect(other.out).toMatch(/"name": "plan",\s*"ok": false/);
    expect(other.out).toMatch(/"name": "creation",\s*"ok": false/);
    writeFileSync(deployment, JSON.stringify({ ...JSON.parse(kept), settings: undefined }));
    await refused(/Deploy\.NoSettings/, check());
    writeFileSync(deployment, kept);
    // All tokens are the deployer's, who hands them out.
    const give = { first: 20_000n, second: 20_000n, voter: 50_000_000n };
    for (const [who, amount] of Object.entries(give)) {
      const { address } = person(who as Person);
      const send = ["token", "send", address, "--amount", String(amount)];
      expect(await told(atDesk("deployer", "holder", ...send))).toMatchObject({ to: address });
      const shown = ["token", "show", address, "--deployment", deployment, "--chain", node.url, "--json"];
      expect(await told(inProcess(shown))).toMatchObject({ balance: String(amount * COIN), votes: "0" });
    }
    await refused(/no address/, atDesk("deployer", "holder", "token", "send", "bob", "--amount", "1"));
  });

  it("takes each contributor's own signature", async () => {
    const at = ["--profile", "tiny", "--chain", node.url, "--deployment", deployment];
    const { TestToken } = await contractArtifacts();
    coin = (await deployContract(node.chain, person("deployer"), TestToken, [])).created;
    const codec = codecOf(TestToken.abi);
    for (const who of ["operator", "payer", "challenger"] as const) {
      const data = codec.call("mint", [person(who).address, 100n * UNIT]);
      await send(node.chain, person("deployer"), { to: coin, data });
    }
    const terms = ["--validated", "--token", coin, "--fee-unit-wei", "10"];
    await told(operator("datanet", "create", "--name", "digits", ...terms, ...at));
    for (const who of ["ann", "bob"] as const) {
      const one = ["contribute", "--data", both, "--contributor", who];
      const run = inShop(who, "contributor", ...one);
      expect(await told(run)).toMatchObject({ contributors: [{ name: who, account: person(who).address }] });
    }
    await refused(/Train\.NotAccepted/, operator("train", "--data", both, "--unproven"));
  });

  it("is judged by validators who have a file of batches and nothing else", async () => {
    await told(operator("datanet", "export", "--out", batches));
    type Moved = { did: string; status: string }[];
    const judge = (who: Person, ...more: string[]) =>
      told<Moved>(
        atDesk(who, "validator", "validate", "--batches", batches, "--keep", join(folder, who), ...more),
      );
    await refused(
      /Session\.NoKey.*QUITTANCE_VALIDATOR_KEY/s,
      atDesk("first", "payer", "validate", "--batches", batches),
    );
    const committed = [await judge("first"), await judge("second")];
    expect(committed.flat().map(({ did }) => did)).toEqual(
      new Array(committed.flat().length).fill("committed"),
    );
    await node.chain.travel(DAY + 1);
    expect((await judge("first")).map(({ did }) => did)).toContain("revealed");
    expect((await judge("second")).map(({ status }) => status)).toEqual(committed[0]?.map(() => "accepted"));
    // A file that says something else than the chain.
    const wrong = join(folder, "wrong.json");
    const text = readFileSync(batches, "utf8");
    writeFileSync(wrong, text.replace(/"datanets":"0x../, '"datanets":"0x00'));
    await refused(/Batches\.File/, atDesk("first", "validator", "validate", "--batches", wrong));
    writeFileSync(wrong, text.replace("quittance-batches/1", "quittance-batches/2"));
    await refused(/Batches\.File/, atDesk("first", "validator", "validate", "--batches", wrong));
  });

  it("answers a payer who has no project", async () => {
    const refusing = ["train", "--data", both, "--unproven", "--token", person("voter").address];
    await refused(/ModelsTokenNotAllowed/, operator(...refusing));
    const trained = await told<{ id: string }>(operator("train", "--data", both, "--unproven"));
    model = trained.id;
    await told(operator("dispute", "bond", "--amount", "1"));
    const payer = (...args: string[]) => atDesk("payer", "payer", ...args, "--model", model);
    await refused(/Say where/, as("payer", "payer", "deposit", "--amount", "1"));
    await refused(/no model/, atDesk("payer", "payer", "deposit", "--amount", "1", "--model", "0x12"));
    await refused(/--model ID/, atDesk("payer", "payer", "deposit", "--amount", "1"));
    await refused(
      /Session\.NoKey.*QUITTANCE_PAYER_KEY/s,
      atDesk("payer", "voter", "deposit", "--amount", "1", "--model", model),
    );
    const deposited = await told<{ payer: string; unspent: string }>(payer("deposit", "--amount", "2"));
    expect(deposited).toMatchObject({ payer: person("payer").address, unspent: String(2n * UNIT) });
    const voucher = join(folder, "voucher.json");
    await told(payer("voucher", "--in-all", "0.5", "--out", voucher));
    const ask = ["infer", "--data", questions, "--limit", "3", "--payer", "carol", "--voucher", voucher];
    expect(await told<unknown[]>(operator(...ask))).toHaveLength(3);
    await told(operator("settle"));
  });

  it("redeems a voucher by itself, from a desk, for a contract wallet and for a key", async () => {
    const c = await contracts();
    const { TestToken, TestWallet } = await contractArtifacts();
    const [token, code] = [codecOf(TestToken.abi), codecOf(TestWallet.abi)];
    const owner = person("challenger");
    const { created } = await deployContract(node.chain, owner, TestWallet, [owner.address]);
    const wallet = checksumAddress(created);
    await send(node.chain, owner, { to: coin, data: token.call("transfer", [wallet, 3n * UNIT]) });
    const vault = c.deployment.vault;
    const vaultCodec = codecOf((await contractArtifacts()).Vault.abi);
    for (const [to, data] of [
      [coin, token.call("approve", [vault, 3n * UNIT])],
      [vault, vaultCodec.call("deposit", [model, 3n * UNIT])],
    ] as const)
      await send(node.chain, owner, { to: wallet, data: code.call("execute", [to, data]) });

    const file = join(folder, "wallet.json");
    const sign = (who: Person, inAll: string, ...more: string[]) =>
      told<{ payer: string }>(
        atDesk(who, "payer", "voucher", "--model", model, "--in-all", inAll, "--out", file, ...more),
      );
    const redeem = (who: Person, role = "operator") => atDesk(who, role, "voucher", "redeem", file);
    const ask = ["infer", "--data", questions, "--limit", "1", "--payer", "carol", "--voucher", file];
    expect(await sign("challenger", "1.5", "--wallet", wallet)).toMatchObject({ payer: wallet });
    // Nobody answers on what only code agreed to, and the refusal names the command that helps.
    await refused(/quittance voucher redeem, by anybody/, operator(...ask));
    expect(await c.chargeable(model, wallet)).toBe(0n);
    expect(await told(redeem("operator"))).toMatchObject({
      redeemed: true,
      payer: wallet,
      authorised: String((UNIT * 3n) / 2n),
      transaction: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    expect(await c.chargeable(model, wallet)).toBe((UNIT * 3n) / 2n);
    expect(await told<unknown[]>(operator(...ask))).toHaveLength(1);
    // Again: nothing is sent, and that is no failure, so that a command that was cut off can be repeated.
    const before = node.sent.length;
    expect(await told(operator("voucher", "redeem", file))).toMatchObject({ redeemed: false });
    await sign("challenger", "1", "--wallet", wallet);
    expect(await told(redeem("operator"))).toMatchObject({
      redeemed: false,
      authorised: String((UNIT * 3n) / 2n),
    });

    // What the vault would refuse, or cut down without a word, is said and not sent.
    await sign("stranger", "2", "--wallet", wallet);
    await refused(
      /Voucher\.NotRedeemable.*not that of .*, nor does the code there agree/s,
      redeem("operator"),
    );
    await sign("challenger", "3.25", "--wallet", wallet);
    await refused(
      /says 3250000 in all, and the deposit can bear 3000000 .*deposits 250000 more, or signs another/,
      redeem("operator"),
    );
    await sign("challenger", "2", "--wallet", wallet);
    await refused(/for operator 0x.*yours is the key of 0x/, redeem("voter"));
    const kept = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const but = (change: Record<string, unknown>): void =>
      writeFileSync(file, JSON.stringify({ ...kept, ...change }));
    but({ operator: person("voter").address });
    await refused(/for operator 0x.*, and the model's is 0x/, redeem("operator"));
    but({ model: `0x${"12".repeat(32)}` });
    await refused(/model 0x1212.* does not exist here/, redeem("operator"));
    but({ expiry: "1700000000" });
    await refused(/not that of/, redeem("operator"));
    but({ vault: coin });
    await refused(/Voucher\.File.*not a voucher for these contracts/s, redeem("operator"));
    await refused(/File\.Missing/, atDesk("operator", "operator", "voucher", "redeem", join(folder, "none")));
    await sign("payer", "0.75", "--days", "15");
    await refused(
      /Session\.NoKey.*QUITTANCE_OPERATOR_KEY/s,
      inProcess(["voucher", "redeem", file, "--deployment", deployment, "--chain", node.url, "--json"]),
    );
    await refused(/--in-all TOKENS/, atDesk("payer", "payer", "voucher", "--model", model));
    expect(node.sent.length).toBe(before);

    // A key's voucher, by somebody who is no operator.
    expect(await told(redeem("stranger", "payer"))).toMatchObject({
      payer: person("payer").address,
      redeemed: true,
      authorised: "750000",
    });
    const at = { chainId: node.chain.chainId, vault };
    const terms = {
      operator: person("operator").address,
      model,
      cumulative: 800_000n,
      expiry: 1_700_000_000n,
    };
    writeVoucherFile(file, at, await signVoucher(person("payer"), at, terms));
    await refused(
      /Voucher\.NotRedeemable.*it expired at .*Z\. Ask the payer for another/s,
      redeem("operator"),
    );
    await told(operator("settle"));
  });

  it("pays contributors when anybody says so, from the chain's events alone", async () => {
    const c = await contracts();
    await refused(
      /Claim\.NotAContributor/,
      atDesk("ann", "contributor", "claim", "--model", model, "--account", person("voter").address),
    );
    const paid = await told<{ account: string; paidWei: string }[]>(
      atDesk("stranger", "contributor", "claim", "--model", model),
    );
    expect(paid.length).toBeGreaterThan(0);
    for (const { account, paidWei } of paid)
      expect(await c.erc20Balance(coin, account)).toBe(BigInt(paidWei));
    expect(await told(atDesk("ann", "contributor", "claim", "--model", model))).toEqual([]);
  });

  it("hears a payer's dispute about a receipt, answered and not", async () => {
    const omission = (place: number) => atDesk("payer", "payer", "dispute", "omission", receipt(place));
    const opened = await told<{ dispute: string; open: boolean }>(omission(1));
    expect(opened.open).toBe(true);
    expect(await told(operator("dispute", "answer", opened.dispute))).toMatchObject({
      open: false,
      collectable: "0",
    });
    const second = await told<{ dispute: string }>(omission(2));
    const resolve = () => atDesk("payer", "payer", "dispute", "resolve", second.dispute);
    await refused(/Window\.Open/, resolve());
    await node.chain.travel(4 * DAY);
    const won = await told<{ collectable: string }>(resolve());
    expect(BigInt(won.collectable)).toBeGreaterThan(0n);
    const collect = ["dispute", "collect", person("payer").address, "--model", model];
    expect(await told(atDesk("stranger", "payer", ...collect))).toMatchObject({ paid: won.collectable });
    const shown = await told<{ disputes: unknown[] }>(
      inProcess([
        "dispute",
        "show",
        "--model",
        model,
        "--deployment",
        deployment,
        "--chain",
        node.url,
        "--json",
      ]),
    );
    expect(shown.disputes).toHaveLength(2);
  });

  it("freezes the model for a challenger who has no project", async () => {
    const challenge = ["dispute", "batch", "0", "--model", model];
    const { dispute } = await told<{ dispute: string }>(atDesk("challenger", "challenger", ...challenge));
    await node.chain.travel(4 * DAY);
    const ended = await told(atDesk("challenger", "challenger", "dispute", "resolve", dispute));
    expect(ended).toMatchObject({ open: false, frozen: true });
  });

  it("decides what its voters want", async () => {
    const voter = (...args: string[]) => atDesk("voter", "voter", "vote", ...args);
    const wanted = ["--split", "100,900,400", "--windows", "8,4", "--quorum", "700.5"];
    await refused(/Vote\.TooFewVotes/, atDesk("payer", "voter", "vote", "propose", ...wanted));
    await refused(/Vote\.NothingProposed/, voter("propose"));
    const { id } = await told<{ id: string }>(voter("propose", ...wanted));
    await refused(/Window\.Open/, voter("cast", id));
    await refused(/There is no proposal 7/, voter("queue", "7"));
    await node.chain.travel(3 * DAY);
    expect(await told(voter("cast", id))).toMatchObject({ state: "active" });
    await node.chain.travel(6 * DAY);
    // Anybody may carry out what was decided: the words are the chain's.
    const anybody = (...args: string[]) => atDesk("stranger", "voter", "vote", ...args, id);
    expect(await told(anybody("queue"))).toMatchObject({ state: "queued" });
    await node.chain.travel(3 * DAY);
    expect(await told(anybody("execute"))).toMatchObject({ state: "executed" });
    const shown = await told(
      inProcess(["vote", "show", "--deployment", deployment, "--json"], { QUITTANCE_RPC: node.url }),
    );
    expect(shown).toMatchObject({
      split: { protocolBps: "100", developerBps: "900", validatorsBps: "400" },
      windows: { proving: 8 * DAY, answer: 4 * DAY },
      quorum: String((7_005n * COIN) / 10n),
      proposals: [{ id, state: "executed" }],
    });
  });

  it("gives everybody back what is theirs", async () => {
    const payer = (...args: string[]) => atDesk("payer", "payer", ...args, "--model", model);
    const back = ["deposit", "--amount", "1", "--withdraw"];
    expect(await told(payer(...back))).toMatchObject({ withdrawn: "0" });
    await node.chain.travel(10 * DAY);
    expect(await told(payer(...back))).toMatchObject({ withdrawn: String(UNIT) });
    const collect = ["validate", "--batches", batches, "--collect"];
    const [paid] = await told<{ paid: string }[]>(atDesk("first", "validator", ...collect));
    expect(BigInt(paid?.paid ?? 0)).toBeGreaterThan(0n);
    await refused(
      /leave the others out/,
      as("payer", "payer", "vote", "show", "--project", shop, "--chain", node.url),
    );
    expect(existsSync(join(folder, "first"))).toBe(true);
    const withdraw = (who: Person) => atDesk(who, "contributor", "datanet", "withdraw", "1");
    await refused(/DatanetsWrongSignature/, withdraw("bob"));
    expect(await told(withdraw("ann"))).toMatchObject({ batch: "1", contributor: person("ann").address });
    await refused(/DatanetsAlreadyWithdrawn/, withdraw("ann"));
  });
});
