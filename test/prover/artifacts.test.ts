import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCircuit, compileSource, IncludeError, type Source } from "../../prover/artifacts.ts";
import { CompileError } from "../../prover/engine/circom.ts";
import { loadProfile } from "../../prover/profile.ts";
import { parseR1cs, R1csError } from "../../prover/r1cs.ts";
import { publicCount } from "../../prover/statements.ts";
import { SMALL_SOURCE, scratch } from "./keys/support.ts";

let dir: string;
let count = 0;

beforeAll(async () => {
  dir = await scratch();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** An empty cache, and progress lines. */
function cache(): { cacheDir: string; lines: string[]; onProgress: (line: string) => void } {
  const lines: string[] = [];
  return { cacheDir: join(dir, `cache-${count++}`), lines, onProgress: (line) => lines.push(line) };
}

const SMALL: Source = { label: "small", text: SMALL_SOURCE };

describe("compileSource", () => {
  it("compiles once and finds it again", async () => {
    const options = cache();
    const first = await compileSource(SMALL, options);
    expect(options.lines).toHaveLength(2);
    const second = await compileSource(SMALL, options);
    expect(options.lines).toHaveLength(2);
    expect(second).toEqual(first);
    expect(first.publicCount).toBe(3);
    const r1cs = parseR1cs(await readFile(first.r1csPath));
    expect([first.rows, first.wires, first.labels]).toEqual([r1cs.rows, r1cs.wires, r1cs.labels]);
  });

  it("makes one compilation of two simultaneous calls", async () => {
    const options = cache();
    const [one, two] = await Promise.all([compileSource(SMALL, options), compileSource(SMALL, options)]);
    expect(two).toEqual(one);
    expect(options.lines).toHaveLength(2);
    expect(await readdir(join(options.cacheDir, "circuits"))).toHaveLength(1);
  });

  it("survives two processes that build the same at once", async () => {
    const options = cache();
    const module = fileURLToPath(new URL("../../prover/artifacts.ts", import.meta.url));
    const script = `import { compileSource } from ${JSON.stringify(module)};
      const cacheDir = ${JSON.stringify(options.cacheDir)};
      const built = await compileSource(${JSON.stringify(SMALL)}, { cacheDir });
      console.log(built.hash);`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const [one, two] = await Promise.all([run(), run()]);
    expect(one.stdout).toBe(two.stdout);
    expect(await readdir(join(options.cacheDir, "circuits"))).toHaveLength(1);
  });

  it.each(["main.r1cs", "main.wasm", "main.sym", "circuit.json"])(
    "builds again when %s is damaged",
    async (name) => {
      const options = cache();
      const first = await compileSource(SMALL, options);
      const path = join(dirname(first.r1csPath), name);
      await truncate(path, (await stat(path)).size - 7);
      const again = await compileSource(SMALL, options);
      expect(options.lines).toHaveLength(4);
      expect({ ...again, compileMs: 0 }).toEqual({ ...first, compileMs: 0 });
    },
  );

  it("builds again when one byte changed and the size did not", async () => {
    const options = cache();
    const { r1csPath } = await compileSource(SMALL, options);
    const bytes = await readFile(r1csPath);
    const { mtime } = await stat(r1csPath);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] as number) ^ 1;
    await writeFile(r1csPath, bytes);
    await utimes(r1csPath, mtime, mtime);
    await compileSource(SMALL, options);
    expect(options.lines).toHaveLength(4);
  });

  it("sweeps what a killed builder left, and not what a living one is writing", async () => {
    const options = cache();
    const { r1csPath } = await compileSource(SMALL, options);
    const place = dirname(r1csPath);
    await rm(place, { recursive: true });
    const [dead, alive] = [`${place}.4194304.00000000.tmp`, `${place}.${process.pid}.11111111.tmp`];
    await mkdir(dead);
    await mkdir(alive);
    await compileSource(SMALL, options);
    expect((await readdir(dirname(place))).map((name) => join(dirname(place), name)).sort()).toEqual(
      [place, alive].sort(),
    );
  });

  it("names a circuit by its whole source: an included file that changes changes the hash", async () => {
    const options = cache();
    const root = join(dir, "root");
    await mkdir(join(root, "circuits"), { recursive: true });
    const text = `pragma circom 2.1.0;
      // include "none.circom";
      include "part.circom";
      component main = Part();`;
    const part = (factor: number) => `pragma circom 2.1.0;
      template Part() { signal input x; signal output y; y <== ${factor} * x * x; }`;
    await writeFile(join(root, "circuits", "part.circom"), part(2));
    const before = await compileSource({ label: "part", text, root }, options);
    await writeFile(join(root, "circuits", "part.circom"), part(3));
    const after = await compileSource({ label: "part", text, root }, options);
    expect(after.hash).not.toBe(before.hash);
    expect(after.rows).toBe(1);
  });

  it("says what is wrong with a source, and leaves nothing behind", async () => {
    const options = cache();
    const bad = {
      label: "bad",
      text: "pragma circom 2.1.0;\ntemplate T() { y <== 1; }\ncomponent main = T();\n",
    };
    await expect(compileSource(bad, options)).rejects.toThrow(CompileError);
    await expect(compileSource(bad, options)).rejects.toThrow(/Undeclared symbol/);
    expect(await readdir(join(options.cacheDir, "circuits"))).toEqual([]);
    const lost = { label: "lost", text: `include "nowhere.circom";` };
    await expect(compileSource(lost, options)).rejects.toThrow(IncludeError);
  });
});

describe("buildCircuit", () => {
  it("compiles a circuit of a profile, with the public signals that its statement has", async () => {
    const options = cache();
    const circuit = await buildCircuit({ profile: "tiny", circuit: "adjoint", ...options });
    expect(circuit).toMatchObject({ name: "adjoint", profile: "tiny" });
    expect(circuit.publicCount).toBe(publicCount("adjoint", loadProfile("tiny")));
  });
});

describe("parseR1cs", () => {
  it("refuses what is cut short or is something else", async () => {
    const { r1csPath } = await compileSource(SMALL, { cacheDir: join(dir, "cache-0") });
    const bytes = await readFile(r1csPath);
    expect(() => parseR1cs(bytes.subarray(0, bytes.length - 1))).toThrow(R1csError);
    expect(() => parseR1cs(Buffer.from("wtns"))).toThrow(R1csError);
    expect(() => parseR1cs(bytes.subarray(0, 20))).toThrow(R1csError);
  });
});
