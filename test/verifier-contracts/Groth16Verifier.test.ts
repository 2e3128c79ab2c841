/** The verifier alone: which proofs and keys it takes, and that every refusal names its reason. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { RevertedError } from "../../pipeline/chain/client.ts";
import { deployContract, deployContracts } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import { type Account, accountOf, concatHex, keccak256, word } from "../../pipeline/engine/ethers.ts";
import { Q, R, rerandomise } from "./groth.ts";
import { randomFrom } from "./random.ts";
import { COIN, deployOptions, makeKeys, openWorld, type World } from "./world.ts";

const NONE = `0x${"0".repeat(64)}`;
const id = circuitIdOf("tiny", "adjoint");

describe("verify", () => {
  let world: World;
  let publics: bigint[];
  let proof: bigint[];

  beforeAll(async () => {
    world = await openWorld("verify");
    publics = Array.from({ length: 4 }, world.random.field);
    proof = world.keys.adjoint.prove(publics);
  });
  afterAll(() => world.chain.close());

  const reason = async (p: readonly bigint[], x: readonly bigint[], circuit = id): Promise<string> => {
    try {
      await world.contracts.verify(circuit, p, x);
      return "accepted";
    } catch (error) {
      if (error instanceof RevertedError) return `${error.reason}(${error.args.map(String).join()})`;
      throw error;
    }
  };
  const changed = (words: readonly bigint[], index: number, by: bigint): bigint[] =>
    words.map((value, i) => (i === index ? value + by : value));

  it("takes a valid proof, re-randomised and negated ones too: replay is not its business", async () => {
    expect(await reason(proof, publics)).toBe("accepted");
    expect(await reason(rerandomise(world.curve, proof, 12345n), publics)).toBe("accepted");
    expect(await reason(rerandomise(world.curve, proof, -1n), publics)).toBe("accepted");
  });

  it("takes zero and the largest field element as public inputs", async () => {
    const edge = [0n, R - 1n, 0n, 1n];
    expect(await reason(world.keys.adjoint.prove(edge), edge)).toBe("accepted");
  });

  it("refuses each tampered public input", async () => {
    for (const i of publics.keys())
      expect(await reason(proof, changed(publics, i, 1n))).toMatch(/^VerifierInvalidProof/);
  });

  it("refuses a public input plus the field's order, which the precompile would take", async () => {
    for (const i of publics.keys()) {
      if ((publics[i] as bigint) + R >= 1n << 256n) continue;
      expect(await reason(proof, changed(publics, i, R))).toBe(`VerifierPublicNotCanonical(${i})`);
    }
    expect(await reason(proof, [R, ...publics.slice(1)])).toBe("VerifierPublicNotCanonical(0)");
  });

  it("refuses a coordinate plus the base field's order", async () => {
    for (const i of proof.keys())
      expect(await reason(changed(proof, i, Q), publics)).toBe(`VerifierProofNotCanonical(${i})`);
    expect(await reason(changed(proof, 0, Q - (proof[0] as bigint)), publics)).toBe(
      "VerifierProofNotCanonical(0)",
    );
  });

  it("refuses each tampered coordinate: the point leaves the curve", async () => {
    for (const i of proof.keys()) {
      const by = (proof[i] as bigint) === Q - 1n ? -1n : 1n;
      expect(await reason(changed(proof, i, by), publics)).toBe("VerifierProofNotOnCurve()");
    }
  });

  it("refuses other points of the curve, the point at infinity, and another proof's parts", async () => {
    const other = world.keys.adjoint.prove(publics);
    const mixed = [...proof.slice(0, 2), ...other.slice(2)];
    expect(await reason(mixed, publics)).toMatch(/^VerifierInvalidProof/);
    const flipped = [proof[0] as bigint, Q - (proof[1] as bigint), ...proof.slice(2)];
    expect(await reason(flipped, publics)).toMatch(/^VerifierInvalidProof/);
    expect(await reason([0n, 0n, ...proof.slice(2)], publics)).toBe("VerifierProofNotOnCurve()");
    expect(await reason([...proof.slice(0, 6), 0n, 0n], publics)).toBe("VerifierProofNotOnCurve()");
    expect(await reason([...proof.slice(0, 2), 0n, 0n, 0n, 0n, ...proof.slice(6)], publics)).toMatch(
      /^VerifierInvalidProof/,
    );
    expect(await reason(new Array<bigint>(8).fill(0n), publics)).toBe("VerifierProofNotOnCurve()");
  });

  it("refuses a point of the twisted curve outside the subgroup", async () => {
    // x = (0 + 1u)·k for the first k that has a y: almost no point of the curve over F_q² has order r.
    const [x1, x0, y1, y0] = pointOffSubgroup();
    const outside = [...proof.slice(0, 2), x1, x0, y1, y0, ...proof.slice(6)] as bigint[];
    expect(await reason(outside, publics)).toBe("VerifierProofNotOnCurve()");
  });

  it("refuses a wrong number of public inputs, and trailing zeros left out", async () => {
    const zeros = [...publics.slice(0, 3), 0n];
    const valid = world.keys.adjoint.prove(zeros);
    expect(await reason(valid, zeros)).toBe("accepted");
    expect(await reason(valid, zeros.slice(0, 3))).toBe("VerifierWrongPublicCount(4,3)");
    expect(await reason(valid, [...zeros, 0n])).toBe("VerifierWrongPublicCount(4,5)");
    expect(await reason(valid, [])).toBe("VerifierWrongPublicCount(4,0)");
  });

  it("refuses a circuit that has no key, and a proof for another circuit", async () => {
    expect(await reason(proof, publics, circuitIdOf("default", "adjoint"))).toMatch(
      /^VerifierUnknownCircuit/,
    );
    const six = [...publics, 1n, 2n];
    expect(await reason(proof, six, circuitIdOf("tiny", "inference"))).toMatch(/^VerifierInvalidProof/);
  });

  it("keeps the key exactly as it was given, and says that it is a local one", async () => {
    expect(await world.contracts.verifierKeyHash(id)).toBe(
      keccak256(concatHex(world.keys.adjoint.words.map(word))),
    );
    expect(await world.contracts.keysAreLocal()).toBe(true);
  });
});

describe("registering keys", () => {
  const random = randomFrom("register");
  let chain: Chain;
  let account: Account;
  let words: bigint[];
  let curve: World["curve"];

  beforeAll(async () => {
    chain = await openLocalChain({ now: () => 1_800_000_000 });
    account = accountOf(random.hex32());
    await chain.fund(account.address, 100n * COIN);
    const made = await makeKeys(random);
    curve = made.curve;
    words = made.keys.adjoint.words;
  });
  afterAll(() => chain.close());

  const deploy = async (keys: unknown[], local = true, transcript = NONE, on = chain): Promise<string> => {
    const artifact = (await contractArtifacts()).Groth16Verifier;
    try {
      await deployContract(on, account, artifact, [local, transcript, keys]);
      return "accepted";
    } catch (error) {
      if (error instanceof RevertedError) return error.reason;
      throw error;
    }
  };
  const replaced = (at: number, by: readonly bigint[]): bigint[] =>
    words.map((value, i) => by[i - at] ?? value);

  it("takes a sound key", async () => {
    expect(await deploy([[id, words]])).toBe("accepted");
  });

  it("refuses the same circuit twice and lists of the wrong length", async () => {
    expect(
      await deploy([
        [id, words],
        [id, words],
      ]),
    ).toBe("VerifierDuplicateCircuit");
    expect(await deploy([[id, words.slice(0, 14)]])).toBe("VerifierMalformedKey");
    expect(await deploy([[id, words.slice(0, -1)]])).toBe("VerifierMalformedKey");
    expect(await deploy([[id, []]])).toBe("VerifierMalformedKey");
  });

  it("refuses δ = γ, δ = −γ and δ = ± the generator: anybody can forge for such a key", async () => {
    const gamma = words.slice(6, 10);
    const minus = [gamma[0], gamma[1], Q - (gamma[2] as bigint), Q - (gamma[3] as bigint)] as bigint[];
    expect(await deploy([[id, replaced(10, gamma)]])).toBe("VerifierForgeableKey");
    expect(await deploy([[id, replaced(10, minus)]])).toBe("VerifierForgeableKey");
    expect(await deploy([[id, replaced(10, curve.g2(1n))]])).toBe("VerifierForgeableKey");
    expect(await deploy([[id, replaced(10, curve.g2(-1n))]])).toBe("VerifierForgeableKey");
  });

  it("refuses points that are off the curve, not canonical or at infinity, wherever they stand", async () => {
    for (const at of [0, 14, 16, words.length - 2]) {
      expect(await deploy([[id, replaced(at, [(words[at] as bigint) + 1n])]])).toBe(
        "VerifierKeyPointInvalid",
      );
      expect(await deploy([[id, replaced(at, [(words[at] as bigint) + Q])]])).toBe("VerifierKeyPointInvalid");
      expect(await deploy([[id, replaced(at, [0n, 0n])]])).toBe("VerifierKeyPointInvalid");
    }
    for (const at of [2, 6, 10]) {
      expect(await deploy([[id, replaced(at, [(words[at] as bigint) + 1n])]])).toBe(
        "VerifierKeyPointInvalid",
      );
      expect(await deploy([[id, replaced(at, [(words[at] as bigint) + Q])]])).toBe("VerifierKeyPointInvalid");
      expect(await deploy([[id, replaced(at, [0n, 0n, 0n, 0n])]])).toBe("VerifierKeyPointInvalid");
      expect(await deploy([[id, replaced(at, pointOffSubgroup())]])).toBe("VerifierKeyPointInvalid");
    }
  });

  it("refuses a transcript for local keys, and ceremony keys without one", async () => {
    expect(await deploy([[id, words]], true, random.hex32())).toBe("VerifierWrongTranscript");
    expect(await deploy([[id, words]], false, NONE)).toBe("VerifierWrongTranscript");
    expect(await deploy([[id, words]], false, random.hex32())).toBe("accepted");
  });

  it("refuses local keys on any chain that is not a local one", async () => {
    for (const chainId of [1, 10, 11_155_111]) {
      const open = await openLocalChain({ chainId, now: () => 1_800_000_000 });
      await open.fund(account.address, 100n * COIN);
      const { keys } = await makeKeys(random);
      const deployed = deployContracts(open, account, deployOptions(keys, 1n, 2n));
      await expect(deployed).rejects.toMatchObject({
        reason: "VerifierLocalKeysOnPublicChain",
        args: [BigInt(chainId)],
      });
      expect(await deploy([[id, words]], false, random.hex32(), open)).toBe("accepted");
      await open.close();
    }
    const second = await openLocalChain({ chainId: 1337, now: () => 1_800_000_000 });
    await second.fund(account.address, 100n * COIN);
    expect(await deploy([[id, words]], true, NONE, second)).toBe("accepted");
    await second.close();
  });
});

/** A point of y² = x³ + 3/(9+u) over F_q² outside the subgroup of order r, in the chain's word order. */
function pointOffSubgroup(): bigint[] {
  const twist: Pair = [
    19485874751759354771024239261021720505790618469301721065564631296452457478373n,
    266929791119991161246907387137283842545076965332900288569378510910307636690n,
  ];
  for (let k = 1n; ; k++) {
    const x: Pair = [k, 0n];
    const cube = times(times(x, x), x);
    const y = squareRoot([(cube[0] + twist[0]) % Q, (cube[1] + twist[1]) % Q]);
    if (y !== undefined) return [x[1], x[0], y[1], y[0]];
  }
}

type Pair = [bigint, bigint];

function times([a, b]: Pair, [c, d]: Pair): Pair {
  return [(((a * c - b * d) % Q) + Q) % Q, (a * d + b * c) % Q];
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [base % Q, exponent]; e > 0n; e >>= 1n, b = (b * b) % Q)
    if (e & 1n) result = (result * b) % Q;
  return result;
}

/** √(a + bu) by the norm: q ≡ 3 mod 4, so roots in F_q are powers. */
function squareRoot([a, b]: Pair): Pair | undefined {
  const norm = power((a * a + b * b) % Q, (Q + 1n) / 4n);
  for (const sign of [norm, Q - norm]) {
    const half = ((a + sign) * power(2n, Q - 2n)) % Q;
    const real = power(half, (Q + 1n) / 4n);
    if ((real * real) % Q !== half || real === 0n) continue;
    const y: Pair = [real, (b * power(2n * real, Q - 2n)) % Q];
    const square = times(y, y);
    if (square[0] === a && square[1] === b) return y;
  }
  return undefined;
}
