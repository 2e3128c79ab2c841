// Deploying through a JSON-RPC node: planned, cut off at its worst moments, verified; then a project on it,
// whose contributor, validator and payer each bring their own key.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { exampleConfig, readDeployConfig } from "../../../pipeline/deploy/config.ts";
import { readDeploymentFile } from "../../../pipeline/deploy/file.ts";
import { accountOf } from "../../../pipeline/engine/ethers.ts";
import { type Node, startNode } from "../chain/server.ts";
import { digitFolder, inProcess, quittanceAside } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-deploy-"));
const config = join(folder, "deploy.json");
const out = join(folder, "deployment.json");
const key = (byte: string): string => `0x${byte.repeat(32)}`;
const [DEPLOYER, OPERATOR, CONTRIBUTOR] = [key("31"), key("32"), key("33")];
const deployer = accountOf(DEPLOYER);
let node: Node;

beforeAll(async () => {
  node = await startNode();
  for (const one of [DEPLOYER, OPERATOR, CONTRIBUTOR])
    await node.chain.fund(accountOf(one).address, 10n ** 20n);
  const fees = { protocolBps: 100, developerBps: 900, validatorsBps: 300 };
  const settings = { format: "quittance-deploy/1", rpc: node.url, chainId: 31_337, profile: "tiny", fees };
  writeFileSync(config, JSON.stringify(settings));
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const nonce = async (): Promise<number> =>
  Number(
    await node.chain.provider.request({
      method: "eth_getTransactionCount",
      params: [deployer.address, "latest"],
    }),
  );
const deploy = (more: readonly string[], started?: (kill: () => void) => void) =>
  quittanceAside(
    ["deploy", "--config", config, "--out", out, ...more],
    { QUITTANCE_DEPLOYER_KEY: DEPLOYER },
    started,
  );
type Json<T> = { readonly ok: boolean; readonly result: T };
const result = <T>(text: string): T => (JSON.parse(text) as Json<T>).result;

describe("a configuration", () => {
  it("has an example that is one", () => {
    const path = join(folder, "example.json");
    writeFileSync(path, exampleConfig());
    expect(readDeployConfig(path).governance?.proposalThreshold).toBe(100_000n * 10n ** 18n);
  });

  it.each([
    [{}, /format/],
    [{ format: "quittance-deploy/1" }, /chainId/],
    [{ format: "quittance-deploy/1", chainId: 1, key: "0x12" }, /key/],
    [{ format: "quittance-deploy/1", chainId: 1, fees: { protocolBps: 1 } }, /fees\.developerBps/],
    [{ format: "quittance-deploy/1", chainId: 1, rpc: "localhost" }, /rpc/],
  ])("%j is refused with the place", (value, message) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, JSON.stringify(value));
    expect(() => readDeployConfig(path)).toThrow(message);
  });
});

describe("quittance deploy", () => {
  it("says what it will do and cost, and stops there without a yes", async () => {
    const run = await deploy(["--json"]);
    expect(run.code, run.err).toBe(0);
    const { deployed, plan } = result<{ deployed: boolean; plan: { steps: unknown[]; costWei: string } }>(
      run.out,
    );
    expect(deployed).toBe(false);
    expect(plan.steps).toHaveLength(13);
    expect(BigInt(plan.costWei)).toBeGreaterThan(0n);
    expect(run.err).toMatch(/Groth16Verifier +\d+/);
    expect(node.sent).toEqual([]);
    expect(existsSync(out)).toBe(false);
  });

  it("refuses before anything is sent: another chain, no money, local keys on a public chain", async () => {
    const path = join(folder, "other.json");
    const write = (chainId: number, rpc: string): void =>
      writeFileSync(path, JSON.stringify({ format: "quittance-deploy/1", rpc, chainId, profile: "tiny" }));
    const run = (secret: string) =>
      quittanceAside(["deploy", "--config", path, "--out", join(folder, "no.json"), "--yes"], {
        QUITTANCE_DEPLOYER_KEY: secret,
      });
    write(5, node.url);
    expect((await run(DEPLOYER)).err).toMatch(/Deploy\.WrongChain/);
    write(31_337, node.url);
    expect((await run(key("77"))).err).toMatch(/Deploy\.Funds/);
    const open = await startNode(5);
    try {
      await open.chain.fund(deployer.address, 10n ** 20n);
      write(5, open.url);
      const refused = await run(DEPLOYER);
      expect(refused.code).toBe(2);
      expect(refused.err).toMatch(/refused: VerifierLocalKeysOnPublicChain/);
      expect(open.sent).toEqual([]);
    } finally {
      await open.close();
    }
    expect(node.sent).toEqual([]);
  });

  it("goes on after kills before sending and after sending, and creates nothing twice", async () => {
    const first = await nonce();
    // Killed with the third transaction signed and written down, and not sent.
    let seen = 0;
    let kill = (): void => {};
    node.before = (method) => {
      if (method !== "eth_sendRawTransaction" || ++seen < 3) return;
      kill();
      return new Promise<void>(() => {});
    };
    await deploy(["--yes"], (end) => (kill = end));
    expect(await nonce()).toBe(first + 2);
    expect(existsSync(`${out}.journal`)).toBe(true);
    // Killed with the next one mined, and its answer lost.
    node.before = () => {};
    node.after = (method) => {
      if (method !== "eth_sendRawTransaction") return;
      kill();
      return new Promise<void>(() => {});
    };
    await deploy(["--yes"], (end) => (kill = end));
    node.after = () => {};
    expect(await nonce()).toBe(first + 3);

    const run = await deploy(["--yes", "--json"]);
    expect(run.code, run.err).toBe(0);
    const told = result<{ verified: boolean; checks: { name: string; ok: boolean }[] }>(run.out);
    expect(told.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(told.verified).toBe(true);
    expect(await nonce()).toBe(first + 13);
    expect(existsSync(`${out}.journal`)).toBe(false);
    expect(readDeploymentFile(out).transactions).toHaveLength(13);
  });

  it("verifies again when it is finished, sends nothing, and sees what differs", async () => {
    const count = node.sent.length;
    expect((await deploy(["--yes"])).code).toBe(0);
    expect(node.sent).toHaveLength(count);
    const { contracts, block, transactions } = readDeploymentFile(out);
    const { datanets, vault } = contracts;
    const { request } = node.chain.provider;
    const blocks = await Promise.all(
      transactions.map(async ({ hash }) => {
        const mined = await request({ method: "eth_getTransactionReceipt", params: [hash] });
        return Number((mined as { blockNumber: string }).blockNumber);
      }),
    );
    expect(block).toBe(Math.min(...blocks));
    const code = String(await request({ method: "eth_getCode", params: [vault, "latest"] }));
    const changed = `${code.slice(0, -2)}${code.endsWith("00") ? "01" : "00"}`;
    await request({ method: "hardhat_setCode", params: [vault, changed] });
    const kept = readFileSync(out, "utf8");
    // Files of earlier versions name no block.
    writeFileSync(out, JSON.stringify({ ...JSON.parse(kept), block: undefined }));
    const run = await deploy(["--yes"]);
    await request({ method: "hardhat_setCode", params: [vault, code] });
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/✗ code: other code: vault/);
    expect(run.out).toMatch(/✓ first block: not in the file/);
    expect(run.out).toMatch(/NOT VERIFIED/);
    const later = { ...JSON.parse(kept.replace(datanets, vault)), block: Math.min(...blocks) + 1 };
    writeFileSync(out, JSON.stringify(later));
    const moved = await deploy(["--yes"]);
    writeFileSync(out, kept);
    expect(moved.code).toBe(1);
    expect(moved.out).toMatch(/✗ addresses: .*datanets/);
    expect(moved.out).toMatch(/✗ first block: .*would be missed/);
  });

  it("does not mix deployments", async () => {
    const other = join(folder, "others.json");
    const settings = JSON.parse(readFileSync(config, "utf8")) as Record<string, unknown>;
    writeFileSync(
      other,
      JSON.stringify({ ...settings, fees: { protocolBps: 0, developerBps: 0, validatorsBps: 0 } }),
    );
    const run = await quittanceAside(["deploy", "--config", other, "--out", out, "--yes"], {
      QUITTANCE_DEPLOYER_KEY: DEPLOYER,
    });
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/Deploy\.OutTaken/);
  });
});

describe("a project on a deployment", () => {
  const shop = join(folder, "shop");
  const [both, mine, questions] = [
    join(folder, "both.csv"),
    join(folder, "mine.csv"),
    join(folder, "digits"),
  ];
  const at = (): string[] => ["--profile", "tiny", "--chain", node.url, "--deployment", out];
  const as = (env: Record<string, string>, ...args: string[]) =>
    inProcess([...args, "--project", shop, "--json"], env);
  const operator = { QUITTANCE_OPERATOR_KEY: OPERATOR };
  // Who deployed holds the tokens: here it also validates and pays.
  const validator = { QUITTANCE_VALIDATOR_KEY: DEPLOYER };
  const payer = { QUITTANCE_PAYER_KEY: DEPLOYER };

  beforeAll(() => {
    digitFolder(questions, 12, 4);
    const samples = loadMnistPackage().samples.filter(({ label }) => label < 3);
    const row = (contributor: string, index: number): string => {
      const { label, content } = samples[index] as (typeof samples)[number];
      return [contributor, `${contributor}-${index}`, label, ...content].join(",");
    };
    const rows = (contributor: string, from: number): string[] =>
      Array.from({ length: 7 }, (_, i) => row(contributor, from + i));
    const header = ["contributor,id,label", ...Array.from({ length: 784 }, (_, i) => `p${i}`)].join(",");
    writeFileSync(both, `${[header, ...rows("ann", 0), ...rows("bob", 7)].join("\n")}\n`);
    writeFileSync(mine, `${[header, ...rows("ann", 0)].join("\n")}\n`);
  });

  it("wants to know its contracts, and takes them from the file", async () => {
    const lost = await as(operator, "train", "--data", mine, "--profile", "tiny", "--chain", node.url);
    expect(lost.code).toBe(2);
    expect(lost.out).toMatch(/Session\.NoDeployment.*quittance deploy/s);
    const made = await as(operator, "datanet", "create", "--name", "digits", "--validated", ...at());
    expect(made.code, made.err).toBe(0);
  });

  it("lets each contributor sign with its own key, one at a time", async () => {
    const contributor = { QUITTANCE_CONTRIBUTOR_KEY: CONTRIBUTOR };
    const all = await as({ ...operator, ...contributor }, "contribute", "--data", both);
    expect(all.code).toBe(2);
    expect(all.out).toMatch(/Contribute\.ManyContributors.*ann, bob/s);
    const who = ["--data", both, "--contributor", "ann"];
    expect((await as(operator, "contribute", ...who)).out).toMatch(
      /Session\.NoWallet.*QUITTANCE_CONTRIBUTOR_KEY/s,
    );
    const run = await as(contributor, "contribute", ...who);
    expect(run.code, run.err).toBe(0);
    const { contributors } = result<{ contributors: { name: string; account: string }[] }>(run.out);
    expect(contributors).toMatchObject([{ name: "ann", account: accountOf(CONTRIBUTOR).address }]);
  });

  it("judges as one validator, window by window", async () => {
    type Moved = { did: string; status: string; next?: number };
    const step = async (): Promise<Moved | undefined> => {
      const run = await as(validator, "validate");
      expect(run.code, run.out).toBe(0);
      const moved = result<Moved[]>(run.out);
      expect(moved).toHaveLength(2);
      return moved[1];
    };
    expect(await step()).toMatchObject({ did: "committed", status: "pending" });
    expect(await step()).toMatchObject({ did: "waited", status: "pending" });
    await node.chain.travel(86_401);
    expect(await step()).toMatchObject({ did: "closed", status: "accepted" });
    expect(await step()).toMatchObject({ did: "nothing", status: "accepted" });
  });

  it("trains on what was contributed, and answers on a payer's own voucher", async () => {
    const trained = await as(operator, "train", "--data", mine, "--unproven");
    expect(trained.code, trained.err).toBe(0);
    const ask = ["infer", "--data", questions, "--limit", "2", "--payer", "carol"];
    expect((await as(operator, ...ask)).out).toMatch(/Infer\.VoucherMissing.*quittance voucher/s);
    const voucher = join(folder, "voucher.json");
    const sign = (tokens: string) =>
      as(payer, "voucher", "--payer", "carol", "--in-all", tokens, "--out", voucher);
    expect((await sign("0.0002")).err).toMatch(/deposit more/);
    expect((await as(operator, ...ask, "--voucher", voucher)).out).toMatch(/Infer\.VoucherRefused/);
    const deposited = await as(payer, "deposit", "--payer", "carol", "--amount", "0.0003");
    expect(deposited.code, deposited.err).toBe(0);
    const paid = await as(operator, ...ask, "--voucher", voucher);
    expect(paid.code, paid.err).toBe(0);
    expect(result<{ receipt: { payer: string } }[]>(paid.out)).toMatchObject([
      { receipt: { payer: deployer.address } },
      { receipt: { payer: deployer.address } },
    ]);
    // The second time the same voucher owes more than it says.
    expect((await as(operator, ...ask, "--voucher", voucher)).out).toMatch(/Infer\.VoucherRefused/);
  });
});
