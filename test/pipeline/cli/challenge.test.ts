// A verdict that is a lie, and the challenges of it: by a validator who has the file of batches and no
// project, and from the operator's project. Who lies here calls the contracts: the tool would reject.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Contracts, openContracts } from "../../../pipeline/chain/contracts.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { deploymentOf, readDeploymentFile } from "../../../pipeline/deploy/file.ts";
import { type Account, accountOf } from "../../../pipeline/engine/ethers.ts";
import { type Node, startNode } from "../chain/server.ts";
import { inProcess, type Ran, refused, told } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-challenge-"));
const [config, deployment, shop, data, batches] = [
  ...["deploy.json", "deployment.json", "shop", "data.csv", "batches.json"].map((name) => join(folder, name)),
] as [string, string, string, string, string];
const DAY = 86_400;
const COIN = 10n ** 18n;
const ROLES = ["deployer", "operator", "ann", "bob", "cat", "dan", "liar", "honest"] as const;
type Person = (typeof ROLES)[number];
const key = (who: Person): string => `0x${String(ROLES.indexOf(who) + 61).repeat(32)}`;
const person = (who: Person): Account => accountOf(key(who));

let node: Node;
let contracts: Contracts;

const as = (who: Person, role: string, ...args: string[]): Promise<Ran> =>
  inProcess([...args, "--json"], { [`QUITTANCE_${role.toUpperCase()}_KEY`]: key(who) });
const inShop = (who: Person, role: string, ...args: string[]) => as(who, role, ...args, "--project", shop);
const atDesk = (who: Person, role: string, ...args: string[]) =>
  as(who, role, ...args, "--deployment", deployment, "--chain", node.url);
const duplicate = (file: string, ...args: string[]) =>
  atDesk("honest", "challenger", "dispute", "duplicate", ...args, "--batches", file);
const shown = async (): Promise<unknown[]> =>
  (await told<{ batch: string; earlier: string; slashed: string; reward: string }[]>(duplicate(batches))).map(
    ({ batch, earlier, slashed, reward }) => [batch, earlier, slashed, reward],
  );

/** A round of each batch in which the liar accepts with `weight`, and who is honest rejects with less. */
async function lie(ids: readonly bigint[], weight: bigint): Promise<void> {
  const [liar, honest] = [person("liar"), person("honest")];
  const votes = [];
  for (const batch of ids) {
    const { round } = await contracts.openRound(liar, batch);
    for (const [voter, verdict, part] of [
      [liar, 1, weight],
      [honest, 2, weight / 2n],
    ] as const) {
      const salt = `0x${"5a".repeat(32)}`;
      const vote = { batch, round, validator: voter.address, verdict, reason: 0, salt };
      await contracts.commitVerdict(voter, batch, await contracts.commitmentOf(vote), part);
      votes.push({ voter, vote });
    }
  }
  await node.chain.travel(DAY + 1);
  for (const { voter, vote } of votes) await contracts.revealVerdict(voter, vote);
  for (const batch of ids) await contracts.closeRound(liar, batch);
}

beforeAll(async () => {
  node = await startNode();
  for (const who of ROLES) await node.chain.fund(person(who).address, 10n ** 20n);
  const plan = { format: "quittance-deploy/1", rpc: node.url, chainId: 31_337, profile: "tiny" };
  writeFileSync(config, JSON.stringify(plan));
  const samples = loadMnistPackage().samples.filter(({ label }) => label < 3);
  const row = (who: string, id: number, index: number): string => {
    const { label, content } = samples[index] as (typeof samples)[number];
    return [who, `${who}-${id}`, label, ...content].join(",");
  };
  // Bob's second is Ann's third; Cat's third is her first; Dan's first is Ann's first.
  const held = { ann: [0, 1, 2], bob: [3, 2, 4], cat: [5, 6, 5], dan: [0, 7, 8] };
  const rows = Object.entries(held).flatMap(([who, all]) => all.map((index, id) => row(who, id, index)));
  const header = ["contributor,id,label", ...Array.from({ length: 784 }, (_, i) => `p${i}`)].join(",");
  writeFileSync(data, `${[header, ...rows].join("\n")}\n`);
  await told(as("deployer", "deployer", "deploy", "--config", config, "--out", deployment, "--yes"));
  contracts = await openContracts(node.chain, deploymentOf(readDeploymentFile(deployment)));
  for (const who of ["liar", "honest"] as const) {
    await contracts.transferToken(person("deployer"), person(who).address, 20_000n * COIN);
    await contracts.approveToken(person(who), contracts.deployment.validation, 20_000n * COIN);
    await contracts.stake(person(who), 20_000n * COIN);
  }
  const at = ["--profile", "tiny", "--chain", node.url, "--deployment", deployment];
  await told(inShop("operator", "operator", "datanet", "create", "--name", "digits", "--validated", ...at));
  for (const who of ["ann", "bob", "cat", "dan"] as const)
    await told(
      inShop(
        ...([who, "contributor", "contribute", "--data", data] as const),
        ...["--contributor", who, "--duplicates", "keep"],
      ),
    );
  await told(inShop("operator", "operator", "datanet", "export", "--out", batches));
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("dispute duplicate", () => {
  it("lists what a proof would reject, and what it would cost now", async () => {
    // Before any verdict nothing is an original but what stands in the batch itself.
    expect(await shown()).toEqual([["3", "3", "0", "0"]]);
    await refused(/Challenge\.NothingAtStake.*no verdict on it stands/s, duplicate(batches, "3"));
    await lie([1n], 2_000n * COIN);
    await lie([2n, 3n, 4n], 2_000n * COIN);
    const [slashed, reward] = [String(1_000n * COIN), String(500n * COIN)];
    expect(await shown()).toEqual([
      ["2", "1", slashed, reward],
      ["3", "3", slashed, reward],
      ["4", "1", slashed, reward],
    ]);
    const table = await inProcess(["dispute", "duplicate", "--project", shop], {
      QUITTANCE_OPERATOR_KEY: key("operator"),
    });
    expect(table.out).toMatch(/2 +sample 2 is sample 3 of batch 1 +1000(\.0)? QUIT/);
    expect(table.out).toMatch(/3 +sample 3 is sample 1 of its own/);
  });

  it("refuses what cannot be proven, and says why", async () => {
    await refused(/Challenge\.NoDuplicate.*exact/s, duplicate(batches, "1"));
    await refused(/Challenge\.UnknownBatch/, duplicate(batches, "9"));
    await refused(
      /Session\.NoKey.*QUITTANCE_CHALLENGER_KEY/s,
      atDesk("honest", "voter", "dispute", "duplicate", "2", "--batches", batches),
    );
    await refused(/--batches FILE/, atDesk("honest", "challenger", "dispute", "duplicate", "2"));
    await refused(
      /leave out --batches/,
      inShop("honest", "challenger", "dispute", "duplicate", "--batches", batches),
    );
    const wrong = join(folder, "wrong.json");
    const text = readFileSync(batches, "utf8");
    writeFileSync(wrong, text.replace(/"datanets":"0x../, '"datanets":"0x00'));
    await refused(/Batches\.File.*another deployment/s, duplicate(wrong, "2"));
    writeFileSync(
      wrong,
      text.replace(/"klass":\[(\d)/, (_, klass) => `"klass":[${(Number(klass) + 1) % 3}`),
    );
    await refused(/Challenge\.OtherRecords.*batch 1/s, duplicate(wrong, "2"));
  });

  it("rejects the batch, costs the liar, and pays a challenger who has no project", async () => {
    const { address } = person("honest");
    const before = await contracts.tokenBalance(address);
    const reward = String(500n * COIN);
    expect(await told(duplicate(batches, "2"))).toEqual({
      ...{ batch: "2", earlier: "1", places: { earlier: 2, later: 1 }, challenger: address },
      ...{ slashed: String(1_000n * COIN), reward, paid: reward },
    });
    expect((await contracts.batch(2n)).status).toBe(3n);
    expect((await contracts.tokenBalance(address)) - before).toBe(500n * COIN);
    await contracts.settleVote(person("liar"), 2n, 1, person("liar").address);
    // What three accepted batches lock is 2,000 each.
    expect(await contracts.stakeOf(person("liar").address)).toMatchObject({
      free: 13_000n * COIN,
      locked: 6_000n * COIN,
    });
    await refused(/Challenge\.AlreadyRejected.*disproven before/s, duplicate(batches, "2"));
  });

  it("works from the project, and pays what a run that was cut off left", async () => {
    const { address } = person("operator");
    const challenge = () => inShop("operator", "challenger", "dispute", "duplicate", "3");
    // Cut off between the proof and the payment: the node takes one transaction and no more.
    let sent = 0;
    node.refuse = (method) => (method === "eth_sendRawTransaction" && ++sent > 1 ? "cut" : undefined);
    expect((await challenge()).code).not.toBe(0);
    node.refuse = () => undefined;
    expect((await contracts.batch(3n)).status).toBe(3n);
    expect(await contracts.rewardOf(address)).toBe(500n * COIN);
    const again = await challenge();
    expect(again.out).toMatch(/Challenge\.AlreadyRejected/);
    expect(again.err).toMatch(/500(\.0)? QUIT of an earlier challenge were paid/);
    expect(await contracts.tokenBalance(address)).toBe(500n * COIN);
  });

  it("sends a proof that earns nothing only if told so", async () => {
    await node.chain.travel(15 * DAY);
    await refused(
      /Challenge\.NothingAtStake.*batch 4 repeats a content of batch 1.*backed with stake until 20/is,
      duplicate(batches, "4"),
    );
    expect(await told(duplicate(batches, "4", "--unrewarded"))).toMatchObject({ slashed: "0", paid: "0" });
    expect((await contracts.batch(4n)).status).toBe(3n);
    expect(await shown()).toEqual([]);
    const none = await inProcess(["dispute", "duplicate", "--project", shop], {
      QUITTANCE_OPERATOR_KEY: key("operator"),
    });
    expect(none.out).toMatch(/No batch that could be rejected/);
  });

  it("says that nobody judges where no verdicts are asked for", async () => {
    const open = join(folder, "open");
    const at = ["--profile", "tiny", "--chain", node.url, "--deployment", deployment, "--project", open];
    await told(as("operator", "operator", "datanet", "create", "--name", "open", ...at));
    await refused(
      /Challenge\.NotJudged/,
      as("operator", "challenger", "dispute", "duplicate", "--project", open),
    );
  });
});
