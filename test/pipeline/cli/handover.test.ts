// A contributor signs where its key is: a folder with the deployment file, its own samples and what it was
// sent, and no project. Its operator has never seen the key, and lies in every way that it can; each lie is
// told with a root that fits it, where a lie can have one.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openContracts, signBatch } from "../../../pipeline/chain/contracts.ts";
import { quittanceDomain } from "../../../pipeline/chain/ids.ts";
import { signedBatch } from "../../../pipeline/contributions.ts";
import { loadMnistPackage } from "../../../pipeline/corpus/mnist.ts";
import { deploymentOf, readDeploymentFile } from "../../../pipeline/deploy/file.ts";
import { type Account, accountOf } from "../../../pipeline/engine/ethers.ts";
import {
  type RequestedBatch,
  readRequest,
  readSigned,
  type SigningRequest,
  writeRequest,
  writeSigned,
} from "../../../pipeline/handover-file.ts";
import { contentDigest } from "../../../pipeline/receipts.ts";
import { batchRoot, type DataRecord, loadProfile, recordLeaf } from "../../../prover/index.ts";
import { type Node, startNode } from "../chain/server.ts";
import { inProcess, quittanceAside, type Ran, refused, told } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-handover-"));
const within = (name: string): string => join(folder, name);
const [shop, deployment, both, batches] = ["shop", "deployment.json", "both.csv", "batches.json"].map(
  within,
) as [string, string, string, string];
/** Where the contributor sits. */
const machine = within("machine");
const at = (name: string): string => join(machine, name);
const request = at("request.json");
const DAY = 86_400;
const profile = loadProfile("tiny");

const PEOPLE = ["deployer", "operator", "ann", "bob", "validator", "thief"] as const;
type Person = (typeof PEOPLE)[number];
const key = (who: Person): string => `0x${String(PEOPLE.indexOf(who) + 61).repeat(32)}`;
const person = (who: Person): Account => accountOf(key(who));

let node: Node;
const as = (who: Person, role: string, ...args: string[]): Promise<Ran> =>
  inProcess([...args, "--json"], { [`QUITTANCE_${role.toUpperCase()}_KEY`]: key(who) });
const operator = (...args: string[]) => as("operator", "operator", ...args, "--project", shop);
const signing = (who: Person, file: string, ...args: string[]) =>
  as(who, "contributor", "contribute", "--sign", file, ...atChain(), ...args);
const atChain = (): string[] => ["--deployment", at("deployment.json"), "--chain", node.url];
const preparing = (who: string, out: string, ...args: string[]) =>
  operator("contribute", "--data", both, "--contributor", who, "--prepare", out, ...args);
const handing = (file: string) => operator("contribute", "--signed", file);

/** A doubt: said so, and nothing came of it. */
async function doubted(message: RegExp, run: (out: string) => Promise<Ran>): Promise<void> {
  const [before, out] = [node.sent.length, at("never.json")];
  await refused(message, run(out), 1);
  expect(existsSync(out)).toBe(false);
  expect(node.sent).toHaveLength(before);
}
const contracts = async () => await openContracts(node.chain, deploymentOf(readDeploymentFile(deployment)));

// Of three classes in turn: the package has them one after the other.
const classes = [0, 1, 2].map((klass) => loadMnistPackage().samples.filter(({ label }) => label === klass));
const digits = Array.from({ length: 21 }, (_, i) => classes[i % 3]?.[Math.floor(i / 3)]);
const row = (who: string, index: number, id = `${who}-${index}`): string => {
  const { label, content } = digits[index] as NonNullable<(typeof digits)[number]>;
  return [who, id, label, ...content].join(",");
};
const csv = (path: string, rows: readonly string[]): void => {
  const header = ["contributor,id,label", ...Array.from({ length: 784 }, (_, i) => `p${i}`)].join(",");
  writeFileSync(path, `${[header, ...rows].join("\n")}\n`);
};
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const contentOf = (index: number): Uint8Array => digits[index]?.content ?? new Uint8Array();

beforeAll(async () => {
  node = await startNode();
  for (const who of PEOPLE) await node.chain.fund(person(who).address, 10n ** 20n);
  mkdirSync(machine);
  const config = within("deploy.json");
  writeFileSync(
    config,
    JSON.stringify({ format: "quittance-deploy/1", rpc: node.url, chainId: 31_337, profile: "tiny" }),
  );
  await told(as("deployer", "deployer", "deploy", "--config", config, "--out", deployment, "--yes"));
  const { address } = person("validator");
  const give = [
    "token",
    "send",
    address,
    "--amount",
    "20000",
    "--deployment",
    deployment,
    "--chain",
    node.url,
  ];
  await told(as("deployer", "holder", ...give));
  copyFileSync(deployment, at("deployment.json"));
  // Bob was there first; one of Ann's samples is his.
  csv(both, [
    ...range(7, 14).map((i) => row("bob", i)),
    ...range(0, 7).map((i) => row("ann", i)),
    row("ann", 7),
  ]);
  csv(at("mine.csv"), [...range(0, 8).map((i) => row("me", i)), row("me", 20)]);
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a request", () => {
  it("is made for one contributor, whose account the operator knows", async () => {
    const project = ["--profile", "tiny", "--chain", node.url, "--deployment", deployment];
    await told(operator("datanet", "create", "--name", "closed", "--policy", "allowlist", ...project));
    await refused(/Handover\.NoAccount.*--account/s, preparing("ann", request));
    const account = ["--account", person("ann").address];
    await refused(/Handover\.NotAdmitted.*datanet allow/s, preparing("ann", request, ...account));
    await told(operator("datanet", "create", "--name", "digits", "--licence", "CC-BY-4.0", "--validated"));
    await refused(/NobodyOfThatName/, preparing("eve", request, ...account));
    await refused(/no address/, preparing("ann", request, "--account", "ann"));
    await refused(/--contributor NAME/, operator("contribute", "--data", both, "--prepare", request));
    expect(existsSync(request)).toBe(false);
    const made = await preparing("ann", request, ...account);
    expect(made.err).toMatch(/left out: ann-7 of ann, the same as bob-7 of bob/);
    const { result } = JSON.parse(made.out) as { result: { asked: { count: number }[]; datanet: string } };
    expect(result).toMatchObject({ datanet: "2", account: person("ann").address, file: request });
    expect(result.asked.reduce((sum, { count }) => sum + count, 0)).toBe(7);
  });

  it("holds that contributor's records, for its eyes alone", () => {
    const { batches, ...rest } = readRequest(request);
    const contents = batches.flatMap((batch) => batch.contents);
    expect(contents).toEqual(range(0, 7).map(contentOf));
    expect(batches.flatMap(({ records }) => records.map(({ digest }) => digest))).toEqual(
      contents.map(contentDigest),
    );
    expect(rest).toMatchObject({ contributor: "ann", account: person("ann").address });
    const text = readFileSync(request, "utf8");
    expect(text).toContain(Buffer.from(contentOf(0)).toString("base64"));
    for (const i of range(7, 14)) {
      expect(text).not.toContain(Buffer.from(contentOf(i)).toString("base64"));
      expect(text).not.toContain(String(contentDigest(contentOf(i))));
    }
    const secret = JSON.parse(readFileSync(join(shop, "secrets.json"), "utf8")) as { master: string };
    expect(text).not.toContain(secret.master);
    expect(statSync(request).mode & 0o777).toBe(0o600);
  });

  it("is the same when it is made again", async () => {
    await told(preparing("ann", within("again.json")));
    expect(readFileSync(within("again.json"), "utf8")).toBe(readFileSync(request, "utf8"));
  });
});

type Change = (batch: RequestedBatch) => RequestedBatch;
const lie = at("lie.json");
/** A request with its first batch changed, and with the root that its records then have. */
const lying = (change: Change, { fits = true } = {}): string =>
  changed(({ batches: [first, ...others], ...rest }) => {
    const told = change(first as RequestedBatch);
    const leaves = told.records.map((record) => recordLeaf(record, profile));
    const message = { ...told.message, root: fits ? batchRoot(leaves, profile) : told.message.root };
    return { ...rest, batches: [{ ...told, message }, ...others] };
  });
const changed = (change: (request: SigningRequest) => SigningRequest): string => {
  writeRequest(lie, change(readRequest(request)));
  return lie;
};
/** A request whose text is another. */
const edited = (from: string | RegExp, to: string): string => {
  const text = readFileSync(request, "utf8");
  expect(text.replace(from, to)).not.toBe(text);
  writeFileSync(lie, text.replace(from, to));
  return lie;
};
const withRecord = (place: number, change: Partial<DataRecord>): Change => {
  return (batch) => ({
    ...batch,
    records: batch.records.map((record, i) => (i === place ? { ...record, ...change } : record)),
  });
};
const withContent = (place: number, content: Uint8Array): Change => {
  return (batch) => ({
    ...withRecord(place, { digest: contentDigest(content) })(batch),
    contents: batch.contents.map((one, i) => (i === place ? content : one)),
  });
};

describe("a lying operator", () => {
  const mine = (): string[] => ["--data", at("mine.csv")];
  const sign =
    (file: string, ...more: string[]) =>
    (out: string) =>
      signing("ann", file, "--out", out, ...more);

  it("gets no signature for another place", async () => {
    const elsewhere = (domain: Partial<SigningRequest["domain"]>): string =>
      changed((asked) => ({ ...asked, domain: { ...asked.domain, ...domain } }));
    await doubted(/it is for chain 1,/, sign(elsewhere({ chainId: 1 })));
    const contract = { verifyingContract: person("thief").address };
    await doubted(/Handover\.Doubt.*your deployment's is/s, sign(elsewhere(contract)));
    const inDatanet = (datanet: bigint) =>
      changed(({ batches, ...rest }) => ({
        ...rest,
        batches: batches.map((one) => ({ ...one, message: { ...one.message, datanet } })),
      }));
    await doubted(/there is no datanet 99/, sign(inDatanet(99n)));
    await doubted(/datanet 1 does not take batches of/, sign(inDatanet(1n)));
    await doubted(/it is for datanet 2, and you said 3/, sign(request, "--datanet", "3"));
    await doubted(
      /several datanets/,
      sign(lying((one) => ({ ...one, message: { ...one.message, datanet: 1n } }))),
    );
  });

  it("gets no signature of somebody else", async () => {
    await doubted(/your key is that of/, (out) => signing("bob", request, "--out", out));
    const contributor = person("bob").address;
    const other = lying((one) => ({ ...one, message: { ...one.message, contributor } }));
    await doubted(/your key is that of/, sign(other));
    await refused(/Session\.NoKey.*QUITTANCE_CONTRIBUTOR_KEY/s, as("ann", "payer", ...signingWords()));
  });
  const signingWords = () => ["contribute", "--sign", request, ...atChain(), "--out", at("never.json")];

  it("gets no signature under records that are not the root's", async () => {
    await doubted(/do not open the root/, sign(lying(withRecord(0, { salt: 1n }), { fits: false })));
    await doubted(
      /do not open the root/,
      sign(lying(withRecord(0, { klass: 2 }), { fits: false }), ...mine()),
    );
    const root = readRequest(request).batches[0]?.message.root ?? 0n;
    await doubted(/do not open the root/, sign(edited(String(root), String(root + 1n))));
    await doubted(/digest of another content/, sign(lying(withRecord(0, { digest: 7n }))));
    const more = lying((one) => ({ ...one, message: { ...one.message, count: one.message.count + 1 } }));
    await doubted(/says \d+ samples, and holds \d+/, sign(more));
    await doubted(
      /twice/,
      sign(changed(({ batches, ...rest }) => ({ ...rest, batches: [...batches, ...batches] }))),
    );
  });

  it("gets no signature for samples that are not the contributor's, or not with its classes", async () => {
    const [first] = readRequest(request).batches;
    const klass = ((first?.records[0]?.klass ?? 0) + 1) % 3;
    await doubted(
      /sample 1 is of class \d there, and in .*mine\.csv of \d/,
      sign(lying(withRecord(0, { klass })), ...mine()),
    );
    await doubted(/sample 2 is none of those in/, sign(lying(withContent(1, contentOf(9))), ...mine()));
    const twice = (batch: RequestedBatch): RequestedBatch => ({
      ...withRecord(1, { klass: batch.records[0]?.klass ?? 0 })(
        withContent(1, batch.contents[0] as Uint8Array)(batch),
      ),
    });
    await doubted(/oftener than in/, sign(lying(twice), ...mine()));
  });

  it("gets no signature for features that are not the backbone's", async () => {
    const [hash = ""] = readdirSync(join(shop, "backbones"));
    copyFileSync(join(shop, "backbones", hash), at("backbone.onnx"));
    const features = new Int8Array(profile.d).fill(1);
    const other = lying(withRecord(0, { features }));
    await doubted(/not what this backbone makes/, sign(other, "--backbone", at("backbone.onnx")));
    const unknown = changed((asked) => ({ ...asked, backbone: "00".repeat(32) }));
    await doubted(/--backbone is [0-9a-f]{64}/, sign(unknown, "--backbone", at("backbone.onnx")));
  });

  it("gets no signature for a root that somebody else took", async () => {
    // The thief saw it; it cannot open it, but the chain takes a root once.
    const snapshot = await node.chain.provider.request({ method: "evm_snapshot", params: [] });
    const [{ message } = { message: undefined }] = readRequest(request).batches;
    if (message === undefined) throw new Error("the request has no batch");
    const { address: contributor } = person("thief");
    await (await contracts()).contribute(person("thief"), { ...message, contributor, signature: "0x" });
    await doubted(/Contribute\.RootTaken.*another order/s, sign(request));
    await refused(/Contribute\.RootTaken/, preparing("ann", at("never.json")), 1);
    await node.chain.provider.request({ method: "evm_revert", params: [snapshot] });
  });

  it("gets no signature in a file that is no request", async () => {
    const file = (path: string) => refused(/Handover\.File/, signing("ann", path, "--out", at("never.json")));
    await file(edited("quittance-signing-request/1", "quittance-signing-request/2"));
    await file(edited('"type":"uint32"', '"type":"uint64"'));
    await file(edited('"account"', '"more":1,"account"'));
    await file(edited('"contributor":"ann"', '"contributor":"ann\\u001b[2J"'));
    await file(edited(/"klass":\[\d,/, '"klass":[3,'));
    await file(edited(/"klass":\[\d,/, '"klass":['));
    writeFileSync(lie, "{");
    await file(lie);
    expect(existsSync(at("never.json"))).toBe(false);
    await refused(/one in each call/, signing("ann", request, "--signed", request));
    await refused(/leave --project out/, signing("ann", request, "--project", shop));
    await refused(/Say where/, as("ann", "contributor", "contribute", "--sign", request));
  });
});

describe("a contributor", () => {
  it("looks first, and signs nothing", async () => {
    const before = node.sent.length;
    const { checks, signed } = await told<{ checks: { name: string; elsewhere?: true }[]; signed: boolean }>(
      signing("ann", request),
    );
    expect(signed).toBe(false);
    const named = changed((asked) => ({ ...asked, labels: ["round", "straight", "bent"] }));
    expect((await signing("ann", named)).err).toMatch(
      /\d of class round, \d of class straight, \d of class bent\./,
    );
    const unseen = checks.filter(({ elsewhere }) => elsewhere === true).map(({ name }) => name);
    expect(unseen).toEqual(["your samples", "features"]);
    expect(node.sent).toHaveLength(before);
  });

  it("signs on its own machine, where there is no project", async () => {
    rmSync(lie);
    const held = ["backbone.onnx", "deployment.json", "mine.csv", "request.json"];
    expect(readdirSync(machine).sort()).toEqual(held);
    // A process of its own, as a contributor starts it; its key is in its environment alone.
    const run = await quittanceAside(
      [
        ...["contribute", "--sign", request, ...atChain(), "--datanet", "2", "--data", at("mine.csv")],
        ...["--backbone", at("backbone.onnx"), "--out", at("signed.json")],
      ],
      { QUITTANCE_CONTRIBUTOR_KEY: key("ann") },
    );
    expect(run.code, run.err).toBe(0);
    expect(run.err).toMatch(/asked to sign (1 batch|[2-9]\d* batches), 7 samples, for datanet 2/);
    expect(run.err).toMatch(/✓ attested +datanet 2: licence "CC-BY-4\.0", policy open, verdicts needed/);
    expect(run.err).toMatch(/✓ reproducible +your samples: all 7 are in .*mine\.csv/);
    expect(run.err).toMatch(/✓ governed +left out: 2 of your 9/);
    expect(run.err).toMatch(/✓ reproducible +features: recomputed here/);
    expect(readdirSync(machine).sort()).toEqual([...held, "signed.json"]);
    const everything = `${run.out}${run.err}${readFileSync(at("signed.json"), "utf8")}`;
    expect(everything).not.toContain(key("ann").slice(2));
    for (const { records, contents } of readRequest(request).batches) {
      for (const content of contents)
        expect(everything).not.toContain(Buffer.from(content).toString("base64"));
      for (const { salt, digest } of records) {
        expect(everything).not.toContain(String(salt));
        expect(everything).not.toContain(String(digest));
      }
    }
  });
});

describe("what comes back", () => {
  it("is refused where it was tampered with, or signed by another key", async () => {
    const bad = at("bad.json");
    type Signed = ReturnType<typeof readSigned>;
    const doubtedAs = async (message: RegExp, change: (signed: Signed) => Signed | Promise<Signed>) => {
      writeSigned(bad, await change(readSigned(at("signed.json"))));
      await doubted(message, () => handing(bad));
    };
    const first = (change: (one: Signed["batches"][number]) => Signed["batches"][number]) => {
      return ({ domain, batches: [one, ...rest] }: Signed): Signed => ({
        domain,
        batches: [change(one as Signed["batches"][number]), ...rest],
      });
    };
    const { chainId, datanets } = deploymentOf(readDeploymentFile(deployment));
    await doubtedAs(/signature of batch \d+ is not that of/, async ({ domain, batches }) => ({
      domain,
      batches: await Promise.all(
        batches.map(async ({ message }) => ({
          message,
          signature: await signBatch(person("bob"), { chainId, datanets }, message),
        })),
      ),
    }));
    const last = (signature: string): string => signature.slice(0, -2);
    await doubtedAs(
      /is not that of/,
      first((one) => ({ ...one, signature: `${last(one.signature)}00` })),
    );
    await doubtedAs(
      /is not that of/,
      first((one) => ({ ...one, signature: `0x${"11".repeat(64)}1b` })),
    );
    await doubtedAs(
      /and it says/,
      first((one) => ({ ...one, message: { ...one.message, count: 1 } })),
    );
    await doubtedAs(
      /asked for no signature/,
      first((one) => ({ ...one, message: { ...one.message, root: 1n } })),
    );
    await doubtedAs(
      /asked for no signature/,
      first((one) => ({ ...one, message: { ...one.message, datanet: 1n } })),
    );
    const contributor = person("bob").address;
    await doubtedAs(
      /and it says/,
      first((one) => ({ ...one, message: { ...one.message, contributor } })),
    );
    await doubtedAs(/on chain 1, not for this project's/, ({ domain, batches }) => ({
      domain: { ...domain, chainId: 1 },
      batches,
    }));
    await refused(/Handover\.File/, handing(request));
    await refused(/leave --data out/, operator("contribute", "--signed", at("signed.json"), "--data", both));
    await refused(/Say where/, as("operator", "operator", "contribute", "--signed", at("signed.json")));
  });

  it("is recorded, goes on where it was cut off, and is not recorded twice", async () => {
    type Handed = { batches: { id: string; name: string; account: string; there: boolean }[] };
    const { batches: all } = readSigned(at("signed.json"));
    expect(all.length).toBeGreaterThan(1);
    // The chain has the first one already: whoever holds a signature may send it.
    const [one] = all;
    if (one === undefined) throw new Error("nothing was signed");
    await (await contracts()).contribute(person("thief"), { ...one.message, signature: one.signature });
    const { batches: recorded } = await told<Handed>(handing(at("signed.json")));
    expect(recorded.map(({ there }) => there)).toEqual(all.map((_, i) => i === 0));
    expect(new Set(recorded.map(({ account }) => account))).toEqual(new Set([person("ann").address]));
    const before = node.sent.length;
    const again = await told<Handed>(handing(at("signed.json")));
    expect(again.batches).toEqual(recorded.map((batch) => ({ ...batch, there: true })));
    expect(node.sent).toHaveLength(before);
    const nothing = await told<{ file: null; there: string[] }>(preparing("ann", at("never.json")));
    expect(nothing).toMatchObject({ file: null, there: recorded.map(({ id }) => id), asked: [] });
    expect(existsSync(at("never.json"))).toBe(false);
    const other = ["--account", person("bob").address];
    await refused(/Handover\.OtherAccount/, preparing("ann", at("never.json"), ...other));
  });
});

describe("a contributor that pays its own gas", () => {
  type Sent = { batches: { batch: string }[]; file: null };
  const bobs = at("bobs.json");

  it("is waited for", async () => {
    const contribute = () => operator("contribute", "--data", both);
    await refused(/Session\.NoWallet/, contribute());
    await told(preparing("bob", bobs, "--account", person("bob").address));
    await refused(/Contribute\.NotSignedYet.*bob.*--signed FILE/s, contribute());
    await refused(/Contribute\.NotSignedYet/, operator("train", "--data", both, "--unproven"));
    // Nobody signs in another's place by accident: the key here is not the one that was asked.
    const ann = as("ann", "contributor", "contribute", "--data", both, "--project", shop);
    await refused(/Contribute\.NotSignedYet/, ann);
  });

  it("is asked again where it recorded a batch without a signature that others could check", async () => {
    const snapshot = await node.chain.provider.request({ method: "evm_snapshot", params: [] });
    const [first, ...others] = readRequest(bobs).batches;
    if (first === undefined) throw new Error("the request has no batch");
    await (await contracts()).contribute(person("bob"), { ...first.message, signature: "0x" });
    const asked = await told<{ asked: unknown[] }>(preparing("bob", bobs));
    expect(asked.asked).toHaveLength(1 + others.length);
    expect((await told<{ batches: { batch: string }[] }>(signing("bob", bobs))).batches[0]?.batch).not.toBe(
      "0",
    );
    await node.chain.provider.request({ method: "evm_revert", params: [snapshot] });
  });

  it("records its batches itself, once, and the operator finds them", async () => {
    const { batches: recorded, file } = await told<Sent>(signing("bob", bobs, "--send"));
    expect(file).toBeNull();
    const before = node.sent.length;
    expect((await told<Sent>(signing("bob", bobs, "--send"))).batches).toEqual(recorded);
    expect(node.sent).toHaveLength(before);
    const ids = recorded.map(({ batch }) => batch);
    const c = await contracts();
    for (const id of ids) expect((await c.batch(BigInt(id))).contributor).toBe(person("bob").address);
    const { batches: listed } = await told<{ batches: { id: string; name: string }[] }>(
      operator("datanet", "show"),
    );
    expect(listed.filter(({ name }) => name === "bob").map(({ id }) => id)).toEqual(ids);
  });

  it("is in a model that was judged, beside those who handed signatures in", async () => {
    await told(operator("datanet", "export", "--out", batches));
    const judge = () =>
      told<{ status: string }[]>(
        as(
          "validator",
          "validator",
          "validate",
          "--batches",
          batches,
          "--deployment",
          deployment,
          "--chain",
          node.url,
        ),
      );
    await judge();
    await node.chain.travel(DAY + 1);
    expect(new Set((await judge()).map(({ status }) => status))).toEqual(new Set(["accepted"]));
    type Batch = { id: string; root: string; count: number; signature: string };
    type Trained = { contributors: { name: string; account: string; batches: Batch[] }[] };
    const trained = await told<Trained>(operator("train", "--data", both, "--unproven"));
    expect(trained.contributors.map(({ name, account }) => [name, account]).sort()).toEqual([
      ["ann", person("ann").address],
      ["bob", person("bob").address],
    ]);
    // Whatever way a batch took, its bundles can show who signed it.
    const { chainId, datanets } = deploymentOf(readDeploymentFile(deployment));
    const domain = quittanceDomain(chainId, datanets);
    for (const { account: contributor, batches: signed } of trained.contributors) {
      expect(signed).toHaveLength(2);
      for (const { root, count, signature } of signed) {
        const message = { datanet: 2n, contributor, root: BigInt(root), count };
        expect(signedBatch(domain, message, signature)).toBe(true);
        expect(signedBatch(domain, { ...message, count: count + 1 }, signature)).toBe(false);
      }
    }
  });
});
